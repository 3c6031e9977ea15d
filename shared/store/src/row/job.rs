//! The pointer and finished jobs. Both stay well under a kilobyte, since each poll writes one of each: that is its price.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::carry::Carry;
use domain::failure::{ErrorCode, Failure};
use domain::id::{Ordinal, SourceId};
use domain::job::{Ending, FINISHED_RETENTION, Finished, Hand, Pointer, Reason};
use domain::time::Timestamp;
use domain::wheel::Minute;

use super::{Cells, Item, Row, number, text, time, ttl};
use crate::error::StoreError;
use crate::key::{self, Key};

/// The reason that is spelled so.
pub(crate) fn reason_of(word: &str) -> Option<Reason> {
    [Reason::Scheduled, Reason::First, Reason::Refresh].into_iter().find(|reason| reason.as_str() == word)
}

/// How [`Hand`] is stored.
pub(crate) const fn hand(hand: Hand) -> &'static str {
    match hand {
        Hand::Queued => "queued",
        Hand::Ongoing => "ongoing",
    }
}

fn hand_of(word: &str) -> Option<Hand> {
    [Hand::Queued, Hand::Ongoing].into_iter().find(|known| hand(*known) == word)
}

/// The pointer of `source` as an item.
pub(crate) fn pointer_item(source: SourceId, pointer: &Pointer) -> Item {
    Cells::under(&Key::pointer(source))
        .with("job", text(pointer.job.to_string()))
        .maybe("prev", pointer.prev.map(|job| text(job.to_string())))
        .with("tick", number(pointer.tick.0))
        .with("queued_at", time(pointer.queued_at))
        .with("earliest", time(pointer.earliest))
        .with("lease_until", time(pointer.lease_until))
        .with("hand", text(hand(pointer.hand)))
        .maybe("started_at", pointer.started_at.map(time))
        .with("attempts", number(pointer.attempts))
        .with("reason", text(pointer.reason.as_str()))
        .flag("open", pointer.open)
        .flag("closed", pointer.closed)
        .item()
}

/// The pointer in `item`.
pub(crate) fn pointer(item: &Item) -> Result<Pointer, StoreError> {
    let row = Row::of("pointer", item)?;
    Ok(Pointer {
        job: row.parsed("job")?,
        prev: row.maybe_parsed("prev")?,
        tick: Minute(row.number("tick")?),
        queued_at: row.time("queued_at")?,
        earliest: row.time("earliest")?,
        lease_until: row.time("lease_until")?,
        hand: row.word("hand", hand_of)?,
        // Of an earlier job perhaps, or of an attempt that was given back: `Pointer::taken_at` tells.
        started_at: row.maybe_time("started_at")?,
        attempts: row.number("attempts")?,
        reason: row.word("reason", reason_of)?,
        open: row.flag("open"),
        closed: row.flag("closed"),
    })
}

/// What a job hands on, as stored.
pub(crate) fn carry(carry: &Carry) -> Result<AttributeValue, StoreError> {
    Ok(text(json(carry)?))
}

/// Until when a job is kept that counts from `from`. A server may ask for a pause that outlasts the retention: the carry that knows of it must not go before.
pub(crate) fn job_ttl(finished: &Finished, from: Timestamp) -> AttributeValue {
    ttl(finished.carry.not_before.map_or(from, |hold| hold.at.max(from)) + FINISHED_RETENTION)
}

/// A finished job as an item.
pub(crate) fn finished_item(finished: &Finished) -> Result<Item, StoreError> {
    let cells = Cells::under(&Key::job(finished.source, finished.job))
        .with("reason", text(finished.reason.as_str()))
        .with("queued_at", time(finished.queued_at))
        .maybe("started_at", finished.started_at.map(time))
        .with("ended_at", time(finished.ended_at))
        .maybe("status", finished.http_status.map(number))
        .with("bytes", number(finished.bytes))
        .with("carry", carry(&finished.carry)?)
        .with("ttl", job_ttl(finished, finished.ended_at));
    Ok(match &finished.ending {
        Ending::Completed { posts_count, edits_count, landed } => cells
            .maybe("posts", (*posts_count > 0).then(|| number(posts_count)))
            .maybe("edits", (*edits_count > 0).then(|| number(edits_count)))
            .maybe("first", landed.map(|(first, _)| number(first.get())))
            .maybe("last", landed.map(|(_, last)| number(last.get())))
            .item(),
        Ending::Failed(failure) => {
            cells.with("error", text(failure.code.as_str())).with("message", text(failure.message.as_str())).item()
        }
    })
}

/// The finished job in `item`, whose key says which it is.
pub(crate) fn finished(item: &Item) -> Result<Finished, StoreError> {
    let row = Row::of("job", item)?;
    let carry: Carry = serde_json::from_str(row.text("carry")?).map_err(|_| row.corrupt("carry"))?;
    // A code that newer code came up with is told by its sentence; what it means for the next job is in the carry.
    let ending = match row.maybe_text("error")?.map(|word| word.parse().unwrap_or(ErrorCode::ClientError)) {
        Some(code) => Ending::Failed(Failure { code, message: row.text("message")?.to_owned() }),
        None => Ending::Completed {
            posts_count: row.maybe_number("posts")?.unwrap_or(0),
            edits_count: row.maybe_number("edits")?.unwrap_or(0),
            landed: landed(row)?,
        },
    };
    Ok(Finished {
        source: row.word(key::PK, key::source_of)?,
        job: row.word(key::SK, key::job_of)?,
        reason: row.word("reason", reason_of)?,
        queued_at: row.time("queued_at")?,
        started_at: row.maybe_time("started_at")?,
        ended_at: row.time("ended_at")?,
        ending,
        http_status: row.maybe_number("status")?,
        bytes: row.number("bytes")?,
        carry,
    })
}

fn landed(row: Row<'_>) -> Result<Option<(Ordinal, Ordinal)>, StoreError> {
    let first = row.maybe_number("first")?.map(Ordinal::new);
    let last = row.maybe_number("last")?.map(Ordinal::new);
    Ok(first.zip(last))
}

fn json(carry: &Carry) -> Result<String, StoreError> {
    let failed = |error| StoreError::Other { operation: "writing a carry", source: std::sync::Arc::new(error) };
    serde_json::to_string(carry).map_err(failed)
}
