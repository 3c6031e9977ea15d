//! Answers as bytes, to be kept: status, the headers that belong to what was done, and the body.

use axum::body::{Body, to_bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// What belongs to what was done. Everything else is said anew each time.
const HEADERS: [HeaderName; 4] = [CACHE_CONTROL, CONTENT_TYPE, LOCATION, SET_COOKIE];
/// The most bytes that are kept: an item of the store has 400 KB.
const MAX: usize = 300_000;

/// The front of a kept answer.
#[derive(Serialize, Deserialize)]
struct Front {
    status: u16,
    headers: Vec<(String, String)>,
    /// Whether the body was small enough.
    whole: bool,
}

/// The answer, and what of it is kept.
pub(super) async fn bytes(response: Response) -> Result<(Response, Vec<u8>), Problem> {
    let (head, body) = response.into_parts();
    // It is in memory already.
    let body = to_bytes(body, usize::MAX).await.map_err(|error| Problem::ours(&error))?;
    let text = |name: &HeaderName, value: &HeaderValue| Some((name.to_string(), value.to_str().ok()?.to_owned()));
    let headers =
        HEADERS.iter().flat_map(|name| head.headers.get_all(name).iter().filter_map(move |value| text(name, value)));
    let front = Front { status: head.status.as_u16(), headers: headers.collect(), whole: body.len() <= MAX };
    let mut plain = serde_json::to_vec(&front).map_err(|error| Problem::ours(&error))?;
    // JSON on one line: the line feed ends it.
    plain.push(b'\n');
    if front.whole {
        plain.extend_from_slice(&body);
    }
    Ok((Response::from_parts(head, Body::from(body)), plain))
}

/// The answer that was kept; `None` if it was too large, or is none.
pub(super) fn response(plain: &[u8]) -> Option<Response> {
    let end = plain.iter().position(|byte| *byte == b'\n')?;
    let front: Front = serde_json::from_slice(&plain[..end]).ok().filter(|front: &Front| front.whole)?;
    let mut response = Response::new(Body::from(plain[end + 1..].to_vec()));
    *response.status_mut() = StatusCode::from_u16(front.status).ok()?;
    for (name, value) in front.headers {
        response.headers_mut().append(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    Some(response)
}
