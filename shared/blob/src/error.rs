//! Why S3 did not do what it was asked.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a blob could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// S3 asks for fewer requests.
    #[error("S3 throttled {operation}")]
    Throttled {
        /// As S3 calls it.
        operation: &'static str,
        /// What S3 said.
        source: Cause,
    },
    /// No answer, a broken one, or a failure of S3's own. A write may have happened.
    #[error("S3 did not answer {operation}")]
    Unavailable {
        /// As S3 calls it.
        operation: &'static str,
        /// What the client said.
        source: Cause,
    },
    /// The role of this function may not do that, or its credentials are not valid.
    #[error("S3 does not permit {permission} on the bucket {bucket}: check credentials and the function's role")]
    NotPermitted {
        /// As S3 calls it.
        operation: &'static str,
        /// As IAM calls it.
        permission: &'static str,
        /// Its name.
        bucket: String,
        /// What S3 said.
        source: Cause,
    },
    /// The bucket does not exist.
    #[error("the bucket {bucket} does not exist")]
    MissingBucket {
        /// Its name.
        bucket: String,
    },
    /// The blob is larger than the caller allows.
    #[error("{path} is larger than {limit_bytes} bytes")]
    TooLarge {
        /// Where it lies.
        path: String,
        /// What the caller allowed.
        limit_bytes: usize,
    },
    /// Its bytes are not those that it is named by.
    #[error("{path} does not hold the bytes that it is named by")]
    Corrupt {
        /// Where it lies.
        path: String,
    },
    /// Anything else; the same request would fail again.
    #[error("S3 refused {operation}")]
    Other {
        /// As S3 calls it.
        operation: &'static str,
        /// What S3 said.
        source: Cause,
    },
}

impl BlobError {
    /// Whether the same call may succeed a little later.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Throttled { .. } | Self::Unavailable { .. } => true,
            Self::NotPermitted { .. }
            | Self::MissingBucket { .. }
            | Self::TooLarge { .. }
            | Self::Corrupt { .. }
            | Self::Other { .. } => false,
        }
    }

    /// What a failed call of the SDK means.
    pub(crate) fn of<E>(operation: &'static str, bucket: &str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let answer = error.raw_response().map(|response| response.status().as_u16());
        let code = error.as_service_error().and_then(ProvideErrorMetadata::code).map(str::to_owned);
        let meaning = match &error {
            SdkError::ConstructionFailure(_) => Meaning::Other,
            SdkError::ServiceError(_) => Meaning::of(answer, code.as_deref()),
            // Time-outs, connections that broke, answers that are none: the enum may grow, and what is new is of that kind.
            _ => Meaning::Unavailable,
        };
        let source = Box::new(error);
        match meaning {
            Meaning::Throttled => Self::Throttled { operation, source },
            Meaning::Unavailable => Self::Unavailable { operation, source },
            Meaning::NotPermitted => {
                Self::NotPermitted { operation, permission: permission(operation), bucket: bucket.to_owned(), source }
            }
            Meaning::MissingBucket => Self::MissingBucket { bucket: bucket.to_owned() },
            Meaning::Other => Self::Other { operation, source },
        }
    }
}

/// What IAM asks for an operation: its names are not S3's.
fn permission(operation: &'static str) -> &'static str {
    match operation {
        "PutObject" => "s3:PutObject",
        "GetObject" => "s3:GetObject",
        "DeleteObjects" => "s3:DeleteObject",
        "ListObjectsV2" | "HeadBucket" => "s3:ListBucket",
        "CreateBucket" => "s3:CreateBucket",
        other => other,
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    Throttled,
    Unavailable,
    NotPermitted,
    MissingBucket,
    Other,
}

impl Meaning {
    /// By S3's error code, else by the status.
    fn of(status: Option<u16>, code: Option<&str>) -> Self {
        match (code, status) {
            (Some("SlowDown" | "Throttling" | "ThrottlingException" | "RequestLimitExceeded"), _) | (_, Some(429)) => {
                Self::Throttled
            }
            (Some("NoSuchBucket"), _) => Self::MissingBucket,
            (Some("RequestTimeout" | "RequestTimeTooSkewed" | "OperationAborted"), _) => Self::Unavailable,
            (_, Some(401 | 403)) => Self::NotPermitted,
            (_, Some(500..=599)) => Self::Unavailable,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_retryable_and_nothing_else() {
        for (status, code, meaning) in [
            (503, Some("SlowDown"), Meaning::Throttled),
            (429, None, Meaning::Throttled),
            (500, Some("InternalError"), Meaning::Unavailable),
            (502, None, Meaning::Unavailable),
            (400, Some("RequestTimeout"), Meaning::Unavailable),
            (403, Some("AccessDenied"), Meaning::NotPermitted),
            (403, Some("RequestTimeTooSkewed"), Meaning::Unavailable),
            (404, Some("NoSuchBucket"), Meaning::MissingBucket),
            (400, Some("InvalidArgument"), Meaning::Other),
        ] {
            assert_eq!(Meaning::of(Some(status), code), meaning, "{status} {code:?}");
        }
    }
}
