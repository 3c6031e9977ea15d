//! Tokens, sessions, invitations and reset links: issued, looked up by their secret, listed, ended.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::account::{Credential, CredentialKind, Generations, Secret, SecretHash, User, What};
use domain::id::kinds::Reset;
use domain::id::{ShortId, UserId};
use domain::time::Timestamp;

use super::turn::{self, Turn};
use super::{ALIVE, alive};
use crate::Store;
use crate::call::Written;
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::{self, Item, Row, number, text, time};
use crate::write::{PRESENT, Write, put_if_absent};

/// Someone who showed a secret that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access<K: CredentialKind> {
    /// Whom the secret stands for; of an invitation, who invites.
    pub user: User,
    /// What it is.
    pub credential: Credential<K>,
    hash: SecretHash<K>,
}

/// What became of issuing a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuing {
    /// It is in force, by this call or by an earlier one whose answer got lost.
    Issued,
    /// Its user is gone, or has ended all credentials of its kind since they were read.
    Ended,
    /// Draw another id and another secret.
    IdTaken,
    /// Its user has made something since the turn was read: read it and count again.
    Overtaken,
}

/// A line among all that is a user's.
struct Line {
    key: Key,
    secret: Key,
    generation: u64,
}

impl Store {
    /// Issues a credential of `user`, who has just been read and shown who they are.
    ///
    /// # Errors
    /// [`StoreError`]; when it is retryable it may be in force, and the same call again says so.
    pub async fn issue<K: CredentialKind>(
        &self,
        user: &User,
        credential: &Credential<K>,
        hash: &SecretHash<K>,
    ) -> Result<Issuing, StoreError> {
        self.issue_at(user, credential, hash, None).await
    }

    /// As [`Store::issue`], of what a user may have only so many of: at `turn`, read before they were counted.
    ///
    /// # Errors
    /// As [`Store::issue`].
    pub async fn issue_in_turn<K: CredentialKind>(
        &self,
        user: &User,
        credential: &Credential<K>,
        hash: &SecretHash<K>,
        turn: Turn,
    ) -> Result<Issuing, StoreError> {
        self.issue_at(user, credential, hash, Some(turn)).await
    }

    async fn issue_at<K: CredentialKind>(
        &self,
        user: &User,
        credential: &Credential<K>,
        hash: &SecretHash<K>,
        turn: Option<Turn>,
    ) -> Result<Issuing, StoreError> {
        let table = self.readers();
        let actions = vec![
            put_if_absent(table, key::PK, row::secret_item(user, credential, hash))?,
            put_if_absent(table, key::PK, row::credential_item(user, credential, hash))?,
            turn::at_turn(in_force(user, K::WHAT), turn, table)?,
        ];
        let Some(verdicts) = self.transact("issuing a credential", actions).await? else {
            return Ok(Issuing::Issued);
        };
        if let Some(item) = verdicts[0].item() {
            let found = row::credential::<K>(item)?;
            if (found.user, found.credential.id) == (user.id, credential.id) {
                return Ok(Issuing::Issued);
            }
        }
        if !verdicts[2].is_refused() {
            return Ok(Issuing::IdTaken);
        }
        // Two may be in the way: a secret that has ended stays so, whatever the turn.
        let there = verdicts[2].item().map(row::user).transpose()?.flatten();
        let is_in_force = there.is_some_and(|there| there.generations.of(K::WHAT) == user.generations.of(K::WHAT));
        let is_overtaken = is_in_force && turn::is_overtaken(turn, verdicts[2].item())?;
        Ok(if is_overtaken { Issuing::Overtaken } else { Issuing::Ended })
    }

