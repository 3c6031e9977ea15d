//! The pointer: which job of a source is in hand, and the transitions that swap or take it.

use serde::{Deserialize, Serialize};

use super::{FINISHED_RETENTION, Reason};
use crate::id::JobId;
use crate::time::Timestamp;
use crate::timing::Lane;
use crate::wheel::Minute;

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

    /// Whether the job in hand may have ended and its end been forgotten since: without a `Finished` it is then not abandoned for sure.
    pub fn may_be_forgotten(&self, now: Timestamp) -> bool {
        self.queued_at + FINISHED_RETENTION <= now
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

    /// Of a source that comes back to `active` at `now`, with a landing to close or not. The job in hand has ended long ago, but a fetcher may have read before that
    /// that it may be worked on: to it the job is held, for as long as any fetcher lives.
    #[must_use]
    pub fn reopened(&self, open: bool, now: Timestamp) -> Self {
        let lease_until = self.lease_until.max(now + Lane::Slow.function_timeout());
        Self { hand: Hand::Ongoing, lease_until, open, closed: false, ..self.clone() }
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
