//! What the headers of an answer say: validators, freshness, when to come back.

use std::time::{Duration, SystemTime};

use domain::response::{RawHeader, Validators};
use domain::time::Timestamp;
use http::header::{
    AGE, CACHE_CONTROL, CONTENT_TYPE, DATE, ETAG, EXPIRES, HeaderMap, HeaderName, LAST_MODIFIED, RETRY_AFTER,
};

/// The longest freshness and the longest `Retry-After` that are passed on. Servers may ask for days, but not for ever: beyond a month
/// it is more likely a mistake than a wish.
pub const LONGEST_WAIT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A longer validator is taken for none: it would have to be stored and sent with every poll.
const MAX_VALIDATOR: usize = 1_024;

/// The validators of an answer, byte for byte.
pub(crate) fn validators(headers: &HeaderMap) -> Validators {
    let raw = |name: HeaderName| {
        let value = headers.get(name)?.as_bytes();
        (!value.is_empty() && value.len() <= MAX_VALIDATOR).then(|| RawHeader(value.to_vec()))
    };
    Validators { etag: raw(ETAG), last_modified: raw(LAST_MODIFIED) }
}

/// `Content-Type`, lossily decoded, at most 200 characters.
pub(crate) fn content_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?;
    Some(String::from_utf8_lossy(value.as_bytes()).chars().take(200).collect())
}

/// How long the answer stays fresh from `now` on (RFC 9111 §4.2), as far as it should keep a conditional poll from being made:
/// `max-age`, else `Expires` less `Date`, each less `Age`.
pub(crate) fn fresh_for(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let said = cache_control(headers);
    if said.refused {
        return None;
    }
    let lifetime = match said.max_age {
        Some(max_age) => max_age?,
        None => date(headers, EXPIRES)?.since(date(headers, DATE).unwrap_or(now)),
    };
    let age = single(headers, AGE).and_then(seconds).unwrap_or_default();
    let left = lifetime.saturating_sub(age).min(LONGEST_WAIT);
    (!left.is_zero()).then_some(left)
}

/// `Retry-After` from `now` on (RFC 9110 §10.2.3). A date counts from the server's own `Date`, in case its clock is off.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = single(headers, RETRY_AFTER)?;
    let wait = match seconds(value) {
        Some(wait) => wait,
        None => http_date(value)?.since(date(headers, DATE).unwrap_or(now)),
    };
    Some(wait.min(LONGEST_WAIT))
}

/// What `Cache-Control` says to us.
#[derive(Default)]
struct CacheControl {
    /// `no-cache` or `no-store`.
    refused: bool,
    /// The first `max-age`; `Some(None)` if it is no number, which RFC 9111 §4.2.1 takes for stale.
    max_age: Option<Option<Duration>>,
}

fn cache_control(headers: &HeaderMap) -> CacheControl {
    let mut said = CacheControl::default();
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    for directive in values.flat_map(|value| value.split(',')) {
        let (name, argument) = match directive.split_once('=') {
            Some((name, argument)) => (name.trim(), Some(argument.trim().trim_matches('"'))),
            None => (directive.trim(), None),
        };
        // With an argument, `no-cache` is about single headers only.
        if (name.eq_ignore_ascii_case("no-cache") && argument.is_none()) || name.eq_ignore_ascii_case("no-store") {
            said.refused = true;
        } else if name.eq_ignore_ascii_case("max-age") && said.max_age.is_none() {
            said.max_age = Some(argument.and_then(seconds));
        }
    }
    said
}

fn single(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

/// RFC 9111 §1.2.2: digits only; more than fit are as many as fit.
fn seconds(text: &str) -> Option<Duration> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX))))
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<Timestamp> {
    http_date(single(headers, name)?)
}

