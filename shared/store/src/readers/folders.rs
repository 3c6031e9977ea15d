//! Folders: all of a user's in one item, changed by compare-and-swap.

use domain::folder::Folders;
use domain::id::UserId;

use super::alive;
use crate::Store;
use crate::call::{Patience, Written};
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::{self, Cells, number};
use crate::write::{Write, put_if_absent};

/// What a change says of itself.
pub enum FolderChange<T> {
    /// Something is to be stored.
    Store(T),
    /// All is as it was.
    Leave(T),
}

/// What became of a change to folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangingFolders<T> {
    /// What the change found or made.
    Done(T),
    /// There is no such user, or not any more.
    NoUser,
}

const OPERATION: &str = "changing folders";

impl Store {
    /// A user's folders, as of now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn folders(&self, user: UserId) -> Result<Folders, StoreError> {
        Ok(self.versioned_folders(user).await?.0)
    }

    /// Changes a user's folders; `change` is called again on what is there when someone else was faster.
    ///
    /// # Errors
    /// [`StoreError`]; when it is retryable the change may have been made.
    pub async fn change_folders<T>(
        &self,
        user: UserId,
        mut change: impl FnMut(&mut Folders) -> FolderChange<T>,
    ) -> Result<ChangingFolders<T>, StoreError> {
        let mut patience = Patience::new();
        loop {
            let (mut folders, version) = self.versioned_folders(user).await?;
            let told = match change(&mut folders) {
                FolderChange::Leave(told) => return Ok(ChangingFolders::Done(told)),
                FolderChange::Store(told) => told,
            };
            let stored = match version {
                None => self.first_folders(user, &folders).await?,
                Some(version) => self.next_folders(user, &folders, version).await?,
            };
            match stored {
                Stored::Yes => return Ok(ChangingFolders::Done(told)),
                Stored::NoUser => return Ok(ChangingFolders::NoUser),
                Stored::Moved => {}
            }
            if !patience.wait().await {
                return Err(StoreError::Conflict { operation: OPERATION });
            }
        }
    }

    async fn versioned_folders(&self, user: UserId) -> Result<(Folders, Option<u64>), StoreError> {
        let Some(item) = self.get("reading folders", &Key::folders(user)).await? else {
            return Ok((Folders::default(), None));
        };
        let (folders, version) = row::folders_of(&item)?;
        Ok((folders, Some(version)))
    }

    async fn first_folders(&self, user: UserId, folders: &Folders) -> Result<Stored, StoreError> {
        let item = Cells::under(&Key::folders(user)).with("folders", row::folders_list(folders));
        let item = item.with("version", number(1)).item();
        let actions = vec![put_if_absent(self.readers(), key::PK, item)?, alive(user).check(self.readers())?];
        Ok(match self.transact(OPERATION, actions).await? {
            None => Stored::Yes,
            Some(verdicts) if verdicts[0].item().map(row::folders_of).transpose()? == Some((folders.clone(), 1)) => {
                Stored::Yes
            }
            Some(verdicts) if verdicts.get(1).is_some_and(|user| user.is_refused()) => Stored::NoUser,
            Some(_) => Stored::Moved,
        })
    }

    async fn next_folders(&self, user: UserId, folders: &Folders, version: u64) -> Result<Stored, StoreError> {
        let write = Write::to(Key::folders(user))
            .change("SET #folders = :folders, #version = :next")
            .when("#version = :version")
            .bind(":folders", row::folders_list(folders))
            .bind(":version", number(version))
            .bind(":next", number(version + 1));
        Ok(match self.update(OPERATION, write).await? {
            Written::Done(_) => Stored::Yes,
            // An earlier try did it, whose answer got lost.
            Written::Refused(Some(item)) if row::folders_of(&item)? == (folders.clone(), version + 1) => Stored::Yes,
            Written::Refused(Some(_)) => Stored::Moved,
            // They were there a moment ago: their user is being deleted.
            Written::Refused(None) => Stored::NoUser,
        })
    }
}

enum Stored {
    Yes,
    /// Somebody was faster.
    Moved,
    NoUser,
}
