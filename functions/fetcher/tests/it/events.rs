//! The events of `events/fetcher`, as SQS shapes them, replayed.

use std::path::Path;

use aws_lambda_events::event::sqs::SqsEvent;
use fetcher::handle;
use origin::Reply;

use crate::feeds::rss;
use crate::world::{BATCH, World, counts};

/// Names in the files that the test has its own for.
const SOURCE: &str = "3kTMd9aZ";
const JOB: &str = "019c1405-1000-7000-8000-00000000a001";
const URL: &str = "https://feeds.example/herbs.xml";

/// Replays a file; the good message in it must be worked on, those at `reported` be reported.
async fn check(name: &str, reported: &[usize]) {
    let world = World::new().await;
    world.origin.always("/herbs.xml", Reply::ok(rss([("a", "text")])).header("etag", "\"one\""));
    let url = world.origin.url_at("feeds.localhost", "/herbs.xml");
    let message = world.source_at(&url, "feeds.example").await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/fetcher").join(name);
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.replace(SOURCE, message.source.as_str()).replace(JOB, &message.job.to_string()).replace(URL, &url);
    let event: SqsEvent = serde_json::from_str(&text).unwrap();
    let ids: Vec<String> = event.records.iter().map(|record| record.message_id.clone().unwrap()).collect();
    let response = handle(&world.environment(), event, world.now() + BATCH).await;
    let failed: Vec<String> = response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
    assert_eq!(failed, reported.iter().map(|n| ids[*n].clone()).collect::<Vec<_>>());
    assert_eq!(counts(&world.end(&message).await.unwrap()), Some((1, 0)));
    assert_eq!(world.announced().await.len(), 1);
}

#[tokio::test]
async fn a_good_message() {
    check("good.json", &[]).await;
}

#[tokio::test]
async fn one_that_is_none_and_a_newer_one_beside_a_good_one() {
    check("malformed-and-newer-beside-good.json", &[0, 2]).await;
}

#[tokio::test]
async fn one_that_came_before() {
    check("redelivered.json", &[]).await;
}

#[test]
fn every_file_is_replayed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/fetcher");
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["good.json", "malformed-and-newer-beside-good.json", "redelivered.json"]);
}
