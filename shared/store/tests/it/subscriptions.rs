//! Subscriptions: one a user and source, counted, and what was read of them, whoever changes it at the same time.

use domain::account::User;
use domain::id::{FolderId, Ordinal, ShortId, SourceId, SystemEntropy, UserId};
use domain::reading::{First, Mark, Operation, ReadState, Shown};
use domain::source::{Head, Poll, SourceState};
use domain::subscription::Subscription;
use store::{Changing, Creating, StoreError, Subscribing};

use crate::desk::{Desk, Part, some};
use crate::readers::stop_after;
use crate::world::{World, noon_plus};

async fn subscribe(world: &World, user: &User, source: SourceId) -> Subscribing {
    world.store.subscribe(user.id, source, 20, noon_plus(10)).await.unwrap()
}

async fn subscribed(world: &World, user: &User, source: SourceId) -> Subscription {
    match subscribe(world, user, source).await {
        Subscribing::Subscribed(subscription) => subscription,
        other => panic!("{other:?}"),
    }
}

/// A source that nobody subscribes to, on a desk.
async fn unwanted(world: &World) -> Desk {
    let mut draft = world.draft();
    (draft.head.subscribers, draft.target.subscribers) = (0, 0);
    assert_eq!(world.store.create(&draft).await.unwrap(), Creating::Created);
    Desk { source: draft.head.source, ..Desk::new(world).await }.again(world).await
}

async fn members(world: &World, count: usize) -> Vec<User> {
    let mut members = Vec::new();
    for n in 0..count {
        members.push(world.member(&format!("reader{n}@example.org")).await);
    }
    members
}

async fn view(world: &World, source: SourceId) -> (Head, Poll) {
    world.store.view(source).await.unwrap().unwrap()
}

fn shown(head: &Head) -> Shown {
    Shown { floor: head.floor_ordinal, last: head.post_count }
}

#[tokio::test]
async fn a_subscription_begins_with_the_last_posts_unread_and_is_there_once() {
    let world = World::new().await;
    let mut desk = unwanted(&world).await;
    desk.land(&world, &some(1..=30), Part::Whole).await;
    let ada = world.member("ada@example.org").await;
    let new = subscribed(&world, &ada, desk.source).await;
    let (head, poll) = view(&world, desk.source).await;
    assert_eq!((new.read.unread(shown(&head)), head.subscribers, poll.target.subscribers), (20, 1, 1));
    assert_eq!(subscribed(&world, &ada, desk.source).await, new, "a repeat changes nothing");
    assert_eq!(view(&world, desk.source).await.0.subscribers, 1);
    assert_eq!(world.store.subscriptions(ada.id).await.unwrap(), [new]);
    assert_eq!(world.store.subscribers(desk.source, None, 10).await.unwrap(), [ada.id]);
}

#[tokio::test]
async fn who_is_not_there_cannot_subscribe_and_what_is_not_there_cannot_be_subscribed_to() {
    let world = World::new().await;
    let desk = unwanted(&world).await;
    let ada = world.member("ada@example.org").await;
    let nobody = UserId::draw(&mut SystemEntropy);
    let answer = world.store.subscribe(nobody, desk.source, 20, noon_plus(1)).await.unwrap();
    assert_eq!(answer, Subscribing::NoUser);
    assert_eq!(subscribe(&world, &ada, world.draft().head.source).await, Subscribing::NoSource);
    world.store.leave(desk.source, SourceState::Deleting, "", noon_plus(2)).await.unwrap();
    assert_eq!(subscribe(&world, &ada, desk.source).await, Subscribing::NoSource);
    assert!(world.store.subscriptions(ada.id).await.unwrap().is_empty());
    world.store.begin_erasing(ada.id, noon_plus(3)).await.unwrap();
    let other = unwanted(&world).await;
    assert_eq!(subscribe(&world, &ada, other.source).await, Subscribing::NoUser);
    assert_eq!(view(&world, other.source).await.0.subscribers, 0);
}

