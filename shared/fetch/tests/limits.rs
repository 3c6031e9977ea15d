//! Whatever an origin sends: one clear error, in bounded time and memory.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::time::Duration;

use bytes::Bytes;
use domain::failure::ErrorCode;
use domain::time::Timestamp;
use fetch::{FetchError, Fetcher, Reach, Request, Settings, SettingsError};
use origin::{Gate, Origin, Reply};
use support::*;

const LIMIT: usize = 100_000;

fn small() -> Fetcher {
    Fetcher::new(Settings { max_body_bytes: LIMIT as u64, ..settings() }, noon()).unwrap()
}

#[tokio::test]
async fn a_body_may_have_just_as_many_bytes_as_the_limit_says() {
    let fetcher = small();
    let (fits, over) = (noise(LIMIT), noise(LIMIT + 1));
    let drip = |body: &[u8]| {
        let gate = Gate::new();
        gate.open();
        Reply::drip(body.chunks(7_000).map(Bytes::copy_from_slice).collect::<Vec<_>>(), &gate)
    };
    check(&fetcher, Reply::ok(fits.clone()), Ok(200)).await;
    check(&fetcher, drip(&fits), Ok(200)).await;
    check(&fetcher, Reply::ok(gzip(&fits).await).header("content-encoding", "gzip"), Ok(200)).await;
    check(&fetcher, Reply::ok(brotli(&fits).await).header("content-encoding", "br"), Ok(200)).await;
    let too_large = Err(ErrorCode::TooLarge);
    check(&fetcher, Reply::ok(over.clone()), too_large).await;
    check(&fetcher, drip(&over), too_large).await;
    check(&fetcher, Reply::ok(gzip(&over).await).header("content-encoding", "gzip"), too_large).await;
    check(&fetcher, Reply::ok(brotli(&over).await).header("content-encoding", "br"), too_large).await;
}

#[tokio::test]
async fn an_endless_body_ends_at_the_limit() {
    let origin = check(&small(), Reply::endless(noise(16_384)), Err(ErrorCode::TooLarge)).await;
    // What fits into the sockets' buffers may be on its way already.
    assert!(origin.body_bytes("/feed") < 32_000_000);
}

#[tokio::test]
async fn a_compression_bomb_is_seen_early() {
    let member = gzip(&vec![b' '; 1_000_000]).await;
    assert!(member.len() < 2_000);
    let bomb = Reply::endless(member).header("content-encoding", "gzip");
    let origin = Origin::start().await.unwrap();
    origin.always("/feed", bomb);
    let error = get(&fetcher(), &origin.url("/feed")).await.unwrap_err();
    assert!(matches!(error, FetchError::Expands { .. }), "{error:?}");
    assert_eq!(error.code(), ErrorCode::TooLarge);
    // One megabyte of it is under the floor where expansion does not matter, but not under a limit.
    check(
        &small(),
        Reply::ok(gzip(&vec![b' '; 1_000_000]).await).header("content-encoding", "gzip"),
        Err(ErrorCode::TooLarge),
    )
    .await;
}

#[tokio::test]
async fn silence_and_slow_bodies_end_with_the_time_out() {
    for reply in [
        Reply::never(),
        Reply::ok("abcdef").stalled(0),
        Reply::ok("abcdef").stalled(3),
        Reply::drip([Bytes::from_static(b"ab")], &Gate::new()),
        Reply::redirect(302, "/feed2"),
    ] {
        let origin = Origin::start().await.unwrap();
        origin.always("/feed", reply);
        origin.always("/feed2", Reply::never());
        let url = origin.url("/feed");
        let fetcher = fetcher();
        let hasty = Request { timeout: Duration::from_millis(60), ..request(&url, &NONE) };
        let error = fetcher.get(&hasty).await.unwrap_err();
        assert!(matches!(error, FetchError::Timeout { .. }), "{error:?}");
        // The host is free again.
        origin.always("/feed", Reply::ok("x"));
        assert_eq!(code(&fetcher, &url).await, Ok(200));
    }
}

