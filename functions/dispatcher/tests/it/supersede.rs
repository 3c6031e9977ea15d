//! Jobs whose holder never came back.

use domain::carry::Carry;
use domain::failure::ErrorCode;
use domain::job::{Ending, Hand, Pointer};
use domain::timing::{Lane, queued_lease};

use crate::world::{HOUR, MINUTE, NOON, Past, World, slot_at};

/// A source with a good past whose job of `ago` minutes before was abandoned.
async fn abandoned(world: &World, ongoing: bool, ago: u32) -> (Past, Pointer) {
    let name = usize::try_from(ago).unwrap();
    let good = Carry { last_get: Some(NOON - HOUR * 20), streak: 2, fetch_ms: 70, ..Carry::default() };
    let past = world.source_with(name, slot_at(world.minute(), 61), good, |_| {}).await;
    let queued_at = NOON - MINUTE * ago;
    let new = domain::job::NewJob {
        job: world.ids.next(queued_at),
        tick: domain::wheel::Pace::REAL.minute_of(queued_at),
        queued_at,
        earliest: queued_at,
        lease_until: queued_lease(queued_at, queued_at, HOUR, Lane::Fast),
        reason: domain::job::Reason::Scheduled,
    };
    let domain::job::Queueing::Swap(next) = past.pointer.queue(true, new, queued_at) else { panic!() };
    let swap = store::Swap { source: past.target.source, seen: past.pointer.job, next: next.clone() };
    assert!(matches!(world.store.queue(&[swap]).await[..], [store::Queued::Queued]));
    if ongoing {
        let marked =
            world.store.mark(past.target.source, next.job, queued_at + MINUTE, Lane::Fast, true).await.unwrap();
        let store::Marking::Marked(next) = marked else { panic!("{marked:?}") };
        return (past, next);
    }
    (past, next)
}

async fn check_superseded(ongoing: bool, ago: u32) {
    let world = World::new().await;
    let (past, old) = abandoned(&world, ongoing, ago).await;
    let source = past.target.source;
    let report = world.run().await;
    assert_eq!((report.queued, report.superseded), (1, 1), "{ongoing}");
    let failed = world.store.finished(source, old.job).await.unwrap().unwrap();
    assert!(matches!(&failed.ending, Ending::Failed(failure) if failure.code == ErrorCode::LeaseExpired));
    let possible = old.possible_get(Lane::Fast);
    assert_eq!((failed.carry.last_get, failed.carry.streak, failed.carry.fetch_ms), (Some(possible), 2, 70));
    let sent = world.messages().await;
    assert_eq!((sent.len(), &sent[0].carry, sent[0].attempts), (1, &failed.carry, u8::from(ongoing)));
    assert!(sent[0].earliest >= possible + HOUR, "what may have been fetched counts as fetched");
    let pointer = world.pointer(source).await;
    assert_eq!((pointer.prev, pointer.job, pointer.hand), (Some(old.job), sent[0].job, Hand::Queued));
}

#[tokio::test]
async fn a_job_that_was_never_started_is_superseded_after_its_lease() {
    check_superseded(false, 60 * 5).await;
}

#[tokio::test]
async fn a_job_whose_fetcher_died_is_superseded_after_its_lease_and_hands_its_attempts_on() {
    check_superseded(true, 60 * 5).await;
}

#[tokio::test]
async fn what_may_have_been_fetched_just_now_is_not_fetched_before_its_interval() {
    let world = World::new().await;
    let (past, old) = abandoned(&world, true, 10).await;
    let report = world.run().await;
    assert_eq!((report.held, report.queued), (1, 0));
    assert_eq!(world.pointer(past.target.source).await.job, old.job, "it is failed when its successor comes");
    assert!(world.messages().await.is_empty());
}

#[tokio::test]
async fn beside_a_renewed_lease_nothing_is_superseded() {
    let world = World::new().await;
    let (past, old) = abandoned(&world, true, 60 * 5).await;
    let source = past.target.source;
    let renew = async {
        let marked = world.store.mark(source, old.job, world.now(), Lane::Fast, true).await.unwrap();
        assert!(matches!(marked, store::Marking::Marked(_)), "{marked:?}");
    };
    let report = world.run_meanwhile("TransactWriteItems", renew).await;
    assert_eq!((report.raced, report.live, report.queued, report.superseded), (1, 1, 0, 0));
    assert!(world.store.finished(source, old.job).await.unwrap().is_none());
    assert!(world.messages().await.is_empty());
}

#[tokio::test]
async fn a_job_that_ends_at_the_last_moment_is_not_failed_and_its_carry_counts() {
    let world = World::new().await;
    let (past, old) = abandoned(&world, true, 60 * 5).await;
    let ended = Carry { last_get: Some(NOON - HOUR * 3), streak: 0, fetch_ms: 99, ..Carry::default() };
    let report = world.run_meanwhile("TransactWriteItems", world.finish(&past.target, old.job, ended.clone())).await;
    assert_eq!((report.raced, report.queued, report.superseded), (1, 1, 0));
    assert_eq!(world.messages().await[0].carry, ended);
}

#[tokio::test]
async fn after_a_pause_longer_than_the_retention_a_job_whose_end_is_forgotten_is_followed_and_not_failed() {
    let world = World::new().await;
    for (days, superseded) in [(29, 1), (31, 0)] {
        let (past, old) = abandoned(&world, false, 60 * 24 * days).await;
        let report = world.run().await;
        assert_eq!((report.queued, report.superseded), (1, superseded), "{days} days");
        let end = world.store.finished(past.target.source, old.job).await.unwrap();
        assert_eq!(end.is_some(), superseded == 1, "{days} days: an end that was not seen is not made up");
        let sent = world.messages().await;
        assert_eq!((sent.len(), sent[0].reason), (1, domain::job::Reason::Scheduled), "{days} days");
        world.pass(MINUTE);
    }
}