fn http_date(text: &str) -> Option<Timestamp> {
    let since_epoch = httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Timestamp::EPOCH + since_epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_767_268_800); // Thu, 01 Jan 2026 12:00:00 GMT

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        lines.iter().map(pair).collect()
    }

    fn check_fresh(lines: &[(&str, &str)], expected: Option<u64>) {
        assert_eq!(fresh_for(&headers(lines), NOW), expected.map(Duration::from_secs), "{lines:?}");
    }

    #[test]
    fn freshness_is_max_age_less_age_else_expires_less_date() {
        let date = ("date", "Thu, 01 Jan 2026 11:00:00 GMT");
        let expires = ("expires", "Thu, 01 Jan 2026 13:00:00 GMT");
        check_fresh(&[], None);
        check_fresh(&[("cache-control", "max-age=600")], Some(600));
        check_fresh(&[("cache-control", "public, Max-Age=\"600\" , must-revalidate"), ("age", "100")], Some(500));
        check_fresh(&[("cache-control", "public"), ("cache-control", "max-age=60")], Some(60));
        check_fresh(&[("cache-control", "max-age=60"), ("age", "61")], None);
        check_fresh(&[("cache-control", "max-age=60"), ("age", "old")], Some(60));
        check_fresh(&[("cache-control", "max-age=60"), expires, date], Some(60));
        check_fresh(&[expires, date], Some(7200));
        check_fresh(&[expires], Some(3600));
        check_fresh(&[expires, date, ("age", "600")], Some(6600));
        check_fresh(&[("cache-control", "public"), expires, date], Some(7200));
    }

    #[test]
    fn what_forbids_storing_stops_no_conditional_poll() {
        for value in
            ["no-cache", "no-store", "max-age=0", "s-maxage=600", "No-Store, max-age=600", "no-cache, max-age=600"]
        {
            check_fresh(&[("cache-control", value)], None);
        }
        for value in ["0", "-1", "", "yesterday", "Thu, 01 Jan 2026 10:00:00 GMT"] {
            check_fresh(&[("expires", value)], None);
        }
        check_fresh(&[("cache-control", "max-age=60, s-maxage=6000")], Some(60));
        check_fresh(&[("cache-control", "no-cache=\"set-cookie\", max-age=60")], Some(60));
        check_fresh(&[("cache-control", "max-age=soon"), ("expires", "Thu, 01 Jan 2026 13:00:00 GMT")], None);
        check_fresh(&[("cache-control", "max-age=99999999999999999999999")], Some(LONGEST_WAIT.as_secs()));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let check = |lines: &[(&str, &str)], expected: Option<u64>| {
            assert_eq!(retry_after(&headers(lines), NOW), expected.map(Duration::from_secs), "{lines:?}");
        };
        let in_two_days = ("retry-after", "Sat, 03 Jan 2026 12:00:00 GMT");
        check(&[("retry-after", "120")], Some(120));
        check(&[("retry-after", "0")], Some(0));
        check(&[("retry-after", "432000")], Some(432_000));
        check(&[in_two_days], Some(2 * 86_400));
        check(&[in_two_days, ("date", "Fri, 02 Jan 2026 12:00:00 GMT")], Some(86_400));
        check(&[("retry-after", "Sat, 03 Jan 1970 12:00:00 GMT")], Some(0));
        check(&[("retry-after", "999999999999")], Some(LONGEST_WAIT.as_secs()));
        for nonsense in ["soon", "-5", "1.5", ""] {
            check(&[("retry-after", nonsense)], None);
        }
        check(&[], None);
    }

    #[test]
    fn validators_are_kept_byte_for_byte_unless_they_are_absurd() {
        let odd = headers(&[("etag", "W/\"a b,c'\""), ("last-modified", "some time ago")]);
        let expected = Validators {
            etag: Some(RawHeader(b"W/\"a b,c'\"".to_vec())),
            last_modified: Some(RawHeader(b"some time ago".to_vec())),
        };
        assert_eq!(validators(&odd), expected);
        assert_eq!(validators(&headers(&[("etag", &"x".repeat(2_000)), ("last-modified", "")])), Validators::default());
    }
}
