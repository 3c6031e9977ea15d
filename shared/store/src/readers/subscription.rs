//! Subscriptions: begun, listed, changed, ended; and what a user has read of each, changed by operations that nobody's race undoes.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::id::{FolderId, JobId, Ordinal, SourceId, UserId};
use domain::reading::{First, Operation, ReadState, Shown};
use domain::source::{Head, Poll, SourceState, round_1_2_5};
use domain::subscription::Subscription;
use domain::time::Timestamp;

use super::alive;
use super::turn::{self, Turn};
use crate::Store;
use crate::call::{Patience, Transacted, Written};
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::life::{Joined, Last, Leaving};
use crate::row::{self, number, text};
use crate::schema::BY_SUBSCRIBED;
use crate::write::{PRESENT, Write, put_if_absent};

/// What became of subscribing.
#[derive(Clone, Debug, PartialEq)]
pub enum Subscribing {
    /// Done, by this call or by an earlier one whose answer got lost; or the user was subscribed before: then it is as it was.
    Subscribed(Subscription),
    /// There is no such source, or not any more.
    NoSource,
    /// There is no such user, or not any more.
    NoUser,
    /// The user has made something since the turn was read: read it and count again.
    Overtaken,
}

/// What became of a change to a subscription.
#[derive(Clone, Debug, PartialEq)]
pub enum Changing {
    /// It is as asked for.
    Changed(Subscription),
    /// The user is not subscribed.
    Missing,
}

const SUBSCRIBE: &str = "subscribing";
const UNSUBSCRIBE: &str = "unsubscribing";
const CHANGE: &str = "changing a subscription";

/// How a source takes one subscriber more.
enum Joining {
    /// By these writes.
    Now(Box<Joined>),
    /// It does not.
    Never,
    /// It is on its way to another state.
    Moved,
}

/// How a subscription begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beginning {
    /// So many of the last posts are unread; of a source that has none yet, of those with which it begins.
    pub unread: u64,
    /// What the user calls it.
    pub title: Option<String>,
    /// Where the user keeps it.
    pub folders: Vec<FolderId>,
    /// If there is a limit: the turn, read before the user's subscriptions were counted.
    pub turn: Option<Turn>,
}

impl Store {
    /// Subscribes `user` to `source`, whose last `unread` posts are unread at first. A source that rests or is gone comes back.
    ///
    /// # Errors
    /// [`StoreError`]; when it is retryable the user may be subscribed, and the same call again says so.
    pub async fn subscribe(
        &self,
        user: UserId,
        source: SourceId,
        unread: u64,
        now: Timestamp,
    ) -> Result<Subscribing, StoreError> {
        self.subscribe_as(user, source, &Beginning { unread, ..Beginning::default() }, now).await
    }

    /// As [`Store::subscribe`], with a title and folders. To a private source only its owner can subscribe: to others it is not there.
    ///
    /// # Errors
    /// As [`Store::subscribe`].
    pub async fn subscribe_as(
        &self,
        user: UserId,
        source: SourceId,
        beginning: &Beginning,
        now: Timestamp,
    ) -> Result<Subscribing, StoreError> {
        let mut patience = Patience::new();
        loop {
            if let Some(there) = self.subscription(user, source).await? {
                return Ok(Subscribing::Subscribed(there));
            }
            let joined = match self.joining(user, source, now).await? {
                Joining::Now(joined) => joined,
                Joining::Never => return Ok(Subscribing::NoSource),
                Joining::Moved => {
                    patience.wait_or(SUBSCRIBE).await?;
                    continue;
                }
            };
            let new = beginning.of(user, &joined.head, joined.is_landing, now);
            let mut actions = self.beginning(&new, beginning.turn)?.to_vec();
            actions.extend(joined.actions);
            match self.transact_once(SUBSCRIBE, actions, None).await? {
                Transacted::Done => return Ok(Subscribing::Subscribed(new)),
                Transacted::Refused(verdicts) if verdicts.get(1).is_some_and(|user| user.is_refused()) => {
                    // A lost answer is found at the next look, whatever the turn is by then.
                    if self.subscription(user, source).await?.is_none() {
                        let is_overtaken = turn::is_overtaken(beginning.turn, verdicts[1].item())?;
                        return Ok(if is_overtaken { Subscribing::Overtaken } else { Subscribing::NoUser });
                    }
                }
                Transacted::Refused(_) | Transacted::Busy => {}
            }
            // Something moved, or was busy: look again.
            patience.wait_or(SUBSCRIBE).await?;
        }
    }

