//! What all ids that are texts share: the error, and serde as that text.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserializer, Error, Visitor};

/// The text is not an id of that kind. It is not repeated: it may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind} id: expected {form}")]
pub struct BadId {
    /// What it should have named.
    pub kind: &'static str,
    /// What such ids look like.
    pub form: &'static str,
}

struct Text<T>(PhantomData<T>);

impl<T: FromStr<Err = BadId>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// Reads a `T` from a string without copying it.
pub(super) fn parse<'de, D: Deserializer<'de>, T: FromStr<Err = BadId>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_str(Text(PhantomData))
}
