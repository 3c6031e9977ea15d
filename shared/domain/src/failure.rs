//! Why a job failed: stable codes for programs, one sentence for people.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The stable `error_code` of a FAILED job. New ones may come, old ones never change their meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $name,)* }

        impl ErrorCode {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as it is stored and shown.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

error_codes! {
    // The origin's doing: these count as failures in a row and back off.
    /// The URL is not one that Feedmill fetches (scheme, userinfo, port, host spelling).
    BadUrl = "bad_url",
    /// The host resolves to an address that is not public.
    NotPublic = "not_public",
    /// The host name does not resolve.
    Dns = "dns",
    /// No connection.
    Connect = "connect",
    /// The TLS handshake failed, certificates included.
    Tls = "tls",
    /// The source's time-out passed.
    Timeout = "timeout",
    /// The connection broke or the answer was no HTTP, bad compression included.
    Protocol = "protocol",
    /// More than five redirects, a loop, or one without a target.
    Redirects = "redirects",
    /// The decoded body is over the limit.
    TooLarge = "too_large",
    /// 401, 402, 403, 407, 451.
    Forbidden = "forbidden",
    /// 404.
    NotFound = "not_found",
    /// 410.
    Gone = "gone",
    /// 429.
    TooManyRequests = "too_many_requests",
    /// Any other 4xx, or a status that answers no GET.
    ClientError = "client_error",
    /// 5xx.
    ServerError = "server_error",
    /// The body is empty.
    Empty = "empty",
    /// The body is no feed.
    NotAFeed = "not_a_feed",
    /// The body is a feed that a limit refuses (depth, for example).
    FeedLimits = "feed_limits",
    /// The feed killed the process that read it, three times.
    Poisoned = "poisoned",
    // Our own doing: these leave the streak alone.
    /// The job waited longer than its work age, or its fetcher had less time than the source.
    Expired = "expired",
    /// The queue refused the message.
    SendFailed = "send_failed",
    /// The job's holder died and its lease ran out.
    LeaseExpired = "lease_expired",
    /// What the poll brought could not be stored, and trying again would not help.
    NotStored = "not_stored",
    /// What the source keeps sealed cannot be opened with the installation's key.
    Sealed = "sealed",
    /// Another job took its place.
    Superseded = "superseded",
    /// The source left `active`.
    Closed = "closed",
}

impl ErrorCode {
    /// Whether the failure says something about us rather than about the source: then the fail streak stays as it is.
    pub const fn is_ours(self) -> bool {
        match self {
            Self::Expired
            | Self::SendFailed
            | Self::LeaseExpired
            | Self::NotStored
            | Self::Sealed
            | Self::Superseded
            | Self::Closed => true,
            Self::BadUrl
            | Self::NotPublic
            | Self::Dns
            | Self::Connect
            | Self::Tls
            | Self::Timeout
            | Self::Protocol
            | Self::Redirects
            | Self::TooLarge
            | Self::Forbidden
            | Self::NotFound
            | Self::Gone
            | Self::TooManyRequests
            | Self::ClientError
            | Self::ServerError
            | Self::Empty
            | Self::NotAFeed
            | Self::FeedLimits
            | Self::Poisoned => false,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no error code that this version knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown error code")]
pub struct UnknownErrorCode;

impl FromStr for ErrorCode {
    type Err = UnknownErrorCode;

    fn from_str(text: &str) -> Result<Self, UnknownErrorCode> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(UnknownErrorCode)
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A failed attempt, as a FAILED job records it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// For programs.
    pub code: ErrorCode,
    /// One sentence for people, at most 300 characters, without secrets and without anything the origin sent.
    pub message: String,
}

impl Failure {
    /// A failure, its message cut to 300 characters.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let mut message: String = message.into();
        if let Some((cut, _)) = message.char_indices().nth(300) {
            message.truncate(cut);
        }
        Self { code, message }
    }
}
