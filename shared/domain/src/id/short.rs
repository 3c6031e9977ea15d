//! Short ids: what people see in URLs.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::text::{self, BadId};
use super::{Entropy, Kind, Random, base62};

/// How many characters a short id has.
const LEN: usize = 8;

/// Eight base62 characters naming one entity of kind `K`, for example `3kTMd9aZ`.
pub struct ShortId<K> {
    chars: [u8; LEN],
    kind: PhantomData<fn() -> K>,
}

impl<K: Random> ShortId<K> {
    /// One of the 62^8 ids, each as likely. Whoever stores it does so on condition that it is new, and draws again if not.
    pub fn draw(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        Self::of(base62::draw(entropy))
    }
}

impl<K> ShortId<K> {
    const fn of(chars: [u8; LEN]) -> Self {
        Self {
            chars,
            kind: PhantomData,
        }
    }

    /// The id whose digits are worth `number`, which is below 62^8.
    pub(super) const fn from_number(number: u64) -> Self {
        Self::of(base62::encode(number))
    }

    /// What the digits are worth.
    pub(super) fn number(self) -> u64 {
        base62::decode(&self.chars).unwrap_or_default()
    }

    /// The eight characters.
    pub fn as_str(&self) -> &str {
        // Only digits get in, and they are ASCII.
        std::str::from_utf8(&self.chars).unwrap_or_default()
    }
}

impl<K: Kind> FromStr for ShortId<K> {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let chars: Option<[u8; LEN]> = text.as_bytes().try_into().ok();
        chars
            .filter(|chars| chars.iter().all(|byte| base62::digit(*byte).is_some()))
            .map(Self::of)
            .ok_or(BadId {
                kind: K::NAME,
                form: "8 letters or digits",
            })
    }
}

impl<K> fmt::Display for ShortId<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<K: Kind> fmt::Debug for ShortId<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", K::NAME, self.as_str())
    }
}

// Derived, these would ask the same of `K`, which has no values.
impl<K> Clone for ShortId<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for ShortId<K> {}

impl<K> PartialEq for ShortId<K> {
    fn eq(&self, other: &Self) -> bool {
        self.chars == other.chars
    }
}

impl<K> Eq for ShortId<K> {}

impl<K> PartialOrd for ShortId<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for ShortId<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.chars.cmp(&other.chars)
    }
}

impl<K> Hash for ShortId<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.chars.hash(state);
    }
}

impl<K> Serialize for ShortId<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de, K: Kind> Deserialize<'de> for ShortId<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::parse(deserializer)
    }
}
