//! A person's own account: shown, changed, deleted. Changing it asks for the password: a session that somebody else got hold of is not enough.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::account::{Email, Ending, User};
use domain::id::kinds;
use serde::Deserialize;
use store::{ChangingEmail, Updating};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::passwords::Turn;
use super::typed;
use super::view::{ChangedAccount, SessionView, UserView, for_its_receiver, shown};
use crate::access::{Credential, Person};
use crate::context::Context;
use crate::conventions::{ClientAddress, Draws};
use crate::extract::Body;
use crate::problem::Problem;

pub(super) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new().routes(routes!(show, change, delete))
}

/// This person's account.
#[utoipa::path(
    get, path = "/v1/account", tag = "accounts", operation_id = "account",
    responses((status = 200, description = "Whose request this is.", body = UserView))
)]
async fn show(person: Person) -> Json<UserView> {
    Json(UserView::from(&*person.account))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeAccount {
    /// The present one.
    password: String,
    #[serde(default)]
    email: Option<String>,
    /// 8 to 1,024 bytes. Signs out everywhere.
    #[serde(default)]
    new_password: Option<String>,
    /// With a new password, programs are signed out too.
    #[serde(default)]
    end_tokens: bool,
}

/// Changes the address, then the password; each for itself.
#[utoipa::path(
    patch, path = "/v1/account", tag = "accounts", operation_id = "change_account", request_body = ChangeAccount,
    responses(
        (status = 200, description = "The account as it is now. Who was signed in and changed the password has a new session.", body = ChangedAccount),
        (status = 403, description = "`wrong_password`"),
        (status = 409, description = "`email_taken`; `busy`: someone else changed this account, repeat the request."),
        (status = 422, description = "`bad_email`, `bad_password`"),
        (status = 429, description = "`too_many_failures`, `too_many_requests`"),
    )
)]
async fn change(
    person: Person,
    State(context): State<Arc<Context>>,
    ClientAddress(address): ClientAddress,
    mut draws: Draws,
    Body(wanted): Body<ChangeAccount>,
) -> Result<Response, Problem> {
    let email = wanted.email.as_deref().map(typed::email).transpose()?;
    let new_password = wanted.new_password.map(typed::new_password).transpose()?;
    let turn = context.passwords.turn().await?;
    let mut user = context.confirmed(&turn, &person, wanted.password, address).await?;
    if let Some(email) = email {
        user = context.change_email(&user, &email).await?;
    }
    let Some(password) = new_password else {
        return Ok(context.changed(&user));
    };
    let hash = turn.hash(password, &mut draws).await?;
    let ending = if wanted.end_tokens { Ending::SessionsAndTokens } else { Ending::Sessions };
    user = match context.store.change_password(&user, &hash, ending).await? {
        Updating::Updated(user) => user,
        Updating::Conflict => return Err(Problem::account_busy()),
        Updating::Missing => return Err(Problem::bad_credential()),
    };
    context.signed_in_again(&user, person.credential, &mut draws).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteAccount {
    password: String,
}

/// Deletes the account and all that is this person's. Sources that others subscribe to stay.
#[utoipa::path(
    delete, path = "/v1/account", tag = "accounts", operation_id = "delete_account", request_body = DeleteAccount,
    responses(
        (status = 204, description = "Nobody gets in any more; the rest is removed in the background."),
        (status = 403, description = "`wrong_password`"),
        (status = 429, description = "`too_many_failures`, `too_many_requests`"),
    )
)]
async fn delete(
    person: Person,
    State(context): State<Arc<Context>>,
    ClientAddress(address): ClientAddress,
    Body(wanted): Body<DeleteAccount>,
) -> Result<Response, Problem> {
    let turn = context.passwords.turn().await?;
    let user = context.confirmed(&turn, &person, wanted.password, address).await?;
    context.store.begin_erasing(user.id, context.now()).await?;
    Ok(context.signed_out())
}

impl Context {
    /// This person as of now, who knows their password. Wrong ones count as failed attempts to sign in.
    async fn confirmed(
        &self,
        turn: &Turn<'_>,
        person: &Person,
        password: String,
        address: IpAddr,
    ) -> Result<User, Problem> {
        let user = self.check_password(turn, &person.account.email, typed::password(password)?, address).await?;
        // The address may have changed hands since the request was let in.
        if user.id == person.user { Ok(user) } else { Err(Problem::account_busy()) }
    }

    async fn change_email(&self, user: &User, email: &Email) -> Result<User, Problem> {
        match self.store.change_email(user, email).await? {
            ChangingEmail::Changed(user) => Ok(user),
            ChangingEmail::Taken => Err(Problem::email_taken()),
            ChangingEmail::Conflict => Err(Problem::account_busy()),
            ChangingEmail::Missing => Err(Problem::bad_credential()),
        }
    }

    fn changed(&self, user: &User) -> Response {
        let body = ChangedAccount { user: UserView::from(user), session: None, secret: None };
        for_its_receiver(StatusCode::OK, body)
    }

    /// All sessions have ended; who sent this by one is not to be locked out by it.
    async fn signed_in_again(
        &self,
        user: &User,
        credential: Credential,
        draws: &mut Draws,
    ) -> Result<Response, Problem> {
        let Credential::Session { by_cookie, .. } = credential else {
            return Ok(self.changed(user));
        };
        let (session, secret) = self.issue::<kinds::Session>(user, None, draws).await?;
        let body = ChangedAccount {
            user: UserView::from(user),
            session: Some(SessionView::new(&session, Some(session.id))),
            secret: (!by_cookie).then(|| shown(&secret)),
        };
        let mut response = for_its_receiver(StatusCode::OK, body);
        if by_cookie {
            self.set_session_cookie(&mut response, &session, &secret);
        }
        Ok(response)
    }
}
