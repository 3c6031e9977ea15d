//! The pointer's races.

use domain::failure::ErrorCode;
use domain::id::SourceId;
use domain::job::{Hand, Job, Pointer};
use domain::timing::Lane;
use store::{Marking, Queued, Superseding, Swap};

use crate::world::{World, failed, noon_plus, unchanged};

async fn queue_one(world: &World, source: SourceId, seen: &Pointer, next: &Pointer) -> Queued {
    let swaps = [Swap { source, seen: seen.job, next: next.clone() }];
    world.store.queue(&swaps).await.remove(0)
}

#[tokio::test]
async fn of_two_that_queue_a_job_one_wins_and_the_other_sees_what_is_there() {
    let world = World::new().await;
    let (source, seen) = world.rested().await;
    let (ours, theirs) = (world.next(&seen, true, noon_plus(60)), world.next(&seen, true, noon_plus(61)));
    assert!(matches!(queue_one(&world, source, &seen, &theirs).await, Queued::Queued));
    match queue_one(&world, source, &seen, &ours).await {
        Queued::Raced(there) => assert_eq!(there, theirs),
        outcome => panic!("{outcome:?}"),
    }
    // What won is told so again, as after a lost response.
    assert!(matches!(queue_one(&world, source, &seen, &theirs).await, Queued::Queued));
    assert_eq!(world.pointer(source).await, theirs);
}

#[tokio::test]
async fn a_job_whose_answer_got_lost_is_queued() {
    let world = World::new().await;
    let (source, seen) = world.rested().await;
    world.lose(1);
    let outcome = queue_one(&world, source, &seen, &world.next(&seen, true, noon_plus(60))).await;
    assert!(matches!(outcome, Queued::Queued), "{outcome:?}");
}

#[tokio::test]
async fn nothing_is_queued_for_a_source_that_is_gone_or_not_known_to_be_open() {
    let world = World::new().await;
    let (source, seen) = world.rested().await;
    let next = world.next(&seen, true, noon_plus(60));
    assert!(matches!(queue_one(&world, world.draft().head.source, &seen, &next).await, Queued::NotActive));
    // Who thinks that a landing is open looks at an old pointer.
    match queue_one(&world, source, &seen, &Pointer { open: true, ..next }).await {
        Queued::Raced(there) => assert_eq!(there, seen),
        outcome => panic!("{outcome:?}"),
    }
}

#[tokio::test]
async fn an_abandoned_job_is_superseded_once() {
    let world = World::new().await;
    let (source, seen) = world.source().await;
    let now = noon_plus(601);
    let old = failed(source, &seen, ErrorCode::LeaseExpired);
    let (ours, theirs) = (world.next(&seen, false, now), world.next(&seen, false, now));
    let supersede = async |next: &Pointer| world.store.supersede(source, &seen, next, &old).await.unwrap();
    assert_eq!(supersede(&ours).await, Superseding::Superseded);
    assert_eq!(supersede(&ours).await, Superseding::Superseded, "again, as after a lost response");
    assert_eq!(supersede(&theirs).await, Superseding::Raced);
    assert_eq!(world.pointer(source).await, ours);
    assert_eq!(world.store.finished(source, seen.job).await.unwrap(), Some(old.clone()));
}

#[tokio::test]
async fn superseding_beside_a_renewed_lease_is_raced_and_fails_nobody() {
    let world = World::new().await;
    let (source, seen) = world.source().await;
    let now = noon_plus(601);
    let next = world.next(&seen, false, now);
    let marked = world.store.mark(source, seen.job, now, Lane::Fast, true).await.unwrap();
    let old = failed(source, &seen, ErrorCode::LeaseExpired);
    assert_eq!(world.store.supersede(source, &seen, &next, &old).await.unwrap(), Superseding::Raced);
    assert_eq!(world.store.finished(source, seen.job).await.unwrap(), None);
    assert_eq!(Marking::Marked(world.pointer(source).await), marked);
}

