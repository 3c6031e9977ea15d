//! The table itself.

use aws_sdk_dynamodb::types::TimeToLiveStatus;
use store::{BY_SUBSCRIBED, TTL};

use crate::world::World;

#[tokio::test]
async fn a_store_made_before_there_were_readers_gets_their_table_and_keeps_its_own() {
    let world = World::new().await;
    let (source, _) = world.source().await;
    let table = &world.tables.readers;
    world.client.delete_table().table_name(table).send().await.unwrap();
    world.store.create_tables().await.unwrap();
    let user = world.member("ada@example.org").await;
    world.store.create_tables().await.unwrap();
    assert_eq!(world.again(user.id).await, user);
    assert!(world.store.head(source).await.unwrap().is_some());

    let shape = world.client.describe_table().table_name(table).send().await.unwrap().table.unwrap();
    let indexes: Vec<_> = shape.global_secondary_indexes().iter().filter_map(|index| index.index_name()).collect();
    assert_eq!(indexes, [BY_SUBSCRIBED]);
    let expiry = world.client.describe_time_to_live().table_name(table).send().await.unwrap();
    let expiry = expiry.time_to_live_description.unwrap();
    assert_eq!(expiry.attribute_name(), Some(TTL));
    assert_eq!(expiry.time_to_live_status(), Some(&TimeToLiveStatus::Enabled));
}
