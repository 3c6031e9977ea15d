//! Answers that have not changed are not sent again (RFC 9110, sections 8.8.3 and 13.1.2).

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, IF_NONE_MATCH};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::problem::Problem;

/// Bytes of the body's hash in a tag.
const TAG: usize = 16;

/// Tags what a GET shows, and says 304 to whoever has it already. An answer that comes with its own tag keeps it.
pub(super) async fn unchanged(request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let known = request.headers().get_all(IF_NONE_MATCH).iter().cloned().collect::<Vec<_>>();
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    match tagged(response).await {
        Ok(response) if is_known(response.headers(), &known) => not_modified(response),
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn tagged(response: Response) -> Result<Response, Problem> {
    if response.headers().contains_key(ETAG) {
        return Ok(response);
    }
    let (mut head, body) = response.into_parts();
    // It is in memory already, and the listener looks at its size.
    let bytes = to_bytes(body, usize::MAX).await.map_err(|error| Problem::ours(&error))?;
    let tag = URL_SAFE_NO_PAD.encode(&blake3::hash(&bytes).as_bytes()[..TAG]);
    // Weak: whoever stands between may compress.
    if let Ok(tag) = HeaderValue::try_from(format!("W/\"{tag}\"")) {
        head.headers.insert(ETAG, tag);
    }
    Ok(Response::from_parts(head, Body::from(bytes)))
}

fn is_known(headers: &HeaderMap, known: &[HeaderValue]) -> bool {
    let Some(tag) = headers.get(ETAG).and_then(|tag| tag.to_str().ok()) else { return false };
    let mut listed = known.iter().filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(',')).map(str::trim);
    // Our own tags have no comma in them, so a comma ends one.
    listed.any(|one| one == "*" || opaque(one) == opaque(tag))
}

/// A tag without its weakness.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

fn not_modified(response: Response) -> Response {
    let (mut head, _) = response.into_parts();
    head.status = StatusCode::NOT_MODIFIED;
    head.headers.remove(CONTENT_TYPE);
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::empty())
}
