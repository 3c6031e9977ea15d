//! Batches of all kinds: nobody decides over anybody else's message.

use std::time::Duration;

use domain::failure::ErrorCode;
use domain::job::{Hand, Reason};
use domain::source::SourceState;
use origin::{Gate, Reply};

use crate::feeds::rss;
use crate::world::{BATCH, HOUR, World, code, counts};

fn good() -> Reply {
    Reply::ok(rss([("a", "text")])).header("etag", "\"one\"")
}

#[tokio::test]
async fn what_is_no_message_for_this_code_is_reported_and_the_others_are_worked_on() {
    let world = World::new().await;
    world.origin.always("/good", good());
    let message = world.source("/good").await;
    let body = serde_json::to_string(&message).unwrap();
    let bodies = vec![
        ("no JSON".to_owned(), 1),
        (body.clone(), 1),
        (body.replacen("\"v\":1", "\"v\":2", 1), 1),
        (body.replacen("\"v\":1", "\"v\":1,\"colour\":\"red\"", 1), 1),
        (String::new(), 1),
        ("{}".to_owned(), 1),
    ];
    assert_eq!(world.deliver_bodies(&world.environment(), bodies).await, [0, 2, 3, 4, 5]);
    assert_eq!(counts(&world.end(&message).await.unwrap()), Some((1, 0)));
}

#[tokio::test]
async fn deleted_expired_and_superseded_jobs_beside_good_ones() {
    let world = World::new().await;
    world.origin.always("/good", good());
    let (superseded, expired) = (world.source("/good").await, world.source("/good").await);
    for _ in 0..2 {
        world.pass(2 * HOUR);
        world.dispatch(superseded.source).await;
    }
    // The record of whoever put another job in its place is deleted.
    let forgotten = world.store.delete_job(superseded.source, superseded.job).await.unwrap();
    assert_eq!((forgotten, world.end(&superseded).await), (store::DeleteJob::Deleted, None));
    let (deleted, fine) = (world.source("/good").await, world.source("/good").await);
    world.store.leave(deleted.source, SourceState::Deleting, "a test", world.now()).await.unwrap();
    let batch = [(&superseded, 1), (&expired, 1), (&deleted, 2), (&fine, 1)];
    assert!(world.deliver(&world.environment(), &batch).await.is_empty());
    assert_eq!(world.end(&superseded).await.as_ref().and_then(code), Some(ErrorCode::Superseded));
    assert_eq!(world.end(&expired).await.as_ref().and_then(code), Some(ErrorCode::Expired));
    assert_eq!(counts(&world.end(&fine).await.unwrap()), Some((1, 0)));
    assert_eq!(world.origin.all_requests().len(), 1);
}

#[tokio::test]
async fn a_store_out_of_reach_is_our_failure_and_every_message_comes_again() {
    let world = World::new().await;
    world.origin.always("/good", good());
    let messages = [world.source("/good").await, world.source("/good").await];
    let ctx = world.environment();
    world.breaker.down(true);
    let reported = world.deliver(&ctx, &[(&messages[0], 1), (&messages[1], 2)]).await;
    world.breaker.down(false);
    assert_eq!(reported, [0, 1]);
    assert!(world.deliver(&ctx, &[(&messages[0], 2), (&messages[1], 3)]).await.is_empty());
    for message in &messages {
        assert_eq!(counts(&world.end(message).await.unwrap()), Some((1, 0)));
    }
}

#[tokio::test]
async fn what_cannot_be_begun_before_the_deadline_goes_back_to_the_queue_and_is_worked_on_next_time() {
    let world = World::new().await;
    world.origin.always("/good", good());
    let ctx = world.environment();
    let messages = [world.source("/good").await, world.source("/good").await, world.source("/good").await];
    let bodies =
        messages.iter().zip([1, 1, 2]).map(|(message, receives)| (serde_json::to_string(message).unwrap(), receives));
    assert!(world.deliver_until(&ctx, bodies.collect(), Duration::from_secs(20)).await.is_empty());
    assert_eq!(
        (world.given_back().await.len(), world.origin.all_requests().len()),
        (0, 0),
        "delayed, and nothing was asked"
    );
    world.pass(Duration::from_secs(10));
    let again = world.given_back().await;
    assert!(again.len() == 3 && again.iter().all(|message| message.again && message.returned == 0));
    let batch: Vec<_> = again.iter().map(|message| (message, 1)).collect();
    assert!(world.deliver(&ctx, &batch).await.is_empty());
    for message in &messages {
        assert_eq!(counts(&world.end(message).await.unwrap()), Some((1, 0)));
    }
}

#[tokio::test]
async fn an_attempt_that_runs_for_a_second_and_a_persons_refresh_are_seen_as_ongoing() {
    let world = World::new().await;
    let (slow, quick) = (Gate::new(), Gate::new());
    world.origin.always("/slow", good().behind(&slow));
    world.origin.always("/quick", good().behind(&quick));
    let (message, mut refresh) = (world.source("/slow").await, world.source("/quick").await);
    refresh.reason = Reason::Refresh;
    let ctx = world.environment();
    let hand = |source| {
        let store = &world.store;
        async move { store.latest(source).await.unwrap().unwrap().0.hand }
    };
    let watch = async {
        world.origin.wait_for("/slow", 1).await;
        world.origin.wait_for("/quick", 1).await;
        assert_eq!((hand(message.source).await, hand(refresh.source).await), (Hand::Queued, Hand::Ongoing));
        quick.open();
        while hand(message.source).await == Hand::Queued {
            tokio::task::yield_now().await;
        }
        slow.open();
    };
    let batch = [(&message, 1), (&refresh, 1)];
    let (reported, ()) = tokio::join!(world.deliver(&ctx, &batch), watch);
    assert!(reported.is_empty());
    assert_eq!(counts(&world.end(&message).await.unwrap()), Some((1, 0)));
}

#[tokio::test]
async fn a_body_over_a_megabyte_is_ongoing_before_it_is_read() {
    let world = World::new().await;
    world.origin.always("/big", Reply::ok("just words ".repeat(100_000)));
    let message = world.source("/big").await;
    let ctx = world.environment();
    // The second request, after the hosts' pauses: whoever dies of reading the body has shown himself before.
    world.breaker.arm(1, true);
    let batch = [(&message, 1)];
    tokio::select! {
        reported = world.deliver(&ctx, &batch) => panic!("{reported:?}"),
        () = world.breaker.hit() => {}
    }
    let (pointer, finished) = world.store.latest(message.source).await.unwrap().unwrap();
    assert_eq!((pointer.hand, finished), (Hand::Ongoing, None));
}

#[tokio::test]
async fn a_slow_source_does_not_keep_the_results_of_others_waiting() {
    let world = World::new().await;
    let gate = Gate::new();
    world.origin.always("/slow", good().behind(&gate));
    world.origin.always("/good", Reply::status(500));
    let (slow, good) = (world.source("/slow").await, world.source("/good").await);
    let ctx = world.environment();
    let watch = async {
        while world.end(&good).await.is_none() {
            tokio::task::yield_now().await;
        }
        gate.open();
    };
    let batch = [(&slow, 1), (&good, 1)];
    let (reported, ()) = tokio::join!(world.deliver(&ctx, &batch), watch);
    assert!(reported.is_empty() && world.end(&slow).await.is_some());
    assert!(BATCH > Duration::from_secs(20));
}
