//! Ordinals count the posts of one source; numbers count through all, rising with arrival.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// Which post of its source: the first is 1; 0 means none yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ordinal(pub u64);

impl Ordinal {
    /// Before the first.
    pub const NONE: Self = Self(0);

    /// The one after.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The one `n` later.
    #[must_use]
    pub const fn plus(self, n: u64) -> Self {
        Self(self.0 + n)
    }

    /// As a number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Ordinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A post among all posts: below 62^8, which is below 2^53, so that every client can hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PostNumber(u64);

impl PostNumber {
    /// The first value that is no number any more: 62^8.
    pub const END: u64 = 62u64.pow(8);

    /// The number `value`; `None` from 62^8 on.
    pub const fn new(value: u64) -> Option<Self> {
        if value < Self::END { Some(Self(value)) } else { None }
    }

    /// Its value.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for PostNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for PostNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = u64::deserialize(deserializer)?;
        Self::new(value).ok_or_else(|| serde::de::Error::custom("a post number is below 62^8"))
    }
}