#[tokio::test]
async fn superseding_a_job_that_ended_meanwhile_is_raced() {
    let world = World::new().await;
    let (source, seen) = world.source().await;
    let next = world.next(&seen, false, noon_plus(601));
    world.store.finish(&[unchanged(source, &seen)]).await;
    let old = failed(source, &seen, ErrorCode::LeaseExpired);
    assert_eq!(world.store.supersede(source, &seen, &next, &old).await.unwrap(), Superseding::Raced);
    assert_eq!(world.pointer(source).await, seen);
    assert_eq!(world.store.supersede(world.draft().head.source, &seen, &next, &old).await.unwrap(), Superseding::Raced);
}

#[tokio::test]
async fn a_mark_is_what_the_domain_says_and_keeps_others_away() {
    let world = World::new().await;
    let (source, seen) = world.source().await;
    let mark = async |job, now, alone| world.store.mark(source, job, now, Lane::Fast, alone).await.unwrap();
    let now = noon_plus(10);
    let expected = seen.mark(seen.job, now, Lane::Fast, true).unwrap();
    assert_eq!(mark(seen.job, now, true).await, Marking::Marked(expected.clone()));
    // Another one, in the same millisecond.
    assert_eq!(mark(seen.job, now, true).await, Marking::HeldUntil(expected.lease_until));
    // The lease is over: its second death alone would be the third attempt.
    let later = expected.lease_until;
    assert_eq!(
        mark(seen.job, later, true).await,
        Marking::Marked(expected.mark(seen.job, later, Lane::Fast, true).unwrap())
    );
    assert_eq!(mark(world.job(), later, false).await, Marking::Superseded);
    let gone = world.store.mark(world.draft().head.source, seen.job, now, Lane::Fast, false).await.unwrap();
    assert_eq!(gone, Marking::Superseded);
}

#[tokio::test]
async fn a_mark_whose_answer_got_lost_is_ours() {
    let world = World::new().await;
    let (source, seen) = world.source().await;
    world.lose(1);
    let expected = seen.mark(seen.job, noon_plus(10), Lane::Slow, true).unwrap();
    let marking = world.store.mark(source, seen.job, noon_plus(10), Lane::Slow, true).await.unwrap();
    assert_eq!(marking, Marking::Marked(expected));
}

#[tokio::test]
async fn a_living_holder_takes_its_attempt_back() {
    let world = World::new().await;
    let (source, seen) = world.source().await;
    // After its work age, as a redelivered one may be.
    let start = noon_plus(800);
    let Marking::Marked(marked) = world.store.mark(source, seen.job, start, Lane::Fast, true).await.unwrap() else {
        panic!("nobody else is here")
    };
    let until = noon_plus(900);
    world.lose(1);
    assert!(world.store.give_back(source, &marked, until, true).await.unwrap());
    let now = world.pointer(source).await;
    assert_eq!((now.hand, now.attempts, now.lease_until), (Hand::Queued, 0, until));
    assert_eq!(now.taken_at(), Some(start), "its GET may have been made");
    assert!(now.possible_get(Lane::Fast) >= start);
    assert_eq!(Job::in_hand(source, &now).started_at, None, "what waits has not started");
    // Someone else has it: there is nothing to give back.
    world.store.mark(source, seen.job, noon_plus(820), Lane::Fast, true).await.unwrap();
    assert!(!world.store.give_back(source, &marked, until, true).await.unwrap());
    assert!(!world.store.give_back(source, &seen, until, true).await.unwrap(), "a job that was never marked");
    assert_eq!(world.pointer(source).await.attempts, 1);
}

#[tokio::test]
async fn the_start_of_an_earlier_job_is_none_of_the_next() {
    let world = World::new().await;
    let (source, seen) = world.source().await;
    world.store.mark(source, seen.job, noon_plus(10), Lane::Fast, true).await.unwrap();
    world.store.finish(&[unchanged(source, &seen)]).await;
    let next = world.next(&seen, true, noon_plus(60));
    assert!(matches!(queue_one(&world, source, &seen, &next).await, Queued::Queued));
    let now = world.pointer(source).await;
    assert_eq!((now.taken_at(), now.possible_get(Lane::Fast)), (None, next.possible_get(Lane::Fast)));
    assert_eq!(Job::in_hand(source, &now).started_at, None);
}
