//! What came back from the internet: the vocabulary that `fetch` speaks and `decide` understands.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Timestamp;

/// A header value as the server wrote it, byte for byte (RFC 9110 §8.8 leaves validators opaque).
///
/// Serialised as base64, since servers send bytes that are no UTF-8.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RawHeader(pub Vec<u8>);

impl Serialize for RawHeader {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for RawHeader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        BASE64.decode(text.as_bytes()).map(RawHeader).map_err(serde::de::Error::custom)
    }
}

/// What makes the next GET conditional: `ETag` and `Last-Modified` of the last 200 (RFC 9110 §13.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Validators {
    /// Goes back as `If-None-Match`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<RawHeader>,
    /// Goes back as `If-Modified-Since`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<RawHeader>,
}

impl Validators {
    /// Whether the server gave none.
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }
}

/// 128 bits of BLAKE3 over a decoded body: about a third of real servers never answer 304, so an equal hash stands in for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BodyHash(pub [u8; 16]);

impl BodyHash {
    /// The hash of `body`.
    pub fn of(body: &[u8]) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&blake3::hash(body).as_bytes()[..16]);
        Self(half)
    }
}

impl Serialize for BodyHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for BodyHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let bytes = BASE64.decode(text.as_bytes()).map_err(serde::de::Error::custom)?;
        bytes.try_into().map(BodyHash).map_err(|_| serde::de::Error::custom("a body hash has 16 bytes"))
    }
}

/// One hop that the fetch went through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// Where it led, resolved, without a fragment.
    pub target: String,
}

/// What one guarded GET brought, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// When the first request went out.
    pub started_at: Timestamp,
    /// When the last byte that was wanted had come in.
    pub ended_at: Timestamp,
    /// The status of the last hop.
    pub status: u16,
    /// The URL that answered.
    pub final_url: String,
    /// The hops before it, at most five.
    pub redirects: Vec<Redirect>,
    /// The validators of this answer; absent ones are `None`.
    pub validators: Validators,
    /// How long the answer stays fresh from `ended_at` on (RFC 9111 §4.2: `max-age` less `Age`, else `Expires` less `Date`);
    /// `None` when the server does not say or says something that stops no conditional poll (`no-cache`, `Expires: 0`, `s-maxage`).
    pub fresh_for: Option<Duration>,
    /// `Retry-After` from `ended_at` on (RFC 9110 §10.2.3), whatever the status.
    pub retry_after: Option<Duration>,
    /// `Content-Type` as sent, lossily decoded.
    pub content_type: Option<String>,
    /// The decoded body of a 2xx; empty otherwise.
    pub body: Bytes,
    /// Bytes of body that came over the wire, before decompression.
    pub wire_bytes: u64,
}

impl Response {
    /// How long the whole exchange took, redirects and body included.
    pub fn took(&self) -> Duration {
        self.ended_at.since(self.started_at)
    }
}
