//! Sources that fail, and sources that are gone.

use std::time::Duration;

use domain::carry::Hold;
use domain::failure::ErrorCode;
use domain::source::{Head, SourceState, Target};
use fetcher::Context;
use origin::Reply;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::{FEED, feed, hold, polls};
use crate::feeds::rss;
use crate::world::{HOUR, World, code, counts};

#[tokio::test]
async fn rule_8_failures_back_off_exponentially_to_a_ceiling_and_recover_with_the_first_success() {
    let world = World::new().await;
    let broken = [
        Reply::status(500),
        Reply::status(400),
        Reply::raw("this is no HTTP"),
        Reply::ok("this is no feed"),
        Reply::ok(rss([("a", "text")])).truncated(20),
        Reply::status(500),
        Reply::status(500),
        Reply::status(500),
        feed(),
    ];
    let jobs = polls(&world, broken).await;
    let waits: Vec<u64> = jobs.iter().filter_map(hold).map(|(_, wait)| wait.as_secs() / 3600).collect();
    // The fourth answer came with a body but without validators, whose four hours are shorter than its own eight.
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 36, 36]);
    let last = jobs.last().unwrap();
    assert_eq!((last.carry.streak, counts(last)), (0, Some((1, 0))));
}

/// Polls a source twice that does not answer.
async fn check_silent(world: &World, ctx: &Context, url: &str, expected: ErrorCode) {
    let short = |_: &mut Head, target: &mut Target| target.settings.timeout = Duration::from_millis(50);
    let first = world.source_like(url, &format!("{expected}.localhost"), short).await;
    let jobs = [world.work(ctx, &first).await, world.poll(ctx, first.source).await];
    for (job, hours) in jobs.iter().zip([1, 2]) {
        assert_eq!((code(job), hold(job)), (Some(expected), Some((Hold::Backoff, hours * HOUR))));
    }
}

/// A server that answers every hello in plain words.
async fn no_tls(listener: &TcpListener) {
    let mut open = Vec::new();
    while let Ok((mut socket, _)) = listener.accept().await {
        socket.write_all(b"this is no TLS\r\n\r\n").await.unwrap();
        open.push(socket);
    }
}

#[tokio::test]
async fn rule_8_dns_tls_connect_and_time_out_failures_back_off_too() {
    let world = World::new().await;
    world.origin.always(FEED, Reply::never());
    let ctx = world.environment();
    check_silent(&world, &ctx, "http://127.0.0.1:1/", ErrorCode::Connect).await;
    check_silent(&world, &ctx, &world.origin.url(FEED), ErrorCode::Timeout).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = format!("https://{}/", listener.local_addr().unwrap());
    tokio::select! {
        () = no_tls(&listener) => {}
        () = check_silent(&world, &ctx, &plain, ErrorCode::Tls) => {}
    }
    check_silent(&world, &world.nameless(), "http://nowhere.example/", ErrorCode::Dns).await;
}

#[tokio::test]
async fn rule_10_a_confirmed_410_ends_the_source_and_a_404_slows_it_down() {
    let world = World::new().await;
    let jobs =
        polls(&world, [feed(), Reply::status(410), Reply::status(404), Reply::status(410), Reply::status(410)]).await;
    assert_eq!(code(&jobs[2]), Some(ErrorCode::NotFound));
    assert_eq!(hold(&jobs[2]), Some((Hold::Backoff, 2 * HOUR)));
    let source = jobs[0].source;
    let head = world.store.head(source).await.unwrap().unwrap();
    assert_eq!(head.state, SourceState::Gone);
    assert!(head.reason.unwrap().contains("410"), "subscribers are told why");
    assert_eq!(world.posts(source).await.len(), 1, "what it had stays");
    let (pointer, _) = world.store.latest(source).await.unwrap().unwrap();
    assert!(pointer.closed);
}

#[tokio::test]
async fn rule_10_one_410_or_two_with_an_answer_between_end_nothing() {
    let world = World::new().await;
    let jobs = polls(&world, [Reply::status(410), feed(), Reply::status(410)]).await;
    let head = world.store.head(jobs[0].source).await.unwrap().unwrap();
    assert_eq!(head.state, SourceState::Active);
}
