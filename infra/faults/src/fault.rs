//! What can go wrong with a call.

use crate::call::{Call, Service};

/// One way in which a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The service has no capacity left; nothing was done.
    Throttled,
    /// A transaction on the same items was under way; nothing was done. DynamoDB's writes only.
    Conflict,
    /// The service failed; nothing was done.
    ServerError,
    /// No connection; nothing was sent.
    Unreachable,
    /// Everything was done, but the answer did not arrive: the connection was reset.
    AnswerLost,
    /// No answer came in time; whether anything was done, nobody can tell.
    TimedOut,
    /// Some members of a batch were not done, and the answer, a success, says so.
    Partial,
    /// An index is answered as it was when the same was asked before.
    Lagging,
}

impl Fault {
    /// All of them, in the order in which a plan tries them.
    pub const ALL: [Self; 8] = [
        Self::Throttled,
        Self::Conflict,
        Self::ServerError,
        Self::Unreachable,
        Self::AnswerLost,
        Self::TimedOut,
        Self::Partial,
        Self::Lagging,
    ];

    /// A word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Conflict => "conflict",
            Self::ServerError => "server error",
            Self::Unreachable => "unreachable",
            Self::AnswerLost => "answer lost",
            Self::TimedOut => "timed out",
            Self::Partial => "done in part",
            Self::Lagging => "index lags",
        }
    }

    /// Whether this can happen to `call`.
    pub fn can_hit(self, call: &Call) -> bool {
        match self {
            Self::Throttled | Self::ServerError | Self::Unreachable | Self::AnswerLost | Self::TimedOut => true,
            Self::Conflict => call.is_dynamodb(&[
                "TransactWriteItems",
                "UpdateItem",
                "PutItem",
                "DeleteItem",
                "BatchExecuteStatement",
            ]),
            Self::Partial => {
                call.is_dynamodb(&["BatchGetItem", "BatchWriteItem", "BatchExecuteStatement"])
                    || (call.service == Service::Sqs && call.operation == "SendMessageBatch")
            }
            Self::Lagging => call.reads_index,
        }
    }
}
