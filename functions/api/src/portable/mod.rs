//! What people take along: lists of feeds in OPML, and a whole account as one JSON document.
//!
//! Good rows go in and bad ones are named; whatever is stopped anywhere is sent again, and goes on where it was. Nothing secret is ever exported.

mod account;
mod opml;
mod rows;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::context::Context;

/// Import and export.
pub(crate) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new()
        .routes(routes!(opml::export, opml::import))
        .routes(routes!(account::export))
        .routes(routes!(account::import))
}
