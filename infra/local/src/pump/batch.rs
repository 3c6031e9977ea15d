//! Messages as the event that a function gets, and its answer as what may be deleted.

use std::collections::HashSet;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use emulator::sqs::Message;

/// The event that Lambda makes of a batch.
pub(super) fn event(queue: &str, messages: &[Message]) -> SqsEvent {
    let arn = emulator::sqs::arn(queue);
    let mut event = SqsEvent::default();
    event.records = messages.iter().map(|message| record(&arn, message)).collect();
    event
}

fn record(arn: &str, message: &Message) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = Some(message.message_id.clone());
    record.receipt_handle = Some(message.receipt_handle.clone());
    record.body = Some(message.body.clone());
    record.event_source = Some("aws:sqs".to_owned());
    record.event_source_arn = Some(arn.to_owned());
    record.aws_region = Some(emulator::REGION.to_owned());
    record.attributes = [
        ("ApproximateReceiveCount", message.receive_count),
        ("SentTimestamp", message.sent_at),
        ("ApproximateFirstReceiveTimestamp", message.first_received_at),
    ]
    .map(|(name, number)| (name.to_owned(), number.to_string()))
    .into_iter()
    .chain([("SenderId".to_owned(), emulator::ACCOUNT.to_owned())])
    .collect();
    record
}

/// The receipt handles of the messages that the answer does not name. An answer that names a message which is not of the batch fails
/// the whole batch, as it does in the cloud.
pub(super) fn done_with<'a>(messages: &'a [Message], answer: &SqsBatchResponse) -> Vec<&'a str> {
    let failed: HashSet<&str> = answer.batch_item_failures.iter().map(|item| item.item_identifier.as_str()).collect();
    let known = messages.iter().filter(|message| failed.contains(message.message_id.as_str())).count();
    if known < failed.len() {
        tracing::error!("an answer names messages that are not of its batch; all of them come again");
        return Vec::new();
    }
    messages
        .iter()
        .filter(|message| !failed.contains(message.message_id.as_str()))
        .map(|message| message.receipt_handle.as_str())
        .collect()
}
