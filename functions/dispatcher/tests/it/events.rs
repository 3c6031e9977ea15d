//! Every event that a schedule can send starts a run, and what names no shard of the wheel starts none.

use std::time::Duration;

use dispatcher::{DispatchError, Rules, Start, handle};
use domain::wheel::Slot;

use crate::world::{HOUR, NOON, RULES, World, slot_at};

/// An installation of two shards with a source due in each.
async fn two_shards() -> World {
    let world = World::with(Rules { shards: 2, ..RULES }).await;
    for shard in 0..2 {
        let slot = Slot { shard, ..slot_at(world.minute(), 61) };
        world.source(usize::from(shard), slot, NOON - HOUR * 2).await;
    }
    world
}

/// What the function is sent as `event` walks so many of the two shards, and moves their cursors.
async fn check(file: &str, event: &str, shards: u64) {
    let world = two_shards().await;
    let start: Start = serde_json::from_str(event).unwrap_or_else(|error| panic!("{file}: {error}"));
    let run = || handle(&world.ctx, start, world.now() + Duration::from_secs(50));
    let report = run().await.unwrap();
    assert_eq!((report.minutes, report.looked_at, report.queued), (shards, shards, shards), "{file}");
    let sent: Vec<_> = world.messages().await.into_iter().map(|message| message.source.to_string()).collect();
    assert_eq!(sent, ["s0000000", "s0000001"][..usize::try_from(shards).unwrap()], "{file}");
    let second = run().await.unwrap();
    assert_eq!((second.minutes, second.queued, second.shards_held), (0, 0, 0), "{file}: the cursors are behind it");
    let rest = world.run().await;
    assert_eq!((rest.minutes, rest.queued), (2 - shards, 2 - shards), "{file}: the other shard was left alone");
}

#[tokio::test]
async fn every_event_file_starts_a_run() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/dispatcher");
    let mut files = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let shards = if name == "shard.json" { 1 } else { 2 };
        check(&name, &std::fs::read_to_string(&path).unwrap(), shards).await;
        files.push(name);
    }
    files.sort();
    assert_eq!(files, ["rule.json", "schedule.json", "shard.json"]);
}

#[test]
fn what_is_no_event_is_refused() {
    for event in
        ["", "null", "7", "\"shard\"", "{\"shard\":\"0\"}", "{\"shard\":-1}", "{\"shard\":256}", "{\"shard\":0.5}"]
    {
        assert!(serde_json::from_str::<Start>(event).is_err(), "{event}");
    }
}

#[tokio::test]
async fn a_shard_that_the_wheel_does_not_have_is_refused_and_nothing_is_walked() {
    let world = two_shards().await;
    let start: Start = serde_json::from_str("{\"shard\":2}").unwrap();
    let refused = handle(&world.ctx, start, world.now() + Duration::from_secs(50)).await.unwrap_err();
    assert!(matches!(refused, DispatchError::NoSuchShard { shard: 2, shards: 2 }), "{refused}");
    assert!(world.messages().await.is_empty());
    assert_eq!(world.run().await.queued, 2, "the cursors stand where they were");
}
