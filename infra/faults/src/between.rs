//! The place between the SDK and its HTTP client.

use std::fmt::Debug;
use std::pin::Pin;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;

/// What comes back of a call.
pub(crate) type Answer = Result<HttpResponse, ConnectorError>;
/// A call under way.
pub(crate) type Calling = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Something that has its way with calls.
pub(crate) trait Meddle: Clone + Debug + Send + Sync + 'static {
    /// Makes the call through `next`, or not.
    fn call(&self, request: HttpRequest, next: SharedHttpConnector) -> Calling;
}

/// The client `inner` with `meddler` in front of it.
pub(crate) fn between(inner: SharedHttpClient, meddler: impl Meddle) -> SharedHttpClient {
    http_client_fn(move |settings, components| {
        let next = inner.http_connector(settings, components);
        SharedHttpConnector::new(Between { meddler: meddler.clone(), next })
    })
}

#[derive(Debug)]
struct Between<M> {
    meddler: M,
    next: SharedHttpConnector,
}

impl<M: Meddle> HttpConnector for Between<M> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.meddler.call(request, self.next.clone()))
    }
}
