//! Why a GET brought no answer: facts for the log, and a sentence for people that repeats nothing an origin sent.

use std::net::IpAddr;
use std::time::Duration;

use domain::failure::{ErrorCode, Failure};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Version or URL cannot stand in a User-Agent.
    #[error("version and URL must be printable ASCII without parentheses and semicolons, to stand in the User-Agent")]
    UserAgent,
    /// A limit is zero, or larger than this machine can count.
    #[error("{name} must be at least 1 and fit this machine")]
    Limit {
        /// The field of [`crate::Settings`].
        name: &'static str,
    },
    /// The HTTP client could not be built.
    #[error("the HTTP client cannot be built")]
    Client(#[source] Cause),
}

/// What is wrong with a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// It does not parse.
    #[error("it is not a URL")]
    Syntax,
    /// Longer than [`crate::MAX_URL_LENGTH`].
    #[error("it is longer than {} characters", crate::MAX_URL_LENGTH)]
    TooLong,
    /// Neither http nor https.
    #[error("it must begin with http:// or https://")]
    Scheme,
    /// There is a user name or a password in it.
    #[error("it must not contain a user name or password")]
    Userinfo,
    /// What it is asked with fits into no header.
    #[error("its user name, password or token cannot be sent")]
    Login,
    /// The port is not on the list.
    #[error("port {0} is not allowed")]
    Port(u16),
    /// An IPv4 address that is not written as four decimal numbers.
    #[error("its host must be a name or a plainly written address")]
    HostSpelling,
}

/// What is wrong with a chain of redirects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectTrouble {
    /// More than [`crate::MAX_REDIRECTS`].
    #[error("more than {} redirects in a row", crate::MAX_REDIRECTS)]
    TooMany,
    /// It came back to where it had been.
    #[error("the redirects go in circles")]
    Loop,
    /// A redirect without a `Location` that can be read.
    #[error("a redirect does not say where to")]
    NoTarget,
}

/// Why a GET brought no answer. Hosts are as the URL parser writes them (ASCII, no control characters); URLs are left out, since
/// they may hold secrets.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The URL is not one that Feedmill fetches.
    #[error("bad URL{}: {reason}", at_redirect(*.redirected))]
    BadUrl {
        /// What is wrong with it.
        reason: BadUrl,
        /// Whether a redirect led there.
        redirected: bool,
    },
    /// The host is, or resolves only to, addresses that are not public.
    #[error("{host}{} is not public (address: {ip:?})", at_redirect(*.redirected))]
    NotPublic {
        /// The host asked for.
        host: String,
        /// One of its addresses; `None` when the name alone says so (`localhost`).
        ip: Option<IpAddr>,
        /// Whether a redirect led there.
        redirected: bool,
    },
    /// The host name does not resolve.
    #[error("{host} does not resolve")]
    Dns {
        /// The host asked for.
        host: String,
        /// What the resolver said.
        source: Cause,
    },
    /// No connection.
    #[error("no connection to {host}")]
    Connect {
        /// The host asked for.
        host: String,
        /// What the system said.
        source: Cause,
    },
    /// The TLS handshake failed, certificates included.
    #[error("no TLS with {host}")]
    Tls {
        /// The host asked for.
        host: String,
        /// What rustls said.
        source: Cause,
    },
    /// The request's time-out passed before the last byte was in.
    #[error("no whole answer within {after:?}")]
    Timeout {
        /// The request's time-out.
        after: Duration,
    },
    /// The connection broke, or the answer was no HTTP or badly compressed.
    #[error("{host} broke the protocol")]
    Protocol {
        /// The host asked for.
        host: String,
        /// What the HTTP client or the decompressor said.
        source: Cause,
    },
    /// The redirects lead nowhere.
    #[error("{reason}")]
    Redirects {
        /// What is wrong with them.
        reason: RedirectTrouble,
    },
    /// The body is over the limit.
    #[error("the body is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit, after decompression.
        limit_bytes: u64,
    },
    /// The body expands suspiciously: a compression bomb.
    #[error("the body expands to more than {limit} times its size")]
    Expands {
        /// How many times is allowed.
        limit: u64,
    },
    /// The host or a permit was not free before [`crate::Request::start_by`]: nothing was sent. Says nothing about the source.
    #[error("not started in time")]
    NotStarted,
}

fn at_redirect(redirected: bool) -> &'static str {
    if redirected { " (after a redirect)" } else { "" }
}

impl FetchError {
    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::BadUrl { .. } => ErrorCode::BadUrl,
            Self::NotPublic { .. } => ErrorCode::NotPublic,
            Self::Dns { .. } => ErrorCode::Dns,
            Self::Connect { .. } => ErrorCode::Connect,
            Self::Tls { .. } => ErrorCode::Tls,
            Self::Timeout { .. } => ErrorCode::Timeout,
            Self::Protocol { .. } => ErrorCode::Protocol,
            Self::Redirects { .. } => ErrorCode::Redirects,
            Self::TooLarge { .. } | Self::Expands { .. } => ErrorCode::TooLarge,
            Self::NotStarted => ErrorCode::Expired,
        }
    }

    /// The failure as a FAILED job records it: no URL, no address, nothing that an origin sent.
    pub fn failure(&self) -> Failure {
        let message = match self {
            Self::BadUrl { reason, redirected: false } => format!("Feedmill does not fetch this URL: {reason}."),
            Self::BadUrl { reason, redirected: true } => {
                format!("A redirect leads to a URL that is refused: {reason}.")
            }
            Self::NotPublic { redirected: false, .. } => "The host is not on the public internet.".to_owned(),
            Self::NotPublic { redirected: true, .. } => {
                "A redirect leads to a host that is not on the public internet.".to_owned()
            }
            Self::Dns { .. } => "The host name does not resolve.".to_owned(),
            Self::Connect { .. } => "The server could not be reached.".to_owned(),
            Self::Tls { .. } => {
                "No secure connection: the TLS handshake failed or the certificate is not valid.".to_owned()
            }
            Self::Timeout { after } => format!("There was no complete answer within {} seconds.", after.as_secs_f64()),
            Self::Protocol { .. } => "The connection broke, or the answer was not valid HTTP.".to_owned(),
            Self::Redirects { reason } => match reason {
                RedirectTrouble::TooMany => format!("There are more than {} redirects in a row.", crate::MAX_REDIRECTS),
                RedirectTrouble::Loop => "The redirects go in circles.".to_owned(),
                RedirectTrouble::NoTarget => "A redirect does not say where to.".to_owned(),
            },
            Self::TooLarge { limit_bytes } => format!("The answer is larger than {limit_bytes} bytes."),
            Self::Expands { limit } => format!("The answer is compressed more than {limit} times, which no feed is."),
            Self::NotStarted => "The host was not free in time; nothing was sent.".to_owned(),
        };
        Failure::new(self.code(), message)
    }
}
