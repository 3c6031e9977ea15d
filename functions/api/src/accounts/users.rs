//! Users: made by registering, by an administrator or, the first one, by the operator; listed and deleted by administrators.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{HeaderName, LOCATION};
use axum::http::request::Parts;
use axum::response::IntoResponse;
use domain::account::{NewUser, Role, Secret, User};
use domain::id::UserId;
use domain::id::kinds;
use serde::Deserialize;
use store::{Access, Bootstrapping, Erasing, Registering, RollPlace};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::typed;
use super::view::{UserView, UsersPage};
use crate::access::{Admin, Caller};
use crate::context::Context;
use crate::conventions::Draws;
use crate::extract::{Body, One, Page, PageQuery};
use crate::problem::Problem;

pub(super) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new().routes(routes!(list, register)).routes(routes!(show, delete)).routes(routes!(bootstrap))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    email: String,
    /// 8 to 1,024 bytes, all of which count.
    password: String,
    /// The secret of an invitation, where one is needed.
    #[serde(default)]
    invitation: Option<String>,
}

/// Makes the account of a member. Administrators may always, others as the installation is set: all, with an invitation, or not at all.
#[utoipa::path(
    post, path = "/v1/users", tag = "accounts", security(()), request_body = Register,
    responses(
        (status = 201, description = "A new account; sign in with it.", body = UserView, headers(("Location" = String, description = "Where administrators see it."))),
        (status = 403, description = "`registration_closed`; `invitation_needed`; `invitation_spent`: it was used, is over or was taken back."),
        (status = 409, description = "`email_taken`"),
        (status = 422, description = "`bad_email`, `bad_password`"),
    )
)]
async fn register(
    State(context): State<Arc<Context>>,
    Sender(caller): Sender,
    mut draws: Draws,
    Body(wanted): Body<Register>,
) -> Result<impl IntoResponse, Problem> {
    let id = UserId::draw(&mut draws);
    // An earlier attempt at this very request may have made it, and have used the invitation up.
    if let Some(user) = context.store.user(id).await? {
        return Ok(created(&user));
    }
    let is_admin = caller.is_some_and(|caller| caller.is_admin());
    let invitation = context.admit(is_admin, wanted.invitation.as_deref()).await?;
    let making = Making::Member(invitation.map(Box::new));
    let user = context.make_user(id, &wanted.email, wanted.password, making, &mut draws).await?;
    Ok(created(&user))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bootstrap {
    email: String,
    /// 8 to 1,024 bytes, all of which count.
    password: String,
}

/// Makes the account of the first administrator, once in the life of an installation. For the operator.
#[utoipa::path(
    post, path = "/v1/bootstrap", tag = "accounts", request_body = Bootstrap,
    responses(
        (status = 201, description = "The first administrator.", body = UserView, headers(("Location" = String, description = "Where administrators see it."))),
        (status = 403, description = "`operator_only`"),
        (status = 409, description = "`already_bootstrapped`; `email_taken`"),
        (status = 422, description = "`bad_email`, `bad_password`"),
    )
)]
async fn bootstrap(
    admin: Admin,
    State(context): State<Arc<Context>>,
    mut draws: Draws,
    Body(wanted): Body<Bootstrap>,
) -> Result<impl IntoResponse, Problem> {
    admin.is_operator()?;
    let (id, making) = (UserId::draw(&mut draws), Making::FirstAdministrator);
    let user = context.make_user(id, &wanted.email, wanted.password, making, &mut draws).await?;
    Ok(created(&user))
}

/// All users, oldest account first. For administrators.
#[utoipa::path(
    get, path = "/v1/users", tag = "accounts", operation_id = "users", params(PageQuery),
    responses(
        (status = 200, description = "A page of users.", body = UsersPage),
        (status = 403, description = "`administrators_only`"),
    )
)]
async fn list(_: Admin, State(context): State<Arc<Context>>, page: Page) -> Result<Json<UsersPage>, Problem> {
    const SCOPE: &str = "users";
    let after: Option<RollPlace> = page.cursor.map(|cursor| context.cursors.open(SCOPE, &cursor)).transpose()?;
    let (users, more) = context.store.users(after, page.limit).await?;
    let next = more.map(|place| context.cursors.seal(SCOPE, &place)).transpose()?;
    Ok(Json(UsersPage { users: users.iter().map(UserView::from).collect(), next }))
}

