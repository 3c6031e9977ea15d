//! A feed as Feedmill understands it, whatever format it came in.

use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::time::Timestamp;

/// The format a document turned out to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// RSS 0.9x or 2.0.
    Rss,
    /// RSS 0.90 or 1.0, on RDF.
    Rdf,
    /// Atom 0.3 or RFC 4287.
    Atom,
    /// JSON Feed 1.0 or 1.1.
    Json,
}

/// What makes an entry the same entry at every poll: 128 bits of BLAKE3 over its natural key within one source (guid, else link, else content).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NaturalKey(pub [u8; 16]);

impl NaturalKey {
    /// 32 lower-case hex digits.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The inverse of [`NaturalKey::to_hex`]; `None` for anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return None;
        }
        let mut key = [0; 16];
        for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(key))
    }
}

impl Serialize for NaturalKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

/// 64 bits of XXH3 over an entry's normalised text and links: equal means no edit that a reader would see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContentHash(pub [u8; 8]);

/// A file that an entry carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Enclosure {
    /// Absolute, http or https.
    pub url: String,
    /// Media type as the feed says.
    #[serde(rename = "type")]
    pub media_type: Option<String>,
    /// Bytes, as the feed says.
    pub length: Option<u64>,
}

/// One entry of a feed. HTML in it is sanitised, URLs are absolute http(s), texts are within the limits of crate `feed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its identity within the source.
    pub key: NaturalKey,
    /// Its content, to tell an edit.
    #[serde(skip)]
    pub content_hash: ContentHash,
    /// The guid or id, as the feed writes it.
    pub id: Option<String>,
    /// Plain text.
    pub title: Option<String>,
    /// Where a person reads it.
    pub link: Option<String>,
    /// As the feed says; may lie in the future, callers cap it at arrival.
    #[serde(serialize_with = "rfc3339")]
    pub published: Option<Timestamp>,
    /// As the feed says.
    #[serde(serialize_with = "rfc3339")]
    pub updated: Option<Timestamp>,
    /// Names, plain text.
    pub authors: Vec<String>,
    /// Sanitised HTML.
    pub summary: Option<String>,
    /// Sanitised HTML.
    pub content: Option<String>,
    /// Plain text.
    pub categories: Vec<String>,
    /// Files.
    pub enclosures: Vec<Enclosure>,
    /// The picture that stands for the entry.
    pub image: Option<String>,
    /// Where people discuss it.
    pub comments: Option<String>,
}

impl Item {
    /// An entry that says nothing else.
    pub const fn new(key: NaturalKey, content_hash: ContentHash) -> Self {
        Self {
            key,
            content_hash,
            id: None,
            title: None,
            link: None,
            published: None,
            updated: None,
            authors: Vec::new(),
            summary: None,
            content: None,
            categories: Vec::new(),
            enclosures: Vec::new(),
            image: None,
            comments: None,
        }
    }
}

/// A whole feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parsed {
    /// What it was written in.
    pub format: Format,
    /// What had to be mended before it could be read, in words that do not change.
    pub repaired: Vec<&'static str>,
    /// Plain text.
    pub title: Option<String>,
    /// The site it belongs to.
    pub link: Option<String>,
    /// Plain text.
    pub description: Option<String>,
    /// As the feed says, for example `de-CH`.
    pub language: Option<String>,
    /// As the feed says.
    #[serde(serialize_with = "rfc3339")]
    pub updated: Option<Timestamp>,
    /// Icon or logo.
    pub image: Option<String>,
    /// RSS `ttl`.
    #[serde(rename = "ttl_minutes", serialize_with = "minutes")]
    pub ttl: Option<Duration>,
    /// WebSub hub.
    pub hub: Option<String>,
    /// The URL under which the feed says it lives.
    #[serde(rename = "self")]
    pub self_link: Option<String>,
    /// In the order of the document.
    pub items: Vec<Item>,
}

fn rfc3339<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.collect_str(at),
        None => serializer.serialize_none(),
    }
}

fn minutes<S: Serializer>(ttl: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match ttl {
        Some(ttl) => serializer.serialize_some(&(ttl.as_secs() / 60)),
        None => serializer.serialize_none(),
    }
}
