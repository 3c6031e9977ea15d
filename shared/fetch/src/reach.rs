//! Which URLs may be asked: scheme, userinfo, port, host.

use std::net::IpAddr;

use url::{Host, Url};

use crate::address::is_public;
use crate::error::{BadUrl, FetchError};

/// The longest URL that is fetched, in characters.
pub const MAX_URL_LENGTH: usize = 2_048;

/// How far a fetcher may reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Lifts the address guard and the port list, nothing else: for one's own network, for tests, never on the internet's behalf.
    pub allow_private_networks: bool,
    /// The ports that may be asked.
    pub ports: Vec<u16>,
}

impl Default for Reach {
    /// Public addresses only, on ports 80, 443, 8080 and 8443.
    fn default() -> Self {
        Self { allow_private_networks: false, ports: vec![80, 443, 8080, 8443] }
    }
}

impl Reach {
    /// The default ports, any address.
    pub fn with_private_networks() -> Self {
        Self { allow_private_networks: true, ..Self::default() }
    }

    /// Whether a socket may connect to `ip`.
    pub(crate) fn admits(&self, ip: IpAddr) -> bool {
        self.allow_private_networks || is_public(ip)
    }

    /// Judges a URL before anything is resolved. `written` is the text that `url` was read from, `redirected` goes into the error.
    pub(crate) fn judge(&self, url: &Url, written: &str, redirected: bool) -> Result<(), FetchError> {
        let bad = |reason| Err(FetchError::BadUrl { reason, redirected });
        if !matches!(url.scheme(), "http" | "https") {
            return bad(BadUrl::Scheme);
        }
        if url.as_str().len() > MAX_URL_LENGTH {
            return bad(BadUrl::TooLong);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return bad(BadUrl::Userinfo);
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return bad(BadUrl::Syntax);
        };
        if matches!(host, Host::Ipv4(ip) if !writes_plainly(written, &ip.to_string())) {
            return bad(BadUrl::HostSpelling);
        }
        if self.allow_private_networks {
            return Ok(());
        }
        let ip = match host {
            Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
            Host::Ipv6(ip) => Some(IpAddr::V6(ip)),
            Host::Domain(_) => None,
        };
        if ip.is_some_and(|ip| !is_public(ip)) || matches!(host, Host::Domain(name) if is_localhost(name)) {
            return Err(FetchError::NotPublic { host: host_key(url), ip, redirected });
        }
        if !self.ports.contains(&port) {
            return bad(BadUrl::Port(port));
        }
        Ok(())
    }
}

/// `localhost` and names below it always mean this machine (RFC 6761 §6.3).
pub(crate) fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// Whether `ip` stands in the authority of `written` as it is. `0x7f.1`, `2130706433`, `127.1` and full-width digits do not.
fn writes_plainly(written: &str, ip: &str) -> bool {
    let Some((_, authority)) = written.split_once("//") else {
        return false;
    };
    match authority.strip_prefix(ip) {
        Some(rest) => rest.is_empty() || rest.starts_with([':', '/', '?', '#', ' ']),
        None => false,
    }
}

/// Reads a URL that someone wants fetched: http or https, no userinfo, an allowed port, a host that is not private by its looks.
/// The fragment is stripped, the rest is left as it is. Whether a name resolves to something private shows when it is fetched.
///
/// # Errors
/// [`FetchError::BadUrl`] or [`FetchError::NotPublic`].
pub fn check_url(text: &str, reach: &Reach) -> Result<Url, FetchError> {
    let bad = |reason| FetchError::BadUrl { reason, redirected: false };
    if text.len() > MAX_URL_LENGTH {
        return Err(bad(BadUrl::TooLong));
    }
    let mut url = Url::parse(text).map_err(|_| bad(BadUrl::Syntax))?;
    url.set_fragment(None);
    reach.judge(&url, text, false)?;
    Ok(url)
}

/// The form under which two URLs are the same source: scheme and host in lower case, no default port, no fragment, no dot behind the
/// host. http and https stay apart.
pub fn normalise(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    if let Some(name) = url.domain().filter(|name| name.ends_with('.')) {
        let name = name.trim_end_matches('.').to_owned();
        // A host of dots only stays as it is.
        if url.set_host(Some(&name)).is_err() {
            tracing::debug!("a host without letters keeps its dots");
        }
    }
    url.into()
}

/// The host by which requests are kept apart: lower case, without port and without the dot behind.
pub fn host_key(url: &Url) -> String {
    url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase()
}
