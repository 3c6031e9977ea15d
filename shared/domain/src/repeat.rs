//! Requests that may be sent again: whoever names a request finds its answer by that name, with one effect however often it is sent
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! What is stored of one tells nothing to who reads the table: the name is hashed, and the answer, in which there may be a secret that is
//! shown once, is sealed under the installation's key and that name together.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use aes_gcm::aead::Aead as _;
use aes_gcm::{Aes256Gcm, KeyInit as _};

use crate::id::{Entropy, InstallationKey, Label, UserId};

/// What a sender calls a request: 1 to 255 printable ASCII characters.
#[derive(Clone, PartialEq, Eq)]
pub struct RepeatKey(String);

/// The text cannot name a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a name for a request: expected 1 to 255 printable ASCII characters, for example a UUID")]
pub struct BadRepeatKey;

impl FromStr for RepeatKey {
    type Err = BadRepeatKey;

    fn from_str(text: &str) -> Result<Self, BadRepeatKey> {
        let good = (1..=255).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        good.then(|| Self(text.to_owned())).ok_or(BadRepeatKey)
    }
}

/// Among whose requests a name is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A user's.
    User(UserId),
    /// The operator's, in nobody's name.
    Operator,
    /// Those of people who are not signed in, who may ask for little.
    Anybody,
}

impl Sender {
    fn text(self) -> String {
        match self {
            Self::User(user) => user.to_string(),
            Self::Operator => "operator".to_owned(),
            Self::Anybody => "anybody".to_owned(),
        }
    }
}

/// Random bytes of a request's first attempt, from which every further one draws the same ids.
pub type Seed = [u8; 16];

/// Finds requests by their names.
pub struct Repeats([u8; 32]);

impl Repeats {
    /// Those of the installation with `key`.
    pub fn new(key: &InstallationKey) -> Self {
        Self(key.subkey(Label::Repeat))
    }

    /// The request that `sender` calls `key`.
    pub fn of(&self, sender: Sender, key: &RepeatKey) -> Repeat {
        // The sender's text has no line feed, so nobody's names run into another's.
        let text = format!("{}\n{}", sender.text(), key.0);
        Repeat { sender, secret: *blake3::keyed_hash(&self.0, text.as_bytes()).as_bytes() }
    }
}

/// One request that may be sent again.
#[derive(Clone)]
pub struct Repeat {
    sender: Sender,
    secret: [u8; 32],
}

const NONCE: usize = 12;

impl Repeat {
    /// How long an attempt is protected from a second one: longer than a function lives.
    pub const LEASE: Duration = Duration::from_secs(60);
    /// How long an answer is kept.
    pub const LIFE: Duration = Duration::from_secs(24 * 3600);

    /// Whose it is.
    pub fn sender(&self) -> Sender {
        self.sender
    }

    /// What it is called in the store.
    pub fn name(&self) -> [u8; 16] {
        let mut name = [0; 16];
        name.copy_from_slice(&self.derive(b"name", &[]).as_bytes()[..16]);
        name
    }

    /// What tells its content from any other's: keyed, since there may be a password in it, which a mere hash would let be guessed.
    pub fn content(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut hasher = self.hasher(b"content", &[]);
        for part in parts {
            // The length keeps the parts apart.
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        *hasher.finalize().as_bytes()
    }

    /// What its attempts draw their ids and secrets from: the same each time.
    pub fn draws(&self, seed: &Seed) -> Drawn {
        Drawn(self.hasher(b"draws", seed).finalize_xof())
    }

    /// Seals an answer.
    #[expect(clippy::expect_used, reason = "AES-GCM takes up to 64 GB")]
    pub fn seal(&self, seed: &Seed, answer: &[u8], entropy: &mut (impl Entropy + ?Sized)) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        entropy.fill(&mut nonce);
        let sealed = self.cipher(seed).encrypt(&nonce.into(), answer).expect("an answer is not too long");
        [&nonce[..], &sealed].concat()
    }

    /// Opens what [`Self::seal`] sealed; `None` if it is anything else.
    pub fn open(&self, seed: &Seed, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        self.cipher(seed).decrypt(&(*nonce).into(), sealed).ok()
    }

    fn cipher(&self, seed: &Seed) -> Aes256Gcm {
        Aes256Gcm::new(self.derive(b"seal", seed).as_bytes().into())
    }

