//! The way back for one who forgot the password: a link that an administrator hands over, good for a day and for one new password.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::account::{Ending, Password, Secret};
use domain::id::{UserId, kinds};
use serde::Deserialize;
use store::Resetting;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::typed;
use super::view::{NewReset, ResetView, for_its_receiver, shown};
use crate::access::Admin;
use crate::context::Context;
use crate::conventions::Draws;
use crate::extract::{Body, One};
use crate::problem::Problem;

pub(super) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new().routes(routes!(make)).routes(routes!(redeem))
}

/// Makes a way back for a user who forgot the password. For administrators.
#[utoipa::path(
    post, path = "/v1/users/{user}/resets", tag = "accounts", operation_id = "make_reset",
    responses(
        (status = 201, description = "It, and its secret for the only time.", body = NewReset),
        (status = 403, description = "`administrators_only`, `not_for_tokens`"),
        (status = 409, description = "`no_free_id`: repeat the request. `own_account`: change your own password with the old one."),
    )
)]
async fn make(
    admin: Admin,
    State(context): State<Arc<Context>>,
    One(user): One<UserId>,
    mut draws: Draws,
) -> Result<Response, Problem> {
    admin.is_no_program()?;
    if admin.person.as_ref().is_some_and(|person| person.user == user && !person.is_by_operator()) {
        let detail = "change your own password with the old one (PATCH /v1/account): a session alone is not enough";
        return Err(Problem::conflict("own_account", detail));
    }
    let user = context.store.user(user).await?.ok_or_else(|| Problem::not_found("user"))?;
    let (reset, secret) = context.issue::<kinds::Reset>(&user, None, &mut draws).await?;
    let body = NewReset { reset: ResetView::from(&reset), secret: shown(&secret) };
    Ok(for_its_receiver(StatusCode::CREATED, body))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redeem {
    /// What the administrator handed over.
    secret: String,
    /// 8 to 1,024 bytes, all of which count.
    password: String,
}

/// Sets a new password. All sessions and tokens of the account end: whoever forgot the password may have lost more than that.
#[utoipa::path(
    post, path = "/v1/password-resets", tag = "accounts", operation_id = "reset_password", security(()), request_body = Redeem,
    responses(
        (status = 204, description = "Sign in with it."),
        (status = 403, description = "`reset_spent`: it was used, is over, or ended with the sessions of its user."),
        (status = 422, description = "`bad_password`"),
    )
)]
async fn redeem(
    State(context): State<Arc<Context>>,
    mut draws: Draws,
    Body(wanted): Body<Redeem>,
) -> Result<StatusCode, Problem> {
    let password = typed::new_password(wanted.password)?;
    let secret: Secret<kinds::Reset> = wanted.secret.parse().map_err(|_| Problem::reset_spent())?;
    let Some(access) = context.store.access(&secret, context.now()).await? else {
        return context.was_redeemed(&secret, password, &mut draws).await;
    };
    let hash = context.passwords.turn().await?.hash(password, &mut draws).await?;
    match context.store.reset_password(&access, &hash, Ending::SessionsAndTokens, context.now()).await? {
        Resetting::Reset => Ok(StatusCode::NO_CONTENT),
        Resetting::Spent => Err(Problem::reset_spent()),
    }
}

impl Context {
    /// A link that was used is used up, except for the request that used it and never heard so: its attempts, and no others, draw the same salt.
    async fn was_redeemed(
        &self,
        secret: &Secret<kinds::Reset>,
        password: Password,
        draws: &mut Draws,
    ) -> Result<StatusCode, Problem> {
        let user = self.store.user_reset_by(secret, self.now()).await?.ok_or_else(Problem::reset_spent)?;
        let hash = self.passwords.turn().await?.hash(password, draws).await?;
        if user.password == hash { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::reset_spent()) }
    }
}
