//! Sealing: AES-256-GCM (NIST SP 800-38D) under the installation's `seal` subkey.
//!
//! A sealed blob is, in this order: its format (1 byte), the name of its key (8), a random nonce (12), the ciphertext, its tag (16). The source is authenticated
//! with it, so that no blob opens in another source's place.

use std::fmt;
use std::str::FromStr;

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{Hidden, Login, Secrets};
use crate::id::{Entropy, InstallationKey, Label, SourceId, UserId};

/// The only format so far.
const FORMAT: u8 = 1;
const NAME: usize = 8;
const NONCE: usize = 12;
/// What stands before the ciphertext.
const FRONT: usize = 1 + NAME + NONCE;

/// Secrets that only a [`Vault`] opens.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// The blob that these bytes are.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The key that it names; `None` if it is too short to name one.
    pub fn key(&self) -> Option<SealName> {
        self.0.get(1..=NAME)?.try_into().ok().map(SealName)
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// Why a blob does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotOpen {
    /// It names a key that is not here.
    #[error("it was sealed under another key")]
    OtherKey,
    /// It is no blob of this format, of another source, or was changed.
    #[error("it is damaged, or another source's")]
    Damaged,
}

/// The name by which blobs call the key that they are sealed under: says nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SealName([u8; NAME]);

impl fmt::Display for SealName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for SealName {
    type Err = CannotOpen;

    fn from_str(text: &str) -> Result<Self, CannotOpen> {
        let value = u64::from_str_radix(text, 16).map_err(|_| CannotOpen::Damaged)?;
        let name = Self(value.to_be_bytes());
        if name.to_string() == text { Ok(name) } else { Err(CannotOpen::Damaged) }
    }
}

/// One key, and its name.
struct SealKey {
    name: SealName,
    cipher: Aes256Gcm,
}

impl SealKey {
    fn new(key: &[u8; 32]) -> Self {
        let mut name = [0; NAME];
        let digest = Sha256::new().chain_update(b"feedmill seal key").chain_update(key).finalize();
        name.copy_from_slice(&digest[..NAME]);
        Self { name: SealName(name), cipher: Aes256Gcm::new(key.into()) }
    }
}

/// Seals and opens what is secret of private sources, and finds them by their URLs.
pub struct Vault {
    first: SealKey,
    /// Oldest first.
    later: Vec<SealKey>,
    urls: Hkdf<Sha256>,
}

impl Vault {
    /// The vault of the installation with `key`: it opens whatever was sealed under one of its secrets.
    pub fn new(key: &InstallationKey) -> Self {
        let (first, later) = key.seal_subkeys();
        Self {
            first: SealKey::new(&first),
            later: later.map(|subkey| SealKey::new(&subkey)).collect(),
            urls: Hkdf::new(None, &key.subkey(Label::PrivateUrl)),
        }
    }

    /// The key that an installation seals under which never changed it.
    pub fn first(&self) -> SealName {
        self.first.name
    }

    /// The key that it will be sealed under, once everybody has it.
    pub fn newest(&self) -> SealName {
        self.later.last().unwrap_or(&self.first).name
    }

    /// Whether what is sealed under this key opens here.
    pub fn knows(&self, name: SealName) -> bool {
        self.key(name).is_some()
    }

    fn key(&self, name: SealName) -> Option<&SealKey> {
        std::iter::once(&self.first).chain(&self.later).find(|key| key.name == name)
    }

    /// Seals what is secret of `source` under the key that the installation seals under now: the store says which.
    ///
    /// # Errors
    /// [`CannotOpen::OtherKey`] when that key is not here.
    #[expect(clippy::expect_used, reason = "AES-GCM takes up to 64 GB")]
    pub fn seal(
        &self,
        under: SealName,
        source: SourceId,
        secrets: &Secrets,
        entropy: &mut (impl Entropy + ?Sized),
    ) -> Result<Sealed, CannotOpen> {
        let key = self.key(under).ok_or(CannotOpen::OtherKey)?;
        let mut nonce = [0; NONCE];
        entropy.fill(&mut nonce);
        let plain = Zeroizing::new(serde_json::to_vec(&Stored::of(secrets)).expect("texts are JSON"));
        let payload = Payload { msg: &plain, aad: &bound_to(source) };
        let sealed = key.cipher.encrypt(&nonce.into(), payload).expect("a URL and a header are not too long");
        let mut blob = Vec::with_capacity(FRONT + sealed.len());
        blob.push(FORMAT);
        blob.extend_from_slice(&key.name.0);
        blob.extend_from_slice(&nonce);
        blob.extend_from_slice(&sealed);
        Ok(Sealed(blob))
    }

