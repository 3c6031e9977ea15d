//! The end of a user: nobody gets in from the first write on, then all that is theirs goes, a few writes at a time. Whoever is stopped
//! anywhere, the next call goes on. Sources stay; who is subscribed to them is for the caller to end, one by one.

use std::time::Duration;

use domain::id::{SourceId, UserId};
use domain::time::Timestamp;

use super::profile::free;
use super::roll;
use crate::Store;
use crate::call::{Patience, Transacted};
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::{self, Cells, Item, Row, number, text, time};
use crate::write::{Write, put};

/// What became of beginning to delete a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erasing {
    /// The account is no more: its address is free, and nobody gets in.
    Begun,
    /// There is no such user.
    Missing,
}

/// How far the deletion of a user is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erasure {
    /// Something was found: call again.
    More,
    /// These subscriptions are left: end them, then call again.
    Subscribed(Vec<SourceId>),
    /// Nothing is left that is known of, but a request may still write: look again then.
    NotBefore(Timestamp),
    /// Nothing is left, or the user was never being deleted.
    Done,
}

/// No request that began before the deletion writes later than this: it is the longest that a function lives, with room.
const QUIET: Duration = Duration::from_secs(120);

const OPERATION: &str = "deleting a user";

impl Store {
    /// Begins to delete a user, in one transaction: the address is freed, the user is on no roll, the password is gone, no credential is in force any more, and the
    /// deletion is noted, so that it is taken up again if it is stopped.
    ///
    /// # Errors
    /// [`StoreError`]; when it is retryable the deletion may have begun, and the same call again makes sure.
    pub async fn begin_erasing(&self, user: UserId, now: Timestamp) -> Result<Erasing, StoreError> {
        let mut patience = Patience::new();
        loop {
            let Some(item) = self.get(OPERATION, &Key::profile(user)).await? else {
                return Ok(Erasing::Missing);
            };
            let Some(read) = row::user(&item)? else {
                return Ok(Erasing::Begun);
            };
            let profile = Write::to(Key::profile(user))
                .change("SET #deleting = :now, #version = :next REMOVE #email, #password")
                .when("#version = :version")
                .bind(":now", time(now))
                .bind(":version", number(read.version))
                .bind(":next", number(read.version + 1));
            let table = self.readers();
            let note = Cells::under(&Key::deleting(user)).with("since", time(now)).item();
            let actions = vec![
                profile.update(table)?,
                free(&read.email, user).delete(table)?,
                roll::forget(&read).delete(table)?,
                put(table, note)?,
            ];
            if matches!(self.transact_once(OPERATION, actions, None).await?, Transacted::Done) {
                return Ok(Erasing::Begun);
            }
            // The user was changed, or busy: look again.
            if !patience.wait().await {
                return Err(StoreError::Conflict { operation: OPERATION });
            }
        }
    }

    /// The users whose deletion is under way.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn erasures(&self) -> Result<Vec<UserId>, StoreError> {
        let request = self.client.query().table_name(self.readers()).consistent_read(true);
        let request = request
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_values(":pk", text(key::DELETING));
        let items = self.query(OPERATION, request, usize::MAX).await?;
        Ok(self.readable(&items, |item| Row::of("deletion", item)?.parsed(key::SK)))
    }

    /// Goes on with the deletion of a user: at most `budget` of their items are looked at. The user goes last, once no request can write
    /// any more and a whole pass found nothing.
    ///
    /// # Errors
    /// [`StoreError`]; call again.
    pub async fn erase(&self, user: UserId, now: Timestamp, budget: usize) -> Result<Erasure, StoreError> {
        let Some(note) = self.get(OPERATION, &Key::deleting(user)).await? else {
            return Ok(Erasure::Done);
        };
        let items = self.belongings(user, budget.max(1)).await?;
        let subscriptions: Vec<SourceId> = items.iter().filter_map(subscription).collect();
        let found = items.len() > subscriptions.len();
        self.drop_belongings(items).await?;
        if !subscriptions.is_empty() {
            return Ok(Erasure::Subscribed(subscriptions));
        }
        let quiet = Row::of("deletion", &note)?.time("since")? + QUIET;
        if found {
            return Ok(Erasure::More);
        }
        if now < quiet {
            return Ok(Erasure::NotBefore(quiet));
        }
        self.erase_profile(user).await
    }

    /// Up to `limit` items of a user's partition, without the user, which sorts among them.
    async fn belongings(&self, user: UserId, limit: usize) -> Result<Vec<Item>, StoreError> {
        let request = self.client.query().table_name(self.readers()).consistent_read(true);
        let request = request
            .key_condition_expression("#pk = :pk")
            .projection_expression("#pk, #sk, #hash, #share")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#sk", key::SK)
            .expression_attribute_names("#hash", "hash")
            .expression_attribute_names("#share", "share")
            .expression_attribute_values(":pk", text(key::user_partition(user)))
            .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX));
        let mut items = self.query(OPERATION, request, limit + 1).await?;
        items.retain(|item| Key::of_reader(item) != Some(Key::profile(user)));
        items.truncate(limit);
        Ok(items)
    }

    /// What secrets and links are good for goes before the lines that lead to it. Subscriptions stay.
    async fn drop_belongings(&self, items: Vec<Item>) -> Result<(), StoreError> {
        let items: Vec<Item> = items.into_iter().filter(|item| subscription(item).is_none()).collect();
        let elsewhere: Vec<Key> = items.iter().filter_map(|item| secret(item).or_else(|| shared(item))).collect();
        self.delete_all(OPERATION, &elsewhere).await?;
        let own: Vec<Key> = items.iter().filter_map(Key::of_reader).collect();
        self.delete_all(OPERATION, &own).await
    }

    async fn erase_profile(&self, user: UserId) -> Result<Erasure, StoreError> {
        let keys = [Key::profile(user), Key::deleting(user)];
        let actions = keys.map(|key| Write::to(key).delete(self.readers())).into_iter().collect::<Result<_, _>>()?;
        match self.transact(OPERATION, actions).await? {
            None => Ok(Erasure::Done),
            // There is no condition that could be in the way.
            Some(_) => Err(StoreError::Conflict { operation: OPERATION }),
        }
    }
}

fn subscription(item: &Item) -> Option<SourceId> {
    key::subscription_of(Row::part("belonging", item).text(key::SK).ok()?)
}

fn secret(item: &Item) -> Option<Key> {
    let row = Row::part("belonging", item);
    let what = key::credential_of(row.text(key::SK).ok()?)?;
    Some(Key::secret_of(what, row.bytes("hash").ok()?))
}

fn shared(item: &Item) -> Option<Key> {
    Some(Key::share(Row::part("belonging", item).parsed("share").ok()?))
}
