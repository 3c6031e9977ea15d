//! What shows who someone is: drawn once, shown once, kept only as a hash.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::id::{Entropy, Kind, base62};

/// So many base62 digits are worth a little more than 256 bits.
const LEN: usize = 43;

/// The secret of a credential of kind `K`: 43 base62 characters, which is 256 random bits. Who has it is let in.
pub struct Secret<K> {
    chars: Zeroizing<[u8; LEN]>,
    kind: PhantomData<fn() -> K>,
}

impl<K> Secret<K> {
    /// A new one, each as likely.
    pub fn draw(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        Self::of(base62::draw(entropy))
    }

    fn of(chars: [u8; LEN]) -> Self {
        Self { chars: Zeroizing::new(chars), kind: PhantomData }
    }

    /// The characters, for the one who is let in by them and for nobody else.
    pub fn expose(&self) -> &str {
        // Only digits get in, and they are ASCII.
        std::str::from_utf8(self.chars.as_slice()).unwrap_or_default()
    }

    /// What is stored of it. It needs no salt and no slow function: nobody tries out 2^256 secrets.
    pub fn hash(&self) -> SecretHash<K> {
        SecretHash::from_bytes(Sha256::digest(self.chars.as_slice()).into())
    }
}

/// The text is no such secret. It is not repeated: it may be a mistyped one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the secret of a {kind}: expected 43 letters or digits")]
pub struct BadSecret {
    /// What it should have belonged to.
    pub kind: &'static str,
}

impl<K: Kind> FromStr for Secret<K> {
    type Err = BadSecret;

    fn from_str(text: &str) -> Result<Self, BadSecret> {
        let chars: Option<[u8; LEN]> = text.as_bytes().try_into().ok();
        chars
            .filter(|chars| chars.iter().all(|byte| base62::digit(*byte).is_some()))
            .map(Self::of)
            .ok_or(BadSecret { kind: K::NAME })
    }
}

impl<K: Kind> fmt::Debug for Secret<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", K::NAME)
    }
}

/// The SHA-256 (FIPS 180-4) of a [`Secret`]: finds the credential, but lets nobody in.
pub struct SecretHash<K> {
    bytes: [u8; 32],
    kind: PhantomData<fn() -> K>,
}

impl<K> SecretHash<K> {
    /// The hash that these bytes are.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self { bytes, kind: PhantomData }
    }

    /// Its bytes.
    pub const fn to_bytes(self) -> [u8; 32] {
        self.bytes
    }
}

// Derived, these would ask the same of `K`, which has no values.
impl<K> Clone for SecretHash<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for SecretHash<K> {}

impl<K> PartialEq for SecretHash<K> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<K> Eq for SecretHash<K> {}

impl<K: Kind> fmt::Debug for SecretHash<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretHash({})", K::NAME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{SystemEntropy, kinds};
    use proptest::prelude::*;

    type Secret = super::Secret<kinds::Token>;

    #[test]
    fn no_two_secrets_are_alike() {
        let (a, b) = (Secret::draw(&mut SystemEntropy), Secret::draw(&mut SystemEntropy));
        assert_ne!(a.expose(), b.expose());
        assert_ne!(a.hash(), b.hash());
    }

    /// Computed with a second implementation. If this fails, nobody who holds a token gets in any more.
    #[test]
    fn the_hash_of_a_secret_never_changes() {
        let secret: Secret = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg".parse().unwrap();
        let hex: String = secret.hash().to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "71d84b1859bad11abcb3dfd9353c8d1873aafd883ffaf6f2c9df7cbcfc3e1850");
    }

    #[test]
    fn debug_says_nothing_of_a_secret_or_its_hash() {
        let secret = Secret::draw(&mut SystemEntropy);
        assert_eq!(format!("{secret:?} {:?}", secret.hash()), "Secret(token) SecretHash(token)");
        let refusal = "hunter2".parse::<Secret>().unwrap_err();
        assert!(!format!("{refusal:?} {refusal}").contains("hunter2"));
    }

    proptest! {
        #[test]
        fn a_secret_parses_what_it_exposes_and_nothing_else(text in "([0-9A-Za-z]{43})|([ -~]{41,45})|(\\PC{1,44})") {
            let good = text.len() == LEN && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let parsed = text.parse::<Secret>();
            prop_assert_eq!(parsed.is_ok(), good);
            if let Ok(secret) = parsed {
                prop_assert_eq!(secret.expose(), &text);
                let said = format!("{secret:?}");
                prop_assert!(!said.contains(&text));
            }
        }
    }
}
