//! The roll of all users.

use std::collections::HashSet;

use domain::account::{NewUser, Role};
use domain::id::UserId;
use store::{RollPlace, Updating};

use super::someone;
use crate::world::{NOON, World, noon_plus};

impl World {
    async fn roll(&self, limit: usize) -> Vec<Vec<UserId>> {
        let (mut pages, mut after): (_, Option<RollPlace>) = (Vec::new(), None);
        loop {
            let (users, next) = self.store.users(after, limit).await.unwrap();
            pages.push(users.into_iter().map(|user| user.id).collect());
            let Some(place) = next else { return pages };
            after = Some(place);
        }
    }
}

#[tokio::test]
async fn every_account_is_on_the_roll_once_oldest_first_until_it_is_deleted() {
    let world = World::new().await;
    let mut made = Vec::new();
    // Two in the same millisecond, and the first administrator among them.
    for (n, second) in [5, 1, 1, 9, 3].into_iter().enumerate() {
        let new = NewUser { created_at: noon_plus(second), ..someone(&format!("{n}@example.org")) };
        if n == 3 {
            world.store.bootstrap(&new).await.unwrap();
        } else {
            world.store.register(&new, None).await.unwrap();
        }
        made.push((noon_plus(second), new.id));
    }
    made.sort();
    let ids: Vec<UserId> = made.iter().map(|(_, id)| *id).collect();
    for limit in [1, 2, 5, 100] {
        let pages = world.roll(limit).await;
        assert_eq!(pages.concat(), ids, "{limit}");
        assert_eq!(pages.len(), ids.len().div_ceil(limit), "{limit}");
    }
    let (gone, left) = (ids[2], ids.iter().filter(|id| **id != ids[2]).collect::<HashSet<_>>());
    world.store.begin_erasing(gone, NOON).await.unwrap();
    assert_eq!(world.roll(100).await.concat().iter().collect::<HashSet<_>>(), left);
    assert!(
        world.stored().await.keys().filter(|(pk, _)| pk == "USERS").all(|(_, sk)| !sk.ends_with(&gone.to_string()))
    );
}

#[tokio::test]
async fn an_account_that_was_not_made_is_not_on_the_roll() {
    let world = World::new().await;
    world.member("ada@example.org").await;
    world.store.register(&someone("ADA@example.org"), None).await.unwrap();
    assert_eq!(world.roll(100).await.concat().len(), 1);
}

#[tokio::test]
async fn a_role_changes_if_nobody_changed_the_user_meanwhile() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    let Updating::Updated(now) = world.store.change_role(&user, Role::Administrator).await.unwrap() else { panic!() };
    assert_eq!((now.role, world.again(user.id).await), (Role::Administrator, now.clone()));
    assert_eq!(world.store.change_role(&user, Role::Administrator).await.unwrap(), Updating::Updated(now.clone()));
    assert_eq!(world.store.change_role(&user, Role::Member).await.unwrap(), Updating::Conflict);
    world.store.begin_erasing(user.id, NOON).await.unwrap();
    assert_eq!(world.store.change_role(&now, Role::Member).await.unwrap(), Updating::Missing);
}
