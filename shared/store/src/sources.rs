//! Sources: made in one transaction, found by URL, listed, and changed beside their landings.

use std::collections::HashMap;

use domain::id::SourceId;
use domain::job::Pointer;
use domain::private::Sealed;
use domain::source::{Head, Poll, SourceSettings, SourceState, Target};
use domain::subscription::Subscription;
use domain::timing::Lane;
use domain::wheel::Minute;
use domain::window::Window;
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::call::{Verdict, Written};
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::listing::Consistency;
use crate::readers::{Turn, is_overtaken};
use crate::row::{self, Cells, Item, Row, number, span, text};
use crate::schema::BY_SLOT;
use crate::wheel::due_item;
use crate::write::{PRESENT, Write, put, put_if_absent};

/// A source in the making.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSource {
    /// Its head, active, with the normalised URLs under which it is to be found.
    pub head: Head,
    /// For the wheel.
    pub target: Target,
    /// Its first job, already queued.
    pub pointer: Pointer,
    /// The minute in which the dispatcher looks whether that job was sent.
    pub due: Minute,
    /// Of a private source: its URL and what it is asked with.
    pub sealed: Option<Sealed>,
    /// The subscription for which it is made: head and target count it already. A private source has its owner's.
    pub subscription: Option<Subscription>,
}

/// What became of making a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creating {
    /// It is there, by this call or by an earlier one whose answer got lost.
    Created,
    /// The URL is this source's.
    UrlTaken(SourceId),
    /// Draw another id.
    IdTaken,
    /// There is no user to subscribe to it, or not any more.
    NoUser,
    /// The installation seals under another key by now: seal it again.
    OtherKey,
    /// The user has made something since the turn was read: read it and count again.
    Overtaken,
}

/// What became of a change of settings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one lives at a time, and only while a person waits")]
pub enum Change {
    /// Done; the head as it is now.
    Changed(Head),
    /// The head moved: read it again and decide again.
    Conflict,
    /// No such source, or it is being deleted.
    Missing,
}

/// A place in the list of all sources, where the next page goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    slot: String,
    source: SourceId,
}

impl Store {
    /// Makes a source in one transaction: head, poll state, pointer, URLs, the subscription for which it is made, and the note that lets the dispatcher look
    /// after its first job.
    ///
    /// # Errors
    /// [`StoreError`]; when it is retryable the source may be there, and the same call again says so.
    pub async fn create(&self, new: &NewSource) -> Result<Creating, StoreError> {
        self.create_in_turn(new, None).await
    }

    /// As [`Store::create`], with a subscription of which its user may have only so many: at `turn`, read before they were counted.
    ///
    /// # Errors
    /// As [`Store::create`].
    pub async fn create_in_turn(&self, new: &NewSource, turn: Option<Turn>) -> Result<Creating, StoreError> {
        const OPERATION: &str = "making a source";
        let (source, table) = (new.head.source, self.sources());
        let poll = Poll {
            target: new.target.clone(),
            window: Window::default(),
            open_landing: None,
            sealed: new.sealed.clone(),
            version: 1,
        };
        let mut actions = vec![
            put_if_absent(table, key::PK, row::head_item(&new.head))?,
            put_if_absent(table, key::PK, row::poll_item(&poll))?,
            put_if_absent(table, key::PK, row::pointer_item(source, &new.pointer))?,
            put(table, due_item(new.target.slot.shard, new.due, source))?,
        ];
        for url in &new.head.url_keys {
            let item = Cells::under(&Key::url(url)).with("source", text(source.to_string())).item();
            actions.push(put_if_absent(table, key::PK, item)?);
        }
        let key = actions.len();
        if let Some(sealed) = &new.sealed {
            actions.push(self.sealed_under(sealed)?);
        }
        if let Some(subscription) = &new.subscription {
            actions.extend(self.beginning(subscription, turn)?);
        }
        let Some(verdicts) = self.transact(OPERATION, actions).await? else {
            return Ok(Creating::Created);
        };
        for url in &new.head.url_keys {
            match self.find_by_url(url).await? {
                Some(owner) if owner == source => return Ok(Creating::Created),
                Some(owner) => return Ok(Creating::UrlTaken(owner)),
                None => {}
            }
        }
        if new.sealed.is_some() && verdicts.get(key).is_some_and(Verdict::is_refused) {
            return Ok(Creating::OtherKey);
        }
        let user = verdicts.last().filter(|user| new.subscription.is_some() && user.is_refused());
        Ok(match user {
            None => Creating::IdTaken,
            Some(user) if is_overtaken(turn, user.item())? => Creating::Overtaken,
            Some(_) => Creating::NoUser,
        })
    }

