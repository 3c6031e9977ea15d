//! Queues through the SDK.

use crate::clients::START_MS;
use crate::world::{World, attribute, handle, receive_count};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, MessageSystemAttributeName,
    QueueAttributeName, SendMessageBatchRequestEntry,
};

#[tokio::test]
async fn a_message_is_sent_received_and_deleted() {
    let world = World::new().await;
    let queue = world.queue("work", &[]).await;
    let id = world.send(&queue, "grüße\n\"{}\"").await;
    world.check_counts(&queue, ["1", "0", "0"]).await;
    world.clock.pass_seconds(2);

    let message = world.receive_one(&queue).await;
    assert_eq!(message.message_id.as_deref(), Some(&*id));
    assert_eq!(message.body.as_deref(), Some("grüße\n\"{}\""));
    assert_eq!(message.md5_of_body.as_deref(), Some("af90a54c39fa95a3fec3d90669e3d3b9"));
    assert_eq!(receive_count(&message), 1);
    assert_eq!(attribute(&message, &MessageSystemAttributeName::SentTimestamp), START_MS);
    assert_eq!(attribute(&message, &MessageSystemAttributeName::ApproximateFirstReceiveTimestamp), START_MS + 2_000);
    world.check_counts(&queue, ["0", "1", "0"]).await;

    world.delete(&queue, &message).await;
    world.check_counts(&queue, ["0", "0", "0"]).await;
    world.send(&queue, "another").await;
    world.client.purge_queue().queue_url(&queue).send().await.unwrap();
    world.check_counts(&queue, ["0", "0", "0"]).await;
    world.emulator.shutdown().await;
}

#[tokio::test]
async fn a_batch_fails_entry_by_entry() {
    let world = World::new().await;
    let queue = world.queue("work", &[(QueueAttributeName::MaximumMessageSize, "1024")]).await;
    let entry = |id: &str, body: &str| SendMessageBatchRequestEntry::builder().id(id).message_body(body);
    let sent = world.client.send_message_batch().queue_url(&queue).set_entries(Some(vec![
        entry("good", "1").build().unwrap(),
        entry("late", "2").delay_seconds(901).build().unwrap(),
        entry("long", &"x".repeat(1_025)).build().unwrap(),
        entry("odd", "\u{1}").build().unwrap(),
        entry("fine", "5").build().unwrap(),
    ]));
    let sent = sent.send().await.unwrap();
    let failed: Vec<_> = sent.failed.iter().map(|entry| (entry.id.as_str(), entry.code.as_str())).collect();
    let expected =
        [("late", "InvalidParameterValue"), ("long", "InvalidParameterValue"), ("odd", "InvalidMessageContents")];
    assert_eq!(failed, expected);
    assert!(sent.failed.iter().all(|entry| entry.sender_fault));
    assert_eq!(sent.successful.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(), ["good", "fine"]);

    let messages = world.receive(&queue).await;
    assert_eq!(messages.len(), 2);
    let change = |id: &str, handle: &str, seconds| {
        let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(id).receipt_handle(handle);
        entry.visibility_timeout(seconds).build().unwrap()
    };
    let changed = world.client.change_message_visibility_batch().queue_url(&queue).set_entries(Some(vec![
        change("a", handle(&messages[0]), 0),
        change("b", handle(&messages[1]), 43_201),
        change("c", "what?", 1),
    ]));
    let changed = changed.send().await.unwrap();
    assert_eq!(changed.successful.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(), ["a"]);
    let failed: Vec<_> = changed.failed.iter().map(|entry| (entry.id.as_str(), entry.code.as_str())).collect();
    assert_eq!(failed, [("b", "InvalidParameterValue"), ("c", "ReceiptHandleIsInvalid")]);
    world.check_counts(&queue, ["1", "1", "0"]).await;

    let delete = |id: &str, handle: &str| {
        DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(handle).build().unwrap()
    };
    let deleted = world.client.delete_message_batch().queue_url(&queue);
    let deleted = deleted.entries(delete("a", handle(&messages[1]))).entries(delete("b", "nonsense"));
    let deleted = deleted.send().await.unwrap();
    assert_eq!(deleted.successful.len(), 1);
    assert_eq!(deleted.failed[0].code, "ReceiptHandleIsInvalid");
    world.check_counts(&queue, ["1", "0", "0"]).await;
}

