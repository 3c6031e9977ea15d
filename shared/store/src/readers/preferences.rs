//! How a user likes to read: one item, changed by compare-and-swap, so that two devices that change different things both have their way.

use domain::id::UserId;
use domain::preferences::Preferences;

use super::alive;
use crate::Store;
use crate::call::{Patience, Transacted};
use crate::error::StoreError;
use crate::key::Key;
use crate::row::{self, Row, number, text};
use crate::write::Write;

/// What became of a change to preferences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preferring {
    /// They are so now.
    Preferred(Preferences),
    /// There is no such user, or not any more.
    NoUser,
}

const OPERATION: &str = "changing preferences";

impl Store {
    /// A user's preferences, as of now; the defaults of who never said anything.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn preferences(&self, user: UserId) -> Result<Preferences, StoreError> {
        Ok(self.versioned_preferences(user).await?.0)
    }

    /// Changes a user's preferences; `change` is called again on what is there when someone else was faster.
    ///
    /// # Errors
    /// [`StoreError`]; when it is retryable the change may have been made.
    pub async fn change_preferences(
        &self,
        user: UserId,
        change: impl Fn(Preferences) -> Preferences,
    ) -> Result<Preferring, StoreError> {
        let mut patience = Patience::new();
        loop {
            let (before, version) = self.versioned_preferences(user).await?;
            let after = change(before.clone());
            if after == before {
                return Ok(Preferring::Preferred(after));
            }
            let json = serde_json::to_string(&after).map_err(|_| unwritable())?;
            let write = Write::to(Key::preferences(user))
                .change("SET #v = :v, #preferences = :preferences, #version = :next")
                .bind(":v", number(row::FORMAT))
                .bind(":preferences", text(json))
                .bind(":next", number(version + 1));
            let write = match version {
                0 => write.when("attribute_not_exists(#version)"),
                _ => write.when("#version = :version").bind(":version", number(version)),
            };
            let actions = vec![write.update(self.readers())?, alive(user).check(self.readers())?];
            match self.transact_once(OPERATION, actions, None).await? {
                Transacted::Done => return Ok(Preferring::Preferred(after)),
                Transacted::Refused(verdicts) if verdicts.get(1).is_some_and(|user| user.is_refused()) => {
                    return Ok(Preferring::NoUser);
                }
                // Somebody was faster, or an earlier try of this very change: either way what is there is read and changed.
                Transacted::Refused(_) | Transacted::Busy => {}
            }
            if !patience.wait().await {
                return Err(StoreError::Conflict { operation: OPERATION });
            }
        }
    }

    async fn versioned_preferences(&self, user: UserId) -> Result<(Preferences, u64), StoreError> {
        let Some(item) = self.get("reading preferences", &Key::preferences(user)).await? else {
            return Ok((Preferences::default(), 0));
        };
        let row = Row::of("preferences", &item)?;
        let preferences = row.word("preferences", |json| serde_json::from_str(json).ok())?;
        Ok((preferences, row.number("version")?))
    }
}

fn unwritable() -> StoreError {
    StoreError::Corrupt { what: "preferences (cannot be written)".to_owned() }
}
