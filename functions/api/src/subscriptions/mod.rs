//! What a person subscribes to: by a feed's address or a site's, under folders and titles of their own, openly or with a secret.
//!
//! Handlers are thin; what they do, the rooms of other APIs do too. It must never show a secret address, a password or a token, nor let one person learn
//! what another subscribes to.

mod address;
mod change;
mod discovery;
mod folders;
mod limits;
mod rest;
mod shelf;
mod subscribe;
mod view;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::context::Context;

pub(crate) use self::{
    address::{Address, is_private, may_be_told},
    change::{Edit, title},
    folders::name,
    shelf::{Shelf, Shelved},
    subscribe::{Outcome, Wish},
};

/// Subscriptions, folders, and looking for feeds.
pub(crate) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new()
        .routes(routes!(rest::list, rest::subscribe))
        .routes(routes!(rest::show, rest::change, rest::unsubscribe))
        .routes(routes!(rest::discover))
        .routes(routes!(folders::list, folders::add))
        .routes(routes!(folders::rename, folders::delete))
}