    /// Opens what was sealed for `source`.
    ///
    /// # Errors
    /// [`CannotOpen`].
    pub fn open(&self, source: SourceId, sealed: &Sealed) -> Result<Secrets, CannotOpen> {
        let (front, body) = sealed.0.split_at_checked(FRONT).ok_or(CannotOpen::Damaged)?;
        let (_, nonce) = front[1..].split_at(NAME);
        if front[0] != FORMAT {
            return Err(CannotOpen::Damaged);
        }
        let key = sealed.key().and_then(|name| self.key(name)).ok_or(CannotOpen::OtherKey)?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| CannotOpen::Damaged)?;
        let payload = Payload { msg: body, aad: &bound_to(source) };
        let plain = key.cipher.decrypt(&nonce.into(), payload).map_err(|_| CannotOpen::Damaged)?;
        let plain = Zeroizing::new(plain);
        serde_json::from_slice::<Opened>(&plain).map_err(|_| CannotOpen::Damaged)?.secrets()
    }

    /// Under what a private source of `owner` is found whose URL, normalised, is `url`: says nothing of either, and differs from owner to owner.
    #[expect(clippy::expect_used, reason = "HKDF-SHA256 gives up to 255 times 32 bytes")]
    pub fn url_key(&self, owner: UserId, url: &str) -> String {
        let mut key = [0; 16];
        self.urls
            .expand_multi_info(&[owner.to_string().as_bytes(), b" ", url.as_bytes()], &mut key)
            .expect("16 bytes are not too many");
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        // No URL that is fetched begins so.
        format!("private:{hex}")
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

fn bound_to(source: SourceId) -> Vec<u8> {
    format!("feedmill source {source}").into_bytes()
}

/// What is sealed, as JSON.
#[derive(Serialize)]
struct Stored<'a> {
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    basic: Option<[&'a str; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bearer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<[&'a str; 2]>,
}

impl<'a> Stored<'a> {
    fn of(secrets: &'a Secrets) -> Self {
        let plain = Self { url: secrets.url.expose(), basic: None, bearer: None, header: None };
        match &secrets.login {
            None => plain,
            Some(Login::Basic { user, password }) => Self { basic: Some([user.expose(), password.expose()]), ..plain },
            Some(Login::Bearer(token)) => Self { bearer: Some(token.expose()), ..plain },
            Some(Login::Header { name, value }) => Self { header: Some([name, value.expose()]), ..plain },
        }
    }
}

/// The same, opened. Judged again: what is sent is what this code would have sealed.
#[derive(Deserialize)]
struct Opened {
    url: Hidden,
    basic: Option<[Hidden; 2]>,
    bearer: Option<Hidden>,
    header: Option<[Hidden; 2]>,
}

