//! Sessions: listed and ended, one or all.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::account::Ending;
use domain::id::{SessionId, kinds};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::view::{SessionView, SessionsPage};
use crate::access::{Credential, Person};
use crate::context::Context;
use crate::extract::One;
use crate::problem::Problem;

pub(super) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new().routes(routes!(list, end_all)).routes(routes!(end_current)).routes(routes!(end))
}

/// Where this person is signed in, newest first.
#[utoipa::path(
    get, path = "/v1/sessions", tag = "accounts", operation_id = "sessions",
    responses(
        (status = 200, description = "All of them.", body = SessionsPage),
        (status = 403, description = "`not_for_tokens`"),
    )
)]
async fn list(person: Person, State(context): State<Arc<Context>>) -> Result<Json<SessionsPage>, Problem> {
    person.is_no_program()?;
    let current = match person.credential {
        Credential::Session { id, .. } => Some(id),
        Credential::Token(_) | Credential::Operator => None,
    };
    let found = context.store.credentials::<kinds::Session>(&person.account, context.now()).await?;
    let sessions = found.iter().map(|session| SessionView::new(session, current)).collect();
    Ok(Json(SessionsPage { sessions, next: None }))
}

/// Signs out: ends what this request shows, be it a session or a token.
#[utoipa::path(
    delete, path = "/v1/sessions/current", tag = "accounts", operation_id = "sign_out",
    responses(
        (status = 204, description = "It lets nobody in any more."),
        (status = 409, description = "`nothing_to_end`: the operator's secret has no end."),
    )
)]
async fn end_current(person: Person, State(context): State<Arc<Context>>) -> Result<Response, Problem> {
    match person.credential {
        Credential::Session { id, .. } => context.store.revoke(person.user, id).await?,
        Credential::Token(id) => context.store.revoke(person.user, id).await?,
        Credential::Operator => {
            let detail = "the operator's secret follows from the installation's key and has no end";
            return Err(Problem::conflict("nothing_to_end", detail));
        }
    };
    Ok(context.signed_out())
}

/// Ends one session.
#[utoipa::path(
    delete, path = "/v1/sessions/{session}", tag = "accounts", operation_id = "end_session",
    responses(
        (status = 204, description = "It lets nobody in any more."),
        (status = 403, description = "`not_for_tokens`"),
    )
)]
async fn end(
    person: Person,
    State(context): State<Arc<Context>>,
    One(session): One<SessionId>,
) -> Result<StatusCode, Problem> {
    person.is_no_program()?;
    match context.store.revoke(person.user, session).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("session")),
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Programs are signed out too.
    #[serde(default)]
    tokens: bool,
}

/// Signs out everywhere. Reset links end as well.
#[utoipa::path(
    delete, path = "/v1/sessions", tag = "accounts", operation_id = "sign_out_everywhere", params(Which),
    responses(
        (status = 204, description = "None lets anybody in any more."),
        (status = 403, description = "`not_for_tokens`"),
    )
)]
async fn end_all(
    person: Person,
    State(context): State<Arc<Context>>,
    which: Result<Query<Which>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    person.is_no_program()?;
    let Query(which) = which.map_err(|_| Problem::bad_query("this takes `tokens` (true or false) and nothing else"))?;
    let ending = if which.tokens { Ending::SessionsAndTokens } else { Ending::Sessions };
    context.store.end_credentials(person.user, ending).await?;
    Ok(context.signed_out().into_response())
}
