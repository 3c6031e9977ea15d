//! What the tests of this crate share: a fetcher on loopback, and the world as a scripted resolver plays it.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_compression::tokio::write::{BrotliEncoder, GzipEncoder};
use domain::failure::ErrorCode;
use domain::response::{RawHeader, Response, Validators};
use domain::time::Timestamp;
use fetch::{Answer, Clock, FetchError, Fetcher, Lookup, Reach, Request, Settings};
use origin::{Origin, Reply};
use tokio::io::AsyncWriteExt as _;

pub const NONE: Validators = Validators { etag: None, last_modified: None };
pub const PUBLIC: &str = "93.184.216.34";
pub const NOON: i64 = 1_767_268_800; // Thu, 01 Jan 2026 12:00:00 GMT

/// A clock that stands still.
pub fn noon() -> Clock {
    Arc::new(|| Timestamp::from_secs(NOON))
}

/// A clock that is a second later each time it is read.
pub fn ticking() -> Clock {
    let next = AtomicI64::new(NOON);
    Arc::new(move || Timestamp::from_secs(next.fetch_add(1, Ordering::Relaxed)))
}

/// May reach loopback.
pub fn settings() -> Settings {
    Settings { reach: Reach::with_private_networks(), ..Settings::new("1.2.3", "https://feedmill.example/about") }
}

pub fn fetcher() -> Fetcher {
    Fetcher::new(settings(), noon()).unwrap()
}

/// As in production, except that the port of `origin` is allowed and that names resolve as `lookup` says.
pub fn guarded(origin: &Origin, lookup: impl Fn(&str) -> Vec<Answer> + Send + Sync + 'static) -> Fetcher {
    let mut settings = Settings::new("1.2.3", "https://feedmill.example/about");
    settings.reach.ports.push(origin.address().port());
    settings.lookup = Lookup::Scripted(Arc::new(lookup));
    Fetcher::new(settings, noon()).unwrap()
}

/// A public address, played by an origin on loopback.
pub fn public() -> Vec<Answer> {
    vec![Answer { address: ip(PUBLIC), stand_in: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)) }]
}

pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub fn request<'a>(url: &'a str, validators: &'a Validators) -> Request<'a> {
    Request {
        url,
        validators,
        timeout: Duration::from_secs(20),
        subscribers: 3,
        source: "3kTMd9aZ",
        login: None,
        start_by: None,
    }
}

/// An unconditional GET.
pub async fn get(fetcher: &Fetcher, url: &str) -> Result<Response, FetchError> {
    fetcher.get(&request(url, &NONE)).await
}

pub async fn code(fetcher: &Fetcher, url: &str) -> Result<u16, ErrorCode> {
    get(fetcher, url).await.map(|response| response.status).map_err(|error| error.code())
}

pub fn validators(etag: Option<&[u8]>, last_modified: Option<&[u8]>) -> Validators {
    let raw = |value: &[u8]| RawHeader(value.to_vec());
    Validators { etag: etag.map(raw), last_modified: last_modified.map(raw) }
}

pub async fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzipEncoder::new(Vec::new());
    encoder.write_all(plain).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

pub async fn brotli(plain: &[u8]) -> Vec<u8> {
    let mut encoder = BrotliEncoder::new(Vec::new());
    encoder.write_all(plain).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

/// Bytes that do not compress well.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b'a' + (state >> 24) as u8 % 26
    })
    .take(length)
    .collect()
}

/// What an origin that always answers `reply` makes of a GET.
pub async fn check(fetcher: &Fetcher, reply: Reply, expected: Result<u16, ErrorCode>) -> Origin {
    let origin = Origin::start().await.unwrap();
    origin.always("/feed", reply.clone());
    assert_eq!(code(fetcher, &origin.url("/feed")).await, expected, "{reply:?}");
    origin
}
