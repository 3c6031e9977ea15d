//! Administrators after the first one: made and unmade by the operator, by calls of their own.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::account::Role;
use domain::id::UserId;
use store::Updating;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::view::UserView;
use crate::access::Admin;
use crate::context::Context;
use crate::extract::One;
use crate::problem::Problem;

/// How often somebody else may change the user before we give up.
const TRIES: usize = 5;

pub(super) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new().routes(routes!(promote, demote))
}

/// Makes a user an administrator. For the operator.
#[utoipa::path(
    put, path = "/v1/users/{user}/administrator", tag = "accounts",
    responses(
        (status = 200, description = "The user, who is one.", body = UserView),
        (status = 403, description = "`operator_only`"),
        (status = 409, description = "`busy`: someone else changed this account, repeat the request."),
    )
)]
async fn promote(
    admin: Admin,
    State(context): State<Arc<Context>>,
    One(user): One<UserId>,
) -> Result<Json<UserView>, Problem> {
    admin.is_operator()?;
    context.change_role(user, Role::Administrator).await
}

/// Makes an administrator a member. For the operator.
#[utoipa::path(
    delete, path = "/v1/users/{user}/administrator", tag = "accounts",
    responses(
        (status = 200, description = "The user, who is none.", body = UserView),
        (status = 403, description = "`operator_only`"),
        (status = 409, description = "`busy`: someone else changed this account, repeat the request."),
    )
)]
async fn demote(
    admin: Admin,
    State(context): State<Arc<Context>>,
    One(user): One<UserId>,
) -> Result<Json<UserView>, Problem> {
    admin.is_operator()?;
    context.change_role(user, Role::Member).await
}

impl Context {
    async fn change_role(&self, user: UserId, role: Role) -> Result<Json<UserView>, Problem> {
        for _ in 0..TRIES {
            let found = self.store.user(user).await?.ok_or_else(|| Problem::not_found("user"))?;
            if found.role == role {
                return Ok(Json(UserView::from(&found)));
            }
            match self.store.change_role(&found, role).await? {
                Updating::Updated(user) => return Ok(Json(UserView::from(&user))),
                Updating::Conflict => {}
                Updating::Missing => return Err(Problem::not_found("user")),
            }
        }
        Err(Problem::account_busy())
    }
}
