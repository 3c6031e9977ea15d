//! Making accounts: by registering, and the first one by hand.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::account::{NewUser, Role, User};
use domain::id::kinds::Invitation;

use super::{Access, roll};
use crate::Store;
use crate::call::Verdict;
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::{self, Cells, text, time};
use crate::write::put_if_absent;

/// What became of registering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registering {
    /// The account is there, by this call or by an earlier one whose answer got lost.
    Registered,
    /// The invitation was used by someone else, is over or was taken back.
    InvitationSpent,
    /// Somebody has that address, in whatever case.
    EmailTaken,
    /// Draw another id.
    IdTaken,
}

/// What became of making the first administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bootstrapping {
    /// It is there, by this call or by an earlier one whose answer got lost.
    Bootstrapped,
    /// The installation has had its first administrator.
    AlreadyDone,
    /// Somebody has that address, in whatever case.
    EmailTaken,
    /// Draw another id.
    IdTaken,
}

/// Where the address is among the actions, behind the account itself.
const EMAIL: usize = 1;
/// Where that is which lets the user in.
const ADMISSION: usize = 3;

impl Store {
    /// Makes the account of a member in one transaction, which also uses up the `invitation`, if there is one. Whether one is needed is
    /// for the caller to know.
    ///
    /// # Errors
    /// [`StoreError`]; when it is retryable the account may be there, and the same call again says so.
    pub async fn register(
        &self,
        new: &NewUser,
        invitation: Option<&Access<Invitation>>,
    ) -> Result<Registering, StoreError> {
        const OPERATION: &str = "making an account";
        let user = new.clone().with_role(Role::Member);
        let mut actions = self.account(&user)?;
        if let Some(invitation) = invitation {
            actions.extend(invitation.spend(self.readers(), new.created_at)?);
        }
        let Some(verdicts) = self.transact(OPERATION, actions).await? else {
            return Ok(Registering::Registered);
        };
        Ok(if self.is_there(&user).await? {
            Registering::Registered
        } else if refused(&verdicts, ADMISSION) {
            // First: who has no invitation need not learn who has an account.
            Registering::InvitationSpent
        } else if refused(&verdicts, EMAIL) {
            Registering::EmailTaken
        } else {
            Registering::IdTaken
        })
    }

    /// Makes the account of the first administrator, once in the life of an installation. Nothing else makes administrators.
    ///
    /// # Errors
    /// [`StoreError`]; when it is retryable the account may be there, and the same call again says so.
    pub async fn bootstrap(&self, new: &NewUser) -> Result<Bootstrapping, StoreError> {
        const OPERATION: &str = "making the first administrator";
        let user = new.clone().with_role(Role::Administrator);
        let mut actions = self.account(&user)?;
        let first = Cells::under(&Key::first()).with("user", text(user.id.to_string()));
        actions.push(put_if_absent(self.readers(), key::PK, first.with("at", time(user.created_at)).item())?);
        let Some(verdicts) = self.transact(OPERATION, actions).await? else {
            return Ok(Bootstrapping::Bootstrapped);
        };
        Ok(if self.is_there(&user).await? {
            Bootstrapping::Bootstrapped
        } else if refused(&verdicts, ADMISSION) {
            Bootstrapping::AlreadyDone
        } else if refused(&verdicts, EMAIL) {
            Bootstrapping::EmailTaken
        } else {
            Bootstrapping::IdTaken
        })
    }

    fn account(&self, user: &User) -> Result<Vec<TransactWriteItem>, StoreError> {
        let address = Cells::under(&Key::email(&user.email)).with("user", text(user.id.to_string())).item();
        [row::user_item(user), address, roll::line(user)]
            .into_iter()
            .map(|item| put_if_absent(self.readers(), key::PK, item))
            .collect()
    }

    /// Whether exactly this account is there: then an earlier try made it, whose answer got lost. The salt of the password's hash tells it from any other.
    async fn is_there(&self, user: &User) -> Result<bool, StoreError> {
        let found = self.user(user.id).await?;
        Ok(found.is_some_and(|found| found.password == user.password && found.role == user.role))
    }
}

fn refused(verdicts: &[Verdict], at: usize) -> bool {
    verdicts.get(at).is_some_and(Verdict::is_refused)
}
