//! The wheel's own items: cursors, slots, overflow, paused hosts.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, PutRequest, WriteRequest};
use domain::id::SourceId;
use domain::shape::Backlog;
use domain::source::Target;
use domain::time::Timestamp;
use domain::wheel::{Minute, Pace, Slot};

use crate::Store;
use crate::call::Written;
use crate::error::StoreError;
use crate::key::{self, Key, PAUSED};
use crate::row::{self, Cells, FORMAT, Item, Row, TARGET_ATTRIBUTES, number, text, time, ttl};
use crate::schema::BY_SLOT;
use crate::write::{Write, malformed};

/// Overflow that a long outage left behind is of no use: by then the ordinary slots came round.
const BEHIND: Duration = Duration::from_secs(24 * 3600);

/// How far a shard of the wheel got, and what its queues looked like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The last minute that was sent whole.
    pub minute: Minute,
    /// Of queue `fetch`.
    pub fast: Backlog,
    /// Of queue `fetch-slow`.
    pub slow: Backlog,
}

/// What became of claiming a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is ours.
    Claimed(Cursor),
    /// Another run has it until then.
    HeldUntil(Timestamp),
}

impl Store {
    /// Claims the cursor of `shard` for `holder`, a name that no other run has, until `until`. A shard that never ran begins after `first`.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again is safe.
    pub async fn claim_cursor(
        &self,
        shard: u8,
        holder: &str,
        first: Minute,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Claim, StoreError> {
        let new = Backlog { depth: 0, sent: 0, at: first, rate: 0 };
        let write = Write::to(Key::cursor(shard))
            .change(
                "SET #v = :v, #holder = :holder, #until = :until, #minute = if_not_exists(#minute, :first), \
                 #fast = if_not_exists(#fast, :new), #slow = if_not_exists(#slow, :new)",
            )
            .when("attribute_not_exists(#pk) OR #until <= :now OR #holder = :holder")
            .bind(":v", number(FORMAT))
            .bind(":holder", text(holder))
            .bind(":until", time(until))
            .bind(":now", time(now))
            .bind(":first", number(first.0))
            .bind(":new", backlog(new));
        match self.update("claiming the wheel", write).await? {
            Written::Done(item) => Ok(Claim::Claimed(cursor(&item)?)),
            Written::Refused(Some(item)) => Ok(Claim::HeldUntil(Row::of("cursor", &item)?.time("until")?)),
            Written::Refused(None) => Err(StoreError::Conflict { operation: "claiming the wheel" }),
        }
    }

    /// Moves the cursor on and holds it until `until`; false when another holder has it.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again is safe.
    pub async fn move_cursor(
        &self,
        shard: u8,
        holder: &str,
        cursor: &Cursor,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let write = Write::to(Key::cursor(shard))
            .change("SET #v = :v, #until = :until, #minute = :minute, #fast = :fast, #slow = :slow")
            .when("#holder = :holder")
            .bind(":v", number(FORMAT))
            .bind(":holder", text(holder))
            .bind(":until", time(until))
            .bind(":minute", number(cursor.minute.0))
            .bind(":fast", backlog(cursor.fast))
            .bind(":slow", backlog(cursor.slow));
        Ok(matches!(self.update("moving the wheel", write).await?, Written::Done(_)))
    }

    /// Moves the cursor and lets go of it; false when another holder has it.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again is safe.
    pub async fn release_cursor(&self, shard: u8, holder: &str, cursor: &Cursor) -> Result<bool, StoreError> {
        // The holder stays, so that a repetition knows itself.
        self.move_cursor(shard, holder, cursor, Timestamp::EPOCH).await
    }

    /// The sources of one slot, as the index knows them: it may lag a little behind POLL. What cannot be read is left out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn slot(&self, slot: Slot) -> Result<Vec<Target>, StoreError> {
        let request = self
            .client
            .query()
            .table_name(self.sources())
            .index_name(BY_SLOT)
            .key_condition_expression("slot = :slot")
            .expression_attribute_values(":slot", text(key::slot(slot)));
        Ok(row::readable(&self.query("reading a slot", request, usize::MAX).await?, row::target))
    }

