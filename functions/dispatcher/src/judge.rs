//! What the job in hand says about queueing another. Pure.

use domain::carry::Carry;
use domain::id::JobId;
use domain::job::{Hand, Pointer, Reason};
use domain::time::Timestamp;
use domain::wheel::Minute;
use store::Look;

/// What is to be done about a source, as far as its job in hand goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Its last job ended: another may be queued, which starts from this carry.
    Ended(Pointer, Box<Carry>),
    /// Its job was abandoned and may be superseded; what the new one starts from is in the job before.
    Abandoned(Pointer),
    /// A run before this one queued this minute's job and may have died before it sent the message.
    Unsent(Pointer),
    /// Someone works on it, or will.
    Live,
    /// It is not polled any more.
    Closed,
}

/// Judges what was seen of a source in `minute`, at `now`. What this run queued itself is not to be shown to it.
pub(crate) fn judge(look: Look, minute: Minute, now: Timestamp) -> Verdict {
    let Look { pointer, finished } = look;
    if pointer.closed {
        return Verdict::Closed;
    }
    match finished {
        Some(finished) => Verdict::Ended(pointer, Box::new(finished.carry)),
        None if !pointer.is_live(false, now) => Verdict::Abandoned(pointer),
        None => match pointer.hand {
            Hand::Queued if pointer.tick == minute => Verdict::Unsent(pointer),
            Hand::Queued | Hand::Ongoing => Verdict::Live,
        },
    }
}

/// A source that may get a new job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Free {
    pub(crate) pointer: Pointer,
    /// What the new job starts from.
    pub(crate) carry: Carry,
    /// The job in hand has no end: it is to be failed together with the swap.
    pub(crate) abandoned: bool,
}

impl Free {
    /// After a job that was abandoned, with the carry of the one before it.
    pub(crate) fn after_abandoned(pointer: Pointer, before: &Carry) -> Self {
        let carry = before.with_possible_get(Some(pointer.possible_get_in_any_lane()));
        Self { pointer, carry, abandoned: true }
    }

    /// Why the new job is made: what a person asked for and did not get stays a person's.
    pub(crate) fn reason(&self) -> Reason {
        match self.pointer.reason {
            _ if self.carry.last_get.is_none() => Reason::First,
            asked @ (Reason::First | Reason::Refresh) if self.abandoned => asked,
            Reason::First | Reason::Refresh | Reason::Scheduled => Reason::Scheduled,
        }
    }

    /// The job that is in hand, or was last.
    pub(crate) fn seen(&self) -> JobId {
        self.pointer.job
    }
}
