//! Users: found, and changed if they are as they were read.

use domain::account::{Email, Ending, Generations, PasswordHash, Role, User};
use domain::id::{UserId, kinds::Reset};
use domain::time::Timestamp;

use super::{ALIVE, Access};
use crate::Store;
use crate::call::Written;
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::{self, Cells, Row, number, text};
use crate::write::{Write, put_if_absent};

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Updating {
    /// Done; the user as they are now.
    Updated(User),
    /// Somebody changed the user since they were read: read again and decide again.
    Conflict,
    /// There is no such user.
    Missing,
}

/// What became of a change of address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangingEmail {
    /// Done; the user as they are now.
    Changed(User),
    /// Somebody has that address, in whatever case.
    Taken,
    /// Somebody changed the user since they were read: read again and decide again.
    Conflict,
    /// There is no such user.
    Missing,
}

/// What became of setting a new password by a reset link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resetting {
    /// Done, by this call or by an earlier one whose answer got lost.
    Reset,
    /// The link was used before, is over, or ended with the sessions of its user.
    Spent,
}

/// A condition that holds while nobody has changed the user.
const UNCHANGED: &str = "#version = :version AND attribute_not_exists(#deleting)";

impl Store {
    /// A user, as of now. One who is being deleted is gone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn user(&self, user: UserId) -> Result<Option<User>, StoreError> {
        match self.get("reading a user", &Key::profile(user)).await? {
            Some(item) => row::user(&item),
            None => Ok(None),
        }
    }

    /// The user with this address, in whatever case, as of now. Two reads, found or not, so that the time tells nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        const OPERATION: &str = "finding a user";
        let owner = match self.get(OPERATION, &Key::email(email)).await? {
            Some(item) => Some(Row::of("address", &item)?.parsed("user")?),
            None => None,
        };
        let profile = self.get(OPERATION, &owner.map_or_else(Key::no_profile, Key::profile)).await?;
        let user = profile.as_ref().map(row::user).transpose()?.flatten();
        // Between the reads the address may have changed hands.
        Ok(user.filter(|user| user.email.key() == email.key()))
    }

    /// Sets another password of the user who was `read`, and ends what `ending` names.
    ///
    /// # Errors
    /// [`StoreError`]; when it is retryable the change may have been made, and the same call again says so.
    pub async fn change_password(
        &self,
        read: &User,
        password: &PasswordHash,
        ending: Ending,
    ) -> Result<Updating, StoreError> {
        let generations = read.generations.after(ending);
        let wanted = User { password: password.clone(), generations, version: read.version + 1, ..read.clone() };
        let write = new_password(read.id, password, generations).when(UNCHANGED).bind(":version", number(read.version));
        let updating = settle(self.update("changing a password", write).await?, &wanted)?;
        if let Updating::Updated(user) = &updating {
            self.sweep_ended(user).await?;
        }
        Ok(updating)
    }

    /// Ends what `ending` names: nobody gets in by it any more. The user as they are now, if there is one.
    ///
    /// # Errors
    /// [`StoreError`]; when it is retryable the end may have come, and the same call again makes sure.
    pub async fn end_credentials(&self, user: UserId, ending: Ending) -> Result<Option<User>, StoreError> {
        let step = Generations::default().after(ending);
        let write = Write::to(Key::profile(user))
            .change("SET #sessions = #sessions + :sessions, #tokens = #tokens + :tokens, #version = #version + :one")
            .when(ALIVE)
            .bind(":sessions", number(step.sessions))
            .bind(":tokens", number(step.tokens))
            .bind(":one", number(1));
        let Written::Done(item) = self.update("ending credentials", write).await? else {
            return Ok(None);
        };
        let user = row::user(&item)?;
        if let Some(user) = &user {
            self.sweep_ended(user).await?;
        }
        Ok(user)
    }

    /// Gives the user who was `read` another address.
    ///
    /// # Errors
    /// [`StoreError`]; when it is retryable the change may have been made, and the same call again says so.
    pub async fn change_email(&self, read: &User, email: &Email) -> Result<ChangingEmail, StoreError> {
        const OPERATION: &str = "changing an address";
        let wanted = User { email: email.clone(), version: read.version + 1, ..read.clone() };
        let profile = Write::to(Key::profile(read.id))
            .change("SET #email = :email, #version = #version + :one")
            .when(UNCHANGED)
            .bind(":email", text(email.as_str()))
            .bind(":version", number(read.version))
            .bind(":one", number(1));
        if email.key() == read.email.key() {
            return Ok(settle(self.update(OPERATION, profile).await?, &wanted)?.into());
        }
        let table = self.readers();
        let address = Cells::under(&Key::email(email)).with("user", text(read.id.to_string())).item();
        let actions = vec![
            profile.update(table)?,
            free(&read.email, read.id).delete(table)?,
            put_if_absent(table, key::PK, address)?,
        ];
        let Some(verdicts) = self.transact(OPERATION, actions).await? else {
            return Ok(ChangingEmail::Changed(wanted));
        };
        Ok(match self.user(read.id).await? {
            None => ChangingEmail::Missing,
            Some(now) if now == wanted => ChangingEmail::Changed(now),
            Some(now) if now.version == read.version && verdicts[2].is_refused() => ChangingEmail::Taken,
            Some(_) => ChangingEmail::Conflict,
        })
    }

    /// Gives the user who was `read` another role. Nothing that a user can ask for does this: it is for the operator.
    ///
    /// # Errors
    /// [`StoreError`]; when it is retryable the change may have been made, and the same call again says so.
    pub async fn change_role(&self, read: &User, role: Role) -> Result<Updating, StoreError> {
        let wanted = User { role, version: read.version + 1, ..read.clone() };
        let write = Write::to(Key::profile(read.id))
            .change("SET #role = :role, #version = #version + :one")
            .when(UNCHANGED)
            .bind(":role", text(role.as_str()))
            .bind(":version", number(read.version))
            .bind(":one", number(1));
        settle(self.update("changing a role", write).await?, &wanted)
    }

    /// Sets another password by a reset link, uses the link up, and ends what `ending` names.
    ///
    /// # Errors
    /// [`StoreError`]; when it is retryable the change may have been made, and the same call again says so.
    pub async fn reset_password(
        &self,
        link: &Access<Reset>,
        password: &PasswordHash,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Resetting, StoreError> {
        let (user, table) = (&link.user, self.readers());
        // Only what ends credentials is in the way: every other change of the user may go on beside it.
        let generations = user.generations.after(ending);
        let profile = new_password(user.id, password, generations)
            .when(format!("{ALIVE} AND #sessions = :before AND #tokens = :tokens_before"))
            .bind(":before", number(user.generations.sessions))
            .bind(":tokens_before", number(user.generations.tokens));
        let mut actions = vec![profile.update(table)?];
        actions.extend(link.use_up(table, generations, now)?);
        let done = self.transact("resetting a password", actions).await?.is_none();
        let found = self.user(user.id).await?.filter(|found| done || found.password == *password);
        let Some(found) = found else {
            return Ok(Resetting::Spent);
        };
        self.sweep_ended(&found).await?;
        Ok(Resetting::Reset)
    }
}

