//! The end of a source: nothing forgotten, nothing left behind, nothing of others taken.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::failure::ErrorCode;
use domain::id::{JobId, Ordinal};
use domain::job::{Ending, Finished};
use domain::source::SourceState;
use domain::time::Timestamp;
use domain::timing::Lane;
use store::{Creating, Leaving, Marking, Queued, Swap, Sweep};

use crate::desk::{Desk, Part, some};
use crate::world::{World, noon_plus, unchanged};

const LEFT: Leaving = Leaving::Left { announce: None };

async fn leave(world: &World, desk: &Desk, state: SourceState) -> Leaving {
    world.store.leave(desk.source, state, "a test says so", noon_plus(100)).await.unwrap()
}

fn error_of(finished: &Finished) -> Option<ErrorCode> {
    match &finished.ending {
        Ending::Failed(failure) => Some(failure.code),
        Ending::Completed { .. } => None,
    }
}

#[tokio::test]
async fn a_source_that_left_is_in_no_slot_takes_no_job_and_says_why() {
    for state in [SourceState::Gone, SourceState::Resting, SourceState::Moved, SourceState::Deleting] {
        let world = World::new().await;
        let desk = Desk::new(&world).await;
        desk.finish(&world).await;
        assert_eq!(world.store.slot(desk.poll.target.slot).await.unwrap().len(), 1);
        assert_eq!(leave(&world, &desk, state).await, LEFT);

        let seen = desk.again(&world).await;
        assert_eq!((seen.head.state, seen.head.since), (state, noon_plus(100)));
        assert_eq!(seen.head.reason.as_deref(), Some("a test says so"));
        assert_eq!(seen.head.version, desk.head.version + 1);
        assert_eq!(seen.poll.target, desk.poll.target, "its place is remembered");
        assert!(seen.pointer.closed);
        assert_eq!(world.store.slot(desk.poll.target.slot).await.unwrap(), []);
        assert_eq!(world.store.targets(&[desk.source]).await.unwrap(), []);
        let next = world.next(&desk.pointer, true, noon_plus(3_600));
        let swap = Swap { source: desk.source, seen: desk.pointer.job, next };
        assert!(matches!(world.store.queue(&[swap]).await[0], Queued::NotActive));
        let marking = world.store.mark(desk.source, desk.pointer.job, noon_plus(200), Lane::Fast, true).await.unwrap();
        assert_eq!(marking, Marking::Superseded);
        let listed = world.store.list(None, 10).await.unwrap().0.len();
        assert_eq!(listed, usize::from(state != SourceState::Deleting), "{state:?}");
        let found = world.store.find_by_url(&desk.head.url_keys[0]).await.unwrap();
        assert_eq!(found.is_some(), state != SourceState::Deleting, "{state:?}");
        assert_eq!(world.store.sweeps().await.unwrap().len(), usize::from(state == SourceState::Deleting));
    }
}

#[tokio::test]
async fn only_deletion_follows_another_departure_and_nothing_follows_deletion() {
    use SourceState::{Active, Deleting, Gone, Resting};
    let world = World::new().await;
    let desk = Desk::new(&world).await;
    for (asked, answer) in [
        (Active, Leaving::Already(Active)),
        (Gone, LEFT),
        (Gone, Leaving::Already(Gone)),
        (Resting, Leaving::Already(Gone)),
        (Active, Leaving::Already(Gone)),
        (Deleting, LEFT),
        (Deleting, Leaving::Already(Deleting)),
        (Gone, Leaving::Already(Deleting)),
    ] {
        assert_eq!(leave(&world, &desk, asked).await, answer, "{asked:?}");
    }
    let nobody = world.draft().head.source;
    assert_eq!(world.store.leave(nobody, Gone, "", noon_plus(1)).await.unwrap(), Leaving::Missing);
}