impl Opened {
    fn secrets(self) -> Result<Secrets, CannotOpen> {
        let login = match (self.basic, self.bearer, self.header) {
            (None, None, None) => None,
            (Some([user, password]), None, None) => Some(Login::basic(user, password)),
            (None, Some(token), None) => Some(Login::bearer(token)),
            (None, None, Some([name, value])) => Some(Login::header(name.expose(), value)),
            _ => return Err(CannotOpen::Damaged),
        };
        Ok(Secrets { url: self.url, login: login.transpose().map_err(|_| CannotOpen::Damaged)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SystemEntropy;

    fn key(byte: u8) -> InstallationKey {
        InstallationKey::from_bytes([byte; 32])
    }

    fn source() -> SourceId {
        "3kTMd9aZ".parse().unwrap()
    }

    fn secrets(login: Option<Login>) -> Secrets {
        Secrets { url: Hidden::new("https://example.org/feed?token=sesame"), login }
    }

    fn sealed(vault: &Vault, secrets: &Secrets) -> Sealed {
        vault.seal(vault.newest(), source(), secrets, &mut SystemEntropy).unwrap()
    }

    fn logins() -> [Option<Login>; 4] {
        let hidden = |text: &str| Hidden::new(text);
        [
            None,
            Login::basic(hidden("ada"), hidden("pass \"word\" ü")).ok(),
            Login::bearer(hidden("t0ken")).ok(),
            Login::header("x-key", hidden("v")).ok(),
        ]
    }

    #[test]
    fn what_was_sealed_opens_as_it_was_and_shows_nothing_before() {
        let vault = Vault::new(&key(1));
        for login in logins() {
            let secrets = secrets(login);
            let blob = sealed(&vault, &secrets);
            assert_eq!(vault.open(source(), &blob), Ok(secrets.clone()));
            assert!(!blob.as_bytes().windows(6).any(|part| part == b"sesame"));
            assert_ne!(sealed(&vault, &secrets), blob, "each has a nonce of its own");
        }
    }

    #[test]
    fn a_blob_opens_for_its_source_only_and_only_as_it_was_made() {
        let vault = Vault::new(&key(1));
        let blob = sealed(&vault, &secrets(None));
        let other = "3kTMd9aY".parse().unwrap();
        assert_eq!(vault.open(other, &blob), Err(CannotOpen::Damaged));
        for at in 0..blob.as_bytes().len() {
            let mut changed = blob.as_bytes().to_vec();
            changed[at] ^= 1;
            assert!(vault.open(source(), &Sealed::from_bytes(changed)).is_err(), "byte {at}");
        }
        for length in 0..blob.as_bytes().len() {
            let cut = Sealed::from_bytes(blob.as_bytes()[..length].to_vec());
            assert_eq!(vault.open(source(), &cut), Err(CannotOpen::Damaged), "{length} bytes");
        }
    }

    #[test]
    fn a_changed_key_opens_what_was_sealed_before_and_what_is_sealed_after() {
        let (before, secrets) = (Vault::new(&key(1)), secrets(None));
        let old = sealed(&before, &secrets);
        assert_eq!(Vault::new(&key(2)).open(source(), &old), Err(CannotOpen::OtherKey));
        let changed = key(1).changed(&mut SystemEntropy).unwrap();
        let after = Vault::new(&changed);
        assert_eq!(after.open(source(), &old), Ok(secrets.clone()));
        assert_eq!((old.key(), after.first()), (Some(before.first()), before.first()));
        let new = sealed(&after, &secrets);
        assert_eq!((new.key(), new.key() == old.key()), (Some(after.newest()), false));
        assert_eq!(Vault::new(&changed).open(source(), &new), Ok(secrets.clone()));
        assert_eq!(before.open(source(), &new), Err(CannotOpen::OtherKey));
        let unknown = before.seal(after.newest(), source(), &secrets, &mut SystemEntropy);
        assert_eq!(unknown, Err(CannotOpen::OtherKey), "what is not here seals nothing");
    }

    #[test]
    fn the_name_of_a_key_reads_as_it_is_written() {
        let name = Vault::new(&key(1)).newest();
        assert_eq!(name.to_string().parse(), Ok(name));
        for wrong in ["", "12", "zz", &name.to_string().to_uppercase(), &format!("{name}0")] {
            assert!(wrong.parse::<SealName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_private_url_is_found_by_its_owner_alone_and_in_its_installation() {
        let users: [UserId; 2] = ["9f1c2d3e-4b5a-4678-9abc-def012345678", "9f1c2d3e-4b5a-4678-9abc-def012345679"]
            .map(|id| id.parse().unwrap());
        let url = "https://example.org/feed?token=sesame";
        let vault = Vault::new(&key(1));
        let mine = vault.url_key(users[0], url);
        assert_eq!(mine, vault.url_key(users[0], url));
        for other in [
            vault.url_key(users[1], url),
            vault.url_key(users[0], "https://example.org/feed?token=sesamf"),
            Vault::new(&key(2)).url_key(users[0], url),
        ] {
            assert_ne!(mine, other);
        }
        assert!(mine.starts_with("private:") && mine.len() == 40 && !mine.contains("sesame"));
    }
}
