//! The way back to `active`: what leaving took is there again, and nothing is lost on the way.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::Ordinal;
use domain::job::FINISHED_RETENTION;
use domain::source::SourceState;
use domain::time::Timestamp;
use domain::timing::Lane;
use store::{Leaving, Marking, Queued, Resuming, Swap};

use crate::desk::{Desk, Part, some};
use crate::world::{World, noon_plus, unchanged};

async fn leave(world: &World, desk: &Desk, state: SourceState) -> Leaving {
    world.store.leave(desk.source, state, "a test says so", noon_plus(100)).await.unwrap()
}

async fn resume(world: &World, desk: &Desk) -> Resuming {
    world.store.resume(desk.source, noon_plus(500)).await.unwrap()
}

/// When the latest job of a source is forgotten.
async fn expiry(world: &World, desk: &Desk) -> Option<i64> {
    let request = world.client.get_item().table_name(&world.tables.sources);
    let request = request.key("pk", AttributeValue::S(format!("S#{}", desk.source)));
    let job = AttributeValue::S(format!("J#{}", desk.pointer.job));
    let item = request.key("sk", job).send().await.unwrap().item.unwrap();
    item.get("ttl").map(|ttl| ttl.as_n().unwrap().parse().unwrap())
}

#[tokio::test]
async fn a_source_that_is_back_is_in_its_slot_takes_jobs_and_says_nothing_of_its_absence() {
    for state in [SourceState::Gone, SourceState::Resting] {
        let world = World::new().await;
        let desk = Desk::new(&world).await;
        desk.finish(&world).await;
        leave(&world, &desk, state).await;
        assert_eq!(expiry(&world, &desk).await, None);
        assert_eq!(resume(&world, &desk).await, Resuming::Resumed);

        let seen = desk.again(&world).await;
        assert_eq!((seen.head.state, seen.head.since, &seen.head.reason), (SourceState::Active, noon_plus(500), &None));
        assert_eq!((seen.head.version, &seen.poll.target), (desk.head.version + 2, &desk.poll.target));
        assert_eq!(seen.pointer, seen.pointer.reopened(false, noon_plus(500)));
        let marking = world.store.mark(desk.source, desk.pointer.job, noon_plus(501), Lane::Fast, true).await.unwrap();
        assert!(matches!(marking, Marking::HeldUntil(_)), "nobody works on the job that ended: {marking:?}");
        assert_eq!(world.store.slot(desk.poll.target.slot).await.unwrap(), std::slice::from_ref(&desk.poll.target));
        // A month after what its server asked for.
        let held = unchanged(desk.source, &desk.pointer).carry.not_before.unwrap().at.max(noon_plus(500));
        assert_eq!(expiry(&world, &desk).await, Some((held + FINISHED_RETENTION).as_secs()));
        let next = world.next(&desk.pointer, true, noon_plus(3_600));
        let swap = Swap { source: desk.source, seen: desk.pointer.job, next };
        assert!(matches!(world.store.queue(&[swap]).await[0], Queued::Queued));
        assert_eq!(resume(&world, &desk).await, Resuming::Active);
    }
}

#[tokio::test]
async fn from_a_move_and_a_deletion_there_is_no_way_back() {
    for state in [SourceState::Moved, SourceState::Deleting] {
        let world = World::new().await;
        let desk = Desk::new(&world).await;
        leave(&world, &desk, state).await;
        assert_eq!(resume(&world, &desk).await, Resuming::Final(state));
        assert_eq!(desk.again(&world).await.head.state, state);
    }
    let world = World::new().await;
    assert_eq!(world.store.resume(world.draft().head.source, noon_plus(1)).await.unwrap(), Resuming::Missing);
}

#[tokio::test]
async fn a_landing_that_the_departure_closed_is_open_again_so_that_it_is_announced_whole() {
    let world = World::new().await;
    let mut desk = Desk::new(&world).await;
    desk.land(&world, &some(1..=2), Part::Earlier).await;
    // Whoever closes it dies before announcing.
    leave(&world, &desk, SourceState::Gone).await;
    let range = Some((desk.pointer.job, Ordinal::new(1), Ordinal::new(2)));
    assert_eq!(world.store.closed_landing(desk.source).await.unwrap(), range);
    assert_eq!(resume(&world, &desk).await, Resuming::Resumed);
    let desk = desk.again(&world).await;
    assert_eq!((desk.poll.open_landing, desk.pointer.open), (Some(Ordinal::new(1)), true));
    assert!(desk.next(&world).await.pointer.open, "the next job is told");
    let told = leave(&world, &desk, SourceState::Gone).await;
    let Leaving::Left { announce: Some((_, first, last)) } = told else { panic!("{told:?}") };
    assert_eq!((first, last), (Ordinal::new(1), Ordinal::new(2)));
}

