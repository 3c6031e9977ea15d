//! The HTTP function: what people and programs see of sources, jobs and posts, over short ids.
//!
//! One axum router, served by Lambda and by a plain listener on one machine. It must never poll a feed or wait for that:
//! it writes what is to happen, sends a message, and answers. Only where a person looks for a site's feeds it asks other servers, for a bounded time.
//!
//! Who asks is known before anything is looked up or done: every handler says by its first argument whom it is for.

mod access;
mod accounts;
mod context;
mod conventions;
mod cursor;
mod extract;
mod gateway;
mod greader;
mod health;
mod jobs;
mod making;
mod metering;
mod next;
mod portable;
mod posts;
mod preferences;
mod problem;
mod reading;
mod refresh;
mod shares;
mod sources;
mod stats;
mod subscriptions;
mod view;

use std::sync::Arc;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;

pub use crate::accounts::{Cost, Passwords};
pub use crate::context::{Context, Parts, Rules, way_out};
pub use crate::conventions::limits::Limits;
pub use crate::gateway::as_asked;
pub use crate::metering::metered;
pub use crate::problem::Problem;

/// The most bytes of one answer: Lambda takes 6 MB, headers and all.
pub const MAX_ANSWER_BYTES: usize = 5_500_000;

/// Every route there is, a line a room.
pub fn router(context: Arc<Context>) -> Router {
    router_behind(context, |router| router)
}

/// The same behind a gate of its listener's own.
pub fn router_behind(context: Arc<Context>, gate: impl FnOnce(Router) -> Router) -> Router {
    let rooms = OpenApiRouter::new()
        .merge(health::routes())
        .merge(accounts::routes())
        .merge(sources::routes())
        .merge(refresh::routes())
        .merge(jobs::routes())
        .merge(posts::routes())
        .merge(stats::routes())
        .merge(subscriptions::routes())
        .merge(preferences::routes())
        .merge(shares::routes())
        .merge(portable::routes())
        .merge(reading::routes())
        .merge(greader::routes());
    conventions::around(rooms, &context, gate)
}
