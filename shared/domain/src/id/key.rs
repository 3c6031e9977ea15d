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
    /// What a repeated request finds again.
    Repeat,
    /// What its operator shows. Changes with the key, so that a copy that got lost lets nobody in.
    Operator,
    /// How private sources are found again. If it changed, who adds such a URL again would get a second source.
    PrivateUrl,
    /// Links to shared posts. If it changed, all links would be dead.
    Share,
}

impl Label {
    /// Whether what is derived for it may change: nothing that lasts depends on it, or says itself under which it is.
    const fn can_change(self) -> bool {
        match self {
            Self::Seal | Self::Operator => true,
            Self::PostId | Self::Cursor | Self::Repeat | Self::PrivateUrl | Self::Share => false,
        }
    }

    /// The label as HKDF's `info`.
    const fn text(self) -> &'static str {
        match self {
            Self::PostId => "post-id",
            Self::Seal => "seal",
            Self::Cursor => "cursor",
            Self::Repeat => "repeat",
            Self::Operator => "operator",
            Self::PrivateUrl => "private-url",
            Self::Share => "share",
        }
    }
}

/// How many secrets a key has at most: the first, and those that came after it.
const MOST: usize = 8;

/// 256 bits, made once per installation and never replaced, since ids and links depend on them; and, where it was changed, further secrets for what can
/// change: sealing, and what the operator shows. Never printed: not by `Debug`, not in an error.
#[derive(Clone)]
pub struct InstallationKey {
    first: [u8; 32],
    /// Oldest first.
    later: Vec<[u8; 32]>,
}

impl InstallationKey {
    /// A new key.
    pub fn generate(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        Self::from_bytes(drawn(entropy))
    }

    /// The key that these bytes are.
    pub const fn from_bytes(first: [u8; 32]) -> Self {
        Self { first, later: Vec::new() }
    }

    /// The key as a line of 64 lower-case hexadecimal digits for each of its secrets. Secret: for its one store and for the owner's backup.
    pub fn to_text(&self) -> String {
        let lines: Vec<String> = self.secrets().map(|secret| hex(secret)).collect();
        lines.join("\n")
    }

    /// The subkey for one purpose: HKDF-SHA256 (RFC 5869) without salt, the label as `info`. Who learns one learns no other. What can change is
    /// from the newest secret.
    pub fn subkey(&self, label: Label) -> [u8; 32] {
        let secret = if label.can_change() { self.newest() } else { &self.first };
        expand(secret, label.text())
    }

    /// What was sealed under before the key was ever changed, and what after each change.
    pub fn seal_subkeys(&self) -> ([u8; 32], impl Iterator<Item = [u8; 32]>) {
        let subkey = |secret| expand(secret, Label::Seal.text());
        (subkey(&self.first), self.later.iter().map(subkey))
    }

    /// 16 hexadecimal digits that tell keys apart and say nothing about them: the same however often a key was changed. Not secret.
    pub fn fingerprint(&self) -> String {
        hex(&expand(&self.first, "fingerprint")[..8])
    }

    /// The key with a new secret for what can change; none is forgotten. `None` if it has eight already.
    #[must_use]
    pub fn changed(&self, entropy: &mut (impl Entropy + ?Sized)) -> Option<Self> {
        let mut changed = self.clone();
        changed.later.push(drawn(entropy));
        (changed.later.len() < MOST).then_some(changed)
    }

    /// The key without the secrets that nothing needs any more once all is sealed under the newest: the first and the newest stay.
    #[must_use]
    pub fn settled(&self) -> Self {
        Self { first: self.first, later: self.later.last().copied().into_iter().collect() }
    }

    /// Whether it has no secrets that [`InstallationKey::settled`] would drop.
    pub fn is_settled(&self) -> bool {
        self.later.len() <= 1
    }

    fn secrets(&self) -> impl Iterator<Item = &[u8; 32]> {
        std::iter::once(&self.first).chain(&self.later)
    }

    fn newest(&self) -> &[u8; 32] {
        self.later.last().unwrap_or(&self.first)
    }
}

