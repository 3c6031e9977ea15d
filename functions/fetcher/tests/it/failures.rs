//! Bad origins: each a FAILED job with its code, its message acknowledged, its batch-mates untouched.

use std::time::Duration;

use domain::failure::ErrorCode;
use domain::response::RawHeader;
use origin::Reply;

use crate::feeds::rss;
use crate::world::{World, code, counts};

fn good() -> Reply {
    Reply::ok(rss([("a", "text")])).header("etag", "\"one\"")
}

#[tokio::test]
async fn each_bad_answer_has_its_code_and_stops_nobody() {
    let world = World::new().await;
    let deep = format!("<rss version=\"2.0\"><channel>{}", "<x:y>".repeat(100_000));
    let cases = [
        (Reply::ok(""), ErrorCode::Empty),
        (Reply::ok(" \n "), ErrorCode::Empty),
        (
            Reply::ok("<!doctype html><html><body>Hello</body></html>").header("content-type", "text/html"),
            ErrorCode::NotAFeed,
        ),
        (Reply::ok("just words"), ErrorCode::NotAFeed),
        (Reply::ok(deep), ErrorCode::FeedLimits),
        (Reply::endless(vec![b' '; 100_000]), ErrorCode::TooLarge),
        (good().truncated(30), ErrorCode::Protocol),
        (Reply::raw("this is no HTTP"), ErrorCode::Protocol),
        (Reply::redirect(302, "/0"), ErrorCode::Redirects),
        (Reply::redirect(302, "ftp://example.org/"), ErrorCode::BadUrl),
        (Reply::status(401), ErrorCode::Forbidden),
        (Reply::status(404), ErrorCode::NotFound),
        (Reply::status(410), ErrorCode::Gone),
        (Reply::status(418), ErrorCode::ClientError),
        (Reply::status(502), ErrorCode::ServerError),
        (Reply::status(304), ErrorCode::ClientError),
    ];
    let mut messages = Vec::new();
    for (n, (reply, _)) in cases.iter().enumerate() {
        let path = format!("/{n}");
        world.origin.always(&path, if n == 8 { Reply::redirect(302, "/8") } else { reply.clone() });
        messages.push(world.source(&path).await);
    }
    world.origin.always("/good", good());
    messages.push(world.source("/good").await);
    let batch: Vec<_> = messages.iter().map(|message| (message, 1)).collect();
    assert!(world.deliver(&world.environment(), &batch).await.is_empty(), "a bad source is a result, not our failure");
    for ((reply, expected), message) in cases.iter().zip(&messages) {
        let job = world.end(message).await.unwrap();
        assert_eq!(code(&job), Some(*expected), "{reply:?}");
        assert_eq!((job.carry.streak, job.carry.validators.is_empty()), (1, true));
    }
    assert_eq!(counts(&world.end(messages.last().unwrap()).await.unwrap()), Some((1, 0)));
}

#[tokio::test]
async fn a_source_that_is_slow_or_not_there_fails_by_itself() {
    let world = World::new().await;
    world.origin.always("/slow", Reply::never());
    world.origin.always("/good", good());
    let (mut slow, good) = (world.source("/slow").await, world.source("/good").await);
    slow.timeout_ms = 50;
    let nobody = world.source_at("http://127.0.0.1:1/feed.xml", "127.0.0.1:1").await;
    assert!(world.deliver(&world.environment(), &[(&slow, 1), (&nobody, 1), (&good, 1)]).await.is_empty());
    let ended = world.end(&slow).await.unwrap();
    assert_eq!((code(&ended), ended.carry.fetch_ms), (Some(ErrorCode::Timeout), 50));
    assert_eq!(code(&world.end(&nobody).await.unwrap()), Some(ErrorCode::Connect));
    assert_eq!(counts(&world.end(&good).await.unwrap()), Some((1, 0)));
}

