//! What a fetcher is told once, when it is made.

use std::sync::Arc;

use domain::time::Timestamp;

use crate::reach::Reach;
use crate::resolver::Lookup;

/// Where a fetcher reads the time that it stamps its answers with.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a fetcher is told once, when it is made. [`Settings::new`] has the defaults.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Feedmill's version, as the User-Agent names it.
    pub version: String,
    /// Where a publisher reads who this is; part of the User-Agent.
    pub about_url: String,
    /// Which URLs and addresses may be asked at all.
    pub reach: Reach,
    /// The longest body that is accepted, in bytes after decompression.
    pub max_body_bytes: u64,
    /// How many requests may be under way at once, over all hosts.
    pub max_requests: usize,
    /// How many bytes of bodies may be in memory at once, those included that were returned and not dropped yet. One body may go over
    /// it at a time, so that a full budget never blocks for ever: memory stays below this plus `max_body_bytes`.
    pub max_bytes_in_flight: u64,
    /// How host names become addresses.
    pub lookup: Lookup,
}

impl Settings {
    /// The defaults: public addresses only, bodies to 10 MB, 100 requests and 64 MB at once, the system's resolver.
    pub fn new(version: impl Into<String>, about_url: impl Into<String>) -> Self {
        Self {
            version: version.into(),
            about_url: about_url.into(),
            reach: Reach::default(),
            max_body_bytes: 10_000_000,
            max_requests: 100,
            max_bytes_in_flight: 64_000_000,
            lookup: Lookup::System,
        }
    }
}
