//! Which web pages of other origins may ask (the Fetch standard's CORS protocol): those that a setting lists, with a token of their own.

use std::time::Duration;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, LINK, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::frame::REQUEST_ID;
use super::limits::{LEFT, POLICY};

/// How long a browser may remember what it was told.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// The layer for these origins; none if there are none, so that browsers refuse on their own.
///
/// Cookies are never let through: a page of another origin brings a token, which it was given on purpose.
pub(super) fn cors(origins: &[String]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| HeaderValue::try_from(origin).ok()).collect();
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.clone()))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH, HeaderName::from_static("idempotency-key")])
        .expose_headers([ETAG, LINK, LOCATION, RETRY_AFTER, REQUEST_ID, POLICY, LEFT])
        .max_age(REMEMBERED);
    (!origins.is_empty()).then_some(layer)
}
