//! The end of a user.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::account::User;
use domain::id::kinds::{Invitation, Reset, Session, Token};
use domain::id::{SourceId, UserId};
use domain::source::SourceState;
use domain::time::Timestamp;
use futures_util::future::join_all;
use store::{ChangingEmail, Erasing, Erasure, Registering, Subscribing};

use super::{email, held_at, of_user, secrets, someone, stop_after};
use crate::world::{NOON, World, noon_plus};

const SUBSCRIPTIONS: [&str; 2] = ["3kTMd9aZ", "zzzzzzzz"];

/// A user with all that a user can have.
async fn settled(world: &World, address: &str) -> User {
    let user = world.member(address).await;
    world.issue::<Token>(&user).await;
    world.issue::<Session>(&user).await;
    world.issue::<Invitation>(&user).await;
    world.issue::<Reset>(&user).await;
    world.share(user.id).await;
    let own = ["PREFS", "FOLDER#3kTMd9aZ", "STAR#1", "STAR#2", "LABEL#later#2", "IDEM#x"].map(str::to_owned);
    let subscriptions = SUBSCRIPTIONS.map(|source| format!("SUB#{source}"));
    let partition = format!("U#{}", user.id);
    join_all(own.iter().chain(&subscriptions).map(|sk| world.put(&partition, sk))).await;
    user
}

async fn unsubscribe(world: &World, user: UserId, source: SourceId) {
    let request = world.client.delete_item().table_name(&world.tables.readers);
    let request = request.key("pk", AttributeValue::S(format!("U#{user}")));
    request.key("sk", AttributeValue::S(format!("SUB#{source}"))).send().await.unwrap();
}

/// From the beginning to the end, a few items at a time.
async fn erase(world: &World, user: UserId, now: Timestamp) {
    world.store.begin_erasing(user, NOON).await.unwrap();
    loop {
        match world.store.erase(user, now, 3).await.unwrap() {
            Erasure::More => {}
            Erasure::Subscribed(sources) => {
                for source in sources {
                    unsubscribe(world, user, source).await;
                }
            }
            Erasure::NotBefore(_) => panic!("it is late enough"),
            Erasure::Done => return,
        }
    }
}

#[tokio::test]
async fn from_the_first_write_on_nobody_gets_in_and_the_address_is_free() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    let (session, _) = world.issue::<Session>(&user).await;
    let (token, _) = world.issue::<Token>(&user).await;
    let (reset, _) = world.issue::<Reset>(&user).await;
    let (invitation, _) = world.issue::<Invitation>(&user).await;
    assert_eq!(world.store.begin_erasing(user.id, NOON).await.unwrap(), Erasing::Begun);
    assert_eq!(world.access(&session).await, None);
    assert_eq!(world.access(&token).await, None);
    assert_eq!(world.access(&reset).await, None);
    assert_eq!(world.access(&invitation).await, None);
    assert_eq!(world.store.user(user.id).await.unwrap(), None);
    assert_eq!(world.store.user_by_email(&user.email).await.unwrap(), None);
    assert_eq!(world.store.register(&someone("ADA@example.org"), None).await.unwrap(), Registering::Registered);
    assert_eq!(world.store.erasures().await.unwrap(), [user.id]);
    let stored = world.stored().await;
    let profile = &stored[&(format!("U#{}", user.id), "PROFILE".to_owned())];
    assert!(!profile.contains_key("email") && !profile.contains_key("password"), "{:?}", profile.keys());
}

#[tokio::test]
async fn a_deletion_begins_once_and_who_is_not_there_cannot_be_deleted() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    for second in [0, 60] {
        assert_eq!(world.store.begin_erasing(user.id, noon_plus(second)).await.unwrap(), Erasing::Begun);
    }
    assert_eq!(world.store.erase(user.id, noon_plus(119), 9).await.unwrap(), Erasure::NotBefore(noon_plus(120)));
    assert_eq!(world.store.erase(user.id, noon_plus(120), 9).await.unwrap(), Erasure::Done);
    assert_eq!(world.store.begin_erasing(user.id, NOON).await.unwrap(), Erasing::Missing);
    assert_eq!(world.store.erase(user.id, NOON, 9).await.unwrap(), Erasure::Done);
    assert_eq!(world.store.begin_erasing(someone("x@y").id, NOON).await.unwrap(), Erasing::Missing);
    assert!(world.stored().await.is_empty());
}

#[tokio::test]
async fn who_is_not_being_deleted_loses_nothing() {
    let world = World::new().await;
    let user = settled(&world, "ada@example.org").await;
    let before = world.stored().await;
    assert_eq!(world.store.erase(user.id, noon_plus(9_999), 100).await.unwrap(), Erasure::Done);
    assert_eq!(world.stored().await, before);
}

