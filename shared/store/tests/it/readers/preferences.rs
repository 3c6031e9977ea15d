//! How users like to read.

use domain::preferences::{PageSize, Preferences, Theme};
use domain::reading::Order;
use store::Preferring;

use super::someone;
use crate::world::{NOON, World};

#[tokio::test]
async fn two_devices_that_change_different_things_both_have_their_way() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await.id;
    assert_eq!(world.store.preferences(user).await.unwrap(), Preferences::default());
    let dark = world.store.change_preferences(user, |before| Preferences { theme: Theme::Dark, ..before });
    let oldest = world.store.change_preferences(user, |before| Preferences { order: Order::OldestFirst, ..before });
    let small =
        world.store.change_preferences(user, |before| Preferences { page_size: PageSize::new(10).unwrap(), ..before });
    let (dark, oldest, small) = tokio::join!(dark, oldest, small);
    dark.and(oldest).and(small).unwrap();
    let now = world.store.preferences(user).await.unwrap();
    assert_eq!((now.theme, now.order, now.page_size.get()), (Theme::Dark, Order::OldestFirst, 10));
}

#[tokio::test]
async fn an_answer_that_got_lost_changes_nothing_twice() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await.id;
    for theme in [Theme::Light, Theme::Dark] {
        world.lose(1);
        let told = world.store.change_preferences(user, |before| Preferences { theme, ..before }).await.unwrap();
        assert_eq!(told, Preferring::Preferred(Preferences { theme, ..Preferences::default() }));
    }
}

#[tokio::test]
async fn who_is_being_deleted_prefers_nothing_any_more() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await.id;
    world.store.begin_erasing(user, NOON).await.unwrap();
    for nobody in [user, someone("x@y").id] {
        let change = world.store.change_preferences(nobody, |before| Preferences { theme: Theme::Dark, ..before });
        assert_eq!(change.await.unwrap(), Preferring::NoUser);
    }
}
