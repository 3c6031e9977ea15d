//! A feed that kills the process that reads it: the culprit is found, its batch-mates are fetched.

use std::time::Duration;

use domain::carry::Hold;
use domain::failure::ErrorCode;
use domain::message::FetchMessage;
use origin::Reply;

use crate::feeds::rss;
use crate::world::{HOUR, World, code, counts};

/// More than the visibility time-out of the fast lane.
const VISIBILITY: Duration = Duration::from_secs(200);

/// Delivers a batch to a process that dies as soon as `path` is asked for, `count` times in all.
async fn die_at(world: &World, batch: &[(&FetchMessage, u32)], path: &str, count: usize) {
    let ctx = world.environment();
    tokio::select! {
        _ = world.deliver(&ctx, batch) => panic!("the process lives"),
        () = world.origin.wait_for(path, count) => {}
    }
}

#[tokio::test]
async fn after_three_deaths_the_feed_is_poison_and_its_batch_mates_are_fetched() {
    let world = World::new().await;
    world.origin.always("/poison", Reply::never());
    world.origin.always("/good", Reply::ok(rss([("a", "text")])).header("etag", "\"one\""));
    let (poison, good) = (world.source("/poison").await, world.source("/good").await);
    // It dies before it has stored anything.
    die_at(&world, &[(&poison, 1)], "/poison", 1).await;
    for death in 2..=3 {
        world.pass(VISIBILITY);
        let receives = death as u32;
        die_at(&world, &[(&poison, receives), (&good, receives)], "/poison", death).await;
        let (pointer, _) = world.store.latest(poison.source).await.unwrap().unwrap();
        assert_eq!(u32::from(pointer.attempts), receives - 1, "deaths alone");
    }
    assert_eq!(counts(&world.end(&good).await.unwrap()), Some((1, 0)), "who is less deadly goes first");
    world.pass(VISIBILITY);
    let ctx = world.environment();
    assert!(world.deliver(&ctx, &[(&poison, 4), (&good, 4)]).await.is_empty());
    let job = world.end(&poison).await.unwrap();
    assert_eq!(code(&job), Some(ErrorCode::Poisoned));
    let hold = job.carry.not_before.unwrap();
    assert_eq!((hold.why, hold.at), (Hold::Poisoned, world.now() + 24 * HOUR));
    assert_eq!(world.origin.requests("/poison").len(), 3, "and is not asked for again");
    assert_eq!(world.origin.requests("/good").len(), 1);
}

#[tokio::test]
async fn attempts_that_ended_otherwise_than_by_death_count_for_nothing() {
    let world = World::new().await;
    let breaker = world.breaker.clone();
    world.origin.on("/feed.xml", move |_| {
        // From here on the store is out of reach.
        breaker.down(true);
        Reply::ok(rss([("a", "text")])).header("etag", "\"one\"")
    });
    let ctx = world.environment();
    let mut message = world.source("/feed.xml").await;
    message.timeout_ms = 500;
    for lived in 1..=2 {
        world.pass(VISIBILITY);
        let body = serde_json::to_string(&message).unwrap();
        let reported = world.deliver_until(&ctx, vec![(body, 2)], Duration::from_secs(7)).await;
        assert!(reported.is_empty(), "it goes back as a new message");
        world.breaker.down(false);
        let (pointer, _) = world.store.latest(message.source).await.unwrap().unwrap();
        assert_eq!(pointer.attempts, lived, "the store could not be told");
        world.pass(VISIBILITY);
        message = world.given_back().await.remove(0);
        assert_eq!((message.returned, message.again), (lived, true), "so the message tells");
    }
    world.origin.always("/feed.xml", Reply::ok(rss([("a", "text")])).header("etag", "\"one\""));
    assert_eq!(counts(&world.work(&ctx, &message).await), Some((1, 0)));
}