    /// What one subscriber more is to a source that `user` may subscribe to; one that rests or is gone is put back on the schedule by it.
    async fn joining(&self, user: UserId, source: SourceId, now: Timestamp) -> Result<Joining, StoreError> {
        let view = self.view(source).await?;
        let Some((head, poll)) = view.filter(|(head, _)| head.owner.is_none_or(|owner| owner == user)) else {
            return Ok(Joining::Never);
        };
        match head.state {
            SourceState::Active => {
                let actions = self.counted(&head, &poll, head.subscribers.saturating_add(1))?;
                let is_landing = poll.open_landing.is_some();
                Ok(Joining::Now(Box::new(Joined { head, is_landing, actions })))
            }
            SourceState::Resting | SourceState::Gone => Ok(match self.waking(source, now).await? {
                Some(waking) => Joining::Now(Box::new(waking)),
                None => Joining::Moved,
            }),
            SourceState::Moved | SourceState::Deleting => Ok(Joining::Never),
        }
    }

    /// What every subscription begins with: itself, and its user, who must be there to stay. The user comes last.
    pub(crate) fn beginning(
        &self,
        new: &Subscription,
        turn: Option<Turn>,
    ) -> Result<[TransactWriteItem; 2], StoreError> {
        let item = put_if_absent(self.readers(), key::PK, row::subscription_item(new)?)?;
        Ok([item, turn::at_turn(alive(new.user), turn, self.readers())?])
    }

    /// Ends a subscription. With the last one the source comes to rest, in the same transaction, unless someone watches it (a private one is deleted); then an unfinished landing of it is
    /// closed: its job and range are returned, to be announced. Asked again, they are told again.
    ///
    /// # Errors
    /// [`StoreError`]; when it is retryable the subscription may be gone, and the same call again makes sure.
    pub async fn unsubscribe(
        &self,
        user: UserId,
        source: SourceId,
        now: Timestamp,
    ) -> Result<Option<(JobId, Ordinal, Ordinal)>, StoreError> {
        let mut patience = Patience::new();
        loop {
            if self.subscription(user, source).await?.is_none() {
                // Whoever ended it may have died before announcing.
                let told = self.leave_if(source, SourceState::Resting, "", now, |_| false).await?;
                return Ok(if let Leaving::Left { announce } = told { announce } else { None });
            }
            let end = Write::to(Key::subscription(user, source)).when(PRESENT).delete(self.readers())?;
            match self.leave_with_the_last(source, end.clone(), now).await? {
                Some(Last::Gone { announce }) => return Ok(announce),
                Some(Last::Moved) => {}
                None if self.end_one_of_many(source, end).await? => return Ok(None),
                None => {}
            }
            if !patience.wait().await {
                return Err(StoreError::Conflict { operation: UNSUBSCRIBE });
            }
        }
    }

    /// Ends a subscription that leaves others, or whose source is away; false if something moved.
    async fn end_one_of_many(&self, source: SourceId, end: TransactWriteItem) -> Result<bool, StoreError> {
        let mut actions = vec![end];
        if let Some((head, poll)) = self.view(source).await? {
            let may_rest = matches!(head.state, SourceState::Active | SourceState::Gone);
            if may_rest && head.subscribers <= 1 && head.watchers == 0 {
                // It has become the last one meanwhile.
                return Ok(false);
            }
            actions.extend(self.counted(&head, &poll, head.subscribers.saturating_sub(1))?);
        }
        Ok(matches!(self.transact_once(UNSUBSCRIBE, actions, None).await?, Transacted::Done))
    }

