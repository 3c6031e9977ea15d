//! What the queues refuse, with the names that AWS gives it.

use http::StatusCode;

/// A refused request, or a failed one.
#[derive(Debug, thiserror::Error)]
pub enum SqsError {
    /// No queue has this name.
    #[error("The specified queue does not exist.")]
    QueueDoesNotExist,
    /// The queue exists with other attributes.
    #[error("A queue already exists with the same name and a different value for attribute {0}.")]
    QueueNameExists(String),
    /// A parameter is out of its bounds.
    #[error("{0}")]
    InvalidParameterValue(String),
    /// A required parameter is absent or empty.
    #[error("The request must contain the parameter {0}.")]
    MissingParameter(&'static str),
    /// There is no such queue attribute, or it cannot be set here.
    #[error("Unknown Attribute {0}.")]
    InvalidAttributeName(String),
    /// A queue attribute is out of its bounds.
    #[error("Invalid value for the parameter {0}.")]
    InvalidAttributeValue(String),
    /// A batch without entries.
    #[error("There should be at least one entry in the request.")]
    EmptyBatchRequest,
    /// A batch of more than ten entries.
    #[error("Maximum number of entries per request are 10. You have sent {0}.")]
    TooManyEntriesInBatchRequest(usize),
    /// Two entries of a batch have this id.
    #[error("Id {0} repeated.")]
    BatchEntryIdsNotDistinct(String),
    /// An id that is not 1 to 80 letters, digits, hyphens and underscores.
    #[error(
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. \
         It can be at most 80 letters long."
    )]
    InvalidBatchEntryId,
    /// The bodies of a batch are longer than 1 MiB together.
    #[error("Batch requests cannot be longer than 1048576 bytes. You have sent {0} bytes.")]
    BatchRequestTooLong(usize),
    /// A body with a character that XML 1.0 does not have.
    #[error("The message contains characters outside the allowed set.")]
    InvalidMessageContents,
    /// Not a receipt handle, or one of another queue.
    #[error("The input receipt handle is invalid.")]
    ReceiptHandleIsInvalid,
    /// The message is waiting again, or another receive has it.
    #[error("The specified message isn't in flight.")]
    MessageNotInflight,
    /// Something that SQS has and this server does not.
    #[error("{0} is not supported by this server.")]
    UnsupportedOperation(String),
    /// The body is no JSON of this operation.
    #[error("The request could not be read: {0}")]
    Malformed(String),
    /// The database failed.
    #[error("The queue database failed: {0}")]
    Storage(#[from] rusqlite::Error),
}

impl SqsError {
    /// The shape's name, and the code by which the query protocol, and thus the SDKs, know it.
    fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::QueueDoesNotExist => {
                ("com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")
            }
            Self::QueueNameExists(_) => ("com.amazonaws.sqs#QueueNameExists", "QueueAlreadyExists"),
            Self::InvalidParameterValue(_) => {
                ("com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue")
            }
            Self::MissingParameter(_) => {
                ("com.amazon.coral.service#MissingRequiredParameterException", "MissingParameter")
            }
            Self::InvalidAttributeName(_) => ("com.amazonaws.sqs#InvalidAttributeName", "InvalidAttributeName"),
            Self::InvalidAttributeValue(_) => ("com.amazonaws.sqs#InvalidAttributeValue", "InvalidAttributeValue"),
            Self::EmptyBatchRequest => {
                ("com.amazonaws.sqs#EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest")
            }
            Self::TooManyEntriesInBatchRequest(_) => (
                "com.amazonaws.sqs#TooManyEntriesInBatchRequest",
                "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            ),
            Self::BatchEntryIdsNotDistinct(_) => {
                ("com.amazonaws.sqs#BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct")
            }
            Self::InvalidBatchEntryId => {
                ("com.amazonaws.sqs#InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId")
            }
            Self::BatchRequestTooLong(_) => {
                ("com.amazonaws.sqs#BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong")
            }
            Self::InvalidMessageContents => ("com.amazonaws.sqs#InvalidMessageContents", "InvalidMessageContents"),
            Self::ReceiptHandleIsInvalid => ("com.amazonaws.sqs#ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"),
            Self::MessageNotInflight => {
                ("com.amazonaws.sqs#MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight")
            }
            Self::UnsupportedOperation(_) => {
                ("com.amazonaws.sqs#UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation")
            }
            Self::Malformed(_) => ("com.amazon.coral.service#SerializationException", "SerializationException"),
            Self::Storage(_) => ("com.amazon.coral.service#InternalFailure", "InternalFailure"),
        }
    }

    /// The `__type` of the answer.
    pub(super) fn shape(&self) -> &'static str {
        self.names().0
    }

    /// What a batch's failed entry calls it, and the header `x-amzn-query-error`.
    pub fn code(&self) -> &'static str {
        self.names().1
    }

    /// Whether the request is to blame, and not the server.
    pub fn is_senders_fault(&self) -> bool {
        !matches!(self, Self::Storage(_))
    }

    pub(super) fn status(&self) -> StatusCode {
        if self.is_senders_fault() { StatusCode::BAD_REQUEST } else { StatusCode::INTERNAL_SERVER_ERROR }
    }
}
