//! Posts by a link.

use domain::id::{PostNumber, ShareId, UserId};
use domain::share::Share;
use store::Sharing;

use super::someone;
use crate::world::{NOON, World};

fn share(user: UserId, id: &str, post: u64) -> Share {
    Share { id: id.parse().unwrap(), user, post: PostNumber::new(post).unwrap(), created_at: NOON }
}

#[tokio::test]
async fn a_post_is_shared_once_until_its_link_is_taken_back() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await.id;
    let (first, again) = (share(user, "3kTMd9aZ", 42), share(user, "zzzzzzzz", 42));
    for share in [&first, &first, &again] {
        world.lose(1);
        assert_eq!(world.store.share(share, None).await.unwrap(), Sharing::Shared(first.clone()));
    }
    assert_eq!(world.store.shared(first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(world.store.shared(again.id).await.unwrap(), None, "the second link was never made");
    assert_eq!(world.store.shares(user).await.unwrap(), std::slice::from_ref(&first));

    let post = first.post;
    assert!(!world.store.unshare(user, post, again.id).await.unwrap(), "another id is another share");
    assert!(world.store.unshare(user, post, first.id).await.unwrap());
    assert!(!world.store.unshare(user, post, first.id).await.unwrap());
    assert_eq!(world.store.shared(first.id).await.unwrap(), None);
    assert_eq!(world.store.shares(user).await.unwrap(), []);
    assert_eq!(world.store.share(&again, None).await.unwrap(), Sharing::Shared(again.clone()));
}

#[tokio::test]
async fn an_id_is_one_users_and_nobody_shares_who_is_not_there() {
    let world = World::new().await;
    let (ada, bob) = (world.member("ada@example.org").await.id, world.member("bob@example.org").await.id);
    let of_ada = share(ada, "3kTMd9aZ", 42);
    world.store.share(&of_ada, None).await.unwrap();
    assert_eq!(world.store.share(&share(bob, "3kTMd9aZ", 42), None).await.unwrap(), Sharing::Taken);
    assert!(!world.store.unshare(bob, of_ada.post, of_ada.id).await.unwrap());
    assert_eq!(world.store.shared(of_ada.id).await.unwrap(), Some(of_ada));
    world.store.begin_erasing(bob, NOON).await.unwrap();
    for nobody in [bob, someone("x@y").id] {
        assert_eq!(world.store.share(&share(nobody, "aaaaaaaa", 7), None).await.unwrap(), Sharing::NoUser);
    }
    assert_eq!(world.store.shared("aaaaaaaa".parse::<ShareId>().unwrap()).await.unwrap(), None);
}
