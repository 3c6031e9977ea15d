//! The life of a fetch job: QUEUED → ONGOING → COMPLETED | FAILED, and QUEUED → FAILED for one that never started.
//!
//! A source has one [`Pointer`], which names the job that is or was last in hand, and one [`Finished`] for each job that ended.
//! A job is live while it has no `Finished` and its lease is not over. Every transition here is one conditional write of the store.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::carry::Carry;
use crate::failure::{ErrorCode, Failure};
use crate::id::{JobId, Ordinal, SourceId};
use crate::time::Timestamp;
use crate::timing::Lane;
use crate::wheel::Minute;

/// Why a job was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Its turn on the wheel.
    Scheduled,
    /// The source is new.
    First,
    /// A person asked.
    Refresh,
}

impl Reason {
    /// Stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::First => "first",
            Self::Refresh => "refresh",
        }
    }

    /// Whether a person waits for it.
    pub const fn is_personal(self) -> bool {
        match self {
            Self::Scheduled => false,
            Self::First | Self::Refresh => true,
        }
    }
}

/// Whether the job in hand was started, as far as anyone had to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hand {
    /// Waiting for a fetcher.
    Queued,
    /// A fetcher has it.
    Ongoing,
}

/// The job that is or was last in hand of one source.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pointer {
    /// The job.
    pub job: JobId,
    /// The job before it: its `Finished` holds the carry that this one started from.
    pub prev: Option<JobId>,
    /// The wheel minute it was queued for.
    pub tick: Minute,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// Before this it is not to be started.
    pub earliest: Timestamp,
    /// Until then nobody else may take its place.
    pub lease_until: Timestamp,
    /// Waiting, or taken.
    pub hand: Hand,
    /// When it was taken, if that was stored.
    pub started_at: Option<Timestamp>,
    /// How often a holder took it alone and did not come back.
    pub attempts: u8,
    /// Why it was made.
    pub reason: Reason,
    /// A landing is unfinished: even a 304 must close it.
    pub open: bool,
    /// The source is not active: nothing may be queued.
    pub closed: bool,
}

/// A job that is about to be queued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// Made before the write.
    pub job: JobId,
    /// The wheel minute.
    pub tick: Minute,
    /// Now.
    pub queued_at: Timestamp,
    /// Not before `queued_at`.
    pub earliest: Timestamp,
    /// [`crate::timing::queued_lease`].
    pub lease_until: Timestamp,
    /// Why.
    pub reason: Reason,
}

/// What queueing a job on a pointer comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Queueing {
    /// Swap the pointer to this, if its `job` is still the one that was read and it is not `closed`.
    Swap(Pointer),
    /// The job in hand was abandoned: swap the pointer, if `job` and `lease_until` are still as read, and fail the old job if it is absent, in one transaction.
    Supersede(Pointer),
    /// A live job is in hand.
    Live(JobId),
    /// The source is not active.
    NotActive,
}

impl Pointer {
    /// The pointer of a source that is made with its first job already queued.
    pub fn first(new: NewJob) -> Self {
        Self {
            job: new.job,
            prev: None,
            tick: new.tick,
            queued_at: new.queued_at,
            earliest: new.earliest,
            lease_until: new.lease_until,
            hand: Hand::Queued,
            started_at: None,
            attempts: 0,
            reason: new.reason,
            open: false,
            closed: false,
        }
    }

    /// Whether the job in hand keeps others away at `now`; `finished` is whether its `Finished` exists.
    pub fn is_live(&self, finished: bool, now: Timestamp) -> bool {
        !finished && now < self.lease_until
    }

    /// Puts `new` in the place of the job in hand.
    pub fn queue(&self, finished: bool, new: NewJob, now: Timestamp) -> Queueing {
        if self.closed {
            return Queueing::NotActive;
        }
        if self.is_live(finished, now) {
            return Queueing::Live(self.job);
        }
        let mut next = Self { prev: Some(self.job), open: self.open, ..Self::first(new) };
        if finished {
            return Queueing::Swap(next);
        }
        // A feed that kills its process must not start from zero because the wheel came round.
        next.attempts = self.attempts;
        Queueing::Supersede(next)
    }

    /// Takes the job in hand for an attempt that starts at `now`; `alone` counts it, since a death would then be the feed's doing.
    ///
    /// `None` if `job` is not in hand any more.
    pub fn mark(&self, job: JobId, now: Timestamp, lane: Lane, alone: bool) -> Option<Self> {
        if self.job != job || self.closed {
            return None;
        }
        match self.hand {
            Hand::Queued => {}
            Hand::Ongoing if self.lease_until <= now => {}
            Hand::Ongoing => return None,
        }
        Some(Self {
            hand: Hand::Ongoing,
            started_at: Some(now),
            lease_until: now + lane.ongoing_lease(),
            attempts: self.attempts.saturating_add(u8::from(alone)),
            ..self.clone()
        })
    }

    /// When the job in hand was last taken. The store keeps the start of an earlier job, which says nothing about this one.
    pub fn taken_at(&self) -> Option<Timestamp> {
        self.started_at.filter(|at| *at >= self.queued_at)
    }

