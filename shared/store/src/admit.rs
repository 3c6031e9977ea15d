//! What every function asks at its start: whether this store is one for its code, and for its key.

use domain::time::Timestamp;

use crate::Store;
use crate::error::StoreError;
use crate::key::Key;
use crate::row::Row;
use crate::schema::{SCHEMA_VERSION, Stamp};

/// Why a process must not work with this store.
#[derive(Debug, thiserror::Error)]
pub enum NotAdmitted {
    /// The ids in the store were made under another key.
    #[error("the store was made under the key with fingerprint {stored}: give this function that key")]
    WrongKey {
        /// That key's fingerprint.
        stored: String,
    },
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
        let stored = self.get("reading the stamp", &Key::meta()).await?;
        let stamp = match (stored, fingerprint) {
            (Some(item), _) => Stamp::judge(&Row::of("stamp", &item)?, fingerprint)?,
            (None, Some(fingerprint)) => self.stamp(fingerprint, now).await?,
            // Nothing is there that could be for other code.
            (None, None) => Stamp::Ok,
        };
        match stamp {
            Stamp::Ok => Ok(()),
            Stamp::WrongKey { stored } => Err(NotAdmitted::WrongKey { stored }),
            Stamp::NewerSchema { version } => Err(NotAdmitted::NewerSchema { version }),
        }
    }
}
