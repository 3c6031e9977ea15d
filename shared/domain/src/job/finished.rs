//! A job that ended: how, and what it hands to the next one.

use std::time::Duration;

use super::{Pointer, Reason};
use crate::carry::Carry;
use crate::failure::{ErrorCode, Failure};
use crate::id::{JobId, Ordinal, SourceId};
use crate::time::Timestamp;

/// How long finished jobs are kept.
pub const FINISHED_RETENTION: Duration = Duration::from_secs(30 * 24 * 3600);

/// What is said of a job whose holder did not come back.
pub const LEASE_EXPIRED: &str = "the fetcher that had this job did not come back before its lease ended";

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
            started_at: pointer.taken_at(),
            ended_at: now,
            ending: Ending::Failed(failure),
            http_status: None,
            bytes: 0,
            carry: carry.with_possible_get(possible_get),
        }
    }

    /// A job whose holder did not come back. `carry` already counts the GET that it may have made.
    pub fn abandoned(source: SourceId, pointer: &Pointer, carry: &Carry, now: Timestamp) -> Self {
        let failure = Failure::new(ErrorCode::LeaseExpired, LEASE_EXPIRED);
        Self::closed_from_outside(source, pointer, failure, carry, carry.last_get, now)
    }
}
