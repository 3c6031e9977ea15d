//! What a source's message does not say, and what is told of a source that nobody wants.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::Ordinal;
use domain::job::Ending;
use domain::source::{LONGEST_REST, SourceState};
use origin::Reply;

use crate::feeds::rss;
use crate::world::{MINUTE, World};

const FEED: &str = "/feed";

#[tokio::test]
async fn a_message_without_a_url_as_private_sources_have_it_is_fetched_from_where_the_store_says() {
    let world = World::new().await;
    world.origin.always(FEED, Reply::ok(rss([("a", "text")])));
    let mut message = world.source(FEED).await;
    message.url = None;
    let ended = world.work(&world.environment(), &message).await;
    assert!(matches!(ended.ending, Ending::Completed { posts_count: 1, .. }), "{ended:?}");
}

#[tokio::test]
async fn what_was_never_told_of_a_source_is_told_before_it_is_deleted_for_want_of_readers() {
    let world = World::new().await;
    world.origin.always(FEED, Reply::ok(rss([("a", "text")])));
    let first = world.source(FEED).await;
    world.work(&world.environment(), &first).await;
    world.store.leave(first.source, SourceState::Resting, "", world.now()).await.unwrap();
    // As if that had closed a landing, and whoever asked for it had died before announcing.
    let text = |text: String| AttributeValue::S(text);
    let request = world.tables().update_item().table_name("feedmill-sources");
    let request = request.key("pk", text(format!("S#{}", first.source))).key("sk", text("POLL".to_owned()));
    let request = request.update_expression("SET closed_job = :job, closed_first = :one, closed_last = :one");
    let request = request.expression_attribute_values(":job", text(first.job.to_string()));
    request.expression_attribute_values(":one", AttributeValue::N("1".to_owned())).send().await.unwrap();

    let dispatcher = world.dispatcher(world.store_on_wire());
    world.pass(LONGEST_REST + MINUTE);
    assert_eq!(world.turn(&dispatcher).await.rested, 1);
    let told = world.announced().await;
    let told: Vec<_> = told.iter().map(|told| (told.source, told.job, told.from, told.to)).collect();
    assert_eq!(told, [(first.source, first.job, Ordinal::new(1), Ordinal::new(1))]);
    let head = world.store.head(first.source).await.unwrap().unwrap();
    assert_eq!(head.state, SourceState::Deleting);
}
