//! Signing in, and whatever else asks for a password.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{HeaderMap, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::account::{Email, Password, Secret, Session, User, Who};
use domain::id::kinds;
use serde::Deserialize;
use store::Try;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::passwords::Turn;
use super::typed;
use super::view::{SessionView, SignedIn, UserView, for_its_receiver, shown};
use crate::access::{SESSION_COOKIE, same_origin};
use crate::context::Context;
use crate::conventions::{ClientAddress, Draws};
use crate::extract::Body;
use crate::problem::Problem;

pub(super) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new().routes(routes!(sign_in))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    email: String,
    password: String,
    /// For pages of this origin: the secret comes in a cookie that no script can read, and not in the answer.
    #[serde(default)]
    cookie: bool,
}

/// Signs in.
#[utoipa::path(
    post, path = "/v1/sessions", tag = "accounts", security(()), request_body = SignIn,
    responses(
        (status = 201, description = "Signed in, for 30 days.", body = SignedIn),
        (status = 403, description = "`wrong_password`; `foreign_origin`: a cookie is for pages of this origin."),
        (status = 429, description = "`too_many_failures`: too many wrong passwords for this address, or from this network; `too_many_requests`."),
    )
)]
async fn sign_in(
    State(context): State<Arc<Context>>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    mut draws: Draws,
    Body(who): Body<SignIn>,
) -> Result<Response, Problem> {
    // A stranger's page could sign its visitor in as somebody else.
    if who.cookie && !same_origin(&headers) {
        return Err(Problem::foreign_origin());
    }
    let email = who.email.parse().map_err(|_| Problem::wrong_password())?;
    let user = context.authenticate(&email, typed::password(who.password)?, address).await?;
    let (session, secret) = context.issue::<kinds::Session>(&user, None, &mut draws).await?;
    Ok(context.signed_in(StatusCode::CREATED, &user, &session, &secret, who.cookie))
}

impl Context {
    /// The user with this address and password. As many reads and as much hashing whether or not there is such a user.
    pub(crate) async fn authenticate(
        &self,
        email: &Email,
        password: Password,
        address: IpAddr,
    ) -> Result<User, Problem> {
        let turn = self.passwords.turn().await?;
        self.check_password(&turn, email, password, address).await
    }

    /// The same, for one whose turn it is. Each attempt is counted before it is looked at: of many at once, in however many environments, no more are looked at than may fail.
    pub(super) async fn check_password(
        &self,
        turn: &Turn<'_>,
        email: &Email,
        password: Password,
        address: IpAddr,
    ) -> Result<User, Problem> {
        let (all, attempt) = ([Who::Email(email), Who::Address(address)], Try::at(self.now()));
        for (counted, who) in (1..).zip(&all) {
            if self.store.count_try(who, &attempt).await? > who.limit() {
                self.take_back(&all[..counted], &attempt).await;
                return Err(Problem::too_many_failures(Who::WINDOW));
            }
        }
        let user = self.store.user_by_email(email).await?;
        let right = turn.is(password, user.as_ref().map(|user| &user.password)).await?;
        let user = user.filter(|_| right).ok_or_else(Problem::wrong_password)?;
        self.take_back(&all, &attempt).await;
        Ok(user)
    }

    /// What was not tried, or was right, does not count. If that cannot be noted it counts, which errs on the right side.
    async fn take_back(&self, all: &[Who<'_>], attempt: &Try) {
        for who in all {
            if let Err(error) = self.store.take_back_try(who, attempt).await {
                let error = boot::logs::causes(&error);
                tracing::warn!(error, "an attempt to sign in counts as failed that did not fail");
            }
        }
    }

    /// The answer to who has just signed in.
    pub(super) fn signed_in(
        &self,
        status: StatusCode,
        user: &User,
        session: &Session,
        secret: &Secret<kinds::Session>,
        by_cookie: bool,
    ) -> Response {
        let body = SignedIn {
            user: UserView::from(user),
            session: SessionView::new(session, Some(session.id)),
            secret: (!by_cookie).then(|| shown(secret)),
        };
        let mut response = for_its_receiver(status, body);
        if by_cookie {
            self.set_session_cookie(&mut response, session, secret);
        }
        response
    }

    /// Lets the browser in that gets `response`.
    pub(super) fn set_session_cookie(
        &self,
        response: &mut Response,
        session: &Session,
        secret: &Secret<kinds::Session>,
    ) {
        let life = session.expires_at.map_or(0, |end| end.since(session.created_at).as_secs());
        self.set_cookie(response, secret.expose(), life);
    }

    /// An empty answer after which the browser has no session.
    pub(super) fn signed_out(&self) -> Response {
        let mut response = StatusCode::NO_CONTENT.into_response();
        self.set_cookie(&mut response, "", 0);
        response
    }

    fn set_cookie(&self, response: &mut Response, secret: &str, life_seconds: u64) {
        let secure = if self.rules.secure_cookies { "; Secure" } else { "" };
        let cookie =
            format!("{SESSION_COOKIE}={secret}; Path=/; Max-Age={life_seconds}; HttpOnly; SameSite=Strict{secure}");
        // Letters and digits only: it is always a header.
        if let Ok(mut value) = HeaderValue::try_from(cookie) {
            value.set_sensitive(true);
            response.headers_mut().append(SET_COOKIE, value);
        }
    }
}
