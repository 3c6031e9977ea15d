//! What can go wrong with the store, beyond a refused condition.

use std::error::Error;
use std::sync::Arc;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// The cause of a [`StoreError`], shared because one call may fail for many items at once.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// A call to the store that brought no answer, or one that cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The table's capacity is used up, after retries.
    #[error("the store is out of capacity ({operation})")]
    Throttled {
        /// What was tried.
        operation: &'static str,
    },
    /// Transactions on the same items got in each other's way, after retries.
    #[error("the store was busy with the same items ({operation})")]
    Conflict {
        /// What was tried.
        operation: &'static str,
    },
    /// No answer, or a 5xx: a write may or may not have been done.
    #[error("the store did not answer ({operation})")]
    Unavailable {
        /// What was tried.
        operation: &'static str,
        /// Why.
        source: Cause,
    },
    /// The role of this function may not do that, or its credentials are not valid.
    #[error("the store does not permit {operation}: check credentials and the function's role")]
    NotPermitted {
        /// What was tried.
        operation: &'static str,
        /// Why.
        source: Cause,
    },
    /// A table or an index does not exist.
    #[error(
        "the table {table} or an index of it does not exist ({operation}): deploy the stack, or correct the setting that names it"
    )]
    MissingTable {
        /// Which; of a transaction, all that it may be about.
        table: String,
        /// What was tried.
        operation: &'static str,
        /// Why.
        source: Cause,
    },
    /// A stored item is not what this code or its predecessor writes.
    #[error("the stored {what} cannot be read")]
    Corrupt {
        /// Which item, and which attribute.
        what: String,
    },
    /// A stored item was written by code more than one version ahead.
    #[error("the stored {what} has format {version}, which is too new for this version of Feedmill")]
    Newer {
        /// Which item.
        what: &'static str,
        /// Its format.
        version: u32,
    },
    /// Anything else: a request that the store does not understand.
    #[error("the store refused the request ({operation})")]
    Other {
        /// What was tried.
        operation: &'static str,
        /// Why.
        source: Cause,
    },
}

/// What DynamoDB says in words: of a missing permission, whose, for which action, on which table.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Said {
    message: String,
    source: Cause,
}

/// A cause that is no error of its own.
pub(crate) fn because(text: impl Into<String>) -> Cause {
    Box::<dyn Error + Send + Sync>::from(text.into()).into()
}

impl StoreError {
    /// Whether the same call may work later without anyone changing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            // A table that is not there is being made, or brought back from a backup.
            Self::Throttled { .. } | Self::Conflict { .. } | Self::Unavailable { .. } | Self::MissingTable { .. } => {
                true
            }
            Self::NotPermitted { .. } | Self::Corrupt { .. } | Self::Newer { .. } | Self::Other { .. } => false,
        }
    }

    /// Whether one stored item is the trouble, and not the store: everything else goes on.
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::Newer { .. })
    }

    /// What an SDK call failed with.
    pub(crate) fn of<E>(operation: &'static str, error: SdkError<E>) -> Self
    where
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let code = error.code().map(str::to_owned);
        let answered = matches!(error, SdkError::ServiceError(_) | SdkError::ConstructionFailure(_));
        // Something between us and the store may have answered in its place.
        let broken = error.raw_response().is_some_and(|answer| answer.status().is_server_error());
        let message = error.message().map(str::to_owned);
        let of_the_clock = is_of_the_clock(code.as_deref(), message.as_deref());
        let source: Cause = Arc::new(error);
        let source = match message {
            Some(message) => Arc::new(Said { message, source }),
            None => source,
        };
        if broken || !answered || of_the_clock {
            return Self::Unavailable { operation, source };
        }
        Self::coded(operation, code.as_deref().unwrap_or_default(), source)
    }

    /// The same, about this table: a missing one does not say its name.
    pub(crate) fn on(self, about: impl Into<String>) -> Self {
        match self {
            Self::MissingTable { operation, source, .. } => {
                Self::MissingTable { table: about.into(), operation, source }
            }
            other => other,
        }
    }

    /// What a code of DynamoDB means, whether of a call or of one statement of a batch.
    pub(crate) fn coded(operation: &'static str, code: &str, source: Cause) -> Self {
        // Batches say `ThrottlingError`, calls say `ThrottlingException`.
        let code = code.strip_suffix("Exception").or_else(|| code.strip_suffix("Error")).unwrap_or(code);
        match code {
            "ProvisionedThroughputExceeded" | "Throttling" | "RequestLimitExceeded" | "LimitExceeded" => {
                Self::Throttled { operation }
            }
            "TransactionConflict" | "TransactionInProgress" | "TransactionCanceled" => Self::Conflict { operation },
            "InternalServer" | "InternalFailure" | "ServiceUnavailable" => Self::Unavailable { operation, source },
            "AccessDenied"
            | "UnrecognizedClient"
            | "InvalidSignature"
            | "MissingAuthenticationToken"
            | "IncompleteSignature"
            | "ExpiredToken"
            | "NotAuthorized" => Self::NotPermitted { operation, source },
            "ResourceNotFound" | "TableNotFound" => {
                Self::MissingTable { table: "(unknown)".to_owned(), operation, source }
            }
            _ => Self::Other { operation, source },
        }
    }
}

/// Whether a request was refused for the time that it was signed at. The SDK has then set its clock by the answer and tried again, if the
/// answer told the time.
fn is_of_the_clock(code: Option<&str>, said: Option<&str>) -> bool {
    let expired = |said: &str| said.starts_with("Signature expired") || said.starts_with("Signature not yet");
    code == Some("RequestExpired") || code == Some("InvalidSignatureException") && said.is_some_and(expired)
}
