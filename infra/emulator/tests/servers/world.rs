//! Queues, and what a test does to them again and again.

use crate::clients::{self, HandClock};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use emulator::Emulator;

pub(crate) struct World {
    pub(crate) emulator: Emulator,
    pub(crate) clock: HandClock,
    pub(crate) client: Client,
}

impl World {
    pub(crate) async fn new() -> Self {
        let (emulator, clock) = clients::in_memory().await;
        let client = clients::sqs(emulator.endpoints());
        Self { emulator, clock, client }
    }

    pub(crate) async fn queue(&self, name: &str, attributes: &[(QueueAttributeName, &str)]) -> String {
        let mut create = self.client.create_queue().queue_name(name);
        for (key, value) in attributes {
            create = create.attributes(key.clone(), *value);
        }
        create.send().await.unwrap().queue_url.unwrap()
    }

    /// A queue that gives up after `receives`, and its dead-letter queue.
    pub(crate) async fn queue_with_dead_letters(&self, receives: u32) -> (String, String) {
        let dead = self.queue("dead", &[(QueueAttributeName::MessageRetentionPeriod, "1209600")]).await;
        let policy =
            format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":{receives}}}"#, emulator::sqs::arn("dead"));
        let queue = self.queue("work", &[(QueueAttributeName::RedrivePolicy, &policy)]).await;
        (queue, dead)
    }

    pub(crate) async fn send(&self, queue: &str, body: &str) -> String {
        self.client.send_message().queue_url(queue).message_body(body).send().await.unwrap().message_id.unwrap()
    }

    pub(crate) async fn receive(&self, queue: &str) -> Vec<Message> {
        let ask = self.client.receive_message().queue_url(queue).max_number_of_messages(10);
        let ask = ask.message_system_attribute_names(MessageSystemAttributeName::All);
        ask.send().await.unwrap().messages.unwrap_or_default()
    }

    pub(crate) async fn receive_one(&self, queue: &str) -> Message {
        let mut messages = self.receive(queue).await;
        assert_eq!(messages.len(), 1, "one message is visible in {queue}");
        messages.remove(0)
    }

    /// Visible, in flight, delayed.
    pub(crate) async fn check_counts(&self, queue: &str, expected: [&str; 3]) {
        use QueueAttributeName as A;
        let names = [
            A::ApproximateNumberOfMessages,
            A::ApproximateNumberOfMessagesNotVisible,
            A::ApproximateNumberOfMessagesDelayed,
        ];
        let ask = self.client.get_queue_attributes().queue_url(queue).set_attribute_names(Some(names.to_vec()));
        let found = ask.send().await.unwrap().attributes.unwrap();
        assert_eq!(names.map(|name| found[&name].clone()), expected, "visible, in flight, delayed in {queue}");
    }

    pub(crate) async fn change(&self, queue: &str, handle: &str, seconds: i32) -> Result<(), String> {
        let change = self.client.change_message_visibility().queue_url(queue).receipt_handle(handle);
        let outcome = change.visibility_timeout(seconds).send().await;
        outcome.map(drop).map_err(|error| error.code().unwrap_or_default().to_owned())
    }

    pub(crate) async fn delete(&self, queue: &str, message: &Message) {
        let handle = message.receipt_handle.clone().unwrap();
        self.client.delete_message().queue_url(queue).receipt_handle(handle).send().await.unwrap();
    }
}

pub(crate) fn handle(message: &Message) -> &str {
    message.receipt_handle.as_deref().unwrap()
}

pub(crate) fn attribute(message: &Message, name: &MessageSystemAttributeName) -> i64 {
    message.attributes.as_ref().unwrap()[name].parse().unwrap()
}

pub(crate) fn receive_count(message: &Message) -> i64 {
    attribute(message, &MessageSystemAttributeName::ApproximateReceiveCount)
}
