//! Sources: made, found, listed, changed.

use std::collections::HashSet;
use std::time::Duration;

use domain::source::{Poll, SourceSettings, SourceState};
use domain::timing::Lane;
use domain::wheel::Slot;
use domain::window::Window;
use store::{Change, Creating, Leaving};

use crate::world::{World, noon_plus};

#[tokio::test]
async fn a_new_source_is_whole() {
    let world = World::new().await;
    let draft = world.draft();
    let source = draft.head.source;
    world.lose(1);
    assert_eq!(world.store.create(&draft).await.unwrap(), Creating::Created);
    assert_eq!(world.store.create(&draft).await.unwrap(), Creating::Created, "again, as after a lost response");
    let poll =
        Poll { target: draft.target.clone(), window: Window::default(), open_landing: None, sealed: None, version: 1 };
    assert_eq!(world.store.head(source).await.unwrap(), Some(draft.head.clone()));
    assert_eq!(world.store.poll(source).await.unwrap(), Some(poll.clone()));
    assert_eq!(world.store.view(source).await.unwrap(), Some((draft.head.clone(), poll)));
    assert_eq!(world.pointer(source).await, draft.pointer);
    assert_eq!(world.store.find_by_url(&draft.head.url).await.unwrap(), Some(source));
    assert_eq!(world.store.due(draft.target.slot.shard, draft.due).await.unwrap(), [source]);
}

#[tokio::test]
async fn a_url_belongs_to_one_source_and_an_id_is_given_once() {
    let world = World::new().await;
    let (first, mut second) = (world.draft(), world.draft());
    world.store.create(&first).await.unwrap();
    second.head.url_keys.push(first.head.url.clone());
    assert_eq!(world.store.create(&second).await.unwrap(), Creating::UrlTaken(first.head.source));
    assert_eq!(world.store.head(second.head.source).await.unwrap(), None, "none of it was made");
    assert_eq!(world.store.find_by_url(&second.head.url).await.unwrap(), None);
    let mut third = world.draft();
    third.head.source = first.head.source;
    third.target.source = first.head.source;
    assert_eq!(world.store.create(&third).await.unwrap(), Creating::IdTaken);
    assert_eq!(world.store.head(first.head.source).await.unwrap(), Some(first.head));
}

#[tokio::test]
async fn what_is_not_there_is_none() {
    let world = World::new().await;
    let nobody = world.draft().head.source;
    assert_eq!(world.store.head(nobody).await.unwrap(), None);
    assert_eq!(world.store.poll(nobody).await.unwrap(), None);
    assert_eq!(world.store.view(nobody).await.unwrap(), None);
    assert_eq!(world.store.heads(&[nobody]).await.unwrap(), []);
    assert_eq!(world.store.list(None, 5).await.unwrap(), (vec![], None));
}

#[tokio::test]
async fn the_list_has_every_source_once() {
    let world = World::new().await;
    let mut made = HashSet::new();
    for _ in 0..7 {
        made.insert(world.source().await.0);
    }
    let (mut told, mut after) = (Vec::new(), None);
    loop {
        let (page, next) = world.store.list(after, 3).await.unwrap();
        assert!(page.len() <= 3);
        told.extend(page.into_iter().map(|head| head.source));
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(told.len(), 7);
    assert_eq!(told.into_iter().collect::<HashSet<_>>(), made);
}

#[tokio::test]
async fn settings_change_in_both_parts_or_in_none() {
    let world = World::new().await;
    let draft = world.draft();
    let source = draft.head.source;
    world.store.create(&draft).await.unwrap();
    let settings = SourceSettings { timeout: Duration::from_secs(45), interval_minutes: 240 };
    let mut target = draft.target.clone();
    target.settings = settings;
    target.slot = Slot::of(source, 240, 1);
    target.lane = Lane::Slow;
    let change = async |head| world.store.change_settings(head, settings, &target).await.unwrap();
    world.lose(1);
    let Change::Changed(head) = change(&draft.head).await else { panic!("nobody else changes it") };
    assert_eq!((head.settings, head.version), (settings, 2));
    assert_eq!(change(&draft.head).await, Change::Changed(head.clone()), "again, as after a lost response");
    let (stored, poll) = world.store.view(source).await.unwrap().unwrap();
    assert_eq!((stored, poll.target.clone(), poll.version), (head.clone(), target.clone(), 2));
    assert_eq!(world.store.slot(target.slot).await.unwrap(), [target.clone()]);

    assert!(world.store.describe(source, Some("New title"), None, None).await.unwrap());
    let other = SourceSettings { interval_minutes: 60, ..settings };
    assert_eq!(world.store.change_settings(&head, other, &target).await.unwrap(), Change::Conflict);
    assert_eq!(change(&world.draft().head).await, Change::Missing);
    assert_eq!(world.store.poll(source).await.unwrap().unwrap().version, 2, "the refused one touched neither part");
}

#[tokio::test]
async fn a_feed_describes_itself() {
    let world = World::new().await;
    let draft = world.draft();
    let source = draft.head.source;
    world.store.create(&draft).await.unwrap();
    assert!(
        world
            .store
            .describe(source, None, Some("https://example.org/"), Some("https://example.org/i.png"))
            .await
            .unwrap()
    );
    let head = world.store.head(source).await.unwrap().unwrap();
    assert_eq!(head.title, draft.head.title, "what it does not say stays");
    assert_eq!((head.site.as_deref(), head.version), (Some("https://example.org/"), 2));
    assert!(world.store.describe(source, None, None, None).await.unwrap());
    assert!(!world.store.describe(world.draft().head.source, Some("x"), None, None).await.unwrap());
}

#[tokio::test]
async fn a_lane_changes_only_where_the_poll_state_is_as_read() {
    let world = World::new().await;
    let (source, _) = world.source().await;
    assert!(world.store.set_lane(source, Lane::Fast, 1).await.unwrap());
    assert!(!world.store.set_lane(source, Lane::Slow, 1).await.unwrap());
    let poll = world.store.poll(source).await.unwrap().unwrap();
    assert_eq!((poll.target.lane, poll.version), (Lane::Fast, 2));
}

#[tokio::test]
async fn settings_of_a_source_that_is_not_polled_do_not_bring_it_back_to_the_wheel() {
    let world = World::new().await;
    let draft = world.draft();
    let source = draft.head.source;
    world.store.create(&draft).await.unwrap();
    let left = world.store.leave(source, SourceState::Gone, "410", noon_plus(5)).await.unwrap();
    assert!(matches!(left, Leaving::Left { .. }), "{left:?}");
    let head = world.store.head(source).await.unwrap().unwrap();
    let settings = SourceSettings { interval_minutes: 240, ..head.settings };
    let mut target = draft.target.clone();
    target.settings = settings;
    target.slot = Slot::of(source, 240, 1);
    let change = world.store.change_settings(&head, settings, &target).await.unwrap();
    assert!(matches!(change, Change::Changed(_)), "{change:?}");
    assert_eq!(world.store.targets(&[source]).await.unwrap(), []);
    assert_eq!(world.store.slot(target.slot).await.unwrap(), []);
    // For the day it comes back.
    assert_eq!(world.store.poll(source).await.unwrap().unwrap().target, target);
}
