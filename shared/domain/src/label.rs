//! What a person calls a kind of posts.

use std::fmt;
use std::str::FromStr;

/// A label's name: 1 to 100 characters without control characters, no white space around it. It is the label's identity; case counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelName(String);

/// This is no label's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a label is 1 to 100 characters, none of them a control character")]
pub struct BadLabel;

impl LabelName {
    /// The most characters of a name.
    pub const MAX_CHARS: usize = 100;
    /// The most labels of one user.
    pub const MOST: usize = 500;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LabelName {
    type Err = BadLabel;

    fn from_str(text: &str) -> Result<Self, BadLabel> {
        let name = text.trim();
        let sound = !name.is_empty() && name.chars().count() <= Self::MAX_CHARS && !name.chars().any(char::is_control);
        if sound { Ok(Self(name.to_owned())) } else { Err(BadLabel) }
    }
}

impl fmt::Display for LabelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_neither_empty_nor_long_nor_unprintable() {
        let cases = [
            ("to read", Some("to read")),
            ("  Straße #1 ", Some("Straße #1")),
            ("", None),
            (" \t", None),
            ("a\nb", None),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<LabelName>().ok().as_ref().map(LabelName::as_str), expected, "{text:?}");
        }
        assert!("ü".repeat(100).parse::<LabelName>().is_ok());
        assert_eq!("ü".repeat(101).parse::<LabelName>(), Err(BadLabel));
    }
}
