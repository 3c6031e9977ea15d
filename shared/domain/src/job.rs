//! The life of a fetch job: QUEUED → ONGOING → COMPLETED | FAILED, and QUEUED → FAILED for one that never started.
//!
//! A source has one [`Pointer`], which names the job that is or was last in hand, and one [`Finished`] for each job that ended.
//! A job is live while it has no `Finished` and its lease is not over. Every transition here is one conditional write of the store.
mod finished;
mod pointer;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::id::{JobId, SourceId};
use crate::time::Timestamp;

pub use finished::{Ending, FINISHED_RETENTION, Finished, LEASE_EXPIRED};
pub use pointer::{Hand, NewJob, Pointer, Queueing};

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
        let (status, started_at) = match pointer.hand {
            Hand::Queued => (Status::Queued, None),
            Hand::Ongoing => (Status::Ongoing, pointer.started_at),
        };
        Self {
            id: pointer.job,
            source,
            status,
            reason: pointer.reason,
            queued_at: pointer.queued_at,
            started_at,
            ended_at: None,
            failure: None,
            posts_count: 0,
            edits_count: 0,
            http_status: None,
            bytes: 0,
        }
    }
}

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
