//! Whether a server did as it is known to do.

use std::collections::BTreeSet;

use servers::Kind;

use super::differences::Difference;
use super::fates::Fates;

/// How one server did in the tests of one crate.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) package: &'static str,
    pub(crate) passed: usize,
    /// Tests of those that passed which left something out on this server, and what.
    pub(crate) partly: Vec<String>,
    /// Tests that fail because the server differs from AWS.
    pub(crate) differ: usize,
    /// What nobody knew of.
    pub(crate) wrong: Vec<String>,
}

impl Verdict {
    /// Holds what became of the tests against what is known: a failure nobody knows of is wrong, and so is a known one that is none.
    pub(crate) fn of(server: Kind, package: &'static str, fates: &Fates, known: &[Difference]) -> Self {
        let mut verdict = Self { package, ..Self::default() };
        let known = known.iter().filter(|known| known.server == server && known.package == package);
        let mut expected: BTreeSet<(&str, &str)> =
            known.flat_map(|known| known.tests.iter().map(|test| (*test, known.told))).collect();
        for (name, fate) in &fates.0 {
            let known = expected.iter().find(|(test, _)| test == name).copied();
            let is_known = known.is_some_and(|(_, told)| fate.told.contains(told));
            match (fate.failed, is_known) {
                (false, _) => {
                    verdict.passed += 1;
                    verdict.partly.extend(fate.left_out().map(|line| format!("{name}: {line}")));
                    continue;
                }
                (true, true) => verdict.differ += 1,
                (true, false) => verdict.wrong.push(format!("{package} {name}: {}", fate.told.trim())),
            }
            expected.retain(|(test, _)| test != name);
        }
        verdict.wrong.extend(expected.into_iter().map(|(test, _)| {
            format!(
                "{package} {test}: it is said to fail, and did not; if that is so for good, take it out of the list"
            )
        }));
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::fates::Fate;

    const KNOWN: &[Difference] = &[Difference {
        server: Kind::Ministack,
        package: "blob",
        tests: &["secret"],
        told: "Ok(",
        wrong: "checks nothing",
        rule: "signatures",
    }];

    /// What one test did, and whether that was known: (passed, differ, wrong).
    fn check(server: Kind, name: &str, failed: bool, told: &str, expected: (usize, usize, usize)) {
        let fate = Fate { failed, told: told.to_owned() };
        let fates = Fates([(name.to_owned(), fate)].into());
        let verdict = Verdict::of(server, "blob", &fates, KNOWN);
        assert_eq!((verdict.passed, verdict.differ, verdict.wrong.len()), expected, "{verdict:?}");
    }

    #[test]
    fn a_difference_is_known_by_server_test_and_what_it_tells_and_one_that_is_gone_is_wrong() {
        check(Kind::Ministack, "secret", true, "unwrap_err on Ok(..)", (0, 1, 0));
        check(Kind::Ministack, "secret", true, "another panic", (0, 0, 1));
        check(Kind::Ministack, "secret", false, "", (1, 0, 1));
        check(Kind::Embedded, "secret", true, "unwrap_err on Ok(..)", (0, 0, 1));
        check(Kind::Embedded, "secret", false, "", (1, 0, 0));
        // The test that is named is not there.
        check(Kind::Ministack, "other", false, "", (1, 0, 1));
    }
}
