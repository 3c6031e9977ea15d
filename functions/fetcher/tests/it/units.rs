//! What a poll costs: counted calls and capacity units.

use std::time::Duration;

use domain::timing::Lane;
use origin::Reply;

use crate::feeds::{many, rss};
use crate::world::{HOUR, World, counts};

#[tokio::test]
async fn an_unchanged_poll_in_a_full_batch_is_one_write_unit_no_read_and_a_twentieth_of_a_call() {
    let world = World::new().await;
    let (store, meter) = world.store_on_wire().metered();
    let ctx = world.environment_with(store);
    world.origin.otherwise(|seen| Reply::unless_known(seen, "\"one\"", Reply::ok(rss([("a", "text")]))));
    let mut sources = Vec::new();
    for n in 0..100 {
        let first = world.source(&format!("/{n}")).await;
        world.work(&ctx, &first).await;
        // A hundred landings within one millisecond would be short of numbers.
        world.pass(Duration::from_millis(1));
        sources.push(first.source);
    }
    world.pass(HOUR);
    let mut messages = Vec::new();
    for source in sources {
        messages.push(world.dispatch(source).await);
    }
    // Reads the paused hosts, once a minute whatever the batch.
    world.deliver(&ctx, &[]).await;
    meter.take();
    world.breaker.calls();
    let batch: Vec<_> = messages.iter().map(|message| (message, 1)).collect();
    assert!(world.deliver(&ctx, &batch).await.is_empty());
    let reading = meter.take();
    assert_eq!((reading.write_units, reading.read_units), (100.0, 0.0));
    let calls = world.breaker.calls();
    assert!(calls < 10, "{calls} calls for 100 polls");
    assert_eq!(world.end(&messages[99]).await.unwrap().http_status, Some(304));
}

#[tokio::test]
async fn a_landing_of_two_posts_of_four_kilobytes_in_a_feed_of_thirty_is_at_most_thirty_units() {
    let world = World::new().await;
    let (store, meter) = world.store_on_wire().metered();
    let ctx = world.environment_with(store);
    let reply = |count: usize| Reply::ok(many(count, 4_000)).header("etag", format!("\"{count}\""));
    world.origin.script("/feed.xml", [reply(28), reply(30)]);
    let first = world.source("/feed.xml").await;
    world.work(&ctx, &first).await;
    world.pass(HOUR);
    let message = world.dispatch(first.source).await;
    world.deliver(&ctx, &[]).await;
    meter.take();
    assert_eq!(counts(&world.work(&ctx, &message).await), Some((2, 0)));
    let reading = meter.take();
    let units = reading.write_units + reading.read_units;
    assert!(units <= 30.0, "{reading:?}");
}

#[tokio::test]
async fn a_first_landing_is_two_calls_also_of_a_source_that_belongs_to_the_other_lane() {
    let world = World::new().await;
    let (store, meter) = world.store_on_wire().metered();
    let ctx = world.environment_with(store);
    world.origin.always("/feed.xml", Reply::ok(rss([("a", "text")])));
    let mut message = world.source("/feed.xml").await;
    message.lane = Lane::Slow;
    // Quick, however slow this machine is.
    message.carry.fetch_ms = 500;
    world.deliver(&ctx, &[]).await;
    meter.take();
    assert_eq!(counts(&world.work(&ctx, &message).await), Some((1, 0)));
    assert_eq!(meter.take().calls, 2, "what it is and what it knows; then the landing");
    assert_eq!(world.store.poll(message.source).await.unwrap().unwrap().target.lane, Lane::Fast);
}
