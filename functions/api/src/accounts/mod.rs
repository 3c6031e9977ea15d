//! Accounts: made, signed in to, changed, deleted; and what lets people and their programs in.
//!
//! It must never store or log a password or a secret, tell by words or by work whether somebody has an account (registering apart, where two cannot have one address), nor
//! make an administrator by anything but the explicit calls for it.

mod account;
mod invitations;
mod issue;
mod passwords;
mod resets;
mod roles;
mod sessions;
mod sign_in;
mod tokens;
mod typed;
mod users;
mod view;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use crate::context::Context;

pub use passwords::{Cost, Passwords};

/// Everything about accounts.
pub(crate) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new()
        .merge(users::routes())
        .merge(roles::routes())
        .merge(sign_in::routes())
        .merge(sessions::routes())
        .merge(tokens::routes())
        .merge(account::routes())
        .merge(invitations::routes())
        .merge(resets::routes())
}
