//! Deletions of sources go on run by run until nothing is left.

use std::time::Duration;

use domain::id::{InstallationKey, SourceId, SystemEntropy};
use domain::private::{Hidden, Secrets, Vault};
use domain::source::{LONGEST_REST, SourceState};
use faults::Stop;
use store::{Creating, Leaving, Subscribing, Task};

use crate::world::{DAY, HOUR, MINUTE, World, noise};

#[tokio::test]
async fn a_deletion_goes_on_until_nothing_of_the_source_is_left_and_no_earlier_than_a_late_fetcher_could_write() {
    let world = World::new().await;
    let source = world.source().await;
    world.land(source, &["<p>one</p>".to_owned(), noise(60_000, 1)]).await;
    let left = world.store.leave(source, SourceState::Deleting, "someone deleted it", world.now()).await.unwrap();
    assert!(matches!(left, Leaving::Left { .. }));
    let report = world.run().await;
    assert_eq!((report.swept, report.sweeping), (0, 1));
    assert_eq!(world.store.sweeps().await.unwrap(), [source], "a fetcher may still be at it");
    world.pass(HOUR * 2);
    let report = world.run().await;
    assert_eq!((report.swept, report.sweeping), (1, 0), "all at once: the run has time");
    assert_eq!(world.items().await, Vec::<String>::new());
    assert_eq!(world.blobs().await.len(), 1, "not in the same pass");
    world.pass(DAY);
    assert_eq!(world.run().await.blobs_deleted, 1);
    assert_eq!(world.blobs().await.len(), 0);
}

#[tokio::test]
async fn a_source_that_nobody_has_wanted_for_a_month_is_deleted_and_no_other() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for (n, state) in (0_u32..).zip([SourceState::Resting, SourceState::Gone, SourceState::Resting]) {
        let source = world.source().await;
        world.store.leave(source, state, "", world.now() + DAY * n).await.unwrap();
        ids.push(source);
    }
    world.pass(LONGEST_REST - MINUTE);
    assert_eq!(world.run().await.rested, 0, "not yet");
    world.pass(HOUR);
    assert_eq!(world.run().await.rested, 1);
    let state = async |n: usize| world.store.head(ids[n]).await.unwrap().map(|head| head.state);
    assert_eq!(state(0).await, Some(SourceState::Deleting));
    assert_eq!((state(1).await, state(2).await), (Some(SourceState::Gone), Some(SourceState::Resting)));
}

#[tokio::test]
async fn stopped_at_any_call_the_next_run_takes_a_deletion_to_its_end() {
    for at in 1.. {
        let world = World::new().await;
        let source = world.source().await;
        world.land(source, &["<p>one</p>".to_owned()]).await;
        world.store.leave(source, SourceState::Deleting, "", world.now()).await.unwrap();
        world.pass(HOUR * 2);
        let stopped = world.run_until(Stop::After(at)).await.is_none();
        // The lease of the one that died is over within its own time.
        world.pass(Duration::from_secs(300));
        assert!(!world.run().await.held, "stopped after {at}");
        assert_eq!(world.items().await, Vec::<String>::new(), "stopped after {at}");
        if !stopped {
            assert!(at > 8, "it was not stopped anywhere");
            break;
        }
    }
}

#[tokio::test]
async fn two_runs_at_once_are_one() {
    let world = World::new().await;
    let holder = "another run";
    world.store.take_task(Task::Maintenance, holder, world.now(), world.now() + HOUR).await.unwrap();
    let source = world.source().await;
    world.store.leave(source, SourceState::Deleting, "", world.now() - HOUR * 2).await.unwrap();
    let report = world.run().await;
    assert_eq!((report.held, report.swept), (true, 0));
    world.store.release_task(Task::Maintenance, holder).await.unwrap();
    assert_eq!(world.run().await.swept, 1);
}

