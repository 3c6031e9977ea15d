//! A wire that goes dead at a given request: how a test stops a fetcher at any point of its dealings with the store and the queues.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use tokio::sync::Notify;

/// Counts requests, and breaks one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Breaker(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// Requests until it breaks; negative: never.
    left: AtomicI64,
    armed: AtomicBool,
    /// Whether the request that breaks still reaches the server.
    after: AtomicBool,
    hit: Notify,
    calls: AtomicU64,
    /// Whether the store is out of reach.
    down: AtomicBool,
    /// Whether the store permits no transaction.
    forbidden: AtomicBool,
}

impl Breaker {
    /// Breaks at the `n`-th request from now (0 is the next), before the server sees it or after.
    pub(crate) fn arm(&self, n: i64, after: bool) {
        self.0.left.store(n, Ordering::SeqCst);
        self.0.after.store(after, Ordering::SeqCst);
        self.0.armed.store(true, Ordering::SeqCst);
    }

    pub(crate) fn disarm(&self) {
        self.0.armed.store(false, Ordering::SeqCst);
    }

    /// Lets every request to the store fail, or no more.
    pub(crate) fn down(&self, down: bool) {
        self.0.down.store(down, Ordering::SeqCst);
    }

    /// Lets the store refuse every transaction for good, or no more.
    pub(crate) fn forbid_transactions(&self, forbidden: bool) {
        self.0.forbidden.store(forbidden, Ordering::SeqCst);
    }

    /// Resolves when it broke.
    pub(crate) async fn hit(&self) {
        self.0.hit.notified().await;
    }

    /// Requests since the last call of this.
    pub(crate) fn calls(&self) -> u64 {
        self.0.calls.swap(0, Ordering::SeqCst)
    }

    pub(crate) fn around(&self, inner: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Wire { inner, breaker: self.clone() })
    }

    fn breaks_now(&self) -> bool {
        self.0.armed.load(Ordering::SeqCst) && self.0.left.fetch_sub(1, Ordering::SeqCst) == 0
    }
}

#[derive(Clone, Debug)]
struct Wire {
    inner: SharedHttpClient,
    breaker: Breaker,
}

#[derive(Clone, Debug)]
struct Line {
    inner: SharedHttpConnector,
    breaker: Breaker,
}

impl HttpClient for Wire {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Line { inner, breaker: self.breaker.clone() })
    }
}

impl HttpConnector for Line {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let state = Arc::clone(&self.breaker.0);
        state.calls.fetch_add(1, Ordering::SeqCst);
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        if target.starts_with("DynamoDB") && state.down.load(Ordering::SeqCst) {
            return HttpConnectorFuture::new(async { Err(ConnectorError::io("the wire is dead".into())) });
        }
        if target.ends_with("TransactWriteItems") && state.forbidden.load(Ordering::SeqCst) {
            let status = StatusCode::try_from(400).unwrap();
            let said = r#"{"__type":"com.amazonaws.dynamodb.v20120810#AccessDeniedException","message":"no"}"#;
            return HttpConnectorFuture::ready(Ok(HttpResponse::new(status, said.into())));
        }
        if !self.breaker.breaks_now() {
            return self.inner.call(request);
        }
        let answer = state.after.load(Ordering::SeqCst).then(|| self.inner.call(request));
        HttpConnectorFuture::new(async move {
            if let Some(answer) = answer {
                drop(answer.await);
            }
            state.hit.notify_one();
            std::future::pending().await
        })
    }
}