    /// As [`Pointer::possible_get`], for whoever does not know through which lane the job went, since a source may change lanes while a
    /// job waits: of the two, the fast one's numbers give the later instant. First fetches go through the slow one whatever happens.
    pub fn possible_get_in_any_lane(&self) -> Timestamp {
        self.possible_get(if self.reason == Reason::First { Lane::Slow } else { Lane::Fast })
    }

    /// The latest instant at which a GET of the job in hand could have started, for whoever fails it from outside once its lease is over.
    pub fn possible_get(&self, lane: Lane) -> Timestamp {
        let timeout = lane.function_timeout();
        match self.hand {
            Hand::Ongoing => self.lease_until - timeout,
            Hand::Queued => {
                let untaken = self.lease_until - lane.visibility() + timeout;
                // Taken and given back: that attempt may have come after the work age, as a redelivered one may.
                self.taken_at().map_or(untaken, |at| untaken.max(at + timeout))
            }
        }
    }
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The poll worked.
    Completed {
        /// New posts, the whole range of a landing that several jobs worked on.
        posts_count: u32,
        /// Posts that were edited in place.
        edits_count: u32,
        /// First and last ordinal of what landed.
        landed: Option<(Ordinal, Ordinal)>,
    },
    /// It did not.
    Failed(Failure),
}

/// A job that ended. It holds the whole carry for the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Its source.
    pub source: SourceId,
    /// Its id.
    pub job: JobId,
    /// Why it was made.
    pub reason: Reason,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// When the attempt that ended it started; none if it never did.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How.
    pub ending: Ending,
    /// Status of the last hop, if one answered.
    pub http_status: Option<u16>,
    /// Bytes of body over the wire.
    pub bytes: u64,
    /// For the next job.
    pub carry: Carry,
}

impl Finished {
    /// The range that the receiver of announcements is to hear of.
    pub fn landed(&self) -> Option<(Ordinal, Ordinal)> {
        match &self.ending {
            Ending::Completed { landed, .. } => *landed,
            Ending::Failed(_) => None,
        }
    }

    /// A job failed by someone else than its holder, or by a holder that never fetched. The streak stays as it was.
    pub fn closed_from_outside(
        source: SourceId,
        pointer: &Pointer,
        failure: Failure,
        carry: &Carry,
        possible_get: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        Self {
            source,
            job: pointer.job,
            reason: pointer.reason,
            queued_at: pointer.queued_at,
            started_at: pointer.started_at,
            ended_at: now,
            ending: Ending::Failed(failure),
            http_status: None,
            bytes: 0,
            carry: carry.with_possible_get(possible_get),
        }
    }
}

impl Finished {
    /// A job whose holder did not come back. `carry` already counts the GET that it may have made.
    pub fn abandoned(source: SourceId, pointer: &Pointer, carry: &Carry, now: Timestamp) -> Self {
        let failure = Failure::new(ErrorCode::LeaseExpired, LEASE_EXPIRED);
        Self::closed_from_outside(source, pointer, failure, carry, carry.last_get, now)
    }
}

/// The four states that people see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Waiting.
    Queued,
    /// Being fetched.
    Ongoing,
    /// Worked.
    Completed,
    /// Did not.
    Failed,
}

impl Status {
    /// As the API prints it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Ongoing => "ONGOING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// A whole job, as people see it, finished or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Its source.
    pub source: SourceId,
    /// Where it stands.
    pub status: Status,
    /// Why it was made.
    pub reason: Reason,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// When it started, if it did and that is known.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// If it failed.
    pub failure: Option<Failure>,
    /// New posts.
    pub posts_count: u32,
    /// Edited posts.
    pub edits_count: u32,
    /// Status of the last hop.
    pub http_status: Option<u16>,
    /// Bytes over the wire.
    pub bytes: u64,
}

impl Job {
    /// The job in hand of `source`, which has no `Finished`. One whose holder died stays what it was until someone takes it over or ends it.
    pub fn in_hand(source: SourceId, pointer: &Pointer) -> Self {
        let status = match pointer.hand {
            Hand::Queued => Status::Queued,
            Hand::Ongoing => Status::Ongoing,
        };
        Self {
            id: pointer.job,
            source,
            status,
            reason: pointer.reason,
            queued_at: pointer.queued_at,
            started_at: pointer.started_at,
            ended_at: None,
            failure: None,
            posts_count: 0,
            edits_count: 0,
            http_status: None,
            bytes: 0,
        }
    }
}

/// What is said of a job whose holder did not come back.
pub const LEASE_EXPIRED: &str = "the fetcher that had this job did not come back before its lease ended";

impl From<Finished> for Job {
    fn from(finished: Finished) -> Self {
        let (status, failure, posts_count, edits_count) = match finished.ending {
            Ending::Completed { posts_count, edits_count, .. } => (Status::Completed, None, posts_count, edits_count),
            Ending::Failed(failure) => (Status::Failed, Some(failure), 0, 0),
        };
        Self {
            id: finished.job,
            source: finished.source,
            status,
            reason: finished.reason,
            queued_at: finished.queued_at,
            started_at: finished.started_at,
            ended_at: Some(finished.ended_at),
            failure,
            posts_count,
            edits_count,
            http_status: finished.http_status,
            bytes: finished.bytes,
        }
    }
}

/// How long finished jobs are kept.
pub const FINISHED_RETENTION: Duration = Duration::from_secs(30 * 24 * 3600);