#[tokio::test]
async fn what_was_never_told_of_a_source_is_told_before_it_is_deleted_for_want_of_readers() {
    let world = World::new().await;
    let source = world.source().await;
    world.land(source, &["<p>one</p>".to_owned()]).await;
    world.store.leave(source, SourceState::Resting, "", world.now()).await.unwrap();
    world.close_untold(source).await;
    world.pass(LONGEST_REST + MINUTE);
    assert_eq!((world.run().await.rested, world.told()), (1, 1));
    let head = world.store.head(source).await.unwrap().unwrap();
    assert_eq!(head.state, SourceState::Deleting);
}

/// A private source of Ada's that has a post and is in `state`; she subscribes to it, or did.
async fn private(world: &World, state: SourceState, subscribes: bool) -> SourceId {
    let ada = world.member("ada@example.org").await;
    let (source, vault) =
        (SourceId::draw(&mut SystemEntropy), Vault::new(&InstallationKey::generate(&mut SystemEntropy)));
    let secrets = Secrets { url: Hidden::new("https://example.org/feed?token=sesame".to_owned()), login: None };
    let sealed = vault.seal(vault.first(), source, &secrets, &mut SystemEntropy).unwrap();
    assert_eq!(world.source_of(source, Some(sealed), Some(ada)).await, Creating::Created);
    if subscribes {
        let subscribed = world.store.subscribe(ada, source, 20, world.now()).await.unwrap();
        assert!(matches!(subscribed, Subscribing::Subscribed(_)), "{subscribed:?}");
    }
    world.land(source, &["<p>one</p>".to_owned()]).await;
    if state != SourceState::Active {
        world.store.leave(source, state, "", world.now()).await.unwrap();
    }
    source
}

/// What is left that hangs on a source.
async fn left_of(world: &World, source: SourceId) -> Vec<String> {
    let items = world.items().await.into_iter();
    items.filter(|key| key.contains(source.as_str()) || key.trim().is_empty()).collect()
}

#[tokio::test]
async fn a_private_source_to_which_its_owner_does_not_subscribe_goes_whatever_its_state_and_with_all_that_is_sealed() {
    for state in [SourceState::Active, SourceState::Resting, SourceState::Gone] {
        let world = World::new().await;
        let source = private(&world, state, false).await;
        assert_eq!(world.run().await.rested, 1, "{state:?}");
        let (head, poll) = world.store.view(source).await.unwrap().unwrap();
        assert_eq!((head.state, poll.sealed.is_none()), (SourceState::Deleting, true), "{state:?}");
        world.pass(HOUR * 2);
        assert_eq!(world.run().await.swept, 1, "{state:?}");
        assert_eq!(left_of(&world, source).await, Vec::<String>::new(), "{state:?}");
    }
}

#[tokio::test]
async fn a_private_source_stays_as_long_as_its_owner_subscribes_to_it() {
    for state in [SourceState::Active, SourceState::Gone] {
        let world = World::new().await;
        let source = private(&world, state, true).await;
        world.pass(DAY * 2);
        assert_eq!(world.run().await.rested, 0, "{state:?}");
        let (head, poll) = world.store.view(source).await.unwrap().unwrap();
        assert_eq!((head.state, poll.sealed.is_some()), (state, true), "{state:?}");
    }
}

#[tokio::test]
async fn stopped_at_any_call_the_next_runs_delete_a_private_source_without_its_owner() {
    for at in 1.. {
        let world = World::new().await;
        let source = private(&world, SourceState::Gone, false).await;
        let stopped = world.run_until(Stop::After(at)).await.is_none();
        // The lease of the one that died is over within its own time.
        world.pass(Duration::from_secs(300));
        assert!(!world.run().await.held, "stopped after {at}");
        world.pass(HOUR * 2);
        world.run().await;
        assert_eq!(left_of(&world, source).await, Vec::<String>::new(), "stopped after {at}");
        if !stopped {
            assert!(at > 8, "it was not stopped anywhere");
            break;
        }
    }
}