#[tokio::test]
async fn a_deletion_stopped_anywhere_is_taken_up_again_and_touches_nobody_else() {
    let world = World::new().await;
    settled(&world, "bystander@example.org").await;
    let others = world.stored().await;
    let mut stops = 0;
    loop {
        let user = settled(&world, "ada@example.org").await;
        let stopped = stop_after(stops, erase(&world, user.id, noon_plus(120))).await.is_none();
        erase(&world, user.id, noon_plus(120)).await;
        assert_eq!(world.stored().await, others, "stopped at {stops}");
        if !stopped {
            break;
        }
        stops += 1;
    }
    assert!(stops > 12, "only {stops} places to stop at");
}

#[tokio::test]
async fn subscriptions_are_left_to_be_ended_one_by_one() {
    let world = World::new().await;
    let user = settled(&world, "ada@example.org").await;
    world.store.begin_erasing(user.id, NOON).await.unwrap();
    let sources = SUBSCRIPTIONS.map(|source| source.parse().unwrap());
    for _ in 0..2 {
        let erasure = world.store.erase(user.id, noon_plus(120), 100).await.unwrap();
        assert_eq!(erasure, Erasure::Subscribed(sources.to_vec()));
    }
    let stored = world.stored().await;
    assert_eq!(of_user(&stored, user.id), ["PROFILE", "SUB#3kTMd9aZ", "SUB#zzzzzzzz"]);
    assert_eq!(secrets(&stored), 0);
    for source in sources {
        unsubscribe(&world, user.id, source).await;
    }
    assert_eq!(world.store.erase(user.id, noon_plus(120), 100).await.unwrap(), Erasure::Done);
    assert!(world.stored().await.is_empty());
}

#[tokio::test]
async fn whom_a_deleted_user_was_subscribed_to_counts_one_less_and_stays() {
    let world = World::new().await;
    let mut draft = world.draft();
    (draft.head.subscribers, draft.target.subscribers) = (0, 0);
    world.store.create(&draft).await.unwrap();
    let source = draft.head.source;
    let (ada, bob) = (world.member("ada@example.org").await, world.member("bob@example.org").await);
    for user in [&ada, &bob] {
        world.store.subscribe(user.id, source, 20, NOON).await.unwrap();
    }
    world.store.begin_erasing(ada.id, NOON).await.unwrap();
    let late = world.store.subscribe(ada.id, world.source().await.0, 20, NOON).await.unwrap();
    assert_eq!(late, Subscribing::NoUser);
    assert_eq!(world.store.erase(ada.id, noon_plus(120), 9).await.unwrap(), Erasure::Subscribed(vec![source]));
    world.store.unsubscribe(ada.id, source, noon_plus(120)).await.unwrap();
    assert_eq!(world.store.erase(ada.id, noon_plus(120), 9).await.unwrap(), Erasure::Done);
    let head = world.store.head(source).await.unwrap().unwrap();
    assert_eq!((head.subscribers, head.state), (1, SourceState::Active));
    assert_eq!(world.store.subscribers(source, None, 9).await.unwrap(), [bob.id]);
}

#[tokio::test]
async fn what_a_request_under_way_still_writes_is_found() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    world.store.begin_erasing(user.id, NOON).await.unwrap();
    assert_eq!(world.store.erase(user.id, noon_plus(30), 9).await.unwrap(), Erasure::NotBefore(noon_plus(120)));
    world.put(format!("U#{}", user.id), "STAR#7").await;
    assert_eq!(world.store.erase(user.id, noon_plus(120), 9).await.unwrap(), Erasure::More);
    assert_eq!(world.store.erase(user.id, noon_plus(120), 9).await.unwrap(), Erasure::Done);
    assert!(world.stored().await.is_empty());
}

#[tokio::test]
async fn a_change_of_address_in_the_middle_of_a_deletion_leaves_no_address_behind() {
    let world = World::new().await;
    for waits in 0.. {
        let user = world.member("ada@example.org").await;
        let other = email("eve@example.org");
        let change = world.store.change_email(&user, &other);
        let answers = held_at(waits, world.store.begin_erasing(user.id, NOON), change).await;
        if let Some((begun, changed)) = &answers {
            assert_eq!(begun.as_ref().unwrap(), &Erasing::Begun);
            let changed = changed.as_ref().unwrap();
            assert!(matches!(changed, ChangingEmail::Changed(_) | ChangingEmail::Missing), "{changed:?}");
        }
        erase(&world, user.id, noon_plus(120)).await;
        assert!(world.stored().await.is_empty(), "held at {waits}");
        if answers.is_none() {
            assert!(waits > 1, "it was not held");
            break;
        }
    }
}