    fn derive(&self, what: &[u8], seed: &[u8]) -> blake3::Hash {
        self.hasher(what, seed).finalize()
    }

    /// No label is the beginning of another.
    fn hasher(&self, what: &[u8], seed: &[u8]) -> blake3::Hasher {
        let mut hasher = blake3::Hasher::new_keyed(&self.secret);
        hasher.update(what).update(seed);
        hasher
    }
}

impl fmt::Debug for Repeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Repeat")
    }
}

/// Bytes that cannot be guessed, the same for every attempt of one request.
#[derive(Clone)]
pub struct Drawn(blake3::OutputReader);

impl Entropy for Drawn {
    fn fill(&mut self, buf: &mut [u8]) {
        self.0.fill(buf);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SystemEntropy;

    #[test]
    fn what_is_stored_of_a_content_cannot_be_guessed_without_the_key() {
        let repeat = |key: u8| {
            Repeats::new(&InstallationKey::from_bytes([key; 32])).of(Sender::Anybody, &"one".parse().unwrap())
        };
        assert_eq!(repeat(7).content(&[b"/a", b"body"]), repeat(7).content(&[b"/a", b"body"]));
        assert_ne!(repeat(7).content(&[b"/a", b"body"]), repeat(8).content(&[b"/a", b"body"]));
        assert_ne!(repeat(7).content(&[b"/a", b"body"]), repeat(7).content(&[b"/ab", b"ody"]));
    }

    fn repeats() -> Repeats {
        Repeats::new(&InstallationKey::from_bytes([7; 32]))
    }

    fn key(text: &str) -> RepeatKey {
        text.parse().unwrap()
    }

    fn drawn(repeat: &Repeat, seed: &Seed) -> [u8; 32] {
        let mut bytes = [0; 32];
        repeat.draws(seed).fill(&mut bytes);
        bytes
    }

    #[test]
    fn a_name_is_printable_and_not_too_long() {
        for (text, good) in [
            ("8e03978e-40d5-43dd-bc93-6894a57f9324", true),
            ("\"quoted\"", true),
            ("", false),
            ("tab\t", false),
            ("ä", false),
            (&"x".repeat(255), true),
            (&"x".repeat(256), false),
        ] {
            assert_eq!(text.parse::<RepeatKey>().is_ok(), good, "{text}");
        }
    }

    #[test]
    fn every_attempt_draws_the_same_and_nobody_elses_request_does() {
        let ada = Sender::User(UserId::draw(&mut SystemEntropy));
        let one = repeats().of(ada, &key("k"));
        assert_eq!(drawn(&one, &[1; 16]), drawn(&repeats().of(ada, &key("k")), &[1; 16]));
        assert_ne!(drawn(&one, &[1; 16]), drawn(&one, &[2; 16]));
        let bob = Sender::User(UserId::draw(&mut SystemEntropy));
        let other_key = Repeats::new(&InstallationKey::from_bytes([8; 32]));
        for other in [
            repeats().of(ada, &key("K")),
            repeats().of(bob, &key("k")),
            repeats().of(Sender::Operator, &key("k")),
            repeats().of(Sender::Anybody, &key("k")),
            other_key.of(ada, &key("k")),
        ] {
            assert_ne!(drawn(&one, &[1; 16]), drawn(&other, &[1; 16]));
            assert_ne!(one.name(), other.name());
        }
    }

    #[test]
    fn an_answer_opens_for_its_own_request_only_and_only_as_it_was_sealed() {
        let one = repeats().of(Sender::Operator, &key("k"));
        let sealed = one.seal(&[1; 16], b"a secret that is shown once", &mut SystemEntropy);
        assert_eq!(one.open(&[1; 16], &sealed).unwrap(), b"a secret that is shown once");
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_eq!(one.open(&[2; 16], &sealed), None);
        assert_eq!(repeats().of(Sender::Operator, &key("K")).open(&[1; 16], &sealed), None);
        for at in 0..sealed.len() {
            let mut edited = sealed.clone();
            edited[at] ^= 1;
            assert_eq!(one.open(&[1; 16], &edited), None, "{at}");
        }
        assert_eq!(one.open(&[1; 16], &sealed[..11]), None);
    }
}
