//! Users and their credentials. A credential is two items: what its secret is good for, and a line among all that is its user's.

use domain::account::{Credential, CredentialKind, Generations, PasswordHash, SecretHash, User};
use domain::id::UserId;

use super::{Cells, Item, Row, bytes, number, text, time, ttl};
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::schema::TTL;

/// A user as an item.
pub(crate) fn user_item(user: &User) -> Item {
    Cells::under(&Key::profile(user.id))
        .with("email", text(user.email.as_str()))
        .with("role", text(user.role.as_str()))
        .with("created_at", time(user.created_at))
        .with("password", text(user.password.expose()))
        .with("sessions", number(user.generations.sessions))
        .with("tokens", number(user.generations.tokens))
        .with("version", number(user.version))
        .item()
}

/// The user in `item`; `None` while that user is being deleted.
pub(crate) fn user(item: &Item) -> Result<Option<User>, StoreError> {
    let row = Row::of("user", item)?;
    if row.raw("deleting").is_some() {
        return Ok(None);
    }
    Ok(Some(User {
        id: row.word(key::PK, key::user_of)?,
        email: row.parsed("email")?,
        role: row.parsed("role")?,
        created_at: row.time("created_at")?,
        password: row.word("password", |text| PasswordHash::new(text).ok())?,
        generations: Generations { sessions: row.number("sessions")?, tokens: row.number("tokens")? },
        version: row.number("version")?,
    }))
}

/// What the secret with `hash` is good for, as an item.
pub(crate) fn secret_item<K: CredentialKind>(user: &User, credential: &Credential<K>, hash: &SecretHash<K>) -> Item {
    Cells::under(&Key::secret(hash))
        .with("user", text(user.id.to_string()))
        .with("id", text(credential.id.as_str()))
        .with("generation", number(user.generations.of(K::WHAT)))
        .maybe("name", credential.name.as_ref().map(|name| text(name.as_str())))
        .with("created_at", time(credential.created_at))
        .maybe("expires_at", credential.expires_at.map(time))
        .maybe("used_at", credential.used_at.map(time))
        .maybe(TTL, credential.expires_at.map(ttl))
        .item()
}

/// The line of `credential` among all that is its user's, as an item: how to find what its secret is good for.
pub(crate) fn credential_item<K: CredentialKind>(
    user: &User,
    credential: &Credential<K>,
    hash: &SecretHash<K>,
) -> Item {
    Cells::under(&Key::credential(user.id, credential.id))
        .with("hash", bytes(hash.to_bytes()))
        .with("generation", number(user.generations.of(K::WHAT)))
        .maybe(TTL, credential.expires_at.map(ttl))
        .item()
}

/// A credential as its secret's item tells it.
pub(crate) struct Found<K: CredentialKind> {
    pub(crate) user: UserId,
    pub(crate) credential: Credential<K>,
    pub(crate) generation: u64,
    /// A link that was used.
    pub(crate) is_spent: bool,
}

/// The credential in the item of its secret.
pub(crate) fn credential<K: CredentialKind>(item: &Item) -> Result<Found<K>, StoreError> {
    let row = Row::of("credential", item)?;
    let credential = Credential {
        id: row.parsed("id")?,
        name: row.maybe_parsed("name")?,
        created_at: row.time("created_at")?,
        expires_at: row.maybe_time("expires_at")?,
        used_at: row.maybe_time("used_at")?,
    };
    Ok(Found {
        user: row.parsed("user")?,
        credential,
        generation: row.number("generation")?,
        is_spent: row.flag("spent"),
    })
}
