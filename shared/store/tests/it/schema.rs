//! Tables, and the stamp on them.

use aws_sdk_dynamodb::types::AttributeValue;
use store::{NotAdmitted, SCHEMA_VERSION, Stamp, StoreError, Tables};

use crate::world::{NOON, World};

#[tokio::test]
async fn tables_are_made_once_and_making_them_again_is_no_harm() {
    let world = World::empty().await;
    let early = world.store.head(world.draft().head.source).await;
    let Err(missing @ StoreError::MissingTable { .. }) = early else { panic!("{early:?}") };
    assert!(
        missing
            .to_string()
            .starts_with(&format!("the table {} or an index of it does not exist", world.tables.sources)),
        "{missing}"
    );
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
    newer_schema(&world).await;
    let version = SCHEMA_VERSION + 1;
    assert_eq!(world.store.stamp("abc", NOON).await.unwrap(), Stamp::NewerSchema { version });
}

/// Newer code was here.
async fn newer_schema(world: &World) {
    let newer = AttributeValue::N((SCHEMA_VERSION + 1).to_string());
    let request = world.client.update_item().table_name(&world.tables.sources);
    let request =
        request.key("pk", AttributeValue::S("META".to_owned())).key("sk", AttributeValue::S("SCHEMA".to_owned()));
    let request = request.update_expression("SET version = :v").expression_attribute_values(":v", newer);
    request.send().await.unwrap();
}

/// What a function with this key, or without one, is told at its start.
async fn check_admission(world: &World, fingerprint: Option<&str>, refusal: Option<&str>) {
    let (store, meter) = world.store.metered();
    let told = store.admit(fingerprint, NOON).await.map_err(|error| error.to_string());
    assert_eq!(told.as_ref().err().map(String::as_str), refusal, "{fingerprint:?}");
    assert!(meter.take().write_units < 0.1, "a stamped store is only read");
}

#[tokio::test]
async fn a_function_works_only_with_a_store_of_its_schema_and_its_key() {
    let world = World::new().await;
    // One without a key finds nothing, and leaves nothing that a key could differ from.
    world.store.admit(None, NOON).await.unwrap();
    world.store.admit(Some("abc"), NOON).await.unwrap();
    check_admission(&world, None, None).await;
    check_admission(&world, Some("abc"), None).await;
    let wrong = "the store was made under the key with fingerprint abc: give this function that key";
    check_admission(&world, Some("xyz"), Some(wrong)).await;
    newer_schema(&world).await;
    let newer = "the tables have schema 2, this code knows schemas up to 1: update this function";
    check_admission(&world, None, Some(newer)).await;
    check_admission(&world, Some("abc"), Some(newer)).await;
}

#[tokio::test]
async fn a_store_that_cannot_be_read_admits_nobody() {
    let world = World::empty().await;
    let told = world.store.admit(None, NOON).await;
    assert!(matches!(told, Err(NotAdmitted::Unknown(StoreError::MissingTable { .. }))), "{told:?}");
}

#[tokio::test]
async fn a_permission_that_is_missing_is_named_with_what_it_is_missing_for() {
    let world = World::new().await;
    let said = "User: arn:aws:sts::1:assumed-role/api is not authorized to perform: dynamodb:GetItem on resource: \
                arn:aws:dynamodb:eu-central-1:1:table/feedmill-sources";
    let body = format!("{{\"__type\":\"com.amazon.coral.service#AccessDeniedException\",\"Message\":\"{said}\"}}");
    world.say(400, body);
    let refused = world.store.head(world.draft().head.source).await.unwrap_err();
    assert!(matches!(refused, StoreError::NotPermitted { .. }), "{refused:?}");
    let cause = std::error::Error::source(&refused).unwrap().to_string();
    assert_eq!(cause, said);
}

#[tokio::test]
async fn every_kind_of_call_says_which_table_is_missing() {
    let world = World::empty().await;
    let (source, post) = (world.draft().head.source, domain::id::PostNumber::new(1).unwrap());
    let Tables { sources, posts, readers } = &world.tables;
    let told = [
        (world.store.post(post).await.map(drop), posts),
        (world.store.page(source, None, 1).await.map(drop), posts),
        (world.store.heads(&[source]).await.map(drop), sources),
        (world.store.list(None, 1).await.map(drop), sources),
        (world.store.erasures().await.map(drop), readers),
        (world.store.describe(source, Some("x"), None, None).await.map(drop), sources),
        (world.store.create(&world.draft()).await.map(drop), &format!("{sources}, {posts} or")),
    ];
    for (told, expected) in told {
        let told = told.unwrap_err().to_string();
        assert!(told.starts_with(&format!("the table {expected} ")), "{told}");
    }
}
