//! The JSON of accounts. A secret is in the answer to the call that made it, and nowhere else.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use axum::response::{IntoResponse, Response};
use domain::account::{Credential, CredentialKind, Invitation, ResetLink, Secret, Session, Token, User};
use domain::id::{InvitationId, ResetId, SessionId, TokenId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::conventions::schema::{Cursor, Instant, ShortId, UserUuid};

/// A user.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserView {
    #[schema(value_type = UserUuid)]
    id: UserId,
    email: String,
    /// `administrator` or `member`.
    role: &'static str,
    #[schema(value_type = Instant)]
    created_at: String,
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        let (email, role) = (user.email.as_str().to_owned(), user.role.as_str());
        Self { id: user.id, email, role, created_at: user.created_at.to_string() }
    }
}

/// One page of users.
#[derive(Serialize, ToSchema)]
#[schema(as = Users)]
pub(crate) struct UsersPage {
    pub(super) users: Vec<UserView>,
    #[schema(value_type = Option<Cursor>)]
    pub(super) next: Option<String>,
}

/// A person who is signed in somewhere.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionView {
    #[schema(value_type = ShortId)]
    id: SessionId,
    #[schema(value_type = Instant)]
    created_at: String,
    #[schema(value_type = Option<Instant>)]
    expires_at: Option<String>,
    /// To within an hour.
    #[schema(value_type = Option<Instant>)]
    used_at: Option<String>,
    /// Whether this request shows it.
    current: bool,
}

impl SessionView {
    pub(super) fn new(session: &Session, current: Option<SessionId>) -> Self {
        let Credential { id, created_at, expires_at, used_at, .. } = session;
        let text = |at: &Option<_>| at.map(|at: domain::time::Timestamp| at.to_string());
        Self {
            id: *id,
            created_at: created_at.to_string(),
            expires_at: text(expires_at),
            used_at: text(used_at),
            current: current == Some(*id),
        }
    }
}

/// The sessions of a user.
#[derive(Serialize, ToSchema)]
#[schema(as = Sessions)]
pub(crate) struct SessionsPage {
    pub(super) sessions: Vec<SessionView>,
    /// Always null: they are all here.
    pub(super) next: Option<String>,
}

/// Somebody who has just signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignedIn {
    pub(super) user: UserView,
    pub(super) session: SessionView,
    /// Shown once, unless it is in the cookie.
    pub(super) secret: Option<String>,
}

/// An account that was changed.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangedAccount {
    pub(super) user: UserView,
    /// A new password ends all sessions: this one takes the place of the one that the request was sent by.
    pub(super) session: Option<SessionView>,
    /// Its secret, shown once, unless it is in the cookie.
    pub(super) secret: Option<String>,
}

/// A program that acts for its user.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenView {
    #[schema(value_type = ShortId)]
    id: TokenId,
    name: Option<String>,
    #[schema(value_type = Instant)]
    created_at: String,
    /// To within an hour.
    #[schema(value_type = Option<Instant>)]
    used_at: Option<String>,
}

impl From<&Token> for TokenView {
    fn from(token: &Token) -> Self {
        Self {
            id: token.id,
            name: token.name.as_ref().map(|name| name.as_str().to_owned()),
            created_at: token.created_at.to_string(),
            used_at: token.used_at.map(|at| at.to_string()),
        }
    }
}

/// The tokens of a user.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub(crate) struct TokensPage {
    pub(super) tokens: Vec<TokenView>,
    /// Always null: they are all here.
    pub(super) next: Option<String>,
}

/// A new token.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewToken {
    pub(super) token: TokenView,
    /// Shown once.
    pub(super) secret: String,
}

/// A door for one new person.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(crate) struct InvitationView {
    #[schema(value_type = ShortId)]
    id: InvitationId,
    #[schema(value_type = Instant)]
    created_at: String,
    #[schema(value_type = Option<Instant>)]
    expires_at: Option<String>,
}

impl From<&Invitation> for InvitationView {
    fn from(invitation: &Invitation) -> Self {
        let (created_at, expires_at) = times(invitation);
        Self { id: invitation.id, created_at, expires_at }
    }
}

/// The invitations of a user that nobody has used.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitations)]
pub(crate) struct InvitationsPage {
    pub(super) invitations: Vec<InvitationView>,
    /// Always null: they are all here.
    pub(super) next: Option<String>,
}

/// A new invitation.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewInvitation {
    pub(super) invitation: InvitationView,
    /// Shown once: for the one who is invited.
    pub(super) secret: String,
}

/// A way back for one who forgot the password.
#[derive(Serialize, ToSchema)]
#[schema(as = Reset)]
pub(crate) struct ResetView {
    #[schema(value_type = ShortId)]
    id: ResetId,
    #[schema(value_type = Instant)]
    created_at: String,
    #[schema(value_type = Option<Instant>)]
    expires_at: Option<String>,
}

impl From<&ResetLink> for ResetView {
    fn from(reset: &ResetLink) -> Self {
        let (created_at, expires_at) = times(reset);
        Self { id: reset.id, created_at, expires_at }
    }
}

/// A new way back.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewReset {
    pub(super) reset: ResetView,
    /// Shown once: for the one whose password is to be set.
    pub(super) secret: String,
}

fn times<K: CredentialKind>(credential: &Credential<K>) -> (String, Option<String>) {
    (credential.created_at.to_string(), credential.expires_at.map(|at| at.to_string()))
}

/// The text of a secret, for the one answer that shows it.
pub(super) fn shown<K>(secret: &Secret<K>) -> String {
    secret.expose().to_owned()
}

/// An answer with a secret in it, which nobody on the way keeps.
pub(super) fn for_its_receiver(status: StatusCode, body: impl Serialize) -> Response {
    (status, [(CACHE_CONTROL, "no-store")] as [(HeaderName, &str); 1], Json(body)).into_response()
}
