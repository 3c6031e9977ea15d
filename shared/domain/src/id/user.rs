//! Ids of users: UUIDv4 (RFC 9562, section 5.4), which say nothing at all.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::{Builder, Uuid};

use super::Entropy;
use super::job::parse_canonical;
use super::text::{self, BadId};

/// Names one user, to the outside too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Uuid);

impl UserId {
    /// 122 random bits: as good as surely new.
    pub fn draw(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        Self(Builder::from_random_bytes(bytes).into_uuid())
    }
}

impl FromStr for UserId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        parse_canonical(text, 4).map(Self).ok_or(BadId {
            kind: "user",
            form: "a lower-case UUID of version 4",
        })
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "user:{self}")
    }
}

impl Serialize for UserId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl<'de> Deserialize<'de> for UserId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::parse(deserializer)
    }
}
