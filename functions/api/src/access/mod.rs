//! Who asks. A handler says by its first argument whom it is for: [`Person`], [`Admin`] or [`Viewer`]; one that says nothing is for everybody.
//!
//! Who someone is is shown by one of
//! - `Authorization: Bearer SECRET`, or `Authorization: GoogleLogin auth=SECRET`: a token or a session;
//! - the cookie `feedmill_session`: a session. What changes something must then come from a page of this very origin;
//! - `Authorization: Operator SECRET`: whoever holds the installation's key, and, with `Feedmill-User: UUID or e-mail address`, in that user's name.
//!
//! It must never take the word of anything else that a request says, nor tell a secret, not even a wrong one.

mod origin;
mod shown;
mod who;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::account::{Role, User};
use domain::id::{SessionId, SourceId, TokenId, UserId};
use domain::source::Head;

use crate::context::Context;
use crate::problem::Problem;
pub(crate) use origin::same_origin;
pub(crate) use shown::SESSION_COOKIE;
pub(crate) use who::Caller;

/// A signed-in user.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// Who.
    pub(crate) user: UserId,
    /// What they may do.
    pub(crate) role: Role,
    /// How they showed who they are.
    pub(crate) credential: Credential,
    /// As they were read for this request.
    pub(crate) account: Arc<User>,
}

/// How a person showed who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// Signed in; `by_cookie` in a browser.
    Session { id: SessionId, by_cookie: bool },
    /// A program of theirs.
    Token(TokenId),
    /// The operator, in their name.
    Operator,
}

/// An administrator, or the operator.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    /// Who; `None` for the operator in nobody's name.
    pub(crate) person: Option<Person>,
}

/// Whoever may look at something: a signed-in user, or the operator.
#[derive(Clone, Debug)]
pub(crate) struct Viewer(pub(crate) Caller);

impl Person {
    fn of(account: User, credential: Credential) -> Self {
        Self { user: account.id, role: account.role, credential, account: Arc::new(account) }
    }

    /// Whether they see all sources and users.
    pub(crate) fn is_admin(&self) -> bool {
        self.role == Role::Administrator
    }

    /// Whether it is the operator, in their name.
    pub(crate) fn is_by_operator(&self) -> bool {
        self.credential == Credential::Operator
    }

    /// Refuses a program: what lets people in is theirs alone to see, make and end, so that a token that got lost makes no other.
    pub(crate) fn is_no_program(&self) -> Result<(), Problem> {
        match self.credential {
            Credential::Token(_) => Err(Problem::not_for_tokens()),
            Credential::Session { .. } | Credential::Operator => Ok(()),
        }
    }
}

impl Admin {
    /// Refuses a program, as [`Person::is_no_program`] does: with an administrator's lost token nobody takes over an account.
    pub(crate) fn is_no_program(&self) -> Result<(), Problem> {
        self.person.as_ref().map_or(Ok(()), Person::is_no_program)
    }

    /// Refuses all but the operator in nobody's name.
    pub(crate) fn is_operator(&self) -> Result<(), Problem> {
        if self.person.is_none() { Ok(()) } else { Err(Problem::operator_only()) }
    }

    /// The administrator in person; the operator says in whose name.
    pub(crate) fn as_person(&self) -> Result<&Person, Problem> {
        self.person.as_ref().ok_or_else(Problem::needs_user)
    }
}

impl Viewer {
    /// Refuses all but its owner who asks for what came from a private source, with the words for what does not exist. Administrators see that it is there and how
    /// it is polled; what it says is its owner's.
    pub(crate) fn may_read(&self, head: &Head, what: &str) -> Result<(), Problem> {
        let user = match &self.0 {
            Caller::Person(person) => Some(person.user),
            Caller::Operator => None,
        };
        if head.owner.is_none() || head.owner == user { Ok(()) } else { Err(Problem::not_found(what)) }
    }

    /// Whether they see every source.
    pub(crate) fn sees_all(&self) -> bool {
        self.0.is_admin()
    }

    /// Whether they subscribe to `source`, or see all of them.
    pub(crate) async fn sees(&self, context: &Context, source: SourceId) -> Result<bool, Problem> {
        match &self.0 {
            Caller::Person(person) if !self.sees_all() => {
                Ok(context.store.subscription(person.user, source).await?.is_some())
            }
            Caller::Person(_) | Caller::Operator => Ok(true),
        }
    }

    /// Refuses who does not see `source`, with the words for one that does not exist.
    pub(crate) async fn may_see(&self, context: &Context, source: SourceId) -> Result<(), Problem> {
        if self.sees(context, source).await? { Ok(()) } else { Err(Problem::not_found("source")) }
    }
}

impl FromRequestParts<Arc<Context>> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, context: &Arc<Context>) -> Result<Self, Problem> {
        match Caller::required(parts, context).await? {
            Caller::Person(person) => Ok(person),
            Caller::Operator => Err(Problem::needs_user()),
        }
    }
}

impl FromRequestParts<Arc<Context>> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, context: &Arc<Context>) -> Result<Self, Problem> {
        match Caller::required(parts, context).await? {
            Caller::Operator => Ok(Self { person: None }),
            Caller::Person(person) if person.is_admin() => Ok(Self { person: Some(person) }),
            Caller::Person(_) => Err(Problem::administrators_only()),
        }
    }
}

impl FromRequestParts<Arc<Context>> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, context: &Arc<Context>) -> Result<Self, Problem> {
        Caller::required(parts, context).await.map(Self)
    }
}
