//! Landings of several chunks, and deaths between any two requests: no post twice, none lost.

use std::time::Duration;

use domain::failure::ErrorCode;
use domain::message::FetchMessage;
use fetcher::Rules;
use origin::Reply;

use crate::feeds::many;
use crate::world::{HOUR, World, code, counts};

const FEED: &str = "/feed.xml";

fn in_chunks() -> Rules {
    Rules { chunk_bytes: 4_000, announce_all: true, ..World::rules() }
}

/// Delivers `message` to a process that dies at its `n`-th request; whether it died.
async fn dies(world: &World, message: &FetchMessage, receives: u32, n: i64, after: bool) -> bool {
    let ctx = world.environment_of(in_chunks());
    let batch = [(message, receives)];
    world.breaker.arm(n, after);
    let died = tokio::select! {
        reported = world.deliver(&ctx, &batch) => {
            assert!(reported.is_empty());
            false
        }
        () = world.breaker.hit() => true,
    };
    world.breaker.disarm();
    died
}

/// Whatever request a fetcher dies at, before or after the server did it: the redelivered message finishes the work.
async fn check_every_death(entries: usize, size: usize, polls_before: usize) {
    for after in [false, true] {
        for n in 0.. {
            let world = World::new().await;
            let ctx = world.environment_of(in_chunks());
            let mut message = world.source(FEED).await;
            let reply = |count: usize| Reply::ok(many(count, size)).header("etag", format!("\"{count}\""));
            for _ in 0..polls_before {
                world.origin.always(FEED, reply(2));
                world.work(&ctx, &message).await;
                world.pass(HOUR);
                message = world.dispatch(message.source).await;
            }
            world.origin.always(FEED, reply(entries));
            let died = dies(&world, &message, 1, n, after).await;
            world.pass(Duration::from_secs(250));
            assert!(world.deliver(&ctx, &[(&message, 2)]).await.is_empty());
            world.check_whole(message.source, entries).await;
            let job = world.end(&message).await.unwrap();
            let (first, last) = job.landed().unwrap();
            let already = if polls_before > 0 { 2 } else { 0 };
            assert_eq!((first.get(), last.get()), (already + 1, entries as u64), "the whole range, death {n} {after}");
            assert!(world.announced().await.iter().any(|told| (told.from, told.to) == (first, last)), "announced");
            if !died {
                break;
            }
            assert!(n < 100, "it never ends");
        }
    }
}

#[tokio::test]
async fn a_first_landing_in_one_chunk_survives_every_death() {
    check_every_death(3, 100, 0).await;
}

#[tokio::test]
async fn a_later_landing_in_one_chunk_survives_every_death() {
    check_every_death(4, 100, 1).await;
}

#[tokio::test]
async fn a_landing_in_several_chunks_survives_every_death() {
    check_every_death(12, 1_500, 0).await;
}

#[tokio::test]
async fn validators_move_only_with_the_last_chunk() {
    let world = World::new().await;
    world.origin.always(FEED, Reply::ok(many(12, 1_500)).header("etag", "\"all\""));
    let message = world.source(FEED).await;
    open_landing(&world, &message).await;
    // The job is never redelivered; its lease runs out, another takes its place.
    world.pass(2 * HOUR);
    let next = world.dispatch(message.source).await;
    assert_eq!(world.end(&message).await.as_ref().and_then(code), Some(ErrorCode::LeaseExpired));
    assert!(next.open && next.carry.validators.is_empty());
    let job = world.work(&world.environment_of(in_chunks()), &next).await;
    assert_eq!(counts(&job), Some((12, 0)), "counted and announced as one landing");
    world.check_whole(message.source, 12).await;
    assert_eq!(world.announced().await.len(), 1);
}

#[tokio::test]
async fn an_open_landing_is_closed_by_a_304() {
    let world = World::new().await;
    let ctx = world.environment_of(in_chunks());
    let first = world.source(FEED).await;
    world.origin.always(FEED, Reply::ok(many(2, 100)).header("etag", "\"two\""));
    world.work(&ctx, &first).await;
    world.announced().await;
    world.pass(HOUR);
    let message = world.dispatch(first.source).await;
    world.origin.always(FEED, Reply::ok(many(12, 1_500)).header("etag", "\"all\""));
    let landed = open_landing(&world, &message).await;
    world.pass(2 * HOUR);
    let next = world.dispatch(first.source).await;
    // The origin has taken its news back.
    world.origin.always(FEED, Reply::not_modified());
    let job = world.work(&ctx, &next).await;
    assert_eq!(job.http_status, Some(304));
    assert_eq!(job.landed().map(|(from, to)| (from.get(), to.get())), Some((3, landed)));
    world.check_whole(first.source, landed as usize).await;
    assert_eq!(world.announced().await.len(), 1);
    let (pointer, _) = world.store.latest(first.source).await.unwrap().unwrap();
    assert!(!pointer.open);
}

/// Dies after the first chunks: the highest ordinal that landed.
async fn open_landing(world: &World, message: &FetchMessage) -> u64 {
    for n in 0..20 {
        assert!(dies(world, message, 1, n, true).await, "it was done before it died");
        let (head, poll) = world.store.view(message.source).await.unwrap().unwrap();
        if poll.open_landing.is_some() {
            return head.post_count.get();
        }
    }
    panic!("no landing is open");
}

#[tokio::test]
async fn two_fetchers_that_land_the_same_in_several_chunks_land_it_once() {
    let world = World::new().await;
    world.origin.always(FEED, Reply::ok(many(12, 1_500)).header("etag", "\"all\""));
    let message = world.source(FEED).await;
    let (one, two) = (world.environment_of(in_chunks()), world.environment_of(in_chunks()));
    let batch = [(&message, 1)];
    let (one, two) = tokio::join!(world.deliver(&one, &batch), world.deliver(&two, &batch));
    assert!(one.is_empty() && two.is_empty());
    world.check_whole(message.source, 12).await;
}
