//! The installation's key: one secret, from which everything that needs one takes its own.

use std::fmt;
use std::str::FromStr;

use hkdf::Hkdf;
use sha2::Sha256;

use super::Entropy;

/// What a subkey is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Short ids of posts. Can never change.
    PostId,
    /// What is stored sealed. Sealed blobs name their key, so this one can change.
    Seal,
    /// Page cursors.
    Cursor,
    /// Signed-in sessions.
    Session,
    /// What a repeated request finds again.
    Repeat,
    /// What its operator shows.
    Operator,
    /// How private sources are found again. If it changed, who adds such a URL again would get a second source.
    PrivateUrl,
    /// Links to shared posts. If it changed, all links would be dead.
    Share,
}

impl Label {
    /// The label as HKDF's `info`.
    const fn text(self) -> &'static str {
        match self {
            Self::PostId => "post-id",
            Self::Seal => "seal",
            Self::Cursor => "cursor",
            Self::Session => "session",
            Self::Repeat => "repeat",
            Self::Operator => "operator",
            Self::PrivateUrl => "private-url",
            Self::Share => "share",
        }
    }
}

/// 256 bits, made once per installation and never replaced. Never printed: not by `Debug`, not in an error.
#[derive(Clone)]
pub struct InstallationKey([u8; 32]);

impl InstallationKey {
    /// A new key.
    pub fn generate(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// The key that these bytes are.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key as 64 lower-case hexadecimal digits. Secret: for its one store and for the owner's backup.
    pub fn to_text(&self) -> String {
        hex(&self.0)
    }

    /// The subkey for one purpose: HKDF-SHA256 (RFC 5869) without salt, the label as `info`. Who learns one learns no other.
    pub fn subkey(&self, label: Label) -> [u8; 32] {
        self.expand(label.text())
    }

    /// 16 hexadecimal digits that tell keys apart and say nothing about them. Not secret.
    pub fn fingerprint(&self) -> String {
        hex(&self.expand("fingerprint")[..8])
    }

    #[expect(clippy::expect_used, reason = "HKDF-SHA256 gives up to 255 times 32 bytes")]
    fn expand(&self, info: &str) -> [u8; 32] {
        let mut out = [0; 32];
        Hkdf::<Sha256>::new(None, &self.0).expand(info.as_bytes(), &mut out).expect("32 bytes are not too many");
        out
    }
}

impl fmt::Debug for InstallationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InstallationKey({})", self.fingerprint())
    }
}

/// The text is no installation key. It is not repeated: it may be a mistyped one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an installation key: expected 64 lower-case hexadecimal digits")]
pub struct BadKey;

impl FromStr for InstallationKey {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<Self, BadKey> {
        let digits: &[u8; 64] = text.as_bytes().try_into().map_err(|_| BadKey)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            for digit in pair {
                *byte = *byte << 4 | nibble(*digit).ok_or(BadKey)?;
            }
        }
        Ok(Self(bytes))
    }
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Seeded;
    use super::*;

    #[test]
    fn a_key_parses_what_it_prints_and_nothing_else() {
        let key = InstallationKey::generate(&mut Seeded(1));
        let text = key.to_text();
        assert_eq!(text.parse::<InstallationKey>().unwrap().to_text(), text);
        for bad in
            [String::new(), text[1..].to_owned(), format!("{text}0"), text.to_uppercase(), text.replace('e', "g")]
        {
            assert_eq!(bad.parse::<InstallationKey>().err(), Some(BadKey), "{bad}");
        }
    }

    /// Computed with a second implementation of RFC 5869.
    #[test]
    fn subkeys_never_change() {
        let key = InstallationKey::from_bytes([0; 32]);
        let cases = [
            (Label::PostId, "9b2dc7d65efcc0e26ef9703c16e3dad0317ce6eace096fd17862f7f9daab4426"),
            (Label::Seal, "7202e84fe95c1e6f8a2d1873b04fb2c25797c60f0b1faa9534482c478fb317be"),
            (Label::Cursor, "10ddcdc94577c22d5d3ec7c4bf2213daf8835a0be04f8eb682d0800227578b9b"),
            (Label::Repeat, "43873dca357e4bd4168e8b8259e25b52f78dfc146dfa36f8d1f2d042ac4c32f3"),
            (Label::Session, "4062f7cc16091b42dbfe74dce4014d68058ace04d7c6e7e75b04632864723f96"),
            (Label::Operator, "3600c902e126797c5ad77e9f1d45b5503ddd9cf0c857936ddfc3db3524f32011"),
            (Label::PrivateUrl, "28e96d5ad1e7acdc31fe89f087b9cfd779c3b667f2bd7d080b8d6f84a350558a"),
        ];
        for (label, subkey) in cases {
            assert_eq!(hex(&key.subkey(label)), subkey, "{label:?}");
        }
        assert_eq!(key.fingerprint(), "1dcd2609fb252d9e");
    }

    #[test]
    fn debug_shows_the_fingerprint_and_nothing_of_the_key() {
        let key = InstallationKey::generate(&mut Seeded(1));
        assert_eq!(format!("{key:?}"), format!("InstallationKey({})", key.fingerprint()));
        assert!(!key.to_text().contains(&key.fingerprint()));
    }
}