#[tokio::test]
async fn a_slot_given_meanwhile_is_the_one_it_comes_back_to() {
    let world = World::new().await;
    let desk = Desk::new(&world).await;
    leave(&world, &desk, SourceState::Resting).await;
    let seen = desk.again(&world).await;
    let mut target = seen.poll.target.clone();
    target.settings.interval_minutes = 240;
    target.slot = domain::wheel::Slot::of(desk.source, 240, 1);
    world.store.change_settings(&seen.head, target.settings, &target).await.unwrap();
    assert_eq!(resume(&world, &desk).await, Resuming::Resumed);
    assert_eq!(world.store.slot(target.slot).await.unwrap(), [target]);
}

#[tokio::test]
async fn an_answer_that_got_lost_and_two_who_ask_at_once_make_one_return() {
    let world = World::new().await;
    let desk = Desk::new(&world).await;
    leave(&world, &desk, SourceState::Gone).await;
    world.lose(1);
    assert!(matches!(resume(&world, &desk).await, Resuming::Resumed | Resuming::Active));
    leave(&world, &desk, SourceState::Gone).await;
    let (one, other) = tokio::join!(resume(&world, &desk), resume(&world, &desk));
    let resumed = |answer: &Resuming| *answer == Resuming::Resumed;
    assert_eq!([one, other].iter().filter(|answer| resumed(answer)).count(), 1, "{one:?} {other:?}");
    assert_eq!(desk.again(&world).await.head.version, desk.head.version + 4);
}

#[tokio::test]
async fn return_and_deletion_do_not_pass_each_other() {
    let world = World::new().await;
    for _ in 0..10 {
        let desk = Desk::new(&world).await;
        leave(&world, &desk, SourceState::Resting).await;
        tokio::join!(resume(&world, &desk), leave(&world, &desk, SourceState::Deleting));
        let seen = desk.again(&world).await;
        assert_eq!((seen.head.state, seen.pointer.closed), (SourceState::Deleting, true));
        assert_eq!(world.store.slot(desk.poll.target.slot).await.unwrap(), []);
    }
    assert_eq!(world.store.resting(noon_plus(1_000_000), 10).await.unwrap(), []);
}

#[tokio::test]
async fn resting_sources_are_listed_longest_first_until_they_rest_no_more() {
    let world = World::new().await;
    let mut desks = Vec::new();
    for n in [3, 1, 2] {
        let desk = Desk::new(&world).await;
        world.store.leave(desk.source, SourceState::Resting, "", noon_plus(n)).await.unwrap();
        desks.push(desk);
    }
    let [third, first, second] = &desks[..] else { panic!() };
    let resting = async |before: Timestamp, limit| world.store.resting(before, limit).await.unwrap();
    assert_eq!(resting(noon_plus(3), 10).await, [first.source, second.source]);
    assert_eq!(resting(noon_plus(4), 1).await, [first.source]);
    resume(&world, first).await;
    leave(&world, second, SourceState::Deleting).await;
    assert_eq!(resting(noon_plus(4), 10).await, [third.source]);
}

#[tokio::test]
async fn who_subscribes_before_the_end_of_the_rest_keeps_the_source() {
    let world = World::new().await;
    let desk = Desk::new(&world).await;
    let delete = async |before| world.store.delete_rested(desk.source, before, noon_plus(900)).await.unwrap();
    assert_eq!(delete(noon_plus(800)).await, Leaving::Already(SourceState::Active));
    leave(&world, &desk, SourceState::Resting).await;
    assert_eq!(delete(noon_plus(100)).await, Leaving::Already(SourceState::Resting));
    resume(&world, &desk).await;
    assert_eq!(delete(noon_plus(800)).await, Leaving::Already(SourceState::Active));
    world.store.leave(desk.source, SourceState::Resting, "", noon_plus(600)).await.unwrap();
    assert_eq!(delete(noon_plus(800)).await, Leaving::Left { announce: None });
    assert_eq!(world.store.sweeps().await.unwrap(), [desk.source]);
}
