//! Landings that are overtaken between what they read and what they write: nothing doubled, nothing lost.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::failure::ErrorCode;
use domain::id::PostNumber;
use domain::source::SourceState;
use domain::time::Timestamp;
use domain::timing::Lane;
use fetcher::{Context, Rules};
use origin::Reply;

use crate::breaker::Trick;
use crate::feeds::rss;
use crate::world::{HOUR, World, code, counts};

const FEED: &str = "/feed.xml";
const LANDING: &str = "TransactWriteItems";

/// A world whose origin has two entries, and a fetcher that announces all it lands.
async fn two_entries() -> (World, Context) {
    let world = World::new().await;
    world.origin.always(FEED, Reply::ok(rss([("b", "2"), ("a", "1")])).header("etag", "\"one\""));
    let ctx = announcing(&world);
    (world, ctx)
}

fn announcing(world: &World) -> Context {
    world.environment_of(Rules { announce_all: true, ..World::rules() })
}

/// The first number of a millisecond.
fn first_of(at: Timestamp) -> u64 {
    at.since(PostNumber::EPOCH).as_millis() as u64 * 128
}

#[tokio::test]
async fn a_source_that_moved_meanwhile_is_read_again_and_the_same_lands() {
    let (world, ctx) = two_entries().await;
    let message = world.source(FEED).await;
    let poll = world.store.poll(message.source).await.unwrap().unwrap();
    let moved = async { assert!(world.store.set_lane(message.source, Lane::Slow, poll.version).await.unwrap()) };
    assert!(!world.deliver_meanwhile(&ctx, &message, LANDING, Box::pin(moved)).await);
    world.check_whole(message.source, 2).await;
    assert_eq!(counts(&world.end(&message).await.unwrap()), Some((2, 0)));
    assert_eq!(world.announced().await.len(), 1);
    let poll = world.store.poll(message.source).await.unwrap().unwrap();
    assert_eq!(poll.target.lane, Lane::Slow, "what the other wrote stays");
}

#[tokio::test]
async fn who_is_overtaken_by_the_job_that_took_its_place_lands_nothing() {
    let (world, ctx) = two_entries().await;
    let message = world.source(FEED).await;
    let overtaking = async {
        world.pass(2 * HOUR);
        let next = world.dispatch(message.source).await;
        world.origin.always(FEED, Reply::ok(rss([("c", "3"), ("b", "2"), ("a", "1")])).header("etag", "\"two\""));
        assert_eq!(counts(&world.work(&announcing(&world), &next).await), Some((3, 0)));
    };
    assert!(!world.deliver_meanwhile(&ctx, &message, LANDING, Box::pin(overtaking)).await);
    world.check_whole(message.source, 3).await;
    assert_eq!(world.end(&message).await.as_ref().and_then(code), Some(ErrorCode::LeaseExpired));
    assert_eq!(world.announced().await.len(), 1, "by whom it was landed");
}

#[tokio::test]
async fn a_source_that_leaves_meanwhile_gets_nothing() {
    let (world, ctx) = two_entries().await;
    let message = world.source(FEED).await;
    let leaving = async {
        world.store.leave(message.source, SourceState::Deleting, "a test", world.now()).await.unwrap();
    };
    assert!(!world.deliver_meanwhile(&ctx, &message, LANDING, Box::pin(leaving)).await);
    assert!(world.posts(message.source).await.is_empty());
    assert_eq!(world.announced().await, []);
}

