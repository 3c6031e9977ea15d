//! The client without a socket: the same answers as over HTTP, as long as the servers are there.

use crate::clients;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};

async fn make_table(client: &aws_sdk_dynamodb::Client) {
    let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
    let kind = AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S);
    let table = client.create_table().table_name("things").key_schema(key.build().unwrap());
    let table = table.attribute_definitions(kind.build().unwrap());
    table.billing_mode(BillingMode::PayPerRequest).send().await.unwrap();
}

fn code<E: aws_sdk_dynamodb::error::ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error()?.code()
}

#[tokio::test]
async fn the_tables_are_the_same_directly_and_over_http() {
    let (emulator, _) = clients::in_memory().await;
    let (direct, ..) = clients::direct(&emulator);
    let http = clients::dynamodb(emulator.endpoints());
    make_table(&direct).await;

    for (writer, reader, value) in [(&direct, &http, "written directly"), (&http, &direct, "written over HTTP")] {
        let key = AttributeValue::S(value.into());
        let put = || {
            let put = writer.put_item().table_name("things").item("pk", key.clone());
            put.condition_expression("attribute_not_exists(pk)").send()
        };
        put().await.unwrap();
        let refused = put().await.unwrap_err();
        assert_eq!(code(&refused), Some("ConditionalCheckFailedException"));
        let item = reader.get_item().table_name("things").key("pk", key.clone()).send().await.unwrap();
        assert_eq!(item.item.unwrap()["pk"], key);
        let missing = writer.scan().table_name("nothing").send().await.unwrap_err();
        assert_eq!(code(&missing), Some("ResourceNotFoundException"));
        let foreign = writer.list_backups().send().await.unwrap_err();
        assert_eq!(code(&foreign), Some("UnknownOperationException"));
    }
    emulator.shutdown().await;
}

#[tokio::test]
async fn the_queues_are_the_same_directly_and_over_http() {
    let (emulator, _) = clients::in_memory().await;
    let (_, direct, _) = clients::direct(&emulator);
    let http = clients::sqs(emulator.endpoints());
    let url = http.create_queue().queue_name("work").send().await.unwrap().queue_url.unwrap();

    for (sender, receiver) in [(&direct, &http), (&http, &direct)] {
        sender.send_message().queue_url(&url).message_body("hello").send().await.unwrap();
        let received = receiver.receive_message().queue_url(&url).send().await.unwrap();
        assert_eq!(received.messages.unwrap()[0].body.as_deref(), Some("hello"));
        let missing = sender.get_queue_url().queue_name("nothing").send().await.unwrap_err();
        let missing = missing.into_service_error();
        assert!(missing.is_queue_does_not_exist(), "{missing:?}");
        assert_eq!(missing.code(), Some("AWS.SimpleQueueService.NonExistentQueue"), "the older protocol's code");
    }
    emulator.shutdown().await;
}

#[tokio::test]
async fn blobs_go_on_over_http() {
    let (emulator, _) = clients::in_memory().await;
    let (_, _, direct) = clients::direct(&emulator);
    direct.create_bucket().bucket("blobs").send().await.unwrap();
    let http = clients::s3(emulator.endpoints());
    http.head_bucket().bucket("blobs").send().await.unwrap();
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_client_that_outlives_the_servers_is_not_answered() {
    let (emulator, _) = clients::in_memory().await;
    let (tables, queues, _) = clients::direct(&emulator);
    tables.list_tables().send().await.unwrap();
    emulator.shutdown().await;
    assert!(matches!(tables.list_tables().send().await, Err(SdkError::DispatchFailure(_))));
    assert!(queues.list_queues().send().await.unwrap_err().as_service_error().is_none());
}
