//! What requests and answers look like as JSON.

use super::attributes::{Attributes, is_plain};
use super::error::SqsError;
use super::message::{Message, Outgoing, Sent, md5_of};
use crate::ACCOUNT;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// Most entries of a batch, most messages of a receive.
pub(super) const MOST: usize = 10;

/// `CreateQueue` and `GetQueueUrl`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ByName {
    pub(super) queue_name: String,
    #[serde(default)]
    pub(super) attributes: Attributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListQueues {
    #[serde(default)]
    pub(super) queue_name_prefix: String,
}

/// `GetQueueAttributes`, `SetQueueAttributes` and `PurgeQueue`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfQueue {
    pub(super) queue_url: String,
    #[serde(default)]
    pub(super) attributes: Attributes,
    #[serde(default)]
    pub(super) attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveMessage {
    pub(super) queue_url: String,
    /// The name of the next member in former versions of the protocol.
    #[serde(default)]
    pub(super) attribute_names: Vec<String>,
    #[serde(default)]
    pub(super) message_system_attribute_names: Vec<String>,
    pub(super) max_number_of_messages: Option<i64>,
    pub(super) wait_time_seconds: Option<i64>,
    pub(super) visibility_timeout: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch {
    pub(super) queue_url: String,
    pub(super) entries: Vec<Entry>,
}

/// What is asked of one message: a batch's entry, which has an id, or a request of its own, which has a queue URL.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Entry {
    pub(super) queue_url: String,
    pub(super) id: String,
    pub(super) receipt_handle: String,
    pub(super) visibility_timeout: Option<i64>,
    pub(super) message_body: String,
    pub(super) delay_seconds: Option<i64>,
    pub(super) message_attributes: Map<String, Value>,
    pub(super) message_group_id: Option<String>,
}

impl Entry {
    /// The message to send, if it has nothing that would be lost here.
    pub(super) fn into_outgoing(self) -> Result<Outgoing, SqsError> {
        if !self.message_attributes.is_empty() {
            return Err(SqsError::UnsupportedOperation("A message with MessageAttributes".to_owned()));
        }
        if self.message_group_id.is_some() {
            return Err(SqsError::UnsupportedOperation("A message with a MessageGroupId".to_owned()));
        }
        Ok(Outgoing { body: self.message_body, delay_seconds: self.delay_seconds })
    }

    /// The handle and the seconds of a change of visibility.
    pub(super) fn change(&self) -> Result<(&str, i64), SqsError> {
        let seconds = self.visibility_timeout.ok_or(SqsError::MissingParameter("VisibilityTimeout"))?;
        Ok((&self.receipt_handle, seconds))
    }
}

/// Holds a batch to its limits.
pub(super) fn check_entries(entries: &[Entry]) -> Result<(), SqsError> {
    if entries.is_empty() {
        return Err(SqsError::EmptyBatchRequest);
    }
    if entries.len() > MOST {
        return Err(SqsError::TooManyEntriesInBatchRequest(entries.len()));
    }
    let mut seen = HashSet::new();
    for entry in entries {
        if !is_plain(&entry.id) {
            return Err(SqsError::InvalidBatchEntryId);
        }
        if !seen.insert(&entry.id) {
            return Err(SqsError::BatchEntryIdsNotDistinct(entry.id.clone()));
        }
    }
    Ok(())
}

/// The attributes asked for, of all there are.
pub(super) fn chosen(all: Attributes, names: &[String]) -> Result<Attributes, SqsError> {
    if names.iter().any(|name| name == "All") {
        return Ok(all);
    }
    // The only one that may be absent.
    if let Some(unknown) = names.iter().find(|name| *name != "RedrivePolicy" && !all.contains_key(*name)) {
        return Err(SqsError::InvalidAttributeName(unknown.clone()));
    }
    Ok(all.into_iter().filter(|(name, _)| names.contains(name)).collect())
}

pub(super) fn sent(Sent { message_id, md5_of_body }: Sent) -> Value {
    json!({ "MessageId": message_id, "MD5OfMessageBody": md5_of_body })
}

/// A received message, with the system attributes that are wanted.
pub(super) fn received(message: Message, wanted: impl Fn(&str) -> bool) -> Value {
    let attributes: Map<String, Value> = [
        ("ApproximateReceiveCount", message.receive_count.to_string()),
        ("SentTimestamp", message.sent_at.to_string()),
        ("ApproximateFirstReceiveTimestamp", message.first_received_at.to_string()),
        ("SenderId", ACCOUNT.to_owned()),
    ]
    .into_iter()
    .filter(|(name, _)| wanted(name))
    .map(|(name, value)| (name.to_owned(), Value::String(value)))
    .collect();
    let mut shown = json!({
        "MessageId": message.message_id,
        "ReceiptHandle": message.receipt_handle,
        "MD5OfBody": md5_of(&message.body),
    });
    shown["Body"] = Value::String(message.body);
    if !attributes.is_empty() {
        shown["Attributes"] = Value::Object(attributes);
    }
    shown
}

/// The outcome of an operation on one message.
pub(super) fn only<T>(outcomes: Vec<Result<T, SqsError>>) -> Result<T, SqsError> {
    outcomes.into_iter().next().unwrap_or(Err(SqsError::EmptyBatchRequest))
}

/// The outcomes of a batch, entry by entry.
pub(super) fn report<T>(ids: &[String], outcomes: Vec<Result<T, SqsError>>, success: impl Fn(T) -> Value) -> Value {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (id, outcome) in ids.iter().zip(outcomes) {
        match outcome {
            Ok(done) => {
                let mut entry = success(done);
                entry["Id"] = json!(id);
                successful.push(entry);
            }
            Err(error) => failed.push(json!({
                "Id": id,
                "Code": error.code(),
                "Message": error.to_string(),
                "SenderFault": error.is_senders_fault(),
            })),
        }
    }
    json!({ "Successful": successful, "Failed": failed })
}