#[tokio::test]
async fn only_receives_count_and_the_last_one_allowed_is_the_last() {
    let world = World::new().await;
    let (queue, dead) = world.queue_with_dead_letters(3).await;
    let id = world.send(&queue, "poison").await;
    for receive in 1..=3 {
        assert_eq!(receive_count(&world.receive_one(&queue).await), receive);
        assert!(world.receive(&queue).await.is_empty(), "it is invisible for 30 s");
        world.clock.pass_seconds(29);
        assert!(world.receive(&queue).await.is_empty(), "to the end");
        world.clock.pass_seconds(1);
        world.check_counts(&queue, ["1", "0", "0"]).await;
        world.check_counts(&dead, ["0", "0", "0"]).await;
    }
    assert!(world.receive(&queue).await.is_empty(), "the fourth receive does not happen");
    world.check_counts(&queue, ["0", "0", "0"]).await;
    let message = world.receive_one(&dead).await;
    assert_eq!(message.message_id, Some(id));
    assert_eq!(attribute(&message, &MessageSystemAttributeName::SentTimestamp), START_MS, "its first sent time");
}

#[tokio::test]
async fn a_delay_counts_from_the_sending_and_an_own_one_beats_the_queues() {
    let world = World::new().await;
    let queue = world.queue("work", &[(QueueAttributeName::DelaySeconds, "60")]).await;
    world.send(&queue, "queue's own").await;
    world.client.send_message().queue_url(&queue).message_body("own").delay_seconds(900).send().await.unwrap();
    world.check_counts(&queue, ["0", "0", "2"]).await;
    world.clock.pass_seconds(59);
    assert!(world.receive(&queue).await.is_empty());
    world.clock.pass_seconds(1);
    let first = world.receive_one(&queue).await;
    assert_eq!(first.body.as_deref(), Some("queue's own"));
    world.delete(&queue, &first).await;
    world.clock.pass_seconds(840);
    assert_eq!(world.receive_one(&queue).await.body.as_deref(), Some("own"));
}

#[tokio::test]
async fn retention_ends_a_message_and_counts_from_the_first_sending_in_the_dead_letter_queue_too() {
    let world = World::new().await;
    let (queue, dead) = world.queue_with_dead_letters(1).await;
    world.send(&queue, "moved").await;
    world.receive_one(&queue).await;
    world.clock.pass_seconds(86_400);
    assert!(world.receive(&queue).await.is_empty(), "moved");
    world.send(&queue, "left").await;
    world.clock.pass_seconds(4 * 86_400 - 1);
    world.check_counts(&queue, ["1", "0", "0"]).await;
    world.clock.pass_seconds(1);
    world.check_counts(&queue, ["0", "0", "0"]).await;
    assert!(world.receive(&queue).await.is_empty(), "four days are over");
    world.clock.pass_seconds(9 * 86_400 - 1);
    world.check_counts(&dead, ["1", "0", "0"]).await;
    world.clock.pass_seconds(1);
    world.check_counts(&dead, ["0", "0", "0"]).await;
}

#[tokio::test]
async fn visibility_is_changed_by_who_has_the_message() {
    let world = World::new().await;
    let queue = world.queue("work", &[]).await;
    world.send(&queue, "long work").await;
    let old = world.receive_one(&queue).await;
    assert_eq!(world.change(&queue, handle(&old), 600).await, Ok(()));
    world.clock.pass_seconds(599);
    assert!(world.receive(&queue).await.is_empty(), "extended");
    assert_eq!(world.change(&queue, handle(&old), 0).await, Ok(()));
    let in_flight = "AWS.SimpleQueueService.MessageNotInflight";
    assert_eq!(world.change(&queue, handle(&old), 10).await, Err(in_flight.into()), "visible again");

    let new = world.receive_one(&queue).await;
    assert_eq!(receive_count(&new), 2);
    assert_eq!(world.change(&queue, handle(&old), 10).await, Err(in_flight.into()), "another has it");
    world.delete(&queue, &old).await;
    world.check_counts(&queue, ["0", "1", "0"]).await;

    world.clock.pass_seconds(30);
    world.delete(&queue, &new).await;
    world.check_counts(&queue, ["0", "0", "0"]).await;
    assert_eq!(world.change(&queue, handle(&new), 10).await, Err("InvalidParameterValue".into()), "gone");
}

