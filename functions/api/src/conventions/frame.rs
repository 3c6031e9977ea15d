//! The frame of every answer: the request's name in a header, in the log and in problems, and what browsers are told to keep to.

use std::fmt;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Extensions, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use domain::id::{Entropy as _, SystemEntropy};
use domain::time::Timestamp;
use tracing::{Instrument as _, field};
use uuid::{Builder, Uuid};

use crate::context::Context;
use crate::problem::Problem;

/// The header that names the request in its answer.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers are for data, not for pages: nothing in them may run or be framed. A page says itself what it needs.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Names one request: a UUID. Nobody can send one: it would let strangers write into the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(Uuid);

impl RequestId {
    /// Lambda's, by which the platform's own log lines name the request; else a new one of version 7 (RFC 9562, section 5.7).
    fn of(extensions: &Extensions, now: Timestamp) -> Self {
        let lambda = extensions.get::<lambda_http::Context>();
        Self(lambda.and_then(|context| context.request_id.parse().ok()).unwrap_or_else(|| new(now)))
    }
}

fn new(now: Timestamp) -> Uuid {
    let mut random = [0; 10];
    SystemEntropy.fill(&mut random);
    Builder::from_unix_timestamp_millis(u64::try_from(now.as_millis()).unwrap_or(0), &random).into_uuid()
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

/// Around everything else: whatever is logged meanwhile names the request, and so does the answer.
pub(super) async fn frame(State(context): State<Arc<Context>>, request: Request, next: Next) -> Response {
    let id = RequestId::of(request.extensions(), context.now());
    // The path itself is not told: there may be a secret in it.
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    // As severe as any line in it, so that no filter keeps the line and drops its name.
    let span = tracing::error_span!("request", request.id = %id, http.method = %method, http.route = route, user.id = field::Empty);
    let response = next.run(request).instrument(span).await;
    framed(response, id, &method)
}

fn framed(response: Response, id: RequestId, method: &Method) -> Response {
    let mut response = named(response, id);
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    or(headers, CONTENT_SECURITY_POLICY, NOTHING);
    // What is for one person is kept by no cache between, and is asked about again each time.
    let caching = if method == Method::GET { "private, no-cache" } else { "no-store" };
    or(headers, CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.append(VARY, HeaderValue::from_static("authorization, cookie"));
    response
}

fn or(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    headers.entry(name).or_insert(value);
}

/// A problem says in which request it occurred: its text is written once more.
fn named(mut response: Response, id: RequestId) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let (said, _) = response.into_parts();
    let mut response = problem.of_request(id).into_response();
    for (name, value) in &said.headers {
        if !response.headers().contains_key(name) {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}
