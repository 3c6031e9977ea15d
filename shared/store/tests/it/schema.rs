//! Tables, and the stamp on them.

use aws_sdk_dynamodb::types::AttributeValue;
use store::{SCHEMA_VERSION, Stamp, StoreError, Tables};

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
    assert_eq!(world.store.stamp("xyz", NOON).await.unwrap(), Stamp::WrongKey { stored: "abc".to_owned() });
}

#[tokio::test]
async fn older_code_keeps_off_tables_of_a_newer_schema() {
    let world = World::new().await;
    world.store.stamp("abc", NOON).await.unwrap();
    let newer = AttributeValue::N((SCHEMA_VERSION + 1).to_string());
    let request = world.client.update_item().table_name(Tables::default().sources);
    let request =
        request.key("pk", AttributeValue::S("META".to_owned())).key("sk", AttributeValue::S("SCHEMA".to_owned()));
    let request = request.update_expression("SET version = :v").expression_attribute_values(":v", newer);
    request.send().await.unwrap();
    let version = SCHEMA_VERSION + 1;
    assert_eq!(world.store.stamp("abc", NOON).await.unwrap(), Stamp::NewerSchema { version });
}
