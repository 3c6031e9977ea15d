//! The Google Reader API, as reader apps speak it: there is no specification, only what they send and tolerate (docs/READER_APPS.md).
//!
//! It must never tell an app `OK` for what was not done, nor let it reach what is another person's.

mod about;
mod atom;
mod changes;
mod item;
mod item_id;
mod lists;
mod login;
mod marks;
mod names;
mod opml;
mod overview;
mod params;
mod stream;
mod subscribing;
mod tagging;
mod tags;
mod times;
mod views;
mod wanted;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use utoipa_axum::router::OpenApiRouter;

use crate::context::Context;

/// Where apps with a preset for FreshRSS look.
const FRESHRSS: &str = "/api/greader.php";
/// What tells an app to sign in again.
const BAD_TOKEN: HeaderName = HeaderName::from_static("x-reader-google-bad-token");

/// All calls, at the root and where FreshRSS has them.
pub(crate) fn routes() -> OpenApiRouter<Arc<Context>> {
    let calls = Router::new()
        .route("/accounts/ClientLogin", post(login::client_login))
        .route("/reader/api/0/token", get(about::token))
        .route("/reader/api/0/user-info", get(about::user_info))
        .route("/reader/api/0/subscription/list", get(overview::subscriptions))
        .route("/reader/api/0/subscription/edit", post(subscribing::edit))
        .route("/reader/api/0/subscription/quickadd", post(subscribing::quick_add))
        .route("/reader/api/0/subscription/export", get(opml::export))
        .route("/reader/api/0/subscription/import", post(opml::import))
        .route("/reader/api/0/tag/list", get(overview::tags))
        .route("/reader/api/0/rename-tag", post(tagging::rename))
        .route("/reader/api/0/disable-tag", post(tagging::disable))
        .route("/reader/api/0/unread-count", get(overview::unread_count))
        .route("/reader/api/0/stream/items/ids", get(lists::ids).post(lists::ids))
        .route("/reader/api/0/stream/items/contents", get(lists::items).post(lists::items))
        .route("/reader/api/0/stream/contents", get(lists::contents).post(lists::contents))
        .route("/reader/api/0/stream/contents/", get(lists::contents).post(lists::contents))
        .route("/reader/api/0/stream/contents/{*stream}", get(lists::contents_of).post(lists::contents_of))
        .route("/reader/atom/{*stream}", get(lists::atom))
        .route("/reader/api/0/edit-tag", post(marks::edit_tag))
        .route("/reader/api/0/mark-all-as-read", post(marks::mark_all_as_read))
        .layer(map_response(told_to_sign_in));
    OpenApiRouter::from(calls.clone().merge(Router::new().nest(FRESHRSS, calls)))
}

async fn told_to_sign_in(mut response: Response) -> Response {
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(BAD_TOKEN, HeaderValue::from_static("true"));
    }
    response
}

/// Plain text: what most changes answer.
fn text(text: impl Into<String>) -> Response {
    text.into().into_response()
}
