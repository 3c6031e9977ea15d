//! What a poll costs: units and calls, as DynamoDB counts them.

use store::{Finish, Queued, Reading, Swap};

use crate::world::{World, noon_plus, unchanged};

#[tokio::test]
async fn an_unchanged_poll_is_two_writes_and_one_read_and_less_than_half_a_call() {
    const SOURCES: usize = 100;
    let world = World::new().await;
    let mut sources = Vec::new();
    for _ in 0..SOURCES {
        sources.push(world.rested().await.0);
    }
    let (store, meter) = world.store.metered();
    let looks = store.looks(&sources).await.unwrap();
    let read = meter.take();

    let swap = |source| {
        let seen = &looks[source].pointer;
        Swap { source: *source, seen: seen.job, next: world.next(seen, true, noon_plus(60)) }
    };
    let swaps: Vec<_> = sources.iter().map(swap).collect();
    assert!(store.queue(&swaps).await.iter().all(|outcome| matches!(outcome, Queued::Queued)));
    let queued = meter.take();
    let ends: Vec<_> = swaps.iter().map(|swap| unchanged(swap.source, &swap.next)).collect();
    assert!(store.finish(&ends).await.iter().all(|outcome| matches!(outcome, Finish::Done)));
    let finished = meter.take();
    let (units, calls) = (SOURCES as f64, SOURCES as u64 / 25);
    let write = Reading { calls, read_units: 0.0, write_units: units };
    let expected = [Reading { calls: 2, read_units: units, write_units: 0.0 }, write, write];
    assert_eq!([read, queued, finished], expected);
    assert!(expected.iter().map(|reading| reading.calls).sum::<u64>() * 10 <= SOURCES as u64);
}