    /// The head with another number of subscribers, and the poll state where that makes another step.
    fn counted(&self, head: &Head, poll: &Poll, subscribers: u32) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut actions = vec![count(head, subscribers).update(self.sources())?];
        let step = round_1_2_5(subscribers);
        if step != poll.target.subscribers {
            let write = Write::to(Key::poll(head.source))
                .change("SET #subscribers = :step, #version = :next")
                .when("#version = :version")
                .bind(":step", number(step))
                .bind(":version", number(poll.version))
                .bind(":next", number(poll.version + 1));
            actions.push(write.update(self.sources())?);
        }
        Ok(actions)
    }

    /// One subscription, as of now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn subscription(&self, user: UserId, source: SourceId) -> Result<Option<Subscription>, StoreError> {
        let item = self.get("reading a subscription", &Key::subscription(user, source)).await?;
        item.as_ref().map(row::subscription).transpose()
    }

    /// A user's subscriptions to some of `sources`, as of now; a call a hundred.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn subscriptions_to(&self, user: UserId, sources: &[SourceId]) -> Result<Vec<Subscription>, StoreError> {
        let keys = sources.iter().map(|source| Key::subscription(user, *source));
        let items = self.batch_get("reading subscriptions", keys, true, None).await?;
        Ok(row::readable(&items, row::subscription))
    }

    /// All subscriptions of a user, by source; as of now, in a page a megabyte.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn subscriptions(&self, user: UserId) -> Result<Vec<Subscription>, StoreError> {
        let request = self.client.query().table_name(self.readers()).consistent_read(true);
        let request = request
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#sk", key::SK)
            .expression_attribute_values(":pk", text(key::user_partition(user)))
            .expression_attribute_values(":prefix", text(key::SUBSCRIPTION_PREFIX));
        let items = self.query("listing subscriptions", request, usize::MAX).await?;
        Ok(row::readable(&items, row::subscription))
    }

    /// Who subscribes to a source, eventually consistent, up to `limit` after `after`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn subscribers(
        &self,
        source: SourceId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<UserId>, StoreError> {
        let request = self.client.query().table_name(self.readers()).index_name(BY_SUBSCRIBED);
        let request = request
            .key_condition_expression("#source = :source AND #user > :after")
            .expression_attribute_names("#source", "subscribed")
            .expression_attribute_names("#user", "subscriber")
            .expression_attribute_values(":source", text(source.as_str()))
            // A space sorts before every id.
            .expression_attribute_values(":after", text(after.map_or_else(|| " ".to_owned(), |user| user.to_string())))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let items = self.query("listing subscribers", request, limit).await?;
        Ok(row::readable(&items, |item| row::Row::part("subscriber", item).word(key::PK, key::user_of)))
    }

    /// Applies `operation` to what a user has read of a source. Whoever loses a race applies it to what the winner left, so that neither undoes the other.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again changes nothing more.
    pub async fn mark_read(
        &self,
        user: UserId,
        source: SourceId,
        operation: &Operation,
        shown: Shown,
        first: First,
    ) -> Result<Changing, StoreError> {
        self.change_subscription(user, source, |subscription| subscription.apply(operation, shown, first)).await
    }

    /// Changes a subscription; `change` says whether it changed anything, and is called again on what is there when someone else was faster.
    ///
    /// # Errors
    /// [`StoreError`]; when it is retryable the change may have been made.
    pub async fn change_subscription(
        &self,
        user: UserId,
        source: SourceId,
        change: impl Fn(&mut Subscription) -> bool,
    ) -> Result<Changing, StoreError> {
        match self.subscription(user, source).await? {
            Some(there) => self.change_read_subscription(there, change).await,
            None => Ok(Changing::Missing),
        }
    }

    /// Likewise, from a subscription that was read.
    ///
    /// # Errors
    /// [`StoreError`]; when it is retryable the change may have been made.
    pub async fn change_read_subscription(
        &self,
        mut there: Subscription,
        change: impl Fn(&mut Subscription) -> bool,
    ) -> Result<Changing, StoreError> {
        let mut patience = Patience::new();
        loop {
            let version = there.version;
            if !change(&mut there) {
                return Ok(Changing::Changed(there));
            }
            there.version = version + 1;
            let there_now = match self.update(CHANGE, rewrite(&there, version)?).await? {
                Written::Done(_) => return Ok(Changing::Changed(there)),
                Written::Refused(there_now) => there_now,
            };
            let Some(item) = there_now else { return Ok(Changing::Missing) };
            there = row::subscription(&item)?;
            if !patience.wait().await {
                return Err(StoreError::Conflict { operation: CHANGE });
            }
        }
    }
}

impl Beginning {
    /// The subscription of `user` to the source with this head, where a landing may be under way.
    pub fn of(&self, user: UserId, head: &Head, is_landing: bool, now: Timestamp) -> Subscription {
        // What is unread is not known before the posts are that the source begins with.
        let is_before = head.first_through.is_none() && (is_landing || head.post_count == Ordinal::NONE);
        let shown = Shown { floor: head.floor_ordinal, last: head.post_count };
        Subscription {
            user,
            source: head.source,
            added_at: now,
            title: self.title.clone(),
            folders: self.folders.clone(),
            read: if is_before { ReadState::default() } else { ReadState::fresh(shown, self.unread) },
            newest: is_before.then_some(self.unread),
            version: 0,
        }
    }
}

/// The number of subscribers, if nobody has changed the head since it was read.
fn count(head: &Head, subscribers: u32) -> Write {
    Write::to(Key::head(head.source))
        .change("SET #subscribers = :subscribers, #version = :next")
        .when("#version = :version")
        .bind(":subscribers", number(subscribers))
        .bind(":version", number(head.version))
        .bind(":next", number(head.version + 1))
}

/// All of a subscription that can change, if it is as it was read.
fn rewrite(subscription: &Subscription, version: u64) -> Result<Write, StoreError> {
    let write = Write::to(Key::subscription(subscription.user, subscription.source))
        // Every subscription begins at version 0: one that was ended and begun again is told by its beginning.
        .when("#version = :version AND #added_at = :added_at")
        .bind(":version", number(version))
        .bind(":added_at", row::time(subscription.added_at))
        .bind(":next", number(subscription.version))
        .bind(":read", row::read_state(&subscription.read)?)
        .bind(":folders", row::folders(subscription));
    let mut sets = "SET #read = :read, #folders = :folders, #version = :next".to_owned();
    let mut removes = Vec::new();
    let write = match &subscription.title {
        Some(title) => {
            sets.push_str(", #title = :title");
            write.bind(":title", text(title))
        }
        None => {
            removes.push("#title");
            write
        }
    };
    // It is there from the beginning, or never.
    if subscription.newest.is_none() {
        removes.push("#newest");
    }
    let removes = if removes.is_empty() { String::new() } else { format!(" REMOVE {}", removes.join(", ")) };
    Ok(write.change(format!("{sets}{removes}")))
}
