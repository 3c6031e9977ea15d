//! Subscriptions: one a user and source, counted, and what was read of them, whoever changes it at the same time.

use domain::account::User;
use domain::id::{FolderId, Ordinal, ShortId, SourceId, SystemEntropy, UserId};
use domain::reading::{First, Mark, Operation, ReadState, Shown};
use domain::source::{Head, Poll, SourceState};
use domain::subscription::Subscription;
use store::{Changing, Creating, StoreError, Subscribing};

use crate::desk::{Desk, Part, some};
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
