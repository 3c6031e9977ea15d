//! Each repair has a name, so that people can see what was wrong with their feed. `docs/FEEDS.md` says what each means.

/// The names of what was repaired, each once, in the order in which it was found.
#[derive(Debug, Default)]
pub(crate) struct Repairs(Vec<&'static str>);

impl Repairs {
    /// Remembers one.
    pub(crate) fn note(&mut self, name: &'static str) {
        if !self.0.contains(&name) {
            self.0.push(name);
        }
    }

    /// Remembers one if it was needed.
    pub(crate) fn note_if(&mut self, was_needed: bool, name: &'static str) {
        if was_needed {
            self.note(name);
        }
    }

    #[cfg(test)]
    pub(crate) fn names(&self) -> &[&'static str] {
        &self.0
    }

    /// For the reader of the feed.
    pub(crate) fn into_names(self) -> Vec<&'static str> {
        self.0
    }
}