    /// The source whose URL, present or former, is this one (normalised), as of now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_by_url(&self, normalised: &str) -> Result<Option<SourceId>, StoreError> {
        let item = self.get("finding a URL", &Key::url(normalised)).await?;
        item.as_ref().map(|item| Row::of("URL", item)?.parsed("source")).transpose()
    }

    /// The public part of a source, as of now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn head(&self, source: SourceId) -> Result<Option<Head>, StoreError> {
        self.get("reading a source", &Key::head(source)).await?.as_ref().map(row::head).transpose()
    }

    /// The public parts of many sources, in the order given, eventually consistent; without those that are gone or cannot be read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn heads(&self, sources: &[SourceId]) -> Result<Vec<Head>, StoreError> {
        self.heads_as(sources, Consistency::Eventual).await
    }

    /// As [`Store::heads`], as fresh as that.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn heads_as(&self, sources: &[SourceId], consistency: Consistency) -> Result<Vec<Head>, StoreError> {
        let keys = sources.iter().map(|source| Key::head(*source));
        let items = self.batch_get("reading sources", keys, consistency == Consistency::Strong, None).await?;
        let heads = self.readable(&items, row::head).into_iter();
        let mut heads: HashMap<SourceId, Head> = heads.map(|head| (head.source, head)).collect();
        Ok(sources.iter().filter_map(|source| heads.remove(source)).collect())
    }

    /// The fetcher's part of a source, as of now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn poll(&self, source: SourceId) -> Result<Option<Poll>, StoreError> {
        self.get("reading a poll state", &Key::poll(source)).await?.as_ref().map(row::poll).transpose()
    }

    /// Both parts of a source, as of now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn view(&self, source: SourceId) -> Result<Option<(Head, Poll)>, StoreError> {
        let (mut head, mut poll) = (None, None);
        for item in self.batch_get("reading a source", [Key::head(source), Key::poll(source)], true, None).await? {
            if Key::of(&item) == Some(Key::head(source)) {
                head = Some(row::head(&item)?);
            } else {
                poll = Some(row::poll(&item)?);
            }
        }
        Ok(head.zip(poll))
    }

    /// A page of all sources that are not being deleted, after `after`, in no order that means anything but a steady one. A source whose
    /// period changes meanwhile may be on two pages or on none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(&self, after: Option<Place>, limit: usize) -> Result<(Vec<Head>, Option<Place>), StoreError> {
        let limit = limit.max(1);
        let mut sources: Vec<SourceId> = Vec::new();
        let mut next = after.as_ref().map(Place::key);
        let more = loop {
            let missing = i32::try_from(limit.saturating_sub(sources.len())).unwrap_or(i32::MAX).max(1);
            let request = self.client.scan().table_name(self.sources()).index_name(BY_SLOT).limit(missing);
            let request = request.set_exclusive_start_key(next).set_return_consumed_capacity(self.capacity());
            let answer =
                request.send().await.map_err(|error| StoreError::of("listing sources", error).on(self.sources()))?;
            self.count_reads(answer.consumed_capacity());
            let source = |item: &Item| Row::of("target", item)?.parsed::<SourceId>("source");
            sources.extend(self.readable(answer.items(), source));
            next = answer.last_evaluated_key;
            let Some(last) = &next else { break None };
            // A place that cannot be told is gone past.
            if let (true, Some(place)) = (sources.len() >= limit, Place::of(last)) {
                break Some(place);
            }
        };
        Ok((self.heads(&sources).await?, more))
    }

    /// Changes what people set, in both parts of a source, if its head is as `read`. `target` is what follows from `settings`.
    ///
    /// # Errors
    /// [`StoreError`]; when it is retryable the change may have been made, and the same call again says so.
    pub async fn change_settings(
        &self,
        read: &Head,
        settings: SourceSettings,
        target: &Target,
    ) -> Result<Change, StoreError> {
        // A source that is not polled gets its new slot for the day it comes back.
        let place = match read.state {
            SourceState::Active => "slot",
            SourceState::Resting | SourceState::Gone | SourceState::Moved => "home",
            SourceState::Deleting => return Ok(Change::Missing),
        };
        let table = self.sources();
        let head = Write::to(Key::head(read.source))
            .change("SET #timeout = :timeout, #interval = :interval, #version = #version + :one")
            .when("#version = :version")
            .bind(":timeout", span(settings.timeout))
            .bind(":interval", number(settings.interval_minutes))
            .bind(":one", number(1))
            .bind(":version", number(read.version));
        let poll = Write::to(Key::poll(read.source))
            .change(format!(
                "SET #timeout = :timeout, #interval = :interval, #lane = :lane, #{place} = :place, #version = #version + :one"
            ))
            .when(PRESENT)
            .bind(":timeout", span(settings.timeout))
            .bind(":interval", number(settings.interval_minutes))
            .bind(":lane", text(target.lane.as_str()))
            .bind(":place", text(key::slot(target.slot)))
            .bind(":one", number(1));
        let done = self.transact("changing settings", vec![head.update(table)?, poll.update(table)?]).await?.is_none();
        Ok(match self.head(read.source).await? {
            None => Change::Missing,
            Some(now) if now.state == SourceState::Deleting => Change::Missing,
            // After a lost response the head shows our own change.
            Some(now) if done || (now.version == read.version + 1 && now.settings == settings) => Change::Changed(now),
            Some(_) => Change::Conflict,
        })
    }

    /// Notes what a feed says of itself; what is `None` stays as it was. False when there is no such source, or it is being deleted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn describe(
        &self,
        source: SourceId,
        title: Option<&str>,
        site: Option<&str>,
        icon: Option<&str>,
    ) -> Result<bool, StoreError> {
        let mut write = Write::to(Key::head(source))
            .when("attribute_exists(#pk) AND #state <> :deleting")
            .bind(":deleting", text(SourceState::Deleting.as_str()))
            .bind(":one", number(1));
        let mut sets = vec!["#version = #version + :one".to_owned()];
        for (name, value) in [("title", title), ("site", site), ("icon", icon)] {
            if let Some(value) = value {
                sets.push(format!("#{name} = :{name}"));
                write = write.bind(&format!(":{name}"), text(value));
            }
        }
        if sets.len() == 1 {
            return Ok(true);
        }
        let write = write.change(format!("SET {}", sets.join(", ")));
        Ok(matches!(self.update("describing a source", write).await?, Written::Done(_)))
    }

    /// Moves a source to the other lane, if its poll state has the `version` that was read; false when it moved, which is no harm: the
    /// next poll finds the same.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_lane(&self, source: SourceId, lane: Lane, version: u64) -> Result<bool, StoreError> {
        let write = Write::to(Key::poll(source))
            .change("SET #lane = :lane, #version = #version + :one")
            .when("#version = :version")
            .bind(":lane", text(lane.as_str()))
            .bind(":one", number(1))
            .bind(":version", number(version));
        Ok(matches!(self.update("changing a lane", write).await?, Written::Done(_)))
    }
}

impl Place {
    /// By the key of an item of the index, whatever else the item is.
    fn of(key: &Item) -> Option<Self> {
        let row = Row::part("place", key);
        Some(Self { slot: row.text("slot").ok()?.to_owned(), source: row.parsed("source").ok()? })
    }

    /// Where a scan of the index goes on, whether or not the source is still there.
    fn key(&self) -> Item {
        let mut key = Key::poll(self.source).item();
        key.insert("slot".to_owned(), text(&self.slot));
        key.insert("source".to_owned(), text(self.source.to_string()));
        key
    }
}
