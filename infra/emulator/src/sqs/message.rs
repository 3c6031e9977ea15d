//! Messages, and the handles by which a receiver names them.

use super::attributes::LARGEST_BYTES;
use super::error::SqsError;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A message to send.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// 1 byte to 1 MiB.
    pub body: String,
    /// 0 to 900 s; the queue's own when absent.
    pub delay_seconds: Option<i64>,
}

/// What a sender is told.
#[derive(Debug, Clone)]
pub struct Sent {
    /// A random UUID.
    pub message_id: String,
    /// The body's MD5, in hexadecimal.
    pub md5_of_body: String,
}

/// What to receive.
#[derive(Debug, Clone, Copy)]
pub struct Receive {
    /// At most so many messages. Over HTTP at most ten.
    pub max_messages: usize,
    /// How long to wait for a first message, 0 to 20 s; the queue's own when absent.
    pub wait_seconds: Option<i64>,
    /// How long nobody else sees them, 0 to 43,200 s; the queue's own when absent.
    pub visibility_seconds: Option<i64>,
}

/// A message that was received. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone)]
pub struct Message {
    /// The id it was given when it was sent, also in the dead-letter queue.
    pub message_id: String,
    /// Names this receive of the message.
    pub receipt_handle: String,
    /// What was sent.
    pub body: String,
    /// When it was first sent, also in the dead-letter queue.
    pub sent_at: i64,
    /// When it was first received.
    pub first_received_at: i64,
    /// How often it was received, this time included; goes on counting in the dead-letter queue.
    pub receive_count: i64,
}

/// The MD5 of a body as the protocol writes it.
pub(super) fn md5_of(body: &str) -> String {
    format!("{:x}", md5::compute(body))
}

/// Refuses what SQS refuses: nothing, too much, or characters that XML 1.0 does not have.
pub(super) fn check_body(body: &str, largest: i64) -> Result<(), SqsError> {
    let allowed =
        |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    if body.is_empty() {
        return Err(SqsError::MissingParameter("MessageBody"));
    }
    let largest = usize::try_from(largest).unwrap_or(LARGEST_BYTES);
    if body.len() > largest {
        let why = format!("One or more parameters are invalid. Reason: Message must be shorter than {largest} bytes.");
        return Err(SqsError::InvalidParameterValue(why));
    }
    if !body.chars().all(allowed) {
        return Err(SqsError::InvalidMessageContents);
    }
    Ok(())
}

/// One receive of one message: which row, and the how-manieth receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Receipt {
    pub(super) queue: i64,
    pub(super) row: i64,
    pub(super) count: i64,
}

impl Receipt {
    pub(super) fn to_handle(self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}.{}.{}", self.queue, self.row, self.count))
    }

    /// The receipt in `handle`, if that is one of `queue`.
    pub(super) fn parse(handle: &str, queue: i64) -> Result<Self, SqsError> {
        let read = || -> Option<Self> {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(handle).ok()?).ok()?;
            let mut numbers = text.splitn(3, '.').map(str::parse);
            let mut next = || numbers.next()?.ok();
            Some(Self { queue: next()?, row: next()?, count: next()? })
        };
        read().filter(|receipt| receipt.queue == queue).ok_or(SqsError::ReceiptHandleIsInvalid)
    }
}
