//! From an SQS record to a message: each record by itself, so that one that cannot be read hurts no other.

use aws_lambda_events::event::sqs::SqsMessage;
use domain::message::{self, Body, FetchMessage};

/// A message as it was delivered.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// By which SQS knows it in the answer.
    pub(crate) id: String,
    /// With which this receive can be spoken about.
    pub(crate) receipt: String,
    /// How often it was received, this time included.
    pub(crate) receives: u32,
    /// What is to be done.
    pub(crate) message: FetchMessage,
}

/// Reads each record. The ids of those that are no messages for this code come back too: they are reported, and end as dead letters
/// or with newer code.
pub(crate) fn decode(records: Vec<SqsMessage>) -> (Vec<Delivery>, Vec<String>) {
    let (mut deliveries, mut unread) = (Vec::with_capacity(records.len()), Vec::new());
    for record in records {
        let id = record.message_id.unwrap_or_default();
        match message::read(record.body.as_deref().unwrap_or_default()) {
            Body::Message(message) => deliveries.push(Delivery {
                id,
                receipt: record.receipt_handle.unwrap_or_default(),
                // A platform that does not say is not trusted: the message is then looked up first.
                receives: record.attributes.get(RECEIVES).and_then(|count| count.parse().ok()).unwrap_or(u32::MAX),
                message: *message,
            }),
            Body::Newer(version) => {
                tracing::warn!(id, version, "a message of a newer version is left to newer code");
                unread.push(id);
            }
            Body::Malformed => {
                tracing::error!(id, "a message that is none is reported");
                unread.push(id);
            }
        }
    }
    (deliveries, unread)
}

const RECEIVES: &str = "ApproximateReceiveCount";