/// One user. For administrators.
#[utoipa::path(
    get, path = "/v1/users/{user}", tag = "accounts", operation_id = "user",
    responses(
        (status = 200, description = "The user.", body = UserView),
        (status = 403, description = "`administrators_only`"),
    )
)]
async fn show(
    _: Admin,
    State(context): State<Arc<Context>>,
    One(user): One<UserId>,
) -> Result<Json<UserView>, Problem> {
    let user = context.store.user(user).await?.ok_or_else(|| Problem::not_found("user"))?;
    Ok(Json(UserView::from(&user)))
}

/// Deletes a user and all that is theirs. Sources that others subscribe to stay. For administrators.
#[utoipa::path(
    delete, path = "/v1/users/{user}", tag = "accounts", operation_id = "delete_user",
    responses(
        (status = 204, description = "They get in no more; the rest is removed in the background."),
        (status = 403, description = "`administrators_only`, `not_for_tokens`"),
    )
)]
async fn delete(
    admin: Admin,
    State(context): State<Arc<Context>>,
    One(user): One<UserId>,
) -> Result<StatusCode, Problem> {
    admin.is_no_program()?;
    match context.store.begin_erasing(user, context.now()).await? {
        Erasing::Begun => Ok(StatusCode::NO_CONTENT),
        Erasing::Missing => Err(Problem::not_found("user")),
    }
}

fn created(user: &User) -> impl IntoResponse + use<> {
    let place: [(HeaderName, String); 1] = [(LOCATION, format!("/v1/users/{}", user.id))];
    (StatusCode::CREATED, place, Json(UserView::from(user)))
}

/// Whoever sends the request, who may be anybody.
struct Sender(Option<Caller>);

impl axum::extract::FromRequestParts<Arc<Context>> for Sender {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, context: &Arc<Context>) -> Result<Self, Problem> {
        match Caller::of(parts, context).await {
            // Nothing need be shown here: what lets nobody in is as good as nothing.
            Err(problem) if problem.is_unauthorized() => Ok(Self(None)),
            caller => caller.map(Self),
        }
    }
}

/// What kind of account is to be made.
enum Making {
    Member(Option<Box<Access<kinds::Invitation>>>),
    FirstAdministrator,
}

impl Making {
    const fn role(&self) -> Role {
        match self {
            Self::Member(_) => Role::Member,
            Self::FirstAdministrator => Role::Administrator,
        }
    }
}

impl Context {
    /// Refuses whom the installation does not take in; the invitation that lets somebody in otherwise. Nothing is hashed for who is refused.
    async fn admit(
        &self,
        is_admin: bool,
        invitation: Option<&str>,
    ) -> Result<Option<Access<kinds::Invitation>>, Problem> {
        let way = self.rules.registration;
        if !is_admin && !way.admits(invitation.is_some()) {
            return Err(if way.admits(true) { Problem::invitation_needed() } else { Problem::registration_closed() });
        }
        let Some(invitation) = invitation else { return Ok(None) };
        let secret: Secret<kinds::Invitation> = invitation.parse().map_err(|_| Problem::invitation_spent())?;
        let access = self.store.access(&secret, self.now()).await?;
        // Who is no administrator any more invites nobody any more.
        let access = access.filter(|access| access.user.role == Role::Administrator);
        access.ok_or_else(Problem::invitation_spent).map(Some)
    }

    async fn make_user(
        &self,
        mut id: UserId,
        email: &str,
        password: String,
        making: Making,
        draws: &mut Draws,
    ) -> Result<User, Problem> {
        const MORE: usize = 10;
        let (email, password) = (typed::email(email)?, typed::new_password(password)?);
        let password = self.passwords.turn().await?.hash(password, draws).await?;
        for _ in 0..MORE {
            let new = NewUser { id, email: email.clone(), password: password.clone(), created_at: self.now() };
            if self.put_user(&new, &making).await? {
                return Ok(new.with_role(making.role()));
            }
            id = UserId::draw(draws);
        }
        Err(Problem::no_free_id())
    }

    /// False if another id has to be drawn.
    async fn put_user(&self, new: &NewUser, making: &Making) -> Result<bool, Problem> {
        match making {
            Making::Member(invitation) => match self.store.register(new, invitation.as_deref()).await? {
                Registering::Registered => Ok(true),
                Registering::InvitationSpent => Err(Problem::invitation_spent()),
                Registering::EmailTaken => Err(Problem::email_taken()),
                Registering::IdTaken => Ok(false),
            },
            Making::FirstAdministrator => match self.store.bootstrap(new).await? {
                Bootstrapping::Bootstrapped => Ok(true),
                Bootstrapping::AlreadyDone => Err(Problem::already_bootstrapped()),
                Bootstrapping::EmailTaken => Err(Problem::email_taken()),
                Bootstrapping::IdTaken => Ok(false),
            },
        }
    }
}