#[tokio::test]
async fn waiting_for_the_host_does_not_eat_the_time_out() {
    let origin = Origin::start().await.unwrap();
    origin.always("/silent", Reply::never());
    origin.always("/feed", Reply::ok("x"));
    let fetcher = fetcher();
    let (silent, feed) = (origin.url("/silent"), origin.url("/feed"));
    // The second waits twice its own time-out for the first to give up.
    let first = Request { timeout: Duration::from_millis(400), ..request(&silent, &NONE) };
    let second = Request { timeout: Duration::from_millis(200), ..request(&feed, &NONE) };
    let (first, second) = tokio::join!(fetcher.get(&first), fetcher.get(&second));
    assert!(matches!(first, Err(FetchError::Timeout { .. })));
    assert_eq!(second.unwrap().status, 200);
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_permitted() {
    let origin = Origin::start().await.unwrap();
    let gate = Gate::new();
    origin.always("/slow", Reply::ok("x").behind(&gate));
    let fetcher = Fetcher::new(Settings { max_requests: 1, ..settings() }, noon()).unwrap();
    let (a, b) = (origin.url_at("a.localhost", "/slow"), origin.url_at("b.localhost", "/slow"));
    let late = async {
        origin.wait_for("/slow", 1).await;
        let start_by = Some(tokio::time::Instant::now() + Duration::from_millis(30));
        let refused = fetcher.get(&Request { start_by, ..request(&b, &NONE) }).await;
        gate.open();
        refused
    };
    let (first, late) = tokio::join!(get(&fetcher, &a), late);
    assert_eq!(first.unwrap().status, 200);
    assert!(matches!(late, Err(FetchError::NotStarted)));
}

#[tokio::test]
async fn bodies_hold_their_part_of_the_budget_until_they_are_dropped() {
    // The second body is larger than the whole budget, which one body may be.
    for (budget, length) in [(512 * 1024, 400_000), (300_000, 600_000)] {
        let origin = Origin::start().await.unwrap();
        origin.always("/feed", Reply::ok(noise(length)));
        let fetcher = Fetcher::new(Settings { max_bytes_in_flight: budget, ..settings() }, noon()).unwrap();
        let url = origin.url("/feed");
        let body = get(&fetcher, &url).await.unwrap().body;
        assert_eq!(body.len(), length);
        let start_by = Some(tokio::time::Instant::now() + Duration::from_millis(30));
        let refused = fetcher.get(&Request { start_by, ..request(&url, &NONE) }).await;
        assert!(matches!(refused, Err(FetchError::NotStarted)));
        drop(body);
        assert_eq!(get(&fetcher, &url).await.unwrap().body.len(), length);
    }
}

#[tokio::test]
async fn many_bodies_at_once_get_through_a_small_budget() {
    let origin = Origin::start().await.unwrap();
    origin.always("/feed", Reply::ok(noise(400_000)));
    let fetcher = Fetcher::new(Settings { max_bytes_in_flight: 600_000, ..settings() }, noon()).unwrap();
    let mut all = tokio::task::JoinSet::new();
    for host in 0..20 {
        let (fetcher, url) = (fetcher.clone(), origin.url_at(&format!("h{host}.localhost"), "/feed"));
        all.spawn(async move { get(&fetcher, &url).await.map(|response| response.body.len()) });
    }
    for length in all.join_all().await {
        assert_eq!(length.unwrap(), 400_000);
    }
}

#[tokio::test]
async fn the_times_of_an_answer_are_the_clocks() {
    let origin = Origin::start().await.unwrap();
    origin.always("/feed", Reply::ok("x"));
    let fetcher = Fetcher::new(settings(), ticking()).unwrap();
    let response = get(&fetcher, &origin.url("/feed")).await.unwrap();
    assert_eq!((response.started_at, response.ended_at), (Timestamp::from_secs(NOON), Timestamp::from_secs(NOON + 1)));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let base = || Settings { reach: Reach::default(), ..settings() };
    for bad in [
        Settings { version: "1\r\nx".to_owned(), ..base() },
        Settings { about_url: String::new(), ..base() },
        Settings { about_url: "https://x/(y)".to_owned(), ..base() },
    ] {
        assert!(matches!(Fetcher::new(bad, noon()).err(), Some(SettingsError::UserAgent)));
    }
    for bad in [
        Settings { max_requests: 0, ..base() },
        Settings { max_body_bytes: 0, ..base() },
        Settings { max_bytes_in_flight: 0, ..base() },
    ] {
        assert!(matches!(Fetcher::new(bad, noon()).err(), Some(SettingsError::Limit { .. })));
    }
}
