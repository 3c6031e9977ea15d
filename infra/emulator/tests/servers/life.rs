//! Starting, stopping, and what is there afterwards.

use crate::clients::{self, HandClock};
use aws_sdk_dynamodb::types::{AttributeDefinition, KeySchemaElement};
use aws_sdk_dynamodb::types::{AttributeValue, BillingMode, KeyType, ScalarAttributeType};
use emulator::sqs::{Attributes, Outgoing, Receive};
use emulator::{Emulator, Ports, StartError, Where};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

async fn start(folder: &Path) -> Result<Emulator, StartError> {
    Emulator::start(Where::Folder(folder.to_path_buf()), HandClock::new().as_clock()).await
}

/// One thing in each server.
async fn fill(emulator: &Emulator) {
    let sqs = emulator.sqs();
    sqs.create_queue("work", &Attributes::new()).unwrap();
    sqs.send("work", &[Outgoing { body: "kept".into(), delay_seconds: None }]).unwrap();
    let tables = clients::dynamodb(emulator.endpoints());
    let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash).build().unwrap();
    let kind = AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S).build();
    let table = tables.create_table().table_name("tab").key_schema(key).attribute_definitions(kind.unwrap());
    table.billing_mode(BillingMode::PayPerRequest).send().await.unwrap();
    tables.put_item().table_name("tab").item("pk", AttributeValue::S("kept".into())).send().await.unwrap();
    let blobs = clients::s3(emulator.endpoints());
    blobs.create_bucket().bucket("blobs").send().await.unwrap();
    blobs.put_object().bucket("blobs").key("kept").send().await.unwrap();
}

async fn check_filled(emulator: &Emulator) {
    let ask = Receive { max_messages: 10, wait_seconds: None, visibility_seconds: Some(0) };
    let messages = emulator.sqs().receive("work", ask).await.unwrap();
    assert_eq!(messages.iter().map(|message| message.body.as_str()).collect::<Vec<_>>(), ["kept"]);
    let tables = clients::dynamodb(emulator.endpoints());
    let item = tables.get_item().table_name("tab").key("pk", AttributeValue::S("kept".into())).send().await.unwrap();
    assert!(item.item.is_some());
    let blobs = clients::s3(emulator.endpoints());
    blobs.head_object().bucket("blobs").key("kept").send().await.unwrap();
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_stop_and_after_a_death() {
    let (folder, after_death) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let emulator = start(folder.path()).await.unwrap();
    fill(&emulator).await;
    // The files at this moment are what a killed process leaves.
    copy(folder.path(), after_death.path());
    emulator.shutdown().await;

    for folder in [folder, after_death] {
        let emulator = start(folder.path()).await.unwrap();
        check_filled(&emulator).await;
        emulator.shutdown().await;
    }
}

#[tokio::test]
async fn a_stop_ends_receives_that_wait() {
    let (emulator, _) = clients::in_memory().await;
    let sqs = emulator.sqs().clone();
    sqs.create_queue("work", &Attributes::new()).unwrap();
    let client = clients::sqs(emulator.endpoints());
    let url = client.get_queue_url().queue_name("work").send().await.unwrap().queue_url.unwrap();
    #[expect(clippy::disallowed_methods, reason = "the test waits for it below")]
    let waiting = tokio::spawn(client.receive_message().queue_url(url).wait_time_seconds(20).send());
    while sqs.waiting_receives() == 0 {
        tokio::task::yield_now().await;
    }
    let stop = tokio::time::timeout(Duration::from_secs(3), emulator.shutdown());
    stop.await.expect("it waits for no receive");
    assert_eq!(waiting.await.unwrap().unwrap().messages, None);
}

#[tokio::test]
async fn what_keeps_it_from_starting_is_told_in_a_sentence() {
    let folder = TempDir::new().unwrap();
    let running = start(folder.path()).await.unwrap();
    let second = start(folder.path()).await.unwrap_err();
    assert!(matches!(second, StartError::InUse { .. }), "{second}");

    let taken = running.endpoints().sqs.rsplit(':').next().unwrap().parse().unwrap();
    let ports = Ports { sqs_port: taken, ..Ports::default() };
    let refused = Emulator::start_on(Where::Memory, ports, HandClock::new().as_clock()).await.unwrap_err();
    assert!(matches!(refused, StartError::Port { port, .. } if port == taken), "{refused}");

    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let refused = start(&file).await.unwrap_err();
    assert!(matches!(refused, StartError::NotWritable { .. }), "{refused}");

    for name in ["queues.sqlite", "tables.sqlite"] {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join(name), "these are no tables".repeat(100)).unwrap();
        let refused = start(folder.path()).await.unwrap_err();
        assert!(matches!(&refused, StartError::Database { file, .. } if file.ends_with(name)), "{refused}");
    }
}
