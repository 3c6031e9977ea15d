//! What became of each test, from what the test programs print.

use std::collections::BTreeMap;

/// What became of one test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) failed: bool,
    /// What it printed, its panic included.
    pub(crate) told: String,
}

impl Fate {
    /// What it left out on this server, of its own accord.
    pub(crate) fn left_out(&self) -> impl Iterator<Item = &str> {
        self.told.lines().filter(|line| line.starts_with(servers::NOT_TRIED))
    }
}

/// What became of the tests of a crate, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fates(pub(crate) BTreeMap<String, Fate>);

impl Fates {
    /// Reads `test NAME ... ok` and the sections of output, `---- NAME stdout ----`, that follow. Ignored tests are none.
    pub(crate) fn read(printed: &str) -> Self {
        let mut fates = BTreeMap::<String, Fate>::new();
        let mut section = None;
        for line in printed.lines() {
            if let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
                section = Some(name.to_owned());
            } else if matches!(line, "successes:" | "failures:") || line.starts_with("test result: ") {
                section = None;
            } else if let Some(fate) = section.as_ref().and_then(|name| fates.get_mut(name)) {
                fate.told.push_str(line);
                fate.told.push('\n');
            } else if let Some((name, failed)) = ended(line) {
                fates.insert(name.to_owned(), Fate { failed, told: String::new() });
            }
        }
        Self(fates)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn any_failed(&self) -> bool {
        self.0.values().any(|fate| fate.failed)
    }
}

fn ended(line: &str) -> Option<(&str, bool)> {
    let (name, fate) = line.strip_prefix("test ")?.split_once(" ... ")?;
    match fate {
        "ok" => Some((name, false)),
        "FAILED" => Some((name, true)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_test_has_its_fate_and_what_it_printed() {
        let printed = "\nrunning 3 tests\ntest a::good ... ok\ntest partly ... ok\ntest bad ... FAILED\ntest slow ... ignored\n\n\
            successes:\n\n---- partly stdout ----\nnot tried on ministack: 900s would have to pass\n\n\nsuccesses:\n    a::good\n    partly\n\n\
            failures:\n\n---- bad stdout ----\n\nthread 'bad' panicked at x.rs:1:1:\ntest one ... ok\n\n\nfailures:\n    bad\n\n\
            test result: FAILED. 2 passed; 1 failed\n\nrunning 1 test\ntest other ... ok\n";
        let fates = Fates::read(printed);
        let expected = [("a::good", false), ("bad", true), ("other", false), ("partly", false)];
        assert!(fates.0.iter().map(|(name, fate)| (name.as_str(), fate.failed)).eq(expected), "{fates:?}");
        assert!(fates.0["bad"].told.contains("panicked at x.rs:1:1:\ntest one ... ok"));
        assert_eq!(fates.0["partly"].left_out().count(), 1);
        assert!(fates.any_failed() && !fates.is_empty());
    }
}