#[tokio::test]
async fn all_who_subscribe_and_leave_at_once_are_counted_and_the_last_leaves_the_source_at_rest() {
    let world = World::new().await;
    let desk = unwanted(&world).await;
    let members = members(&world, 7).await;
    let all = members.iter().map(|user| subscribe(&world, user, desk.source));
    futures_util::future::join_all(all).await;
    let (head, poll) = view(&world, desk.source).await;
    assert_eq!((head.subscribers, poll.target.subscribers), (7, 10), "what origins are told moves in steps");
    let all = members.iter().map(|user| world.store.unsubscribe(user.id, desk.source, noon_plus(20)));
    for ended in futures_util::future::join_all(all).await {
        ended.unwrap();
    }
    let (head, _) = view(&world, desk.source).await;
    assert_eq!((head.subscribers, head.state), (0, SourceState::Resting));
    assert!(world.store.subscribers(desk.source, None, 10).await.unwrap().is_empty());
    assert_eq!(world.store.resting(noon_plus(100), 10).await.unwrap(), [desk.source]);
    assert_eq!(view(&world, desk.source).await.1.target.subscribers, 0, "origins are told of nobody");
    // Whoever subscribes takes it up again.
    subscribed(&world, &members[0], desk.source).await;
    let (head, poll) = view(&world, desk.source).await;
    assert_eq!((head.subscribers, head.state, poll.target.subscribers), (1, SourceState::Active, 1));
}

#[tokio::test]
async fn what_the_last_subscriber_left_open_is_told_until_it_is_heard() {
    let world = World::new().await;
    let mut desk = unwanted(&world).await;
    let ada = world.member("ada@example.org").await;
    subscribed(&world, &ada, desk.source).await;
    desk = desk.again(&world).await;
    desk.land(&world, &some(1..=3), Part::Earlier).await;
    let range = Some((desk.pointer.job, Ordinal::new(1), Ordinal::new(3)));
    for _ in 0..2 {
        assert_eq!(world.store.unsubscribe(ada.id, desk.source, noon_plus(20)).await.unwrap(), range);
    }
    assert_eq!(view(&world, desk.source).await.0.state, SourceState::Resting);
}

#[tokio::test]
async fn who_was_never_subscribed_puts_no_source_to_rest() {
    let world = World::new().await;
    let desk = unwanted(&world).await;
    let ada = world.member("ada@example.org").await;
    assert_eq!(world.store.unsubscribe(ada.id, desk.source, noon_plus(20)).await.unwrap(), None);
    assert_eq!(view(&world, desk.source).await.0.state, SourceState::Active);
}

