//! SQS over HTTP: AWS JSON 1.0, one POST per request, the operation in `X-Amz-Target`.
//!
//! The limits of the protocol live here (ten messages a request, distinct ids, 1 MiB a batch); those of a message or a
//! queue live with them.

use super::Sqs;
use super::attributes::LARGEST_BYTES;
use super::error::SqsError;
use super::message::{Outgoing, Receive};
use super::shapes::{self, Batch, ByName, Entry, ListQueues, MOST, OfQueue, ReceiveMessage, only, report};
use crate::ACCOUNT;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

/// JSON writes some characters as six bytes.
const LARGEST_REQUEST_BYTES: usize = 7 * LARGEST_BYTES;

/// How targets of SQS's begin.
pub(crate) const TARGET_PREFIX: &str = "AmazonSQS.";

/// The queues, spoken to in AWS JSON.
pub(crate) struct Server {
    sqs: Sqs,
    /// The server's own address, with which queue URLs begin.
    url: String,
}

/// What a request is answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
    /// Value of `x-amzn-query-error`: the error's code as the older protocol knows it.
    pub(crate) query_error: Option<String>,
}

pub(crate) fn router(server: Arc<Server>) -> Router {
    Router::new().fallback(serve).layer(DefaultBodyLimit::max(LARGEST_REQUEST_BYTES)).with_state(server)
}

async fn serve(State(server): State<Arc<Server>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let answer = server.answer(target, &body).await;
    let json = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
    match answer.query_error {
        None => (answer.status, json, answer.body).into_response(),
        Some(error) => (answer.status, json, [("x-amzn-query-error", error)], answer.body).into_response(),
    }
}

impl Server {
    /// `url` is the server's own address, with which queue URLs begin.
    pub(crate) fn new(sqs: Sqs, url: &str) -> Self {
        let url = url.to_owned();
        Self { sqs, url }
    }

    /// Does what `target` names.
    pub(crate) async fn answer(&self, target: &str, body: &[u8]) -> Answer {
        let operation = target.strip_prefix(TARGET_PREFIX).unwrap_or_default();
        match self.run(operation, body).await {
            Ok(value) => Answer { status: StatusCode::OK, body: value.to_string(), query_error: None },
            Err(error) => {
                if !error.is_senders_fault() {
                    tracing::error!(operation, %error, "a queue request failed");
                }
                let fault = if error.is_senders_fault() { "Sender" } else { "Receiver" };
                Answer {
                    status: error.status(),
                    body: json!({ "__type": error.shape(), "message": error.to_string() }).to_string(),
                    query_error: Some(format!("{};{fault}", error.code())),
                }
            }
        }
    }

    async fn run(&self, operation: &str, body: &[u8]) -> Result<Value, SqsError> {
        match operation {
            "SendMessage" | "DeleteMessage" | "ChangeMessageVisibility" => self.run_single(operation, read(body)?),
            "SendMessageBatch" | "DeleteMessageBatch" | "ChangeMessageVisibilityBatch" => {
                self.run_batch(operation, read(body)?)
            }
            "ReceiveMessage" => self.receive(read(body)?).await,
            "GetQueueAttributes" | "SetQueueAttributes" | "PurgeQueue" => self.run_on_queue(operation, &read(body)?),
            "CreateQueue" => {
                let request: ByName = read(body)?;
                self.sqs.create_queue(&request.queue_name, &request.attributes)?;
                Ok(json!({ "QueueUrl": self.queue_url(&request.queue_name) }))
            }
            "GetQueueUrl" => {
                let request: ByName = read(body)?;
                self.sqs.check_queue(&request.queue_name)?;
                Ok(json!({ "QueueUrl": self.queue_url(&request.queue_name) }))
            }
            "ListQueues" => {
                let names = self.sqs.list_queues(&read::<ListQueues>(body)?.queue_name_prefix);
                let urls: Vec<String> = names.iter().map(|name| self.queue_url(name)).collect();
                Ok(json!({ "QueueUrls": urls }))
            }
            _ => Err(SqsError::UnsupportedOperation(format!("The operation {operation}"))),
        }
    }

