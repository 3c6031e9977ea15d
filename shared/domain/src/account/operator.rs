//! What lets the operator in: whoever holds the installation's key.

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::id::{InstallationKey, Label, base62};

/// The secret of the operator: the key's subkey for this purpose as 43 base62 characters. It is derived wherever the key is, and never stored.
#[derive(Clone)]
pub struct OperatorSecret(Zeroizing<[u8; 43]>);

impl OperatorSecret {
    /// The one of the installation with this key.
    pub fn of(key: &InstallationKey) -> Self {
        Self(Zeroizing::new(base62::encode_256(key.subkey(Label::Operator))))
    }

    /// The characters, for the one who is let in by them and for nobody else.
    pub fn expose(&self) -> &str {
        // Only digits are in it, and they are ASCII.
        std::str::from_utf8(self.0.as_slice()).unwrap_or_default()
    }

    /// Whether `shown` is this secret, in the same time wherever it differs.
    pub fn is(&self, shown: &str) -> bool {
        self.0.as_slice().ct_eq(shown.as_bytes()).into()
    }
}

impl fmt::Debug for OperatorSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NULL: InstallationKey = InstallationKey::from_bytes([0; 32]);

    const SECRET: &str = "CnxSRDpz9eIlTUMuhTTM4A4KRtPZkePJTd9mHjcwLIn";

    /// Computed with a second implementation of RFC 5869, and of the digits.
    #[test]
    fn the_secret_of_a_key_never_changes() {
        assert_eq!(OperatorSecret::of(&NULL).expose(), SECRET);
    }

    #[test]
    fn it_is_itself_and_nothing_else() {
        let secret = OperatorSecret::of(&NULL);
        assert!(secret.is(SECRET));
        let other = OperatorSecret::of(&InstallationKey::from_bytes([1; 32]));
        for wrong in ["", &SECRET[1..], &format!("{SECRET}0"), &SECRET.to_lowercase(), other.expose()] {
            assert!(!secret.is(wrong), "{wrong}");
        }
    }

    #[test]
    fn debug_says_nothing_of_it() {
        assert_eq!(format!("{:?}", OperatorSecret::of(&NULL)), "OperatorSecret(..)");
    }
}
