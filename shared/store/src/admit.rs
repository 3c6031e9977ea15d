//! What every function asks at its start: whether this store is one for its code, and for its key.

use domain::id::InstallationKey;
use domain::private::Vault;
use domain::time::Timestamp;

use crate::Store;
use crate::error::StoreError;
use crate::key::Key;
use crate::row::{Item, Row};
use crate::schema::{SCHEMA_VERSION, Stamp};
use crate::sealing::SealState;

/// Why a process must not work with this store.
#[derive(Debug, thiserror::Error)]
pub enum NotAdmitted {
    /// The ids in the store were made under another key.
    #[error("the store was made under the key with fingerprint {stored}: give this function that key")]
    WrongKey {
        /// That key's fingerprint.
        stored: String,
    },
    /// The key is from before it was changed.
    #[error(
        "what is sealed in the store is under a newer key than this function's: give it the key as it is now, not one from before `feedmill key rotate`"
    )]
    OldKey,
    /// Newer code changed the tables.
    #[error("the tables have schema {version}, this code knows schemas up to {SCHEMA_VERSION}: update this function")]
    NewerSchema {
        /// Their version.
        version: u32,
    },
    /// Nobody knows.
    #[error("the store does not say which code and which key it is for")]
    Unknown(#[from] StoreError),
}

impl Store {
    /// Lets a process work with this store: the schema is one that its code knows, and the key, for who has one, the store's. One read,
    /// once a process; only a store without a stamp is written to, by who has a key to stamp it with.
    ///
    /// # Errors
    /// [`NotAdmitted`]: the process must not go on.
    pub async fn admit(&self, fingerprint: Option<&str>, now: Timestamp) -> Result<(), NotAdmitted> {
        self.compared(fingerprint, now).await.map(drop)
    }

    /// The same for who has the key as a whole: it must be the store's as it is now, too.
    ///
    /// # Errors
    /// [`NotAdmitted`]: the process must not go on.
    pub async fn admit_with(&self, key: &InstallationKey, now: Timestamp) -> Result<(), NotAdmitted> {
        let Some(item) = self.compared(Some(&key.fingerprint()), now).await? else { return Ok(()) };
        let present = SealState::of(&item)?.present;
        if present.is_none_or(|name| Vault::new(key).knows(name)) { Ok(()) } else { Err(NotAdmitted::OldKey) }
    }

    /// The stamp that was there, if the process may go on.
    async fn compared(&self, fingerprint: Option<&str>, now: Timestamp) -> Result<Option<Item>, NotAdmitted> {
        let stored = self.get("reading the stamp", &Key::meta()).await?;
        let stamp = match (&stored, fingerprint) {
            (Some(item), _) => Stamp::judge(&Row::of("stamp", item)?, fingerprint)?,
            (None, Some(fingerprint)) => self.stamp(fingerprint, now).await?,
            // Nothing is there that could be for other code.
            (None, None) => Stamp::Ok,
        };
        match stamp {
            Stamp::Ok => Ok(stored),
            Stamp::WrongKey { stored } => Err(NotAdmitted::WrongKey { stored }),
            Stamp::NewerSchema { version } => Err(NotAdmitted::NewerSchema { version }),
        }
    }
}
