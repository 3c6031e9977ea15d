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
        parse_canonical(text, 4).map(Self).ok_or(BadId { kind: "user", form: "a lower-case UUID of version 4" })
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

#[cfg(test)]
mod tests {
    use super::super::SystemEntropy;
    use super::super::testing::Seeded;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_canonical_text_of_version_4_is_a_user_id() {
        let good = "9f1c2d3e-4b5a-4678-9abc-def012345678";
        assert_eq!(good.parse::<UserId>().map(|id| id.to_string()), Ok(good.to_owned()));
        let refused = [
            "9F1C2D3E-4B5A-4678-9ABC-DEF012345678",
            "9f1c2d3e4b5a46789abcdef012345678",
            "9f1c2d3e-4b5a-7678-9abc-def012345678",
            "9f1c2d3e-4b5a-4678-1abc-def012345678",
            "9f1c2d3e-4b5a-4678-9abc-def01234567",
            "00000000-0000-0000-0000-000000000000",
        ];
        for text in refused {
            assert!(text.parse::<UserId>().is_err(), "{text}");
        }
    }

    #[test]
    fn users_drawn_from_the_system_differ() {
        assert_ne!(UserId::draw(&mut SystemEntropy), UserId::draw(&mut SystemEntropy));
    }

    proptest! {
        #[test]
        fn an_id_parses_what_it_prints(seed: u64) {
            let id = UserId::draw(&mut Seeded(seed));
            prop_assert_eq!(id.to_string().parse::<UserId>(), Ok(id));
            prop_assert_eq!(serde_json::from_value::<UserId>(serde_json::to_value(id).unwrap()).unwrap(), id);
        }
    }
}
