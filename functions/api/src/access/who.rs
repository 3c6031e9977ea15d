//! From what a request shows to who sends it.

use axum::http::request::Parts;
use domain::account::{CredentialKind, Email, Secret, User};
use domain::id::{UserId, kinds};
use store::Access;

use super::shown::{IN_THE_NAME_OF, Shown};
use super::{Credential, Person, origin};
use crate::context::Context;
use crate::conventions::limits::count_as;
use crate::problem::Problem;

/// Who sends a request, once that is known for sure.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// A signed-in user.
    Person(Person),
    /// The operator, in nobody's name.
    Operator,
}

impl Caller {
    /// Who sends it; looked up once a request, however often it is asked. `None` for somebody who shows nothing, or a browser whose session is over.
    pub(crate) async fn of(parts: &mut Parts, context: &Context) -> Result<Option<Self>, Problem> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(Some(known.clone()));
        }
        let caller = context.caller(parts).await?;
        if let Some(caller) = &caller {
            count_as(caller.counted(), &parts.extensions, context)?;
            parts.extensions.insert(caller.clone());
        }
        Ok(caller)
    }

    /// Who sends it, which must be known.
    pub(crate) async fn required(parts: &mut Parts, context: &Context) -> Result<Self, Problem> {
        Self::of(parts, context).await?.ok_or_else(Problem::not_signed_in)
    }

    /// Whose requests theirs count as: the operator's, in whoever's name, as nobody's.
    fn counted(&self) -> Option<UserId> {
        match self {
            Self::Person(person) if person.credential != Credential::Operator => Some(person.user),
            Self::Person(_) | Self::Operator => None,
        }
    }

    /// What they may be told, in a word.
    pub(crate) fn standing(&self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Person(person) => match (person.is_no_program().is_ok(), person.is_admin()) {
                (true, true) => "administrator",
                (true, false) => "member",
                (false, true) => "administrator's program",
                (false, false) => "program",
            },
        }
    }

    /// Whether they see all sources and users.
    pub(crate) fn is_admin(&self) -> bool {
        match self {
            Self::Operator => true,
            Self::Person(person) => person.is_admin(),
        }
    }
}

impl Context {
    async fn caller(&self, parts: &Parts) -> Result<Option<Caller>, Problem> {
        let shown = Shown::by(&parts.headers);
        let named = parts.headers.get(IN_THE_NAME_OF);
        if named.is_some() && !matches!(shown, Shown::Operator(_)) {
            return Err(Problem::operator_only());
        }
        match shown {
            Shown::Nothing => Ok(None),
            Shown::Unclear => Err(Problem::bad_credential()),
            Shown::Secret(secret) => self.by_secret(secret).await?.ok_or_else(Problem::bad_credential).map(Some),
            Shown::Cookie(secret) if origin::is_own(&parts.method, &parts.headers) => self.by_cookie(secret).await,
            Shown::Cookie(_) => Err(Problem::foreign_origin()),
            Shown::Operator(secret) if !self.operator.is(secret) => Err(Problem::bad_credential()),
            Shown::Operator(_) => match named {
                None => Ok(Some(Caller::Operator)),
                Some(name) => self.in_the_name_of(name.as_bytes()).await.map(Some),
            },
        }
    }

    /// A program's token is looked for first: they ask far more often than people.
    async fn by_secret(&self, secret: &str) -> Result<Option<Caller>, Problem> {
        if let Some(found) = self.in_force::<kinds::Token>(secret).await? {
            return Ok(Some(person(found.user, Credential::Token(found.credential.id))));
        }
        self.by_session(secret, false).await
    }

    async fn by_cookie(&self, secret: &str) -> Result<Option<Caller>, Problem> {
        self.by_session(secret, true).await
    }

    async fn by_session(&self, secret: &str, by_cookie: bool) -> Result<Option<Caller>, Problem> {
        let found = self.in_force::<kinds::Session>(secret).await?;
        Ok(found.map(|found| person(found.user, Credential::Session { id: found.credential.id, by_cookie })))
    }

    /// What the secret is good for now; its use is noted.
    async fn in_force<K: CredentialKind>(&self, secret: &str) -> Result<Option<Access<K>>, Problem> {
        let Ok(secret) = secret.parse::<Secret<K>>() else { return Ok(None) };
        let now = self.now();
        let Some(access) = self.store.access(&secret, now).await? else { return Ok(None) };
        if let Err(error) = self.store.note_use(&access, now).await {
            tracing::warn!(error = boot::logs::causes(&error), "that a credential was used was not noted");
        }
        Ok(Some(access))
    }

    /// A header holds bytes; addresses have letters of all scripts.
    async fn in_the_name_of(&self, name: &[u8]) -> Result<Caller, Problem> {
        let name = std::str::from_utf8(name).unwrap_or_default();
        let user = match (name.parse::<UserId>(), name.parse::<Email>()) {
            (Ok(id), _) => self.store.user(id).await?,
            (_, Ok(email)) => self.store.user_by_email(&email).await?,
            _ => None,
        };
        user.map(|user| person(user, Credential::Operator)).ok_or_else(Problem::no_such_user)
    }
}

fn person(user: User, credential: Credential) -> Caller {
    Caller::Person(Person::of(user, credential))
}
