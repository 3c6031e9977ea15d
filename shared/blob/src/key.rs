//! What blobs are called. Every path of the bucket is made here.

use std::fmt;

/// A hash as text: 256 bits of BLAKE3 in lower-case hex.
const HASH_LENGTH: usize = 64;

/// Names a blob by its bytes, and knows where it lies and how it is served.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BlobKey {
    kind: Kind,
    hash: String,
}

/// What is kept in the bucket, each kind under a prefix of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// Sanitised HTML of one post, compressed with zstd (RFC 8878).
    Content,
}

impl BlobKey {
    /// The key of a post's content; `bytes` as they will be stored, which is compressed.
    pub fn content_of(bytes: &[u8]) -> Self {
        Self { kind: Kind::Content, hash: blake3::hash(bytes).to_hex().to_string() }
    }

    /// The key of a post's content by the hash that was kept of it; `None` if that is no hash.
    pub fn content(hash: &str) -> Option<Self> {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let valid = hash.len() == HASH_LENGTH && hash.bytes().all(hex);
        valid.then(|| Self { kind: Kind::Content, hash: hash.to_owned() })
    }

    /// The hash of its bytes: what a post keeps of its content. 64 lower-case hex digits.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Where it lies in the bucket.
    pub fn path(&self) -> String {
        match self.kind {
            Kind::Content => format!("content/{}", self.hash),
        }
    }

    /// Media type of the bytes once decoded.
    pub const fn content_type(&self) -> &'static str {
        match self.kind {
            Kind::Content => "text/html; charset=utf-8",
        }
    }

    /// How the bytes are coded (RFC 9110 §8.4).
    pub const fn content_encoding(&self) -> &'static str {
        match self.kind {
            Kind::Content => "zstd",
        }
    }

    /// For how long and by whom it may be cached (RFC 9111, RFC 8246): for ever, as its bytes never change, but by nobody in between,
    /// as a source may be private.
    pub const fn cache_control(&self) -> &'static str {
        match self.kind {
            Kind::Content => "private, max-age=31536000, immutable",
        }
    }

    /// Whether these are its bytes.
    pub(crate) fn names(&self, bytes: &[u8]) -> bool {
        blake3::hash(bytes).to_hex().as_str() == self.hash
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_again_by_the_hash_that_was_kept() {
        let key = BlobKey::content_of(b"<p>long</p>");
        assert_eq!(BlobKey::content(key.hash()), Some(key.clone()));
        assert_eq!(key.path(), format!("content/{}", key.hash()));
        assert_ne!(BlobKey::content_of(b"<p>other</p>"), key);
    }

    #[test]
    fn what_is_no_hash_names_nothing() {
        let good = BlobKey::content_of(b"").hash().to_owned();
        for bad in
            [String::new(), good.to_uppercase(), good[1..].to_owned(), format!("{good}0"), format!("../{}", &good[3..])]
        {
            assert_eq!(BlobKey::content(&bad), None, "{bad}");
        }
    }
}
