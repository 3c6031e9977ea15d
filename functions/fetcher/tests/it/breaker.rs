//! A wire that goes dead, or plays tricks, at a given request: how a test stops a fetcher at any point of its dealings with the store
//! and the queues, or does something behind its back there.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

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
    trick: Mutex<Option<Trick>>,
    waits: Notify,
    go: Notify,
}

/// What happens to the requests for an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trick {
    /// The first one waits until [`Breaker::go`].
    Wait(&'static str),
    /// The first one is never answered: before or after the server does it.
    Hang(&'static str, bool),
    /// The server does them, but nobody hears of it.
    Lose(&'static str),
    /// Look-ups of keys that contain this find nothing.
    Blind(&'static str),
}

impl Breaker {
    /// Plays a trick, or no more.
    pub(crate) fn play(&self, trick: Option<Trick>) {
        *self.0.trick.lock().unwrap() = trick;
    }

    /// Resolves when a request waits or hangs.
    pub(crate) async fn waits(&self) {
        self.0.waits.notified().await;
    }

    /// Lets the request that waits go on.
    pub(crate) fn go(&self) {
        self.0.go.notify_one();
    }

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

    /// The trick that is played on a request, if any; those for the first one are over then.
    fn tricked(&self, operation: &str, body: &[u8]) -> Option<Trick> {
        let mut playing = self.0.trick.lock().unwrap();
        let trick = (*playing)?;
        let meant = match trick {
            Trick::Wait(wanted) | Trick::Hang(wanted, _) | Trick::Lose(wanted) => operation == wanted,
            Trick::Blind(key) => operation == "BatchGetItem" && String::from_utf8_lossy(body).contains(key),
        };
        if meant && matches!(trick, Trick::Wait(_) | Trick::Hang(..)) {
            *playing = None;
        }
        meant.then_some(trick)
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
        let operation = target.rsplit('.').next().unwrap_or_default();
        if let Some(trick) = self.breaker.tricked(operation, request.body().bytes().unwrap_or_default()) {
            return HttpConnectorFuture::new(tricked(trick, self.inner.clone(), state, request));
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

async fn tricked(
    trick: Trick,
    inner: SharedHttpConnector,
    state: Arc<State>,
    request: HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    match trick {
        Trick::Wait(_) => {
            state.waits.notify_one();
            state.go.notified().await;
            inner.call(request).await
        }
        Trick::Hang(_, after) => {
            if after {
                inner.call(request).await?;
            }
            state.waits.notify_one();
            std::future::pending().await
        }
        Trick::Lose(_) => {
            inner.call(request).await?;
            Err(ConnectorError::io("the answer was lost".into()))
        }
        Trick::Blind(_) => {
            let nothing = r#"{"Responses":{},"UnprocessedKeys":{}}"#;
            Ok(HttpResponse::new(StatusCode::try_from(200).unwrap(), nothing.into()))
        }
    }
}
