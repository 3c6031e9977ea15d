//! The installation's key, and the subkeys that everything else uses.

use std::fmt;
use std::str::FromStr;

use hkdf::Hkdf;
use sha2::Sha256;

use super::{BadId, Entropy};

/// What a subkey is for. Its text is part of the derivation and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Short ids of posts. Can never change: every link to a post depends on it.
    PostId,
    /// Sealed credentials.
    Seal,
    /// Cursors of lists.
    Cursor,
    /// Sessions.
    Session,
}

impl Label {
    const fn as_str(self) -> &'static str {
        match self {
            Self::PostId => "post-id",
            Self::Seal => "seal",
            Self::Cursor => "cursor",
            Self::Session => "session",
        }
    }
}

/// 256 random bits, made once per installation.
#[derive(Clone, PartialEq, Eq)]
pub struct InstallationKey([u8; 32]);

impl InstallationKey {
    /// A new key.
    pub fn generate(entropy: &mut impl Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// The key for one purpose (HKDF-SHA256, RFC 5869).
    pub fn subkey(&self, label: Label) -> [u8; 32] {
        self.derive(label.as_str())
    }

    /// Tells keys apart without telling anything of them: 16 hex digits.
    pub fn fingerprint(&self) -> String {
        self.derive("fingerprint")[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// 64 hex digits: for the key's own file, and for nothing else.
    pub fn to_text(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn derive(&self, label: &str) -> [u8; 32] {
        let mut out = [0; 32];
        // 32 bytes is one block of SHA-256: HKDF refuses only more than 255 of them.
        let expanded = Hkdf::<Sha256>::new(None, &self.0).expand(label.as_bytes(), &mut out);
        debug_assert!(expanded.is_ok());
        out
    }
}

impl fmt::Debug for InstallationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InstallationKey({})", self.fingerprint())
    }
}

impl FromStr for InstallationKey {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = BadId { kind: "installation key", shape: "64 hex digits" };
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(bad);
        }
        let mut key = [0; 32];
        for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| bad)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| bad)?;
        }
        Ok(Self(key))
    }
}
