//! The queue says no, or nothing.

use domain::carry::Carry;
use domain::failure::ErrorCode;
use domain::job::Ending;
use domain::source::Target;
use domain::timing::Lane;

use crate::rude::Fault;
use crate::world::{HOUR, MINUTE, NOON, World, slot_at, source_id};

fn troubled() -> Carry {
    Carry { last_get: Some(NOON - HOUR * 2), streak: 3, fetch_ms: 40, ..Carry::default() }
}

#[tokio::test]
async fn a_message_that_the_queue_refuses_fails_its_job_with_the_carry_untouched_and_comes_in_the_next_minute() {
    let world = World::new().await;
    for name in [1, 2] {
        world.source_with(name, slot_at(world.minute(), 61), troubled(), |_| {}).await;
    }
    world.rude.set(Fault::Refuse("s0000001".into()));
    let report = world.run().await;
    assert_eq!((report.queued, report.refused, report.unfinished), (1, 1, 0));
    let (pointer, finished) = world.store.latest(source_id(1)).await.unwrap().unwrap();
    let finished = finished.unwrap();
    assert_eq!(finished.job, pointer.job);
    assert!(
        matches!(&finished.ending, Ending::Failed(failure) if failure.code == ErrorCode::SendFailed),
        "{finished:?}"
    );
    assert_eq!((finished.carry, finished.started_at), (troubled(), None));
    world.rude.set(Fault::None);
    world.pass(MINUTE);
    assert_eq!(world.run().await.queued, 1);
    let sent = world.messages().await;
    assert_eq!((sent.len(), &sent[0].carry, sent[0].again), (2, &troubled(), false));
    assert_ne!(sent[0].job, pointer.job);
}

#[tokio::test]
async fn a_message_that_was_to_be_sent_again_and_is_refused_holds_the_cursor() {
    let world = World::new().await;
    let mine = |target: &mut Target| target.lane = Lane::Fast;
    let tick = world.minute();
    let past = world
        .unfinished(1, slot_at(tick, 61), mine, |pointer| {
            pointer.tick = tick;
            pointer.lease_until = NOON + HOUR;
        })
        .await;
    world.rude.set(Fault::Refuse("s0000001".into()));
    let report = world.run().await;
    assert_eq!((report.again, report.refused, report.unfinished), (0, 1, 1));
    assert!(world.store.latest(past.target.source).await.unwrap().unwrap().1.is_none(), "the job is not failed");
    world.rude.set(Fault::None);
    world.pass(MINUTE);
    let next = world.run().await;
    assert_eq!((next.again, next.minutes, next.unfinished), (1, 2, 0));
    assert_eq!(world.messages().await[0].job, past.pointer.job);
}

/// Nobody hears how `operation` went: whatever it was, the source has one job and a message in the end.
async fn check_lost(operation: &'static str) {
    let world = World::new().await;
    world.source_with(1, slot_at(world.minute(), 61), troubled(), |_| {}).await;
    world.rude.set(Fault::Lose(operation));
    let first = world.try_run().await.expect("the process lives");
    assert!(first.is_err() || first.is_ok_and(|report| report.unfinished == 1), "{operation}");
    world.rude.set(Fault::None);
    world.pass(MINUTE);
    assert_eq!(world.run().await.unfinished, 0, "{operation}");
    let sent = world.messages().await;
    let job = world.pointer(source_id(1)).await.job;
    assert!(!sent.is_empty() && sent.iter().all(|message| message.job == job), "{operation}: {sent:?}");
    assert!(
        sent.iter().filter(|message| !message.again).count() <= 3,
        "{operation}: the SDK tries three times: {sent:?}"
    );
}

#[tokio::test]
async fn a_send_whose_answer_is_lost_is_repeated_and_fails_nobody() {
    check_lost("SendMessageBatch").await;
}

#[tokio::test]
async fn a_job_that_may_have_been_queued_is_found_by_the_next_run() {
    check_lost("BatchExecuteStatement").await;
}

#[tokio::test]
async fn overflow_that_may_not_be_forgotten_holds_the_cursor() {
    let world = World::new().await;
    let past = world.source(1, slot_at(world.minute().plus(20), 61), NOON - HOUR * 2).await;
    world.store.put_due(0, &[(world.minute(), past.target.source)]).await.unwrap();
    world.rude.set(Fault::Lose("BatchWriteItem"));
    assert!(world.try_run().await.unwrap().is_err());
    world.rude.set(Fault::None);
    world.pass(MINUTE);
    assert_eq!(world.run().await.unfinished, 0);
    assert_eq!(world.messages().await.len(), 1, "the first run had sent it; the second forgot what was done");
}

#[tokio::test]
async fn a_queue_that_does_not_tell_its_depth_stops_nothing() {
    let world = World::new().await;
    world.source_with(1, slot_at(world.minute(), 61), troubled(), |_| {}).await;
    world.rude.set(Fault::Lose("GetQueueAttributes"));
    assert_eq!(world.run().await.queued, 1);
}
