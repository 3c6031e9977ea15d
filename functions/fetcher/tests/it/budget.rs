//! What polls cost in all, from the wheel to their record: a minute of a hundred unchanged sources, both functions counted.

use std::time::Duration;

use domain::wheel::{Pace, Slot};
use origin::Reply;

use crate::feeds::rss;
use crate::world::{HOUR, MINUTE, World, counts};

/// The calls counted are all that the functions make of the store and of SQS, retries included. Receiving the batch and deleting it
/// are none of theirs: the event source mapping does that.
#[tokio::test]
async fn a_hundred_unchanged_polls_cost_less_than_half_a_call_two_write_units_and_one_read_unit_each() {
    let world = World::new().await;
    world.origin.otherwise(|seen| Reply::unless_known(seen, "\"one\"", Reply::ok(rss([("a", "text")]))));
    let (store, dispatched) = world.store_of("Dispatcher").metered();
    let dispatcher = world.dispatcher(store);
    let (store, fetched) = world.store_on_wire().metered();
    let fetcher = world.environment_with(store);
    let minute = Pace::REAL.minute_of(world.now() + 2 * HOUR);
    let slot = Slot { period: 61, phase: u32::try_from(minute.0 % 61).unwrap(), shard: 0 };
    let mut sources = Vec::new();
    for n in 0..100 {
        let host = format!("s{n}.localhost");
        let url = world.origin.url_at(&host, "/feed.xml");
        let first = world.source_like(&url, &host, |_, target| target.slot = slot).await;
        assert_eq!(counts(&world.work(&fetcher, &first).await), Some((1, 0)));
        // A hundred landings within one millisecond would be short of numbers.
        world.pass(Duration::from_millis(1));
        sources.push(first.source);
    }
    world.pass(2 * HOUR - MINUTE);
    assert_eq!(world.turn(&dispatcher).await.queued, 0);
    world.pass(MINUTE);
    dispatched.take();
    fetched.take();
    world.breaker.calls();
    assert_eq!(world.turn(&dispatcher).await.queued, 100);
    // Delayed here and there within the minute, so that not all of it comes at once.
    world.pass(MINUTE);
    assert_eq!(world.pump(&fetcher).await, 100, "one full batch");
    let (calls, dispatched, fetched) = (world.breaker.calls(), dispatched.take(), fetched.take());
    assert!(calls < 50, "{calls} calls for 100 polls");
    // Two writes move the cursor, once a minute.
    assert_eq!((dispatched.write_units, fetched.write_units), (100.0 + 2.0, 100.0));
    // Pointer and last job are half a unit each; the rest is the minute's: its slots, what is overdue, paused hosts, deletions.
    assert!((100.0..110.0).contains(&dispatched.read_units), "{dispatched:?}");
    // The paused hosts, once a minute; of the polls themselves nothing is read.
    assert_eq!(fetched.read_units, 0.5);
    for source in sources {
        let (_, finished) = world.store.latest(source).await.unwrap().unwrap();
        assert_eq!(finished.map(|job| (job.http_status, counts(&job))), Some((Some(304), Some((0, 0)))));
    }
}
