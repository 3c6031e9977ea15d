//! Tables, and the stamp on them.

use store::{Stamp, StoreError};

use crate::world::{NOON, World};

#[tokio::test]
async fn tables_are_made_once_and_making_them_again_is_no_harm() {
    let world = World::empty().await;
    let early = world.store.head(world.draft().head.source).await;
    assert!(matches!(early, Err(StoreError::MissingTable { .. })), "{early:?}");
    world.store.create_tables().await.unwrap();
    let (source, _) = world.source().await;
    world.store.create_tables().await.unwrap();
    assert!(world.store.head(source).await.unwrap().is_some());
}

#[tokio::test]
async fn a_store_remembers_its_key() {
    let world = World::new().await;
    assert_eq!(world.store.stamp("abc", NOON).await.unwrap(), Stamp::Ok);
    assert_eq!(world.store.stamp("abc", NOON).await.unwrap(), Stamp::Ok);
    assert_eq!(
        world.store.stamp("xyz", NOON).await.unwrap(),
        Stamp::WrongKey {
            stored: "abc".to_owned()
        }
    );
}
