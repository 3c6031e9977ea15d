//! Invitations: an administrator's, each for one new person.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::id::{InvitationId, kinds};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::view::{InvitationView, InvitationsPage, NewInvitation, for_its_receiver, shown};
use crate::access::Admin;
use crate::context::Context;
use crate::conventions::Draws;
use crate::extract::One;
use crate::problem::Problem;

pub(super) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new().routes(routes!(list, invite)).routes(routes!(take_back))
}

/// This administrator's invitations that nobody has used, newest first.
#[utoipa::path(
    get, path = "/v1/invitations", tag = "accounts", operation_id = "invitations",
    responses(
        (status = 200, description = "All of them.", body = InvitationsPage),
        (status = 403, description = "`administrators_only`, `not_for_tokens`"),
        (status = 422, description = "`needs_user`"),
    )
)]
async fn list(admin: Admin, State(context): State<Arc<Context>>) -> Result<Json<InvitationsPage>, Problem> {
    admin.is_no_program()?;
    let person = admin.as_person()?;
    let found = context.store.credentials::<kinds::Invitation>(&person.account, context.now()).await?;
    Ok(Json(InvitationsPage { invitations: found.iter().map(InvitationView::from).collect(), next: None }))
}

/// Makes an invitation, good for seven days: whoever has its secret may register once.
#[utoipa::path(
    post, path = "/v1/invitations", tag = "accounts",
    responses(
        (status = 201, description = "The invitation, and its secret for the only time.", body = NewInvitation),
        (status = 403, description = "`administrators_only`, `not_for_tokens`; `registration_closed`"),
        (status = 409, description = "`no_free_id`: repeat the request."),
        (status = 422, description = "`needs_user`"),
    )
)]
async fn invite(admin: Admin, State(context): State<Arc<Context>>, mut draws: Draws) -> Result<Response, Problem> {
    admin.is_no_program()?;
    let person = admin.as_person()?;
    if !context.rules.registration.admits(true) {
        return Err(Problem::registration_closed());
    }
    let (invitation, secret) = context.issue::<kinds::Invitation>(&person.account, None, &mut draws).await?;
    let body = NewInvitation { invitation: InvitationView::from(&invitation), secret: shown(&secret) };
    Ok(for_its_receiver(StatusCode::CREATED, body))
}

/// Takes an invitation back.
#[utoipa::path(
    delete, path = "/v1/invitations/{invitation}", tag = "accounts",
    responses(
        (status = 204, description = "It lets nobody in any more."),
        (status = 403, description = "`administrators_only`, `not_for_tokens`"),
        (status = 422, description = "`needs_user`"),
    )
)]
async fn take_back(
    admin: Admin,
    State(context): State<Arc<Context>>,
    One(invitation): One<InvitationId>,
) -> Result<StatusCode, Problem> {
    admin.is_no_program()?;
    match context.store.revoke(admin.as_person()?.user, invitation).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("invitation")),
    }
}
