//! Answers as the services write them.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use crate::between::Answer;
use crate::call::{Call, Service};

const JSON: &str = "application/x-amz-json-1.0";

/// A call for which there is no capacity.
pub(crate) fn throttled(call: &Call) -> Answer {
    const SLOW: &str = "The rate of requests is too high";
    match call.service {
        Service::DynamoDb if call.operation == "TransactWriteItems" => dynamodb("ThrottlingException", SLOW),
        Service::DynamoDb => dynamodb("ProvisionedThroughputExceededException", SLOW),
        Service::Sqs => sqs(400, "com.amazonaws.sqs#RequestThrottled", "RequestThrottled;Sender", SLOW),
        Service::S3 => s3(503, "SlowDown", "Please reduce your request rate."),
    }
}

/// A service that failed.
pub(crate) fn failed(call: &Call) -> Answer {
    const FAILED: &str = "An internal error occurred";
    match call.service {
        Service::DynamoDb => of_json(
            500,
            &json!({ "__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": FAILED }),
        ),
        Service::Sqs => sqs(500, "com.amazon.coral.service#InternalFailure", "InternalFailure;Receiver", FAILED),
        Service::S3 => s3(500, "InternalError", "We encountered an internal error. Please try again."),
    }
}

/// A write that met a transaction on its item. Of a transaction the first action is the one in the way.
pub(crate) fn conflict(call: &Call, request: &Value) -> Answer {
    const BUSY: &str = "Transaction is ongoing for the item";
    if call.operation != "TransactWriteItems" {
        return dynamodb("TransactionConflictException", BUSY);
    }
    let count = request["TransactItems"].as_array().map_or(1, Vec::len);
    let mut reasons = vec![json!({ "Code": "None" }); count];
    if let Some(first) = reasons.first_mut() {
        *first = json!({ "Code": "TransactionConflict", "Message": BUSY });
    }
    let message = "Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict]";
    of_json(
        400,
        &json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": message,
            "CancellationReasons": reasons,
        }),
    )
}

/// No connection could be made.
pub(crate) fn unreachable() -> Answer {
    Err(ConnectorError::io("connection refused (a fault that a test asked for)".into()))
}

/// The connection broke before an answer came.
pub(crate) fn lost() -> Answer {
    Err(ConnectorError::io("connection reset (a fault that a test asked for)".into()))
}

/// The answer did not come in time.
pub(crate) fn timed_out() -> Answer {
    Err(ConnectorError::timeout("no answer in time (a fault that a test asked for)".into()))
}

/// A success with this body.
pub(crate) fn ok(body: &Value) -> Answer {
    of_json(200, body)
}

/// An answer with these bytes for a body.
pub(crate) fn of_bytes(status: StatusCode, body: Vec<u8>) -> HttpResponse {
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    response.headers_mut().insert("content-type", JSON);
    response
}

fn dynamodb(name: &str, message: &str) -> Answer {
    let shape = format!("com.amazonaws.dynamodb.v20120810#{name}");
    of_json(400, &json!({ "__type": shape, "message": message }))
}

fn sqs(status: u16, shape: &str, code: &'static str, message: &str) -> Answer {
    let mut response = of_json(status, &json!({ "__type": shape, "message": message }))?;
    response.headers_mut().insert("x-amzn-query-error", code);
    Ok(response)
}

fn s3(status: u16, code: &str, message: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    let mut response = of_bytes(status_code(status)?, body.into_bytes());
    response.headers_mut().insert("content-type", "application/xml");
    Ok(response)
}

fn of_json(status: u16, body: &Value) -> Answer {
    Ok(of_bytes(status_code(status)?, body.to_string().into_bytes()))
}

fn status_code(status: u16) -> Result<StatusCode, ConnectorError> {
    StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))
}