    /// The sources that are to be looked at in `minute` besides its slots. What cannot be read is left out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn due(&self, shard: u8, minute: Minute) -> Result<Vec<SourceId>, StoreError> {
        let request = self
            .client
            .query()
            .table_name(self.sources())
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(key::due_partition(shard, minute)));
        let items = self.query("reading overflow", request, usize::MAX).await?;
        Ok(row::readable(&items, |item| Row::of("overflow", item)?.parsed(key::SK)))
    }

    /// Notes that sources are to be looked at in those minutes.
    ///
    /// # Errors
    /// [`StoreError`]; some may have been noted, the same call again is safe.
    pub async fn put_due(&self, shard: u8, due: &[(Minute, SourceId)]) -> Result<(), StoreError> {
        let due: HashSet<_> = due.iter().copied().collect();
        let put = |(minute, source)| {
            let put = PutRequest::builder().set_item(Some(due_item(shard, minute, source))).build();
            Ok(WriteRequest::builder().put_request(put.map_err(malformed)?).build())
        };
        self.batch_write("noting overflow", due.into_iter().map(put).collect::<Result<_, StoreError>>()?).await
    }

    /// Forgets sources of `minute` that were looked at.
    ///
    /// # Errors
    /// [`StoreError`]; some may have been forgotten, the same call again is safe.
    pub async fn delete_due(&self, shard: u8, minute: Minute, sources: &[SourceId]) -> Result<(), StoreError> {
        let sources: HashSet<_> = sources.iter().copied().collect();
        let delete = |source| {
            let delete = DeleteRequest::builder().set_key(Some(Key::due(shard, minute, source).item())).build();
            Ok(WriteRequest::builder().delete_request(delete.map_err(malformed)?).build())
        };
        self.batch_write("forgetting overflow", sources.into_iter().map(delete).collect::<Result<_, StoreError>>()?)
            .await
    }

    /// What messages to these sources need, without those that are not polled or cannot be read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn targets(&self, sources: &[SourceId]) -> Result<Vec<Target>, StoreError> {
        let only = [&["slot", "source"], TARGET_ATTRIBUTES.as_slice()].concat();
        let keys = sources.iter().map(|source| Key::poll(*source));
        let mut items = self.batch_get("reading targets", keys, false, Some(&only)).await?;
        items.retain(row::is_polled);
        Ok(row::readable(&items, row::target))
    }

    /// Hosts that asked for a pause which is not over, and until when.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn paused_hosts(&self, now: Timestamp) -> Result<HashMap<String, Timestamp>, StoreError> {
        let request = self
            .client
            .query()
            .table_name(self.sources())
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(PAUSED));
        let items = self.query("reading paused hosts", request, usize::MAX).await?;
        let hosts = row::readable(&items, |item| {
            let row = Row::of("paused host", item)?;
            Ok((row.text(key::SK)?.to_owned(), row.time("until")?))
        });
        // TTL deletes late.
        Ok(hosts.into_iter().filter(|(_, until)| *until > now).collect())
    }

    /// Pauses a host until `until`, unless it is paused longer already.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again is safe.
    pub async fn pause_host(&self, host: &str, until: Timestamp, why: &str, now: Timestamp) -> Result<(), StoreError> {
        let write = Write::to(Key::paused(host))
            .change("SET #v = :v, #until = :until, #why = :why, #since = :now, #ttl = :ttl")
            .when("attribute_not_exists(#until) OR #until < :until")
            .bind(":v", number(FORMAT))
            .bind(":until", time(until))
            .bind(":why", text(why))
            .bind(":now", time(now))
            .bind(":ttl", ttl(until));
        match self.update("pausing a host", write).await? {
            Written::Done(_) | Written::Refused(_) => Ok(()),
        }
    }
}

/// An overflow item. It expires a day after its minute (on a wheel that turns faster: never, and the dispatcher deletes it).
pub(crate) fn due_item(shard: u8, minute: Minute, source: SourceId) -> Item {
    Cells::under(&Key::due(shard, minute, source)).with("ttl", ttl(Pace::REAL.start_of(minute) + BEHIND)).item()
}

fn cursor(item: &Item) -> Result<Cursor, StoreError> {
    let row = Row::of("cursor", item)?;
    Ok(Cursor { minute: Minute(row.number("minute")?), fast: backlog_of(row, "fast")?, slow: backlog_of(row, "slow")? })
}

fn backlog(backlog: Backlog) -> AttributeValue {
    AttributeValue::L([backlog.depth, backlog.sent, backlog.at.0, backlog.rate].map(number).into())
}

fn backlog_of(row: Row<'_>, name: &str) -> Result<Backlog, StoreError> {
    let read = |list: &[AttributeValue]| {
        let number = |index: usize| list.get(index)?.as_n().ok()?.parse().ok();
        Some(Backlog { depth: number(0)?, sent: number(1)?, at: Minute(number(2)?), rate: number(3)? })
    };
    row.raw(name).and_then(|value| read(value.as_l().ok()?)).ok_or_else(|| row.corrupt(name))
}