    fn run_on_queue(&self, operation: &str, request: &OfQueue) -> Result<Value, SqsError> {
        let queue = name_in(&request.queue_url);
        match operation {
            "SetQueueAttributes" => self.sqs.set_queue_attributes(queue, &request.attributes).map(|()| json!({})),
            "PurgeQueue" => self.sqs.purge(queue).map(|()| json!({})),
            _ => {
                let all = self.sqs.queue_attributes(queue)?;
                Ok(json!({ "Attributes": shapes::chosen(all, &request.attribute_names)? }))
            }
        }
    }

    async fn receive(&self, request: ReceiveMessage) -> Result<Value, SqsError> {
        let asked = request.max_number_of_messages.unwrap_or(1);
        let max_messages = usize::try_from(asked).ok().filter(|max| (1..=MOST).contains(max)).ok_or_else(|| {
            SqsError::InvalidParameterValue(format!(
                "Value {asked} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."
            ))
        })?;
        let ask = Receive {
            max_messages,
            wait_seconds: request.wait_time_seconds,
            visibility_seconds: request.visibility_timeout,
        };
        let messages = self.sqs.receive(name_in(&request.queue_url), ask).await?;
        if messages.is_empty() {
            return Ok(json!({}));
        }
        let names = || request.message_system_attribute_names.iter().chain(&request.attribute_names);
        let wanted = |name: &str| names().any(|asked| asked == "All" || asked == name);
        let messages: Vec<Value> = messages.into_iter().map(|message| shapes::received(message, wanted)).collect();
        Ok(json!({ "Messages": messages }))
    }

    fn run_single(&self, operation: &str, request: Entry) -> Result<Value, SqsError> {
        let queue = name_in(&request.queue_url).to_owned();
        match operation {
            "SendMessage" => only(self.sqs.send(&queue, &[request.into_outgoing()?])?).map(shapes::sent),
            "DeleteMessage" => only(self.sqs.delete(&queue, &[&request.receipt_handle])?).map(|()| json!({})),
            _ => only(self.sqs.change_visibility(&queue, &[request.change()?])?).map(|()| json!({})),
        }
    }

    fn run_batch(&self, operation: &str, request: Batch) -> Result<Value, SqsError> {
        let Batch { queue_url, entries } = request;
        let queue = name_in(&queue_url);
        self.sqs.check_queue(queue)?;
        shapes::check_entries(&entries)?;
        let ids: Vec<String> = entries.iter().map(|entry| entry.id.clone()).collect();
        match operation {
            "SendMessageBatch" => {
                let total = entries.iter().map(|entry| entry.message_body.len()).sum();
                if total > LARGEST_BYTES {
                    return Err(SqsError::BatchRequestTooLong(total));
                }
                let messages: Vec<Outgoing> =
                    entries.into_iter().map(Entry::into_outgoing).collect::<Result<_, _>>()?;
                Ok(report(&ids, self.sqs.send(queue, &messages)?, shapes::sent))
            }
            "DeleteMessageBatch" => {
                let handles: Vec<&str> = entries.iter().map(|entry| entry.receipt_handle.as_str()).collect();
                Ok(report(&ids, self.sqs.delete(queue, &handles)?, |()| json!({})))
            }
            _ => {
                let changes: Vec<(&str, i64)> = entries.iter().map(Entry::change).collect::<Result<_, _>>()?;
                Ok(report(&ids, self.sqs.change_visibility(queue, &changes)?, |()| json!({})))
            }
        }
    }

    fn queue_url(&self, name: &str) -> String {
        format!("{}/{ACCOUNT}/{name}", self.url)
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, SqsError> {
    serde_json::from_slice(body).map_err(|error| SqsError::Malformed(error.to_string()))
}

/// The queue's name is the end of its URL; host and port may be those of a former start.
fn name_in(queue_url: &str) -> &str {
    queue_url.rsplit('/').next().unwrap_or_default()
}