fn drawn(entropy: &mut (impl Entropy + ?Sized)) -> [u8; 32] {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    bytes
}

#[expect(clippy::expect_used, reason = "HKDF-SHA256 gives up to 255 times 32 bytes")]
fn expand(secret: &[u8; 32], info: &str) -> [u8; 32] {
    let mut out = [0; 32];
    Hkdf::<Sha256>::new(None, secret).expand(info.as_bytes(), &mut out).expect("32 bytes are not too many");
    out
}

impl fmt::Debug for InstallationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InstallationKey({})", self.fingerprint())
    }
}

/// The text is no installation key. It is not repeated: it may be a mistyped one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an installation key: expected 64 lower-case hexadecimal digits, or up to 8 such lines")]
pub struct BadKey;

impl FromStr for InstallationKey {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<Self, BadKey> {
        let mut lines = text.split('\n').map(|line| secret(line.strip_suffix('\r').unwrap_or(line)));
        let first = lines.next().ok_or(BadKey)??;
        let later: Vec<_> = lines.collect::<Result<_, _>>()?;
        if later.len() < MOST { Ok(Self { first, later }) } else { Err(BadKey) }
    }
}

fn secret(line: &str) -> Result<[u8; 32], BadKey> {
    let digits: &[u8; 64] = line.as_bytes().try_into().map_err(|_| BadKey)?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        for digit in pair {
            *byte = *byte << 4 | nibble(*digit).ok_or(BadKey)?;
        }
    }
    Ok(bytes)
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

    #[test]
    fn a_changed_key_keeps_all_that_ids_and_links_depend_on_and_opens_what_was_sealed() {
        let seals = |key: &InstallationKey| {
            let (first, later) = key.seal_subkeys();
            std::iter::once(first).chain(later).collect::<Vec<_>>()
        };
        let first = InstallationKey::generate(&mut Seeded(1));
        let once = first.changed(&mut Seeded(2)).unwrap();
        let twice = once.changed(&mut Seeded(3)).unwrap();
        for key in [&once, &twice, &twice.settled()] {
            assert_eq!(key.to_text().parse::<InstallationKey>().unwrap().to_text(), key.to_text());
            assert_eq!(key.fingerprint(), first.fingerprint());
            for label in [Label::PostId, Label::Cursor, Label::Repeat, Label::PrivateUrl, Label::Share] {
                assert_eq!(key.subkey(label), first.subkey(label), "{label:?}");
            }
            for label in [Label::Seal, Label::Operator] {
                assert_ne!(key.subkey(label), first.subkey(label), "{label:?}");
            }
            assert_eq!(seals(key).last(), Some(&key.subkey(Label::Seal)));
        }
        assert_eq!(seals(&twice)[..2], seals(&once));
        assert_eq!(seals(&twice.settled()), [seals(&twice)[0], seals(&twice)[2]]);
        assert!(first.is_settled() && once.is_settled() && !twice.is_settled());
        assert_eq!(once.settled().to_text(), once.to_text());
    }

    #[test]
    fn a_key_has_eight_secrets_at_most() {
        let mut key = InstallationKey::generate(&mut Seeded(1));
        for seed in 2..=8 {
            key = key.changed(&mut Seeded(seed)).unwrap();
        }
        assert!(key.changed(&mut Seeded(9)).is_none());
        let text = key.to_text();
        assert!(text.parse::<InstallationKey>().is_ok());
        assert!(format!("{text}\n{}", &text[..64]).parse::<InstallationKey>().is_err());
        assert!(text.replace('\n', "\r\n").parse::<InstallationKey>().is_ok(), "as some editors write lines");
        assert!(text.replace('\n', "\n\n").parse::<InstallationKey>().is_err());
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
            (Label::Operator, "3600c902e126797c5ad77e9f1d45b5503ddd9cf0c857936ddfc3db3524f32011"),
            (Label::PrivateUrl, "28e96d5ad1e7acdc31fe89f087b9cfd779c3b667f2bd7d080b8d6f84a350558a"),
            (Label::Share, "534f661e0b6afa03521ec6629bc6be92ff063e0e63944a4e463eee04b6ee661d"),
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