#[tokio::test]
async fn a_private_address_is_refused_and_never_connected_to() {
    let world = World::new().await;
    world.origin.always("/feed.xml", good());
    let ctx = world.guarded();
    let url = world.origin.url("/feed.xml");
    for (n, url) in [url, "http://169.254.169.254/latest/meta-data/".to_owned(), "http://localhost/feed.xml".to_owned()]
        .iter()
        .enumerate()
    {
        let message = world.source_at(url, &format!("host-{n}")).await;
        let job = world.work(&ctx, &message).await;
        assert_eq!(code(&job), Some(ErrorCode::NotPublic), "{url}");
    }
    assert_eq!(world.origin.connections(), 0);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_keeps_the_validators_of_the_last_that_could() {
    let world = World::new().await;
    world.origin.script("/feed.xml", [good(), Reply::ok("oops").header("etag", "\"two\""), good()]);
    let (ctx, first) = (world.environment(), world.source("/feed.xml").await);
    let one = Some(RawHeader(b"\"one\"".to_vec()));
    assert_eq!(world.work(&ctx, &first).await.carry.validators.etag, one);
    let broken = world.poll(&ctx, first.source).await;
    assert_eq!((code(&broken), broken.carry.validators.etag), (Some(ErrorCode::NotAFeed), one.clone()));
    world.poll(&ctx, first.source).await;
    assert_eq!(world.origin.requests("/feed.xml")[2].header("if-none-match"), Some(b"\"one\"".as_slice()));
}

#[tokio::test]
async fn a_time_out_longer_than_the_time_left_is_no_failure_of_the_source() {
    let world = World::new().await;
    world.origin.always("/feed.xml", good());
    let message = world.source("/feed.xml").await;
    let body = serde_json::to_string(&message).unwrap();
    let ctx = world.environment();
    let reported = world.deliver_until(&ctx, vec![(body, 1)], Duration::from_secs(10)).await;
    assert!(reported.is_empty() && world.origin.all_requests().is_empty());
    assert_eq!(world.end(&message).await, None);
    world.pass(Duration::from_secs(10));
    let again = world.given_back().await;
    assert!(again.len() == 1 && again[0].again && again[0].earliest == message.earliest);
    world.work(&ctx, &again[0]).await;
}

#[tokio::test]
async fn a_quick_source_is_begun_late_and_if_it_is_slow_for_once_that_is_not_its_fault() {
    let world = World::new().await;
    world.origin.always("/quick", good());
    world.origin.always("/slow", Reply::never());
    let (mut quick, mut slow) = (world.source("/quick").await, world.source("/slow").await);
    (quick.carry.fetch_ms, slow.carry.fetch_ms) = (100, 100);
    slow.carry.streak = 2;
    let bodies = [&quick, &slow].map(|message| (serde_json::to_string(message).unwrap(), 1));
    let reported = world.deliver_until(&world.environment(), bodies.to_vec(), Duration::from_secs(7)).await;
    assert!(reported.is_empty());
    assert_eq!(counts(&world.end(&quick).await.unwrap()), Some((1, 0)));
    let cut = world.end(&slow).await.unwrap();
    assert_eq!((code(&cut), cut.carry.streak), (Some(ErrorCode::Expired), 2), "our own failure");
    assert_eq!((cut.carry.last_get, cut.started_at), (Some(world.now()), Some(world.now())), "but it was asked");
    assert!(cut.carry.fetch_ms > 100, "and has more time the next time");
    world.pass(Duration::from_secs(10));
    assert_eq!(world.given_back().await, [], "not again within its interval");
    assert_eq!(world.origin.requests("/slow").len(), 1);
}

#[tokio::test]
async fn what_the_store_refuses_for_good_fails_the_job_and_comes_again_with_the_next_one() {
    let world = World::new().await;
    world.origin.always("/feed.xml", good());
    let (ctx, first) = (world.environment(), world.source("/feed.xml").await);
    world.breaker.forbid_transactions(true);
    let job = world.work(&ctx, &first).await;
    assert_eq!((code(&job), job.http_status), (Some(ErrorCode::NotStored), Some(200)));
    assert_eq!((job.carry.streak, job.carry.last_get), (0, Some(world.now())));
    assert!(job.carry.validators.is_empty() && job.carry.body_hash.is_none(), "no 304 hides what was not stored");
    assert_eq!(world.origin.requests("/feed.xml").len(), 1);
    world.breaker.forbid_transactions(false);
    assert_eq!(counts(&world.poll(&ctx, first.source).await), Some((1, 0)));
}
