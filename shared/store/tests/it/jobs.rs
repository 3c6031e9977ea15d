//! Looking at jobs, ending them, deleting them.

use domain::failure::ErrorCode;
use domain::job::Ending;
use store::{DeleteJob, Finish, Swap};

use crate::world::{World, failed, noon_plus, unchanged};

#[tokio::test]
async fn a_look_shows_the_pointer_and_the_end_of_the_job_it_names() {
    let world = World::new().await;
    let ((fresh, in_hand), (rested, done)) = (world.source().await, world.rested().await);
    let gone = world.draft().head.source;
    // An id twice would fail the whole batch.
    let looks = world.store.looks(&[fresh, rested, gone, fresh]).await.unwrap();
    assert_eq!(looks.len(), 2);
    assert_eq!((&looks[&fresh].pointer, &looks[&fresh].finished), (&in_hand, &None));
    assert_eq!((&looks[&rested].pointer, &looks[&rested].finished), (&done, &Some(unchanged(rested, &done))));

    let strongly = world.store.look_strongly(rested, done.job).await.unwrap();
    assert_eq!(strongly, (Some(done.clone()), Some(unchanged(rested, &done))));
    assert_eq!(world.store.look_strongly(gone, done.job).await.unwrap(), (None, None));
    assert_eq!(world.store.finished(rested, done.job).await.unwrap(), Some(unchanged(rested, &done)));
    assert_eq!(world.store.finished(fresh, in_hand.job).await.unwrap(), None);
}

#[tokio::test]
async fn the_latest_job_is_told_by_pointer_and_newest_end() {
    let world = World::new().await;
    let (source, first) = world.source().await;
    assert_eq!(world.store.latest(source).await.unwrap(), Some((first.clone(), None)));
    world.store.finish(&[unchanged(source, &first)]).await;
    let second = world.next(&first, true, noon_plus(3_600));
    world.store.queue(&[Swap { source, seen: first.job, next: second.clone() }]).await;
    // The second has not ended: the newest end is the first's.
    assert_eq!(world.store.latest(source).await.unwrap(), Some((second, Some(unchanged(source, &first)))));
    assert_eq!(world.store.latest(world.draft().head.source).await.unwrap(), None);
}

#[tokio::test]
async fn a_job_ends_once_and_every_kind_of_end_comes_back_whole() {
    let world = World::new().await;
    let (source, pointer) = world.source().await;
    let ours = unchanged(source, &pointer);
    assert!(matches!(world.store.finish(std::slice::from_ref(&ours)).await[0], Finish::Done));
    // Again, as after a lost response.
    assert!(matches!(world.store.finish(std::slice::from_ref(&ours)).await[0], Finish::Done));
    let other = failed(source, &pointer, ErrorCode::Superseded);
    match &world.store.finish(&[other]).await[0] {
        Finish::AlreadyDone(there) => assert_eq!(*there, ours),
        outcome => panic!("{outcome:?}"),
    }
    let mut landed = ours.clone();
    landed.job = world.job();
    landed.ending = Ending::Completed {
        posts_count: 7,
        edits_count: 1,
        landed: Some((domain::id::Ordinal::new(4), domain::id::Ordinal::new(10))),
    };
    let late = failed(source, &world.next(&pointer, true, noon_plus(60)), ErrorCode::Poisoned);
    for end in [landed, late] {
        world.store.finish(std::slice::from_ref(&end)).await;
        assert_eq!(world.store.finished(source, end.job).await.unwrap(), Some(end));
    }
}

#[tokio::test]
async fn whoever_completes_a_job_that_someone_failed_is_told_so() {
    let world = World::new().await;
    let (source, pointer) = world.source().await;
    let theirs = failed(source, &pointer, ErrorCode::LeaseExpired);
    world.store.finish(std::slice::from_ref(&theirs)).await;
    match &world.store.finish(&[unchanged(source, &pointer)]).await[0] {
        Finish::AlreadyDone(there) => assert_eq!(*there, theirs),
        outcome => panic!("{outcome:?}"),
    }
}

#[tokio::test]
async fn an_end_whose_answer_got_lost_is_done() {
    let world = World::new().await;
    let (source, pointer) = world.source().await;
    world.lose(1);
    assert!(matches!(world.store.finish(&[unchanged(source, &pointer)]).await[0], Finish::Done));
    // When the SDK's own tries are used up, nobody knows; the same call again does.
    let (source, pointer) = world.source().await;
    world.lose(3);
    match &world.store.finish(&[unchanged(source, &pointer)]).await[0] {
        Finish::Unknown(error) => assert!(error.is_retryable(), "{error}"),
        outcome => panic!("{outcome:?}"),
    }
    assert!(matches!(world.store.finish(&[unchanged(source, &pointer)]).await[0], Finish::Done));
}

#[tokio::test]
async fn history_goes_back_page_by_page_without_the_pointer() {
    let world = World::new().await;
    let (source, pointer) = world.source().await;
    let mut ends = vec![unchanged(source, &pointer)];
    ends.extend((0..4).map(|_| unchanged(source, &domain::job::Pointer { job: world.job(), ..pointer.clone() })));
    world.store.finish(&ends).await;
    ends.reverse();
    let (mut told, mut before) = (Vec::new(), None);
    loop {
        let page = world.store.history(source, before, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.job);
        told.extend(page);
    }
    assert_eq!(told, ends);
}

#[tokio::test]
async fn only_a_finished_job_that_no_later_one_needs_can_be_deleted() {
    let world = World::new().await;
    let (source, first) = world.source().await;
    let delete = async |job| world.store.delete_job(source, job).await.unwrap();
    assert_eq!(delete(first.job).await, DeleteJob::Live);
    world.store.finish(&[unchanged(source, &first)]).await;
    assert_eq!(delete(first.job).await, DeleteJob::Latest);
    let mut last = first.clone();
    for hour in 1..3 {
        let next = world.next(&last, true, noon_plus(hour * 3_600));
        world.store.queue(&[Swap { source, seen: last.job, next: next.clone() }]).await;
        if hour == 1 {
            // The job in hand started from its carry.
            assert_eq!(delete(first.job).await, DeleteJob::Latest);
            world.store.finish(&[unchanged(source, &next)]).await;
        }
        last = next;
    }
    assert_eq!(delete(first.job).await, DeleteJob::Deleted);
    assert_eq!(delete(first.job).await, DeleteJob::Missing);
    assert_eq!(world.store.delete_job(world.draft().head.source, first.job).await.unwrap(), DeleteJob::Missing);
}