#[tokio::test]
async fn a_queue_is_created_once_and_knows_its_attributes() {
    let world = World::new().await;
    let queue = world.queue("work", &[(QueueAttributeName::VisibilityTimeout, "200")]).await;
    assert_eq!(world.queue("work", &[(QueueAttributeName::VisibilityTimeout, "200")]).await, queue);
    assert_eq!(world.queue("work", &[]).await, queue, "what is not named is not compared");
    let other = world.client.create_queue().queue_name("work");
    let other = other.attributes(QueueAttributeName::VisibilityTimeout, "201").send().await.unwrap_err();
    assert!(other.into_service_error().is_queue_name_exists());
    assert_eq!(world.client.get_queue_url().queue_name("work").send().await.unwrap().queue_url, Some(queue.clone()));

    let set = world.client.set_queue_attributes().queue_url(&queue);
    set.attributes(QueueAttributeName::ReceiveMessageWaitTimeSeconds, "7").send().await.unwrap();
    let all = world.client.get_queue_attributes().queue_url(&queue).attribute_names(QueueAttributeName::All);
    let all = all.send().await.unwrap().attributes.unwrap();
    assert_eq!(all[&QueueAttributeName::VisibilityTimeout], "200");
    assert_eq!(all[&QueueAttributeName::ReceiveMessageWaitTimeSeconds], "7");
    assert_eq!(all[&QueueAttributeName::QueueArn], "arn:aws:sqs:us-east-1:000000000000:work");
    let listed = world.client.list_queues().queue_name_prefix("wo").send().await.unwrap();
    assert_eq!(listed.queue_urls(), [queue]);
}

#[tokio::test]
async fn what_is_refused_has_the_name_that_the_sdk_knows() {
    let world = World::new().await;
    let queue = world.queue("work", &[]).await;
    let client = &world.client;
    let entries = |ids: Vec<String>, body: &str| {
        let entry = |id: String| SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap();
        client.send_message_batch().queue_url(&queue).set_entries(Some(ids.into_iter().map(entry).collect()))
    };
    let ids = |range: std::ops::Range<u32>| range.map(|id| id.to_string()).collect::<Vec<_>>();

    let refused = entries(vec![], "x").send().await.unwrap_err().into_service_error();
    assert!(refused.is_empty_batch_request());
    let refused = entries(ids(0..11), "x").send().await.unwrap_err().into_service_error();
    assert!(refused.is_too_many_entries_in_batch_request());
    let refused = entries(vec!["a".into(), "a".into()], "x").send().await.unwrap_err().into_service_error();
    assert!(refused.is_batch_entry_ids_not_distinct());
    let refused = entries(vec!["a b".into()], "x").send().await.unwrap_err().into_service_error();
    assert!(refused.is_invalid_batch_entry_id());
    let refused = entries(ids(0..10), &"x".repeat(104_858)).send().await.unwrap_err().into_service_error();
    assert!(refused.is_batch_request_too_long());
    assert!(entries(ids(0..10), &"x".repeat(104_857)).send().await.is_ok(), "1 MiB is not too long");

    let nowhere = format!("{queue}-elsewhere");
    let refused = client.receive_message().queue_url(&nowhere).send().await.unwrap_err().into_service_error();
    assert!(refused.is_queue_does_not_exist());
    let refused = client.get_queue_url().queue_name("nowhere").send().await.unwrap_err().into_service_error();
    assert!(refused.is_queue_does_not_exist());
    let refused = client.delete_message().queue_url(&queue).receipt_handle("what?").send().await.unwrap_err();
    assert!(refused.into_service_error().is_receipt_handle_is_invalid());
    let refused = client.receive_message().queue_url(&queue).max_number_of_messages(11).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidParameterValue"));
    let refused = client.send_message().queue_url(&queue).message_body("").send().await.unwrap_err();
    assert_eq!(refused.code(), Some("MissingParameter"));
    let refused = client.create_queue().queue_name("x").attributes(QueueAttributeName::FifoQueue, "true");
    assert!(refused.send().await.unwrap_err().into_service_error().is_invalid_attribute_name());
    let refused = client.create_queue().queue_name("x").attributes(QueueAttributeName::DelaySeconds, "901");
    assert!(refused.send().await.unwrap_err().into_service_error().is_invalid_attribute_value());
}
