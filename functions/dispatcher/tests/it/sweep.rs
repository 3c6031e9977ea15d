//! Deletions go on minute by minute until nothing is left.

use domain::source::{LONGEST_REST, SourceState};
use store::Leaving;

use crate::world::{HOUR, MINUTE, NOON, World, slot_at};

#[tokio::test]
async fn a_deletion_goes_on_until_nothing_of_the_source_is_left_and_no_earlier_than_a_late_fetcher_could_write() {
    let world = World::new().await;
    let past = world.source(1, slot_at(world.minute().plus(30), 61), NOON - HOUR).await;
    let source = past.target.source;
    let left = world.store.leave(source, SourceState::Deleting, "someone deleted it", world.now()).await.unwrap();
    assert!(matches!(left, Leaving::Left { .. }));
    assert_eq!(world.run().await.swept, 0);
    assert_eq!(world.store.sweeps().await.unwrap(), [source], "a fetcher may still be at it");
    world.pass(HOUR * 2);
    let mut swept = 0;
    for _ in 0..5 {
        swept += world.run().await.swept;
        world.pass(MINUTE);
    }
    assert_eq!(swept, 1);
    assert!(world.store.sweeps().await.unwrap().is_empty());
    assert!(world.store.head(source).await.unwrap().is_none());
    assert!(world.store.latest(source).await.unwrap().is_none());
}

#[tokio::test]
async fn a_source_that_nobody_has_wanted_for_a_month_is_deleted_and_no_other() {
    let world = World::new().await;
    let slot = slot_at(world.minute().plus(30), 61);
    let mut ids = Vec::new();
    for (n, state) in [SourceState::Resting, SourceState::Gone, SourceState::Resting].into_iter().enumerate() {
        let source = world.source(n, slot, NOON - HOUR).await.target.source;
        world.store.leave(source, state, "", world.now() + HOUR * u32::try_from(n).unwrap()).await.unwrap();
        ids.push(source);
    }
    world.pass(LONGEST_REST);
    assert_eq!(world.run().await.rested, 0, "not yet: it is a month to the second");
    world.pass(HOUR);
    assert_eq!(world.run().await.rested, 1);
    let state = async |n: usize| world.store.head(ids[n]).await.unwrap().map(|head| head.state);
    assert_eq!(state(0).await, Some(SourceState::Deleting));
    assert_eq!((state(1).await, state(2).await), (Some(SourceState::Gone), Some(SourceState::Resting)));
}