#[tokio::test]
async fn a_source_comes_back_together_with_its_subscriber_or_not_at_all() {
    for state in [SourceState::Resting, SourceState::Gone] {
        let world = World::new().await;
        let desk = unwanted(&world).await;
        let ada = world.member("ada@example.org").await;
        world.store.leave(desk.source, state, "", noon_plus(1)).await.unwrap();
        let nobody = UserId::draw(&mut SystemEntropy);
        let answer = world.store.subscribe(nobody, desk.source, 20, noon_plus(2)).await.unwrap();
        assert_eq!(answer, Subscribing::NoUser);
        assert_eq!(view(&world, desk.source).await.0.state, state, "it is polled for nobody");
        for waits in 0..40 {
            let subscribing = world.store.subscribe(ada.id, desk.source, 20, noon_plus(10));
            let is_over = stop_after(waits, subscribing).await.is_some();
            let (head, poll) = view(&world, desk.source).await;
            let is_back = head.state == SourceState::Active;
            let readers = u32::from(world.store.subscription(ada.id, desk.source).await.unwrap().is_some());
            let told = (readers, head.subscribers, poll.target.subscribers);
            assert_eq!(told, if is_back { (1, 1, 1) } else { (0, 0, poll.target.subscribers) }, "{waits}");
            if is_over {
                break;
            }
        }
        assert_eq!(view(&world, desk.source).await.0.state, SourceState::Active);
        assert!(world.store.resting(noon_plus(100), 10).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_source_that_is_gone_rests_when_its_last_subscriber_leaves_and_is_deleted_like_any_other() {
    let world = World::new().await;
    let desk = unwanted(&world).await;
    let members = members(&world, 2).await;
    for user in &members {
        subscribed(&world, user, desk.source).await;
    }
    world.store.leave(desk.source, SourceState::Gone, "it said 410 twice", noon_plus(11)).await.unwrap();
    for (user, state) in members.iter().zip([SourceState::Gone, SourceState::Resting]) {
        world.store.unsubscribe(user.id, desk.source, noon_plus(20)).await.unwrap();
        assert_eq!(view(&world, desk.source).await.0.state, state);
    }
    assert_eq!(world.store.resting(noon_plus(100), 10).await.unwrap(), [desk.source]);
    world.store.delete_rested(desk.source, noon_plus(100), noon_plus(200)).await.unwrap();
    assert_eq!(view(&world, desk.source).await.0.state, SourceState::Deleting);
}

#[tokio::test]
async fn a_mark_from_before_a_new_beginning_brings_nothing_of_the_old_one_back() {
    let world = World::new().await;
    let mut desk = unwanted(&world).await;
    desk.land(&world, &some(1..=40), Part::Whole).await;
    let [ada, bob]: [User; 2] = members(&world, 2).await.try_into().unwrap();
    subscribed(&world, &bob, desk.source).await;
    let (store, all) = (&world.store, shown(&view(&world, desk.source).await.0));
    // All read, at version 0.
    let Subscribing::Subscribed(stale) = store.subscribe(ada.id, desk.source, 0, noon_plus(10)).await.unwrap() else {
        panic!("not subscribed")
    };
    store.unsubscribe(ada.id, desk.source, noon_plus(20)).await.unwrap();
    // Nothing read, at version 0.
    store.subscribe(ada.id, desk.source, 40, noon_plus(30)).await.unwrap();
    let mark = Operation::Posts(Mark::Unread, vec![Ordinal::new(1)]);
    let first = First::Through(Ordinal::new(40));
    store.change_read_subscription(stale, |there| there.apply(&mark, all, first)).await.unwrap();
    let there = store.subscription(ada.id, desk.source).await.unwrap().unwrap();
    assert_eq!((there.read.unread(all), there.added_at), (40, noon_plus(30)));
}

/// Repeats until an answer comes through; the first `lost` do not.
async fn insist<T>(world: &World, lost: usize, ask: impl AsyncFn() -> Result<T, StoreError>) -> T {
    world.lose(lost);
    for _ in 0..50 {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => assert!(error.is_retryable(), "{error:?}"),
        }
    }
    panic!("no answer")
}

#[tokio::test]
async fn whatever_answers_get_lost_each_subscribes_and_unsubscribes_once() {
    for lost in (1..24).step_by(3) {
        let world = World::new().await;
        let desk = unwanted(&world).await;
        let members = members(&world, 2).await;
        for user in &members {
            insist(&world, lost, || world.store.subscribe(user.id, desk.source, 20, noon_plus(10))).await;
        }
        world.lose(0);
        assert_eq!(view(&world, desk.source).await.0.subscribers, 2, "{lost} lost");
        insist(&world, lost, || world.store.unsubscribe(members[0].id, desk.source, noon_plus(20))).await;
        world.lose(0);
        assert_eq!(view(&world, desk.source).await.0.subscribers, 1, "{lost} lost");
    }
}

#[tokio::test]
async fn two_devices_that_mark_at_once_do_not_undo_each_other() {
    let world = World::new().await;
    let mut desk = unwanted(&world).await;
    desk.land(&world, &some(1..=20), Part::Whole).await;
    let ada = world.member("ada@example.org").await;
    subscribed(&world, &ada, desk.source).await;
    let all = shown(&view(&world, desk.source).await.0);
    let (store, reader, source) = (&world.store, ada.id, desk.source);
    let mark = |ordinal: u64| async move {
        let operation = Operation::Posts(Mark::Read, vec![Ordinal::new(ordinal)]);
        store.mark_read(reader, source, &operation, all, First::Through(Ordinal::NONE)).await.unwrap()
    };
    futures_util::future::join_all((1..=8).map(|n| n * 2).map(mark)).await;
    let there = world.store.subscription(ada.id, desk.source).await.unwrap().unwrap();
    assert_eq!((there.read.unread(all), there.version), (12, 8));
    let before = there.version;
    mark(2).await;
    let there = world.store.subscription(ada.id, desk.source).await.unwrap().unwrap();
    assert_eq!(there.version, before, "what is read already costs no write");
    let operation = Operation::AllThrough(all.last);
    let Changing::Changed(there) =
        world.store.mark_read(ada.id, desk.source, &operation, all, First::Through(Ordinal::NONE)).await.unwrap()
    else {
        panic!("not subscribed")
    };
    assert_eq!(there.read, ReadState::fresh(all, 0), "all read is a line and no exceptions");
}

#[tokio::test]
async fn titles_and_folders_change_beside_what_is_read() {
    let world = World::new().await;
    let desk = unwanted(&world).await;
    let (ada, bob) = (world.member("ada@example.org").await, world.member("bob@example.org").await);
    subscribed(&world, &ada, desk.source).await;
    let folder: FolderId = ShortId::draw(&mut SystemEntropy);
    for title in [Some("Mine".to_owned()), None] {
        let change = |subscription: &mut Subscription| {
            (subscription.title, subscription.folders) = (title.clone(), vec![folder]);
            true
        };
        world.store.change_subscription(ada.id, desk.source, change).await.unwrap();
        let there = world.store.subscription(ada.id, desk.source).await.unwrap().unwrap();
        assert_eq!((there.title, there.folders), (title, vec![folder]));
    }
    let change = |_: &mut Subscription| true;
    let answer = world.store.change_subscription(bob.id, desk.source, change).await.unwrap();
    assert_eq!(answer, Changing::Missing);
}
