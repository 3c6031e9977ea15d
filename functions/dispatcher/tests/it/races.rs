//! Others change a source between look and write.

use domain::carry::Carry;
use domain::job::{NewJob, Queueing, Reason};
use domain::source::SourceState;
use store::{Queued, Swap};

use crate::rude::Fault;
use crate::world::{HOUR, MINUTE, NOON, Past, World, slot_at};

async fn due_now(world: &World) -> Past {
    world.source(1, slot_at(world.minute(), 61), NOON - HOUR * 2).await
}

/// A person refreshes the source.
async fn refresh(world: &World, past: &Past) -> domain::id::JobId {
    let new = NewJob {
        job: world.ids.next(world.now()),
        tick: world.minute().plus(2),
        queued_at: world.now(),
        earliest: world.now(),
        lease_until: world.now() + HOUR,
        reason: Reason::Refresh,
    };
    let job = new.job;
    let Queueing::Swap(next) = past.pointer.queue(true, new, world.now()) else { panic!() };
    let swap = Swap { source: past.target.source, seen: past.pointer.job, next };
    assert!(matches!(world.store.queue(&[swap]).await[..], [Queued::Queued]));
    job
}

#[tokio::test]
async fn a_refresh_in_between_is_left_to_whoever_queued_it() {
    let world = World::new().await;
    let past = due_now(&world).await;
    let report = world
        .run_meanwhile("BatchExecuteStatement", async {
            refresh(&world, &past).await;
        })
        .await;
    assert_eq!((report.raced, report.live, report.queued), (1, 1, 0));
    assert!(world.messages().await.is_empty());
}

#[tokio::test]
async fn a_poll_that_was_queued_and_done_in_between_counts() {
    let world = World::new().await;
    let past = due_now(&world).await;
    let polled = async {
        let job = refresh(&world, &past).await;
        world.finish(&past.target, job, Carry { last_get: Some(NOON), ..Carry::default() }).await;
    };
    let report = world.run_meanwhile("BatchExecuteStatement", polled).await;
    assert_eq!((report.raced, report.held, report.queued), (1, 1, 0));
    let due = world.store.due(0, world.minute().plus(60)).await.unwrap();
    assert!(due.is_empty(), "its slot comes a minute after its interval: no overflow item is needed");
    assert!(world.messages().await.is_empty());
}

#[tokio::test]
async fn a_source_that_leaves_in_between_gets_no_job() {
    let world = World::new().await;
    let past = due_now(&world).await;
    let leave = async {
        world.store.leave(past.target.source, SourceState::Resting, "nobody reads it", NOON).await.unwrap();
    };
    let report = world.run_meanwhile("BatchExecuteStatement", leave).await;
    assert_eq!((report.dropped, report.queued), (1, 0));
    assert!(world.messages().await.is_empty());
}

#[tokio::test]
async fn a_source_that_left_before_is_dropped_from_slot_and_overflow() {
    let world = World::new().await;
    let past = due_now(&world).await;
    let source = past.target.source;
    world.store.put_due(0, &[(world.minute(), source)]).await.unwrap();
    world.store.leave(source, SourceState::Gone, "410", NOON).await.unwrap();
    let report = world.run().await;
    assert_eq!((report.queued, report.unfinished), (0, 0));
    assert!(world.store.due(0, world.minute()).await.unwrap().is_empty());
    assert!(world.messages().await.is_empty());
}

#[tokio::test]
async fn a_source_that_the_index_still_shows_after_it_left_is_dropped() {
    let world = World::new().await;
    let past = due_now(&world).await;
    let leave = async {
        world.store.leave(past.target.source, SourceState::Gone, "410", NOON).await.unwrap();
    };
    // The slot was read, the pointer not yet.
    let report = world.run_meanwhile("BatchGetItem", leave).await;
    assert_eq!((report.dropped, report.queued), (1, 0));
}

#[tokio::test]
async fn a_second_walker_takes_over_after_the_lease_and_the_first_cannot_move_the_cursor_back() {
    let world = World::new().await;
    due_now(&world).await;
    // The first one falls asleep with its message on its lips, for longer than its lease.
    let second = async {
        world.pass(MINUTE * 2);
        let second = world.run().await;
        assert_eq!((second.again, second.minutes, second.unfinished), (1, 3, 0));
        let first = &world.messages().await[0];
        assert!(first.again);
    };
    let first = world.run_meanwhile("SendMessageBatch", second).await;
    assert_eq!(first.queued, 1);
    world.pass(MINUTE);
    assert_eq!(world.run().await.minutes, 1, "the second one's cursor stands");
    assert_eq!(world.messages().await.len(), 1, "the message of the first");
    world.rude.set(Fault::None);
}