#[tokio::test]
async fn a_job_in_hand_is_failed_and_hands_on_what_it_was_given() {
    let world = World::new().await;
    let first = Desk::new(&world).await;
    first.finish(&world).await;
    let given = unchanged(first.source, &first.pointer).carry;
    // QUEUED, and ONGOING.
    for mark in [false, true] {
        let desk = if mark { Desk::new(&world).await } else { first.next(&world).await };
        if mark {
            let marking =
                world.store.mark(desk.source, desk.pointer.job, noon_plus(50), Lane::Slow, true).await.unwrap();
            assert!(matches!(marking, Marking::Marked(_)));
        }
        let pointer = desk.again(&world).await.pointer;
        assert_eq!(leave(&world, &desk, SourceState::Resting).await, LEFT);
        let end = world.store.finished(desk.source, pointer.job).await.unwrap().unwrap();
        assert_eq!((error_of(&end), end.ended_at), (Some(ErrorCode::Closed), noon_plus(100)));
        let possible_get = Some(pointer.possible_get_in_any_lane());
        assert_eq!(end.carry.last_get, possible_get.max(end.carry.last_get));
        if !mark {
            assert_eq!(end.carry, given.with_possible_get(possible_get), "validators and streak are handed on");
        }
    }
}

#[tokio::test]
async fn the_latest_job_is_kept_for_good_and_those_before_it_are_not() {
    let world = World::new().await;
    // Ended before the source left, and in hand when it did.
    for in_hand in [false, true] {
        let first = Desk::new(&world).await;
        first.finish(&world).await;
        let second = first.next(&world).await;
        if !in_hand {
            second.finish(&world).await;
        }
        leave(&world, &second, SourceState::Gone).await;
        for (desk, expires) in [(&first, true), (&second, false)] {
            let sort_key = format!("J#{}", desk.pointer.job);
            let request = world.client.get_item().table_name(&world.tables.sources);
            let request = request.key("pk", AttributeValue::S(format!("S#{}", desk.source)));
            let answer = request.key("sk", AttributeValue::S(sort_key)).send().await.unwrap();
            assert_eq!(answer.item.unwrap().contains_key("ttl"), expires, "{in_hand}");
        }
    }
}

#[tokio::test]
async fn a_job_whose_end_is_forgotten_does_not_end_a_second_time() {
    let world = World::new().await;
    let desk = Desk::new(&world).await;
    let later = noon_plus(31 * 86_400);
    world.store.leave(desk.source, SourceState::Gone, "", later).await.unwrap();
    assert!(desk.again(&world).await.pointer.closed);
    assert_eq!(world.store.finished(desk.source, desk.pointer.job).await.unwrap(), None);
}

#[tokio::test]
async fn an_open_landing_is_closed_and_its_range_told_until_it_is_heard() {
    let world = World::new().await;
    let mut desk = Desk::new(&world).await;
    desk.land(&world, &some(1..=2), Part::Whole).await;
    let mut desk = desk.next(&world).await;
    desk.land(&world, &some(3..=5), Part::Earlier).await;
    let range: Option<(JobId, Ordinal, Ordinal)> = Some((desk.pointer.job, Ordinal::new(3), Ordinal::new(5)));
    let told = Leaving::Left { announce: range };
    assert_eq!(leave(&world, &desk, SourceState::Gone).await, told);
    let seen = desk.again(&world).await;
    assert_eq!((seen.poll.open_landing, seen.pointer.open), (None, false));
    // Whoever closed it died before announcing.
    assert_eq!(leave(&world, &desk, SourceState::Gone).await, told);
    assert_eq!(leave(&world, &desk, SourceState::Deleting).await, told);
    assert_eq!(leave(&world, &desk, SourceState::Deleting).await, told);
}

#[tokio::test]
async fn an_answer_that_got_lost_changes_nothing() {
    let world = World::new().await;
    let mut desk = Desk::new(&world).await;
    desk.land(&world, &some(1..=2), Part::Earlier).await;
    // Two reads come first; their answers are lost too, and asked for again by the client.
    for answers in [1, 2] {
        world.lose(answers);
        let Leaving::Left { announce: Some((job, ..)) } = leave(&world, &desk, SourceState::Deleting).await else {
            panic!("not told")
        };
        assert_eq!(job, desk.pointer.job);
    }
    assert_eq!(desk.again(&world).await.head.version, desk.head.version + 1);
}

#[tokio::test]
async fn departure_and_landing_do_not_pass_each_other() {
    let world = World::new().await;
    for _ in 0..10 {
        let mut desk = Desk::new(&world).await;
        let mut other = desk.clone();
        let posts = some(1..=3);
        let (left, landed) =
            tokio::join!(leave(&world, &desk, SourceState::Gone), other.land(&world, &posts, Part::Earlier));
        desk = desk.again(&world).await;
        assert_eq!((desk.head.state, desk.poll.open_landing), (SourceState::Gone, None));
        let has_landed = matches!(landed, store::Landed::Landed { .. });
        assert_eq!(desk.head.post_count.get(), if has_landed { 3 } else { 0 });
        assert_eq!(matches!(left, Leaving::Left { announce: Some(_) }), has_landed, "{left:?} {landed:?}");
    }
}

