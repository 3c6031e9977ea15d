//! How a job ends: its last record, and what has to happen before its message may be forgotten.

use domain::carry::Carry;
use domain::decide::Failed;
use domain::failure::{ErrorCode, Failure};
use domain::id::Ordinal;
use domain::job::{Ending as How, Finished, LEASE_EXPIRED, Pointer};
use domain::response::Response;
use domain::time::Timestamp;
use domain::timing::Lane;
use domain::{decide, triage};

use crate::delivery::Delivery;

/// A result, and what follows from it.
#[derive(Debug)]
pub(crate) struct Ending {
    /// The job's last record.
    pub(crate) finished: Finished,
    /// The origin said for the second time that the feed is gone: the source ends.
    pub(crate) gone: bool,
    /// Someone waits for what landed.
    pub(crate) watched: bool,
    /// The source's lane and the version of its poll state, where a landing has just written that.
    pub(crate) lane: Option<(Lane, u64)>,
}

/// What is known of an exchange, for the record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange {
    /// When the GET went out.
    pub(crate) started_at: Timestamp,
    /// Status of the last hop, if one answered.
    pub(crate) status: Option<u16>,
    /// Bytes of body over the wire.
    pub(crate) bytes: u64,
}

impl Exchange {
    /// Nothing came back of a GET that went out at `started_at`.
    pub(crate) fn unanswered(started_at: Timestamp) -> Self {
        Self { started_at, status: None, bytes: 0 }
    }

    /// What came back.
    pub(crate) fn of(response: &Response) -> Self {
        Self { started_at: response.started_at, status: Some(response.status), bytes: response.wire_bytes }
    }
}

/// A job that its holder ended.
pub(crate) fn finished(delivery: &Delivery, exchange: Exchange, ending: How, carry: Carry, now: Timestamp) -> Finished {
    let message = &delivery.message;
    Finished {
        source: message.source,
        job: message.job,
        reason: message.reason,
        queued_at: message.queued_at,
        started_at: Some(exchange.started_at),
        ended_at: now,
        ending,
        http_status: exchange.status,
        bytes: exchange.bytes,
        carry,
    }
}

impl Ending {
    /// Nothing new.
    pub(crate) fn unchanged(delivery: &Delivery, exchange: Exchange, carry: Carry, now: Timestamp) -> Self {
        Self::of(finished(delivery, exchange, completed(None, 0), carry, now))
    }

    /// The poll failed.
    pub(crate) fn failed(delivery: &Delivery, exchange: Exchange, failed: Failed, now: Timestamp) -> Self {
        let ending = How::Failed(failed.failure);
        Self { gone: failed.gone, ..Self::of(finished(delivery, exchange, ending, failed.carry, now)) }
    }

    /// Our own time was up before the source's, which was asked at `sent_at`.
    pub(crate) fn cut_short(delivery: &Delivery, sent_at: Timestamp, carry: Carry, now: Timestamp) -> Self {
        let sentence = "the fetcher ran out of time before the source answered; the next job comes with the wheel";
        let failure = How::Failed(Failure::new(ErrorCode::Expired, sentence));
        Self::of(finished(delivery, Exchange::unanswered(sent_at), failure, carry, now))
    }

    /// A record after which nothing else happens.
    pub(crate) fn of(finished: Finished) -> Self {
        Self { finished, gone: false, watched: false, lane: None }
    }
}

/// A poll that worked and landed the posts of `range`.
pub(crate) fn completed(range: Option<(Ordinal, Ordinal)>, edits_count: u32) -> How {
    let count = range.map_or(0, |(first, last)| last.get() - first.get() + 1);
    How::Completed { posts_count: u32::try_from(count).unwrap_or(u32::MAX), edits_count, landed: range }
}

/// A job that is over without an attempt of ours: too old, superseded, or poison.
pub(crate) fn unworked(delivery: &Delivery, code: ErrorCode, pointer: Option<&Pointer>, now: Timestamp) -> Finished {
    let message = &delivery.message;
    let mine = pointer.filter(|pointer| pointer.job == message.job);
    let possible_get = triage::possible_get(message, pointer, delivery.receives);
    let carry = message.carry.with_possible_get(possible_get.map(|at| at.min(now)));
    let carry = if code == ErrorCode::Poisoned { decide::poisoned(&carry, now) } else { carry };
    Finished {
        source: message.source,
        job: message.job,
        reason: message.reason,
        queued_at: message.queued_at,
        started_at: mine.and_then(Pointer::taken_at),
        ended_at: now,
        ending: How::Failed(Failure::new(code, sentence(code))),
        http_status: None,
        bytes: 0,
        carry,
    }
}

fn sentence(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Expired => "the job waited longer than it may be worth; the next one comes with the wheel",
        ErrorCode::Superseded => "another job took its place",
        ErrorCode::Poisoned => "reading this feed ended the process three times; it rests for a day",
        ErrorCode::Sealed => {
            "its address and credentials cannot be opened with this installation's key; subscribe again"
        }
        _ => LEASE_EXPIRED,
    }
}
