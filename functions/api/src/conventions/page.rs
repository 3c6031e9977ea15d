//! The page at `/docs`, on which every operation can be read and tried: three files of our own in the binary, nothing from anywhere else.

use std::sync::Arc;

use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::context::Context;

/// It may run its own script, look as it wants, and ask this server; it may be framed by nobody and load nothing else.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The page and its parts.
pub(super) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new().routes(routes!(docs)).routes(routes!(docs_style)).routes(routes!(docs_script))
}

/// A page to read and try this API.
#[utoipa::path(
    get, path = "/docs", tag = "service", security(()),
    responses((status = 200, description = "HTML.", content_type = "text/html", body = String))
)]
async fn docs() -> Response {
    part("text/html; charset=utf-8", include_str!("page/page.html"))
}

/// How that page looks.
#[utoipa::path(
    get, path = "/docs/page.css", tag = "service", security(()),
    responses((status = 200, description = "CSS.", content_type = "text/css", body = String))
)]
async fn docs_style() -> Response {
    part("text/css; charset=utf-8", include_str!("page/page.css"))
}

/// What that page does.
#[utoipa::path(
    get, path = "/docs/page.js", tag = "service", security(()),
    responses((status = 200, description = "JavaScript.", content_type = "text/javascript", body = String))
)]
async fn docs_script() -> Response {
    part("text/javascript; charset=utf-8", include_str!("page/page.js"))
}

fn part(kind: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(kind)), (CONTENT_SECURITY_POLICY, POLICY)], text).into_response()
}