#[tokio::test]
async fn the_urls_of_a_deleted_source_are_free_at_once_and_stay_their_new_owners() {
    let world = World::new().await;
    let desk = Desk::new(&world).await;
    assert_eq!(leave(&world, &desk, SourceState::Deleting).await, LEFT);
    let mut heir = world.draft();
    heir.head.url_keys.clone_from(&desk.head.url_keys);
    assert_eq!(world.store.create(&heir).await.unwrap(), Creating::Created);
    assert_eq!(sweep(&world, &desk, noon_plus(86_400), 100).await.0, Sweep::Done);
    let found = world.store.find_by_url(&desk.head.url_keys[0]).await.unwrap();
    assert_eq!(found, Some(heir.head.source));
}

/// Sweeps with `budget` until there is an end, and returns it and how often that took.
async fn sweep(world: &World, desk: &Desk, now: Timestamp, budget: usize) -> (Sweep, usize) {
    for call in 1..500 {
        match world.store.sweep(desk.source, now, budget).await.unwrap() {
            Sweep::More => {}
            end => return (end, call),
        }
    }
    panic!("no end")
}

#[tokio::test]
async fn a_sweep_leaves_nothing_however_often_it_is_stopped() {
    let quiet = noon_plus(100 + 900 + 3_600 + 740 + 120);
    for budget in [1, 2, 7, 1_000] {
        let world = World::new().await;
        let mut desk = Desk::new(&world).await;
        let mut bystander = Desk::new(&world).await;
        for from in [1, 11, 21] {
            desk.land(&world, &some(from..=from + 9), Part::Whole).await;
            desk = desk.next(&world).await;
        }
        bystander.land(&world, &some(1..=3), Part::Whole).await;
        let numbers = desk.head.recent.numbers().to_vec();
        assert_eq!(leave(&world, &desk, SourceState::Deleting).await, LEFT);

        let (end, calls) = sweep(&world, &desk, noon_plus(200), budget).await;
        assert_eq!(end, Sweep::NotBefore(quiet), "{budget}");
        // Four jobs, thirty keys, thirty posts.
        assert!(calls >= 64 / budget, "{calls} calls with {budget}");
        assert!(world.store.posts(&numbers).await.unwrap().is_empty());
        assert!(desk.again(&world).await.pointer.closed, "whoever is late can still see that it is being deleted");
        assert_eq!(world.store.sweeps().await.unwrap(), [desk.source]);

        // A fetcher that had the job all the time ends it now.
        desk.finish(&world).await;
        let (end, calls) = sweep(&world, &desk, quiet, budget).await;
        assert_eq!(end, Sweep::Done);
        assert!(calls >= 2, "the last pass found nothing");
        assert_eq!(world.store.view(desk.source).await.unwrap(), None);
        assert_eq!(world.store.latest(desk.source).await.unwrap(), None);
        assert_eq!(world.store.history(desk.source, None, 10).await.unwrap(), []);
        let keys = some(1..=30).iter().map(store::PostFacts::key).collect::<Vec<_>>();
        assert!(world.store.known(desk.source, &keys).await.unwrap().is_empty());
        assert_eq!(world.store.sweeps().await.unwrap(), []);
        assert_eq!(leave(&world, &desk, SourceState::Deleting).await, Leaving::Missing);

        let kept = bystander.again(&world).await;
        assert_eq!((&kept.head, &kept.poll), (&bystander.head, &bystander.poll));
        assert_eq!(world.store.page(bystander.source, None, 10).await.unwrap().len(), 3);
    }
}

#[tokio::test]
async fn a_source_that_is_not_being_deleted_is_not_swept() {
    let world = World::new().await;
    let mut desk = Desk::new(&world).await;
    desk.land(&world, &some(1..=2), Part::Whole).await;
    leave(&world, &desk, SourceState::Resting).await;
    assert_eq!(sweep(&world, &desk, noon_plus(1_000_000), 10).await, (Sweep::Done, 1));
    assert_eq!(world.store.page(desk.source, None, 10).await.unwrap().len(), 2);
}