impl From<Updating> for ChangingEmail {
    fn from(updating: Updating) -> Self {
        match updating {
            Updating::Updated(user) => Self::Changed(user),
            Updating::Conflict => Self::Conflict,
            Updating::Missing => Self::Missing,
        }
    }
}

/// The address is nobody's any more, if it was `user`'s. One that is nobody's already is in nobody's way.
pub(super) fn free(email: &Email, user: UserId) -> Write {
    Write::to(Key::email(email))
        .when("attribute_not_exists(#pk) OR #user = :user")
        .bind(":user", text(user.to_string()))
}

fn new_password(user: UserId, password: &PasswordHash, generations: Generations) -> Write {
    Write::to(Key::profile(user))
        .change("SET #password = :password, #sessions = :sessions, #tokens = :tokens, #version = #version + :one")
        .bind(":one", number(1))
        .bind(":password", text(password.expose()))
        .bind(":sessions", number(generations.sessions))
        .bind(":tokens", number(generations.tokens))
}

/// What a change comes to. After a lost response the refusal shows our own change.
fn settle(written: Written, wanted: &User) -> Result<Updating, StoreError> {
    let (Written::Done(item) | Written::Refused(Some(item))) = written else {
        return Ok(Updating::Missing);
    };
    Ok(match row::user(&item)? {
        None => Updating::Missing,
        Some(user) if user == *wanted => Updating::Updated(user),
        Some(_) => Updating::Conflict,
    })
}
