//! Short ids: what people see in URLs.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{BadId, Entropy, base62};

/// Eight base62 characters naming one entity of kind `K`, for example `3kTMd9aZ`.
pub struct ShortId<K> {
    chars: [u8; 8],
    kind: PhantomData<fn() -> K>,
}

impl<K> ShortId<K> {
    /// A random id, each of the 62^8 equally likely: bytes of 248 and above are drawn again instead of being wrapped around.
    pub fn draw(entropy: &mut impl Entropy) -> Self {
        let (mut chars, mut filled) = ([0; 8], 0);
        while filled < chars.len() {
            let mut bytes = [0; 12];
            entropy.fill(&mut bytes);
            for byte in bytes.into_iter().filter(|byte| *byte < 248) {
                if let Some(place) = chars.get_mut(filled) {
                    *place = base62::ALPHABET[usize::from(byte % 62)];
                    filled += 1;
                }
            }
        }
        Self { chars, kind: PhantomData }
    }

    /// The id whose digits write `value` modulo 62^8.
    pub(super) fn of_value(value: u64) -> Self {
        Self { chars: base62::encode8(value), kind: PhantomData }
    }

    /// The number that the digits write: below 62^8.
    pub(super) fn value(self) -> u64 {
        base62::decode8(self.chars).unwrap_or(0)
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.chars).unwrap_or_default()
    }
}

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

impl<K> fmt::Debug for ShortId<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<K> fmt::Display for ShortId<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<K> FromStr for ShortId<K> {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = BadId { kind: "short id", shape: "eight characters, 0-9, A-Z or a-z" };
        let chars: [u8; 8] = text.as_bytes().try_into().map_err(|_| bad)?;
        base62::decode8(chars).map(|_| Self { chars, kind: PhantomData }).ok_or(bad)
    }
}

impl<K> Serialize for ShortId<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de, K> Deserialize<'de> for ShortId<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
