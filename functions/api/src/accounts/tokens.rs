//! Tokens of programs: named, shown once, revocable.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::id::{TokenId, kinds};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::typed;
use super::view::{NewToken, TokenView, TokensPage, for_its_receiver, shown};
use crate::access::Person;
use crate::context::Context;
use crate::conventions::Draws;
use crate::extract::{Body, One};
use crate::problem::Problem;

/// Nobody needs more, and a list of them is one page.
const MOST: usize = 100;

pub(super) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new().routes(routes!(list, make)).routes(routes!(revoke))
}

/// The tokens of this person, newest first. What they are good for is not shown again.
#[utoipa::path(
    get, path = "/v1/tokens", tag = "accounts", operation_id = "tokens",
    responses(
        (status = 200, description = "All of them.", body = TokensPage),
        (status = 403, description = "`not_for_tokens`"),
    )
)]
async fn list(person: Person, State(context): State<Arc<Context>>) -> Result<Json<TokensPage>, Problem> {
    person.is_no_program()?;
    let found = context.store.credentials::<kinds::Token>(&person.account, context.now()).await?;
    Ok(Json(TokensPage { tokens: found.iter().map(TokenView::from).collect(), next: None }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MakeToken {
    /// What its user calls it: 1 to 64 characters on one line.
    name: String,
}

/// Makes a token. A program that sends it as `Authorization: Bearer SECRET` acts for this person, until it is revoked.
#[utoipa::path(
    post, path = "/v1/tokens", tag = "accounts", operation_id = "make_token", request_body = MakeToken,
    responses(
        (status = 201, description = "The token, and its secret for the only time.", body = NewToken),
        (status = 403, description = "`not_for_tokens`"),
        (status = 409, description = "`too_many_tokens`: revoke one first; `no_free_id`: repeat the request."),
        (status = 422, description = "`bad_name`"),
    )
)]
async fn make(
    person: Person,
    State(context): State<Arc<Context>>,
    mut draws: Draws,
    Body(wanted): Body<MakeToken>,
) -> Result<Response, Problem> {
    person.is_no_program()?;
    let name = typed::name(&wanted.name)?;
    let issued = context.issue_one_of::<kinds::Token>(MOST, &person.account, &name, &mut draws).await?;
    let Some((token, secret)) = issued else {
        let detail = format!("there are {MOST} tokens already: revoke one first");
        return Err(Problem::conflict("too_many_tokens", detail));
    };
    let body = NewToken { token: TokenView::from(&token), secret: shown(&secret) };
    Ok(for_its_receiver(StatusCode::CREATED, body))
}

/// Revokes a token.
#[utoipa::path(
    delete, path = "/v1/tokens/{token}", tag = "accounts", operation_id = "revoke_token",
    responses(
        (status = 204, description = "It lets nobody in any more."),
        (status = 403, description = "`not_for_tokens`"),
    )
)]
async fn revoke(
    person: Person,
    State(context): State<Arc<Context>>,
    One(token): One<TokenId>,
) -> Result<StatusCode, Problem> {
    person.is_no_program()?;
    match context.store.revoke(person.user, token).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("token")),
    }
}
