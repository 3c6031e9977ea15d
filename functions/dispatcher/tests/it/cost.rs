//! What a hundred sources in a minute cost: calls and units.

use std::collections::BTreeMap;

use crate::rude::Fault;
use crate::world::{HOUR, MINUTE, NOON, World, slot_at};

#[tokio::test]
async fn a_hundred_polls_are_one_read_unit_and_one_write_each_and_few_calls() {
    let world = World::new().await;
    world.run().await;
    world.pass(MINUTE);
    for name in 0..100 {
        world.source(name, slot_at(world.minute(), 61), NOON - HOUR * 2).await;
    }
    world.rude.set(Fault::None);
    let report = world.run().await;
    assert_eq!(report.queued, 100);
    let mut calls: BTreeMap<String, usize> = BTreeMap::new();
    for call in world.rude.calls() {
        *calls.entry(call).or_default() += 1;
    }
    let expected = [
        // Pointers, and last jobs.
        ("BatchGetItem", 2),
        // By twenty-five.
        ("BatchExecuteStatement", 4),
        // By tens.
        ("SendMessageBatch", 10),
        // Whatever there is to poll: the depths of two queues, eight slots, overflow, paused hosts, deletions and rests that are over, the cursor claimed and moved.
        ("GetQueueAttributes", 2),
        ("Query", 10),
        ("UpdateItem", 2),
    ];
    assert_eq!(calls, expected.map(|(call, n)| (call.to_owned(), n)).into());
    let (metered, meter) = world.store.metered();
    let sources: Vec<_> = (0..100).map(crate::world::source_id).collect();
    metered.looks(&sources).await.unwrap();
    let reading = meter.take();
    assert_eq!((reading.calls, reading.read_units), (2, 100.0), "half a unit for the pointer, half for the job");
}