    /// Who shows this secret at `now`, if it is in force. Two read units: the secret, and its user, since one write to the user ends all
    /// secrets at once. The secret is found by its hash, so there is nothing to compare, and nothing that time could tell.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn access<K: CredentialKind>(
        &self,
        secret: &Secret<K>,
        now: Timestamp,
    ) -> Result<Option<Access<K>>, StoreError> {
        let hash = secret.hash();
        let Some(item) = self.get("looking up a credential", &Key::secret(&hash)).await? else {
            return Ok(None);
        };
        let found = row::credential::<K>(&item)?;
        if found.is_spent || !found.credential.lives(now) {
            return Ok(None);
        }
        let user = self.user(found.user).await?.filter(|user| user.generations.of(K::WHAT) == found.generation);
        Ok(user.map(|user| Access { user, credential: found.credential, hash }))
    }

    /// The user whose password was set by the link with this secret, which is used up by that; `None` if it was not, or that is more than a link's life ago.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn user_reset_by(&self, secret: &Secret<Reset>, now: Timestamp) -> Result<Option<User>, StoreError> {
        let Some(item) = self.get("looking up a used link", &Key::secret(&secret.hash())).await? else {
            return Ok(None);
        };
        let found = row::credential::<Reset>(&item)?;
        if found.is_spent && found.credential.lives(now) { self.user(found.user).await } else { Ok(None) }
    }

    /// Notes that a credential is in use, at most once an hour; false when there was nothing to write.
    ///
    /// # Errors
    /// [`StoreError`]; it is not worth failing a request for.
    pub async fn note_use<K: CredentialKind>(&self, access: &Access<K>, now: Timestamp) -> Result<bool, StoreError> {
        if !access.credential.use_is_due(now) {
            return Ok(false);
        }
        let write = Write::to(Key::secret(&access.hash))
            .change("SET #used_at = :now")
            .when("attribute_exists(#pk) AND (attribute_not_exists(#used_at) OR #used_at <= :before)")
            .bind(":now", time(now))
            .bind(":before", time(now - Credential::<K>::USE_NOTED_EVERY));
        Ok(matches!(self.update("noting a use", write).await?, Written::Done(_)))
    }

    /// The credentials of one kind that are in force at `now`, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn credentials<K: CredentialKind>(
        &self,
        user: &User,
        now: Timestamp,
    ) -> Result<Vec<Credential<K>>, StoreError> {
        const OPERATION: &str = "listing credentials";
        let generation = user.generations.of(K::WHAT);
        let lines = self.lines(OPERATION, user.id, K::WHAT).await?;
        let secrets = lines.into_iter().filter(|line| line.generation == generation).map(|line| line.secret);
        let items = self.batch_get(OPERATION, secrets, true, None).await?;
        let found = items.iter().map(row::credential::<K>).collect::<Result<Vec<_>, _>>()?;
        let found = found.into_iter().filter(|found| !found.is_spent).map(|found| found.credential);
        let mut found: Vec<_> = found.filter(|credential| credential.lives(now)).collect();
        found.sort_by_key(|credential| (std::cmp::Reverse(credential.created_at), credential.id));
        Ok(found)
    }

    /// Ends one credential of `user`; false when they have none of that id.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again goes on.
    pub async fn revoke<K: CredentialKind>(&self, user: UserId, id: ShortId<K>) -> Result<bool, StoreError> {
        const OPERATION: &str = "revoking a credential";
        let Some(item) = self.get(OPERATION, &Key::credential(user, id)).await? else {
            return Ok(false);
        };
        self.drop_lines(OPERATION, &[line(&item)?]).await?;
        Ok(true)
    }

    /// Removes what an earlier end of all of a user's credentials has left. It lets nobody in any more; this is for tidiness.
    pub(super) async fn sweep_ended(&self, user: &User) -> Result<(), StoreError> {
        const OPERATION: &str = "removing ended credentials";
        let mut ended = Vec::new();
        for what in What::ALL {
            let generation = user.generations.of(what);
            let lines = self.lines(OPERATION, user.id, what).await?;
            // A later generation may be there already.
            ended.extend(lines.into_iter().filter(|line| line.generation < generation));
        }
        self.drop_lines(OPERATION, &ended).await
    }

    async fn lines(&self, operation: &'static str, user: UserId, what: What) -> Result<Vec<Line>, StoreError> {
        let request = self.client.query().table_name(self.readers()).consistent_read(true);
        let request = request
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#sk", key::SK)
            .expression_attribute_values(":pk", text(key::user_partition(user)))
            .expression_attribute_values(":prefix", text(key::credential_prefix(what)));
        self.query(operation, request, usize::MAX).await?.iter().map(line).collect()
    }

    /// What the secrets are good for goes first: whoever is stopped between finds them again by their lines.
    async fn drop_lines(&self, operation: &'static str, lines: &[Line]) -> Result<(), StoreError> {
        let secrets: Vec<Key> = lines.iter().map(|line| line.secret.clone()).collect();
        self.delete_all(operation, &secrets).await?;
        let own: Vec<Key> = lines.iter().map(|line| line.key.clone()).collect();
        self.delete_all(operation, &own).await
    }
}

impl<K: CredentialKind> Access<K> {
    /// Uses it up, as part of a transaction: the first action is refused when somebody has done so before, or when it is over at `now`.
    pub(super) fn spend(&self, table: &str, now: Timestamp) -> Result<[TransactWriteItem; 2], StoreError> {
        let secret = Write::to(Key::secret(&self.hash))
            .when("attribute_exists(#pk) AND (attribute_not_exists(#expires_at) OR #expires_at > :now)")
            .bind(":now", time(now));
        let line = Write::to(Key::credential(self.user.id, self.credential.id));
        Ok([secret.delete(table)?, line.delete(table)?])
    }
}

impl Access<Reset> {
    /// The same for a link, of which it stays known for its life whose it was: whoever never heard that it worked asks again. Its line is kept from the
    /// end of all sessions, to go with the next.
    pub(super) fn use_up(
        &self,
        table: &str,
        after: Generations,
        now: Timestamp,
    ) -> Result<[TransactWriteItem; 2], StoreError> {
        let unused = "attribute_exists(#pk) AND attribute_not_exists(#spent) AND #expires_at > :now";
        let secret = Write::to(Key::secret(&self.hash))
            .change("SET #spent = :yes")
            .when(unused)
            .bind(":yes", AttributeValue::Bool(true))
            .bind(":now", time(now));
        let line = Write::to(Key::credential(self.user.id, self.credential.id))
            .change("SET #generation = :after")
            .when(PRESENT)
            .bind(":after", number(after.of(What::Reset)));
        Ok([secret.update(table)?, line.update(table)?])
    }
}

/// That `user` is there, and has not ended all credentials of that kind since they were read.
fn in_force(user: &User, what: What) -> Write {
    let counter = match what {
        What::Token => "tokens",
        What::Session | What::Reset => "sessions",
        What::Invitation => return alive(user.id),
    };
    alive(user.id)
        .when(format!("{ALIVE} AND #{counter} = :generation"))
        .bind(":generation", number(user.generations.of(what)))
}

fn line(item: &Item) -> Result<Line, StoreError> {
    let row = Row::of("credential", item)?;
    let what = row.word(key::SK, key::credential_of)?;
    let key = Key::of_reader(item).ok_or_else(|| row.corrupt(key::PK))?;
    Ok(Line { key, secret: Key::secret_of(what, row.bytes("hash")?), generation: row.number("generation")? })
}
