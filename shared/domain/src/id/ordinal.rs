//! The place of a post among its source's posts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A post's place within its source, in order of arrival: 1 is the first. 0 is no post: the count of a source without any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ordinal(u64);

impl Ordinal {
    /// Before the first post.
    pub const NONE: Self = Self(0);

    /// The `place`-th post, or [`Ordinal::NONE`].
    pub const fn new(place: u64) -> Self {
        Self(place)
    }

    /// The place; 0 for none.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place behind this one.
    #[must_use]
    pub const fn next(self) -> Self {
        self.plus(1)
    }

    /// The place `count` behind this one.
    #[must_use]
    pub const fn plus(self, count: u64) -> Self {
        Self(self.0.saturating_add(count))
    }
}

impl fmt::Display for Ordinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ordinal_is_1_and_it_is_a_number_in_json() {
        assert_eq!(Ordinal::NONE.next(), Ordinal::new(1));
        assert_eq!(Ordinal::default(), Ordinal::NONE);
        assert_eq!(serde_json::to_string(&Ordinal::new(7)).unwrap(), "7");
        assert_eq!(serde_json::from_str::<Ordinal>("7").unwrap().plus(2).to_string(), "9");
    }
}
