//! Passwords, and what is stored of them.

use std::fmt;

use zeroize::Zeroizing;

/// A password as typed, every byte of it. Wiped from memory when it is dropped.
pub struct Password(Zeroizing<String>);

impl Password {
    /// The shortest one that can be set, in bytes.
    pub const MIN_BYTES: usize = 8;
    /// The longest one, in bytes; it is hashed whole.
    pub const MAX_BYTES: usize = 1024;

    /// A password that may be set.
    ///
    /// # Errors
    /// [`BadPassword`] when it is too short or too long. There is no other rule: rules about characters make passwords worse (NIST SP 800-63B, section 3.1.1.2).
    pub fn new(text: impl Into<String>) -> Result<Self, BadPassword> {
        let text = Zeroizing::new(text.into());
        match text.len() {
            0..Self::MIN_BYTES => Err(BadPassword::TooShort),
            Self::MIN_BYTES..=Self::MAX_BYTES => Ok(Self(text)),
            _ => Err(BadPassword::TooLong),
        }
    }

    /// Its bytes, for the function that hashes them and for nothing else.
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Why a password cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// Fewer than [`Password::MIN_BYTES`].
    #[error("a password needs at least 8 bytes")]
    TooShort,
    /// More than [`Password::MAX_BYTES`].
    #[error("a password has at most 1,024 bytes")]
    TooLong,
}

/// A hashed password: a PHC string, which names the function, its parameters and the salt. Only who made it looks inside.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Longer than any that is made.
    pub const MAX_BYTES: usize = 512;

    /// The hash that `text` is.
    ///
    /// # Errors
    /// [`BadPasswordHash`] when it cannot be a PHC string: above all a password itself must not be stored by mistake.
    pub fn new(text: impl Into<String>) -> Result<Self, BadPasswordHash> {
        let text = text.into();
        let inner = text.strip_prefix('$').unwrap_or_default();
        let parts = inner.split('$').count();
        let fits = text.len() <= Self::MAX_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic());
        (fits && parts >= 3 && inner.split('$').all(|part| !part.is_empty()))
            .then_some(Self(text))
            .ok_or(BadPasswordHash)
    }

    /// The PHC string, for the function that compares passwords with it and for the store.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// The text is no PHC string. It is not repeated: it may be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a hashed password: expected a PHC string")]
pub struct BadPasswordHash;

#[cfg(test)]
mod tests {
    use super::*;

    const PHC: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g";

    #[test]
    fn a_password_has_8_to_1024_bytes_and_is_kept_as_typed() {
        for (text, expected) in [
            (String::new(), Some(BadPassword::TooShort)),
            ("1234567".to_owned(), Some(BadPassword::TooShort)),
            ("12345678".to_owned(), None),
            ("äöüß".to_owned(), None),
            ("        ".to_owned(), None),
            (" with spaces around\0 ".to_owned(), None),
            ("x".repeat(1024), None),
            ("x".repeat(1025), Some(BadPassword::TooLong)),
            (format!("{}ä", "x".repeat(1023)), Some(BadPassword::TooLong)),
        ] {
            let made = Password::new(text.clone());
            assert_eq!(made.as_ref().err().copied(), expected, "{} bytes", text.len());
            assert!(made.is_err() || made.unwrap().expose() == text.as_bytes());
        }
    }

    #[test]
    fn only_a_phc_string_is_a_hash() {
        assert_eq!(PasswordHash::new(PHC).unwrap().expose(), PHC);
        for text in
            ["", "$", "$$$", "correct horse battery staple", "hunter2$hunter2$x", "$argon2id$", "$a$b$c d", "$a$b$ü"]
        {
            assert_eq!(PasswordHash::new(text), Err(BadPasswordHash), "{text}");
        }
        assert!(PasswordHash::new(format!("{PHC}{}", "x".repeat(512))).is_err());
    }

    #[test]
    fn debug_says_nothing_of_a_password_or_its_hash() {
        let password = Password::new("correct horse").unwrap();
        let said = format!("{password:?} {:?} {:?}", PasswordHash::new(PHC), Password::new("short"));
        assert_eq!(said, "Password(..) Ok(PasswordHash(..)) Err(TooShort)");
    }
}
