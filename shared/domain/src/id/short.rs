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
        Self { chars, kind: PhantomData }
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
            .ok_or(BadId { kind: K::NAME, form: "8 letters or digits" })
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

#[cfg(test)]
mod tests {
    use super::super::testing::Seeded;
    use super::super::{SourceId, SystemEntropy};
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    const DRAWS: u32 = 1_000_000;
    /// What chance exceeds once in a thousand, for 61 degrees of freedom.
    const CHI_SQUARE_LIMIT: f64 = 100.9;

    #[track_caller]
    fn check_refused(text: &str) {
        let refusal = BadId { kind: "source", form: "8 letters or digits" };
        assert_eq!(text.parse::<SourceId>(), Err(refusal), "{text:?}");
        assert!(serde_json::from_value::<SourceId>(text.into()).is_err(), "{text:?}");
    }

    #[test]
    fn what_is_not_eight_letters_or_digits_is_refused() {
        for text in ["", "3kTMd9a", "3kTMd9aZZ", "3kTMd9a ", " kTMd9aZ", "3kTM-9aZ", "3kTM_9aZ", "ähnlich", "3kTMd9a\n"]
        {
            check_refused(text);
        }
        assert!(serde_json::from_str::<SourceId>("12345678").is_err(), "a number");
    }

    #[test]
    fn ids_of_a_million_draws_repeat_no_more_than_chance_allows() {
        let distinct: HashSet<SourceId> = (0..DRAWS).map(|_| SourceId::draw(&mut SystemEntropy)).collect();
        // One repetition is to be expected in 440 such runs, three in half a billion.
        assert!(DRAWS as usize - distinct.len() < 3, "{}", distinct.len());
    }

    #[test]
    fn every_character_is_equally_likely_in_every_place() {
        let mut entropy = Seeded(3);
        let mut met = [[0u32; 62]; LEN];
        for _ in 0..DRAWS {
            let id = SourceId::draw(&mut entropy);
            for (place, byte) in id.as_str().bytes().enumerate() {
                met[place][base62::digit(byte).unwrap() as usize] += 1;
            }
        }
        for (place, met) in met.iter().enumerate() {
            assert!(chi_square(met) < CHI_SQUARE_LIMIT, "place {place}: {}", chi_square(met));
        }
    }

    #[test]
    fn the_measure_of_bias_sees_the_bias_of_a_plain_remainder() {
        let mut met = [0u32; 62];
        let mut bytes = vec![0; DRAWS as usize];
        Seeded(3).fill(&mut bytes);
        for byte in bytes {
            met[usize::from(byte % 62)] += 1;
        }
        assert!(chi_square(&met) > 10.0 * CHI_SQUARE_LIMIT);
    }

    fn chi_square(met: &[u32; 62]) -> f64 {
        let expected = f64::from(DRAWS) / 62.0;
        met.iter().map(|n| (f64::from(*n) - expected).powi(2) / expected).sum()
    }

    proptest! {
        #[test]
        fn an_id_parses_what_it_prints_and_nothing_else(text in "([0-9A-Za-z]{8})|([ -~]{6,10})|(\\PC{1,9})") {
            let good = text.len() == LEN && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let parsed = text.parse::<SourceId>();
            prop_assert_eq!(parsed.is_ok(), good);
            if let Ok(id) = parsed {
                prop_assert_eq!(id.as_str(), &text);
                prop_assert_eq!(SourceId::from_number(id.number()), id);
                prop_assert_eq!(serde_json::to_value(id).unwrap(), serde_json::Value::from(text));
                prop_assert_eq!(serde_json::from_value::<SourceId>(serde_json::to_value(id).unwrap()).unwrap(), id);
            }
        }
    }
}
