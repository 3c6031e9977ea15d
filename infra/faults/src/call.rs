//! Which operation a request is, read off the wire.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;

/// Whose operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `X-Amz-Target: DynamoDB_20120810.…`
    DynamoDb,
    /// `X-Amz-Target: AmazonSQS.…`
    Sqs,
    /// Everything else: method and path say what it is.
    S3,
}

/// One call, as far as faults depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Whose.
    pub service: Service,
    /// As the service calls it, for example `UpdateItem`; of S3 `PutObject`, `GetBucket` and the like.
    pub operation: String,
    /// Whether it reads a secondary index.
    pub reads_index: bool,
}

impl Call {
    /// Reads a request.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let target = request.headers().get("x-amz-target").and_then(|target| target.split_once('.'));
        match target {
            Some(("AmazonSQS", operation)) => Self::named(Service::Sqs, operation.to_owned()),
            Some((_, operation)) => {
                let call = Self::named(Service::DynamoDb, operation.to_owned());
                let queries = matches!(operation, "Query" | "Scan");
                Self { reads_index: queries && json(request).is_some_and(|body| !body["IndexName"].is_null()), ..call }
            }
            None => Self::named(Service::S3, s3_operation(request.method(), request.uri())),
        }
    }

    fn named(service: Service, operation: String) -> Self {
        Self { service, operation, reads_index: false }
    }

    /// Whether it is this operation of DynamoDB's.
    pub(crate) fn is_dynamodb(&self, operations: &[&str]) -> bool {
        self.service == Service::DynamoDb && operations.contains(&self.operation.as_str())
    }
}

/// The body as JSON, if it is in memory and is that.
pub(crate) fn json(request: &HttpRequest) -> Option<Value> {
    serde_json::from_slice(request.body().bytes()?).ok()
}

/// Path-style addresses: `/bucket` or `/bucket/key`.
fn s3_operation(method: &str, uri: &str) -> String {
    let after_host = uri.split_once("://").map_or(uri, |(_, rest)| rest).split_once('/').map_or("", |(_, path)| path);
    let path = after_host.split('?').next().unwrap_or_default();
    let kind = if path.trim_end_matches('/').contains('/') { "Object" } else { "Bucket" };
    let mut letters = method.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters.map(|letter| letter.to_ascii_lowercase())).chain(kind.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::body::SdkBody;

    fn check(target: Option<&str>, method: &str, uri: &str, body: &str, expected: (Service, &str, bool)) {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method(method).unwrap();
        request.set_uri(uri).unwrap();
        if let Some(target) = target {
            request.headers_mut().insert("x-amz-target", target.to_owned());
        }
        let call = Call::of(&request);
        assert_eq!((call.service, call.operation.as_str(), call.reads_index), expected, "{target:?} {method} {uri}");
    }

    #[test]
    fn a_request_says_which_operation_it_is() {
        let (dynamodb, sqs, s3) = (Service::DynamoDb, Service::Sqs, Service::S3);
        let root = "http://127.0.0.1:1/";
        check(Some("DynamoDB_20120810.GetItem"), "POST", root, "{}", (dynamodb, "GetItem", false));
        check(Some("DynamoDB_20120810.Query"), "POST", root, "{}", (dynamodb, "Query", false));
        check(Some("DynamoDB_20120810.Query"), "POST", root, r#"{"IndexName":"i"}"#, (dynamodb, "Query", true));
        check(Some("AmazonSQS.SendMessageBatch"), "POST", root, "{}", (sqs, "SendMessageBatch", false));
        check(None, "PUT", "http://127.0.0.1:1/bucket/a/b?x-id=PutObject", "", (s3, "PutObject", false));
        check(None, "GET", "http://127.0.0.1:1/bucket/a", "", (s3, "GetObject", false));
        check(None, "HEAD", "http://127.0.0.1:1/bucket/", "", (s3, "HeadBucket", false));
    }
}
