//! The API behind API Gateway's address: a name that only the emulator knows, on its port.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// Who asks the API of the deployed stack.
#[derive(Clone)]
pub(crate) struct Gateway {
    address: SocketAddr,
    host: String,
    authorization: String,
}

impl Gateway {
    /// At the URL that the stack's outputs name.
    pub(crate) fn new(address: SocketAddr, url: &str, authorization: String) -> Self {
        Self { address, host: url.trim_start_matches("http://").to_owned(), authorization }
    }

    /// The same, as someone else; as nobody, if it is empty.
    pub(crate) fn with(&self, authorization: String) -> Self {
        Self { authorization, ..self.clone() }
    }

    /// Status and JSON of what is answered.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let mut request = Request::builder().method(method.parse::<Method>().unwrap()).uri(path);
        request = request.header("host", &self.host).header("content-type", "application/json");
        if !self.authorization.is_empty() {
            request = request.header("authorization", &self.authorization);
        }
        let request =
            request.body(Full::new(if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) })).unwrap();
        let exchange = async move {
            let answer = sender.send_request(request).await.unwrap();
            let status = answer.status().as_u16();
            (status, answer.into_body().collect().await.unwrap().to_bytes())
        };
        let ((status, bytes), _) = tokio::join!(exchange, connection);
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, json) = self.ask("GET", path, &Value::Null).await;
        assert_eq!(status, 200, "GET {path}: {json}");
        json
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, json) = self.ask("POST", path, &body).await;
        assert!((200..300).contains(&status), "POST {path}: {status} {json}");
        json
    }

    /// Asks until `done` finds what it waits for; the test's own time-out ends it otherwise.
    pub(crate) async fn wait<T>(&self, path: &str, done: impl Fn(&Value) -> Option<T>) -> T {
        let mut pause = tokio::time::interval(Duration::from_millis(300));
        loop {
            pause.tick().await;
            if let Some(found) = done(&self.get(path).await) {
                return found;
            }
        }
    }
}
