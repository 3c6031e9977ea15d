//! Reading: a person's posts listed, marked and counted, what they keep of them, and labels.
//!
//! The use cases are for every room that shows posts to people (REST here, Google Reader beside it). They read what a person read as of now, and the heads of sources as
//! they were at most five seconds ago. They must never write for a subscriber who did nothing, ask the index of posts more often than a page has posts where it can be
//! helped, or show a post of a source to someone who neither subscribes to it nor keeps a copy.

mod count;
mod entry;
mod ground;
mod keep;
mod labels;
mod list;
mod mark;
mod pages;
mod places;
mod routes;
mod selection;
mod shelves;
mod stocks;
mod view;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use crate::context::Context;

pub(crate) use count::Count;
pub(crate) use places::Places;
pub(crate) use shelves::Shelves;
pub(crate) use stocks::{Heads, Stocks};
pub(crate) use {
    entry::Entry,
    mark::Marking,
    selection::{Scope, Selection, UNDER_WAY},
};

/// Posts of a person, marks, counts and labels.
pub(crate) fn routes() -> OpenApiRouter<Arc<Context>> {
    routes::routes().merge(labels::routes())
}