#[tokio::test]
async fn an_entry_that_turns_out_to_be_a_post_is_left_out_and_the_rest_lands() {
    let world = World::new().await;
    let ctx = announcing(&world);
    let bodies = [
        rss([("b", "2"), ("a", "1")]),
        rss([("c", "3"), ("b", "2")]),
        // Long gone from the window, it comes back beside a new one, and is changed later.
        rss([("d", "4"), ("a", "1")]),
        rss([("d", "4"), ("a", "one")]),
    ];
    world.origin.script(FEED, bodies.map(|body| Reply::ok(body).header("etag", "\"x\"")));
    let message = world.source(FEED).await;
    world.work(&ctx, &message).await;
    world.poll(&ctx, message.source).await;
    world.announced().await;
    // It looks new: as if it had been landed between the look-up and the transaction.
    world.breaker.play(Some(Trick::Blind("K#")));
    let job = world.poll(&ctx, message.source).await;
    world.breaker.play(None);
    assert_eq!(counts(&job), Some((1, 0)));
    assert_eq!(world.ids(message.source).await, ["a", "b", "c", "d"]);
    world.check_whole(message.source, 4).await;
    let told = world.announced().await;
    assert_eq!((told.len(), told[0].from.get(), told[0].to.get()), (1, 4, 4));
    assert_eq!(counts(&world.poll(&ctx, message.source).await), Some((0, 1)), "it is known again, and its edit seen");
}

/// Gives all numbers of the present millisecond to posts of others.
async fn take_numbers(world: &World, at: Timestamp) {
    for slot in 0..128 {
        let number = AttributeValue::N((first_of(at) + slot).to_string());
        let put = world.tables().put_item().table_name("feedmill-posts").item("number", number);
        put.item("title", AttributeValue::S("another's".to_owned())).send().await.unwrap();
    }
}

/// How many of those numbers are others' still.
async fn others(world: &World, at: Timestamp) -> usize {
    let scan = world.tables().scan().table_name("feedmill-posts").consistent_read(true);
    let items = scan.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.unwrap();
    let is_others = |item: &std::collections::HashMap<String, AttributeValue>| {
        let number: u64 = item["number"].as_n().unwrap().parse().unwrap();
        number / 128 == first_of(at) / 128 && item["title"].as_s().unwrap() == "another's"
    };
    items.iter().filter(|item| is_others(item)).count()
}

#[tokio::test]
async fn a_number_that_another_source_got_meanwhile_is_not_given_twice() {
    let (world, ctx) = two_entries().await;
    let (message, at) = (world.source(FEED).await, world.now());
    let taking = async {
        take_numbers(&world, at).await;
        world.pass(Duration::from_millis(10));
    };
    assert!(!world.deliver_meanwhile(&ctx, &message, LANDING, Box::pin(taking)).await);
    world.check_whole(message.source, 2).await;
    let numbers: Vec<u64> = world.posts(message.source).await.iter().map(|post| post.number.get() / 128).collect();
    let now = first_of(world.now()) / 128;
    assert_eq!(numbers, [now - 1, now], "minted anew, just before the next transaction");
    assert_eq!(others(&world, at).await, 128, "nobody else's post was touched");
    assert_eq!(counts(&world.end(&message).await.unwrap()), Some((2, 0)));
    assert_eq!(world.announced().await.len(), 1);
}

/// A landing whose first transaction hangs for more than five seconds, before or after the server does it: whether its posts' numbers
/// are of the second try.
async fn check_late(done: bool, renumbered: bool) {
    let (world, ctx) = two_entries().await;
    let (message, first) = (world.source(FEED).await, world.now());
    world.breaker.play(Some(Trick::Hang(LANDING, done)));
    let batch = [(&message, 1)];
    let late = async {
        world.breaker.waits().await;
        world.pass(Duration::from_secs(6));
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(5)).await;
        tokio::time::resume();
    };
    let (reported, ()) = tokio::join!(Box::pin(world.deliver(&ctx, &batch)), late);
    assert!(reported.is_empty());
    world.check_whole(message.source, 2).await;
    let minted = if renumbered { world.now() } else { first };
    let newest = world.posts(message.source).await[1].number.get();
    assert_eq!(newest / 128, first_of(minted) / 128);
    assert_eq!(counts(&world.end(&message).await.unwrap()), Some((2, 0)));
    assert_eq!(world.announced().await.len(), 1);
}

#[tokio::test]
async fn an_attempt_older_than_five_seconds_is_renumbered() {
    check_late(false, true).await;
}

#[tokio::test]
async fn an_attempt_that_landed_unheard_keeps_its_numbers_and_lands_once() {
    check_late(true, false).await;
}
