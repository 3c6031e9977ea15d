//! What blobs are called. Every path of the bucket is made here.
//!
//! A blob belongs to one owner, and its name says which: so whether it is still needed can be asked of its owner alone, and nobody else can
//! come to name it while that is being asked.

use std::fmt;

use domain::id::{Entropy as _, PostNumber, SourceId, SystemEntropy, UserId};
use domain::parsed::NaturalKey;

/// A hash as text: 256 bits of BLAKE3 in lower-case hex.
const HASH_LENGTH: usize = 64;
/// What tells two blobs of one owner with the same bytes apart: 64 random bits in lower-case hex.
const NONCE_LENGTH: usize = 16;
/// What paths of posts' contents begin with.
const CONTENTS: &str = "content";
/// What paths of copies begin with.
const COPIES: &str = "copies";

/// Names a blob by its owner and its bytes, and knows where it lies and how it is served.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BlobKey {
    owner: Owner,
    nonce: String,
    hash: String,
}

/// Whose a blob is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The post of a source that has this natural key: its content, sanitised HTML compressed with zstd (RFC 8878).
    Post(SourceId, NaturalKey),
    /// What a user keeps of the post with this number: the same, for as long as they keep it.
    Copy(UserId, PostNumber),
}

/// A kind of blobs, each under a prefix of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shelf {
    /// Those of [`Owner::Post`].
    Contents,
    /// Those of [`Owner::Copy`].
    Copies,
}

impl Shelf {
    /// What its paths begin with.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Contents => "content/",
            Self::Copies => "copies/",
        }
    }
}

impl BlobKey {
    /// A new key for `bytes` as they will be stored, which is compressed. No two are the same, even for the same bytes.
    pub fn new(owner: Owner, bytes: &[u8]) -> Self {
        let mut random = [0; NONCE_LENGTH / 2];
        SystemEntropy.fill(&mut random);
        let nonce = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { owner, nonce, hash: blake3::hash(bytes).to_hex().to_string() }
    }

    /// The key by the name that was kept of it; `None` if that is no name.
    pub fn named(name: &str) -> Option<Self> {
        let mut parts = name.split('/');
        let (shelf, one, two, last) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let owner = match shelf {
            CONTENTS => Owner::Post(one.parse().ok()?, NaturalKey::from_hex(two)?),
            COPIES => Owner::Copy(one.parse().ok()?, PostNumber::new(two.parse().ok()?)?),
            _ => return None,
        };
        let (nonce, hash) = last.split_once('.')?;
        let key = Self { owner, nonce: hex(nonce, NONCE_LENGTH)?, hash: hex(hash, HASH_LENGTH)? };
        // Only as it was written: no other spelling of an id, nothing behind.
        (key.path() == name).then_some(key)
    }

    /// What a post or a copy keeps of it; [`BlobKey::named`] reads it.
    pub fn name(&self) -> String {
        self.path()
    }

    /// Whose it is.
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// Where it lies in the bucket.
    pub fn path(&self) -> String {
        let Self { nonce, hash, .. } = self;
        match self.owner {
            Owner::Post(source, key) => format!("{CONTENTS}/{source}/{}/{nonce}.{hash}", key.to_hex()),
            Owner::Copy(user, number) => format!("{COPIES}/{user}/{}/{nonce}.{hash}", number.get()),
        }
    }

    /// Media type of the bytes once decoded.
    pub const fn content_type(&self) -> &'static str {
        match self.owner {
            Owner::Post(..) | Owner::Copy(..) => "text/html; charset=utf-8",
        }
    }

    /// How the bytes are coded (RFC 9110 §8.4).
    pub const fn content_encoding(&self) -> &'static str {
        match self.owner {
            Owner::Post(..) | Owner::Copy(..) => "zstd",
        }
    }

    /// For how long and by whom it may be cached (RFC 9111, RFC 8246): for ever, as its bytes never change, but by nobody in between,
    /// as a source may be private.
    pub const fn cache_control(&self) -> &'static str {
        match self.owner {
            Owner::Post(..) | Owner::Copy(..) => "private, max-age=31536000, immutable",
        }
    }

    /// Whether these are its bytes.
    pub(crate) fn names(&self, bytes: &[u8]) -> bool {
        blake3::hash(bytes).to_hex().as_str() == self.hash
    }
}

fn hex(text: &str, length: usize) -> Option<String> {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (text.len() == length && text.bytes().all(digit)).then(|| text.to_owned())
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners() -> [Owner; 2] {
        let user = UserId::draw(&mut SystemEntropy);
        [
            Owner::Post("3kTMd9aZ".parse().unwrap(), NaturalKey([0xa5; 16])),
            Owner::Copy(user, PostNumber::new(1_234_567).unwrap()),
        ]
    }

    #[test]
    fn a_key_is_found_again_by_the_name_that_was_kept_and_lies_on_its_owners_shelf() {
        for (owner, shelf) in owners().into_iter().zip([Shelf::Contents, Shelf::Copies]) {
            let key = BlobKey::new(owner, b"<p>long</p>");
            assert_eq!(BlobKey::named(&key.name()), Some(key.clone()));
            assert_eq!(key.owner(), owner);
            assert!(key.path().starts_with(shelf.prefix()), "{key}");
        }
    }

    #[test]
    fn the_same_bytes_put_again_are_another_blob() {
        let [post, _] = owners();
        assert_ne!(BlobKey::new(post, b"<p>").name(), BlobKey::new(post, b"<p>").name());
    }

    #[test]
    fn what_is_no_name_names_nothing() {
        for owner in owners() {
            let good = BlobKey::new(owner, b"").name();
            for bad in [
                String::new(),
                good.to_uppercase(),
                good[1..].to_owned(),
                format!("{good}0"),
                format!("{good}/x"),
                good.replace('.', "/"),
                good.replacen('/', "/../", 1),
                good.replace("1234567", "01234567").replace("a5a5", "A5A5"),
            ] {
                assert_eq!(BlobKey::named(&bad), None, "{bad}");
            }
        }
    }
}
