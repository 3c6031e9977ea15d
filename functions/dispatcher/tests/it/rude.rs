//! A client of the AWS servers that dies, refuses or loses an answer where a test says so.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use emulator::sqs::{Outgoing, Sqs};
use tokio::sync::Notify;

/// What goes wrong.
#[derive(Clone, Debug, Default)]
pub(crate) enum Fault {
    #[default]
    None,
    /// The process dies before the call of this number goes out.
    DieBefore(usize),
    /// The process dies when the call of this number was done.
    DieAfter(usize),
    /// SQS refuses messages that contain this text.
    Refuse(String),
    /// Calls of this operation are done, but nobody hears of it.
    Lose(&'static str),
    /// The first call of this operation waits until the test has done something in between.
    Pause(&'static str),
}

#[derive(Debug, Default)]
struct State {
    fault: Fault,
    calls: Vec<String>,
}

/// The switch that a test has in its hand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rude {
    state: Arc<Mutex<State>>,
    pub(crate) died: Arc<Notify>,
    /// Told when a call waits.
    pub(crate) paused: Arc<Notify>,
    /// Lets it go on.
    pub(crate) go: Arc<Notify>,
}

impl Rude {
    pub(crate) fn set(&self, fault: Fault) {
        *self.state.lock().unwrap() = State { fault, calls: Vec::new() };
    }

    /// The operations that were called since the fault was set.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.state.lock().unwrap().calls.clone()
    }

    pub(crate) fn wrap(&self, inner: SharedHttpClient, sqs: &Sqs) -> SharedHttpClient {
        SharedHttpClient::new(Client { inner, rude: self.clone(), sqs: sqs.clone() })
    }
}

#[derive(Debug)]
struct Client {
    inner: SharedHttpClient,
    rude: Rude,
    sqs: Sqs,
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector { inner, rude: self.rude.clone(), sqs: self.sqs.clone() })
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    rude: Rude,
    sqs: Sqs,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let (number, fault) = {
            let mut state = self.rude.state.lock().unwrap();
            state.calls.push(operation.clone());
            (state.calls.len() - 1, state.fault.clone())
        };
        let (inner, died) = (self.inner.clone(), Arc::clone(&self.rude.died));
        match fault {
            Fault::DieBefore(n) if n == number => HttpConnectorFuture::new(die(died)),
            Fault::DieAfter(n) if n == number => HttpConnectorFuture::new(async move {
                inner.call(request).await?;
                die(died).await
            }),
            Fault::Lose(lost) if lost == operation => HttpConnectorFuture::new(async move {
                inner.call(request).await?;
                Err(ConnectorError::io("the answer was lost".into()))
            }),
            Fault::Pause(first) if first == operation => {
                self.rude.set(Fault::None);
                let (paused, go) = (Arc::clone(&self.rude.paused), Arc::clone(&self.rude.go));
                HttpConnectorFuture::new(async move {
                    paused.notify_one();
                    go.notified().await;
                    inner.call(request).await
                })
            }
            Fault::Refuse(text) if operation == "SendMessageBatch" => {
                HttpConnectorFuture::ready(Ok(refuse(&self.sqs, &request, &text)))
            }
            _ => inner.call(request),
        }
    }
}

async fn die(died: Arc<Notify>) -> Result<HttpResponse, ConnectorError> {
    died.notify_one();
    std::future::pending().await
}

/// Plays SQS for one batch: entries with `text` in them fail, the others are sent.
fn refuse(sqs: &Sqs, request: &HttpRequest, text: &str) -> HttpResponse {
    let batch: serde_json::Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
    let queue = batch["QueueUrl"].as_str().unwrap().rsplit('/').next().unwrap();
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in batch["Entries"].as_array().unwrap() {
        let body = entry["MessageBody"].as_str().unwrap().to_owned();
        if body.contains(text) {
            failed.push(serde_json::json!({ "Id": entry["Id"], "Code": "InternalError", "SenderFault": false }));
            continue;
        }
        let outgoing = Outgoing { body, delay_seconds: entry["DelaySeconds"].as_i64() };
        let sent = sqs.send(queue, &[outgoing]).unwrap().remove(0).unwrap();
        successful.push(serde_json::json!({
            "Id": entry["Id"], "MessageId": sent.message_id, "MD5OfMessageBody": sent.md5_of_body
        }));
    }
    let answer = serde_json::json!({ "Successful": successful, "Failed": failed });
    HttpResponse::new(200.try_into().unwrap(), SdkBody::from(answer.to_string()))
}
