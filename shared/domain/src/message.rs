//! The message that makes a fetcher work: everything an unchanged poll needs, so that it reads nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::carry::Carry;
use crate::id::{JobId, Ordinal, SourceId};
use crate::job::{NewJob, Pointer, Reason};
use crate::source::Target;
use crate::time::Timestamp;
use crate::timing::{self, Lane};
use crate::wheel::{Minute, Pace, period_of};

/// The message version that this code writes. It reads this and the one before.
pub const VERSION: u32 = 1;
/// A source that was not fetched for so long was at rest: nothing was late meanwhile.
const AT_REST: Duration = Duration::from_secs(7 * 24 * 3600);

/// One attempt to make: job and source, the carry, and the target. JSON on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FetchMessage {
    /// [`VERSION`].
    pub v: u32,
    /// The job.
    pub job: JobId,
    /// Its source.
    pub source: SourceId,
    /// Where to fetch; absent for private sources, whose URL is sealed in the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Host that is spaced and paused.
    pub host: String,
    /// Of the whole exchange.
    pub timeout_ms: u64,
    /// The source's interval.
    pub interval_ms: u64,
    /// For the User-Agent.
    pub subscribers: u32,
    /// Whether what lands is to be announced.
    #[serde(default)]
    pub watched: bool,
    /// The queue that it belongs to.
    pub lane: Lane,
    /// When the job was queued.
    pub queued_at: Timestamp,
    /// The wheel minute it was queued for.
    pub tick: Minute,
    /// Not to be started before.
    pub earliest: Timestamp,
    /// Why.
    pub reason: Reason,
    /// From the job before.
    pub carry: Carry,
    /// A landing is unfinished.
    #[serde(default)]
    pub open: bool,
    /// A message of this job may have been sent before.
    #[serde(default)]
    pub again: bool,
    /// Deaths that a superseded job handed on.
    #[serde(default)]
    pub attempts: u8,
    /// Attempts that a living holder took and could not give back in the store.
    #[serde(default)]
    pub returned: u8,
}

/// The queue for a job of `target`: first fetches go where slow sources do.
pub fn lane(target: &Target, reason: Reason) -> Lane {
    match reason {
        Reason::First => Lane::Slow,
        Reason::Scheduled | Reason::Refresh => target.lane,
    }
}

/// A job for `target` that is queued `now` and starts at `start`, or now if that is past.
pub fn new_job(
    job: JobId,
    target: &Target,
    reason: Reason,
    tick: Minute,
    start: Timestamp,
    now: Timestamp,
    pace: Pace,
) -> NewJob {
    let earliest = start.max(now);
    let interval = pace.span(target.settings.interval_minutes);
    let lease_until = timing::queued_lease(now, earliest, interval, lane(target, reason));
    NewJob { job, tick, queued_at: now, earliest, lease_until, reason }
}

impl FetchMessage {
    /// The message of the job that `pointer` names, sent for the first time.
    pub fn of(target: &Target, pointer: &Pointer, carry: Carry, pace: Pace) -> Self {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self {
            v: VERSION,
            job: pointer.job,
            source: target.source,
            url: target.url.clone(),
            host: target.host.clone(),
            timeout_ms: millis(target.settings.timeout),
            interval_ms: millis(pace.span(target.settings.interval_minutes)),
            subscribers: target.subscribers,
            watched: target.watched,
            lane: lane(target, pointer.reason),
            queued_at: pointer.queued_at,
            tick: pointer.tick,
            earliest: pointer.earliest,
            reason: pointer.reason,
            carry,
            open: pointer.open,
            again: false,
            attempts: pointer.attempts,
            returned: 0,
        }
    }

    /// The source's time-out.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// The source's interval.
    pub fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }

    /// The last instant at which the job may be started.
    pub fn work_until(&self) -> Timestamp {
        timing::work_until(self.queued_at, self.earliest, self.interval())
    }

    /// How late it is that the job begins at `at`.
    ///
    /// An ordinary turn comes at most a period and a quarter after the last GET ([`place`](crate::wheel::place) lets no gap grow by more), or when what a
    /// server asked for is over. What a person waits for is late from its earliest start on, and so is a source without a last GET to count from.
    pub fn lateness(&self, at: Timestamp, pace: Pace) -> Duration {
        let counted = self.carry.last_get.filter(|get| !self.reason.is_personal() && at.since(*get) <= AT_REST);
        let due = counted.map_or(self.earliest, |get| {
            let minutes = self.interval().as_millis() / pace.tick().as_millis().max(1);
            let period = pace.span(period_of(u32::try_from(minutes).unwrap_or(u32::MAX)));
            let turn = get + period + period / 4;
            self.carry.not_before.map_or(turn, |held| turn.max(held.at))
        });
        at.since(due)
    }

    /// Whether the job may be worked on without a look at the store: at its first receive, sent once, and young enough.
    pub fn is_fresh(&self, receives: u32, now: Timestamp) -> bool {
        receives <= 1 && !self.again && self.attempts == 0 && now <= self.work_until()
    }
}

/// What goes to queue `tasks`: a job landed posts that someone waits for. Told at least once; the receiver makes repeats harmless.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// [`VERSION`].
    pub v: u32,
    /// The source.
    pub source: SourceId,
    /// The job that closed the landing.
    pub job: JobId,
    /// First ordinal that landed.
    pub from: Ordinal,
    /// Last ordinal that landed.
    pub to: Ordinal,
}

/// What a queue body turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A message for this code.
    Message(Box<FetchMessage>),
    /// Written by newer code, which will take it.
    Newer(u32),
    /// No message at all.
    Malformed,
}

#[derive(Deserialize)]
struct Stamp {
    v: u32,
}

/// Reads a queue body. Never fails: what it cannot read says so.
pub fn read(body: &str) -> Body {
    match serde_json::from_str::<Stamp>(body) {
        Ok(stamp) if stamp.v > VERSION => Body::Newer(stamp.v),
        Ok(_) => serde_json::from_str(body).map_or(Body::Malformed, |message| Body::Message(Box::new(message))),
        Err(_) => Body::Malformed,
    }
}
