//! The HTTP function: what people and programs see of sources, jobs and posts, over short ids.
//!
//! One axum router, served by Lambda and by a plain listener on one machine. It must never fetch a feed or wait for one:
//! it writes what is to happen, sends a message, and answers.
//!
//! There are no accounts yet: whoever reaches this router may do everything, so it must be reachable from loopback only.

mod context;
mod cursor;
mod extract;
mod jobs;
mod next;
mod posts;
mod problem;
mod refresh;
mod sources;
mod view;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::routing::{get, post};

pub use crate::context::{Context, Parts, Rules};
pub use crate::problem::Problem;

/// The most bytes of one answer: Lambda takes 6 MB, headers and all.
pub const MAX_ANSWER_BYTES: usize = 5_500_000;

/// Every route there is.
pub fn router(context: Arc<Context>) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/v1/sources", get(sources::list).post(sources::add))
        .route("/v1/sources/{source}", get(sources::show).patch(sources::change).delete(sources::delete))
        .route("/v1/sources/{source}/refresh", post(refresh::refresh))
        .route("/v1/sources/{source}/jobs", get(jobs::list))
        .route("/v1/sources/{source}/jobs/{job}", get(jobs::show).delete(jobs::delete))
        .route("/v1/sources/{source}/posts", get(posts::list))
        .route("/v1/posts/{post}", get(posts::show))
        .fallback(|| async { Problem::no_such_path() })
        .method_not_allowed_fallback(|| async { Problem::wrong_method() })
        .with_state(context)
}

/// Alive, and which version; asks nothing of anyone.
async fn healthz() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}
