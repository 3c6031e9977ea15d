//! What can go wrong between us and SQS.

use std::error::Error as StdError;
use std::sync::Arc;

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

/// A queue operation that did not work. Cheap to clone, since one refusal concerns a whole batch.
#[derive(Clone, Debug, thiserror::Error)]
pub enum QueueError {
    /// SQS asks for fewer requests.
    #[error("SQS is throttling")]
    Throttled(#[source] Cause),
    /// SQS could not be reached or failed; the operation may have happened.
    #[error("SQS did not answer")]
    Unavailable(#[source] Cause),
    /// The function's role lacks a permission.
    #[error("the function's role does not permit {operation} on the queue {queue}: add it there")]
    NotPermitted {
        /// As IAM names it, for example `sqs:SendMessage`.
        operation: &'static str,
        /// Its URL.
        queue: String,
        /// The service's words.
        source: Cause,
    },
    /// There is no such queue.
    #[error("the queue {queue} does not exist: deploy the stack, or correct the setting that names it")]
    MissingQueue {
        /// Its URL.
        queue: String,
        /// The service's words.
        source: Cause,
    },
    /// The request itself is wrong: repeating it changes nothing.
    #[error("SQS refuses the request")]
    Refused(#[source] Cause),
}

/// What the SDK said.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Cause(Arc<dyn StdError + Send + Sync>);

impl QueueError {
    pub(crate) fn unwritable(error: impl StdError + Send + Sync + 'static) -> Self {
        Self::Refused(Cause(Arc::new(error)))
    }

    pub(crate) fn unanswered() -> Self {
        Self::Unavailable(Cause(Arc::from(Box::<dyn StdError + Send + Sync>::from("the answer leaves this out"))))
    }

    pub(crate) fn entry(code: &str, sender_fault: bool) -> Self {
        let cause = Cause(Arc::from(Box::<dyn StdError + Send + Sync>::from(code.to_owned())));
        if sender_fault { Self::Refused(cause) } else { Self::Throttled(cause) }
    }

    /// Whether the same request may work later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Throttled(_) | Self::Unavailable(_) => true,
            Self::NotPermitted { .. } | Self::MissingQueue { .. } | Self::Refused(_) => false,
        }
    }

    /// Whether the operation may have taken effect all the same.
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Throttled(_) | Self::NotPermitted { .. } | Self::MissingQueue { .. } | Self::Refused(_) => false,
        }
    }
}

/// What `error` means for `operation`, as IAM names it, on `queue`.
pub(crate) fn classify<E, R>(operation: &'static str, queue: &str, error: SdkError<E, R>) -> QueueError
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default().to_owned();
    let answered = matches!(error, SdkError::ServiceError(_));
    // What SQS says in words: of a missing permission, whose, for which action, on which queue.
    let said = error.as_service_error().and_then(ProvideErrorMetadata::message).map(str::to_owned);
    let cause = match said {
        Some(said) => Cause(Arc::from(Box::<dyn StdError + Send + Sync>::from(said))),
        None => Cause(Arc::new(error)),
    };
    match code.as_str() {
        _ if is_of_the_clock(&code, &cause.to_string()) => QueueError::Unavailable(cause),
        "ThrottlingException" | "RequestThrottled" | "OverLimit" | "Throttling" => QueueError::Throttled(cause),
        "AccessDenied" | "AccessDeniedException" => {
            QueueError::NotPermitted { operation, queue: queue.to_owned(), source: cause }
        }
        "QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue" => {
            QueueError::MissingQueue { queue: queue.to_owned(), source: cause }
        }
        "InternalFailure" | "InternalError" | "ServiceUnavailable" => QueueError::Unavailable(cause),
        _ if answered => QueueError::Refused(cause),
        _ => QueueError::Unavailable(cause),
    }
}

/// Whether a request was refused for the time that it was signed at. The SDK has then set its clock by the answer and tried again, if the
/// answer told the time.
fn is_of_the_clock(code: &str, said: &str) -> bool {
    match code {
        "RequestExpired" | "RequestTimeTooSkewed" => true,
        "InvalidSignatureException" | "SignatureDoesNotMatch" => {
            said.starts_with("Signature expired") || said.starts_with("Signature not yet")
        }
        _ => false,
    }
}
