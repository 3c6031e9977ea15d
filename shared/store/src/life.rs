//! The end of a source: leaving `active` in one transaction, the way back, and the deletion of everything that hangs on it.

mod departure;
mod resting;
mod resume;
mod sweep;

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::carry::Carry;
use domain::id::{JobId, Ordinal, SourceId};
use domain::job::{Finished, Pointer};
use domain::source::{Head, Poll, SourceState};
use domain::time::Timestamp;

use crate::Store;
use crate::call::{Patience, Transacted};
use crate::error::StoreError;
use crate::key::Key;
use crate::row::{self, Item, Row};

use departure::Departure;

pub(crate) use resume::Joined;
pub use resume::Resuming;
pub use sweep::Sweep;

/// What became of leaving `active`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// The source is in the state that was asked for.
    Left {
        /// The job and the range, first and last ordinal, of a landing that was unfinished and is closed now: it is to be announced.
        /// Told again whenever the same is asked again, since whoever closed it may have died before announcing.
        announce: Option<(JobId, Ordinal, Ordinal)>,
    },
    /// It was not active any more, and nothing is left to announce.
    Already(SourceState),
    /// There is no such source.
    Missing,
}

/// What became of the end of a last subscription.
pub(crate) enum Last {
    /// It is gone, and the source rests.
    Gone {
        /// As in [`Leaving::Left`].
        announce: Option<(JobId, Ordinal, Ordinal)>,
    },
    /// Something moved, or was busy: look again.
    Moved,
}

const OPERATION: &str = "taking a source off the schedule";

/// A source as it was read before it leaves.
struct Survey {
    head: Head,
    poll: Poll,
    pointer: Pointer,
    /// The end of the job in hand.
    finished: Option<Finished>,
    /// What the job in hand started from.
    carry: Carry,
    /// What an earlier departure closed.
    closed: Option<(JobId, Ordinal, Ordinal)>,
}

impl Store {
    /// Takes a source off the schedule: from then on nothing is queued for it and nothing lands. One transaction: head and poll state,
    /// an open landing closed, the pointer closed, a live job FAILED (`closed`), the latest job kept for good; for
    /// [`SourceState::Deleting`] also its URLs freed and the sweep begun.
    ///
    /// An inactive source can still be deleted; otherwise its state stays. [`SourceState::Active`] is no state to leave for.
    ///
    /// # Errors
    /// [`StoreError`]; if it [is retryable](StoreError::is_retryable), the same call again finds out.
    pub async fn leave(
        &self,
        source: SourceId,
        state: SourceState,
        reason: &str,
        now: Timestamp,
    ) -> Result<Leaving, StoreError> {
        self.leave_if(source, state, reason, now, |_| true).await
    }

    /// As [`Store::leave`], unless the source has come to its state after `ended_at`: then what was found out by then counts no more, and the answer is
    /// [`Leaving::Already`].
    ///
    /// # Errors
    /// As [`Store::leave`].
    pub async fn leave_for_what_ended(
        &self,
        source: SourceId,
        state: SourceState,
        reason: &str,
        ended_at: Timestamp,
        now: Timestamp,
    ) -> Result<Leaving, StoreError> {
        self.leave_if(source, state, reason, now, |head| head.since <= ended_at).await
    }

    /// The job and the range of a landing that was closed when its source left, and that may not have been announced.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn closed_landing(&self, source: SourceId) -> Result<Option<(JobId, Ordinal, Ordinal)>, StoreError> {
        Ok(self.survey(source).await?.and_then(|seen| seen.closed))
    }

    /// As [`Store::leave`], as long as `still` holds of the head; otherwise the answer is [`Leaving::Already`].
    pub(crate) async fn leave_if(
        &self,
        source: SourceId,
        state: SourceState,
        reason: &str,
        now: Timestamp,
        still: impl Fn(&Head) -> bool,
    ) -> Result<Leaving, StoreError> {
        let mut patience = Patience::new();
        loop {
            let Some(seen) = self.survey(source).await? else {
                return Ok(Leaving::Missing);
            };
            if let Some(answer) = seen.answer(state) {
                return Ok(answer);
            }
            if !still(&seen.head) {
                return Ok(Leaving::Already(seen.head.state));
            }
            let departure = Departure { seen: &seen, state, reason, now, is_last: false };
            let left = self.transact_once(OPERATION, departure.actions(self.sources())?, None).await?;
            if matches!(left, Transacted::Done) {
                return Ok(Leaving::Left { announce: seen.range() });
            }
            // Something moved, or was busy: look again.
            if !patience.wait().await {
                return Err(StoreError::Conflict { operation: OPERATION });
            }
        }
    }

    /// Ends the last subscription to a source, which comes to rest by that, in one transaction; one that is private is deleted, and what is sealed of it is gone at once.
    /// `None` if it is not the last, or the source stays for another reason.
    pub(crate) async fn leave_with_the_last(
        &self,
        source: SourceId,
        subscription: TransactWriteItem,
        now: Timestamp,
    ) -> Result<Option<Last>, StoreError> {
        let Some(seen) = self.survey(source).await? else { return Ok(None) };
        let Head { owner, state, subscribers, watchers, .. } = seen.head;
        let (state, reason) = match (owner, state) {
            (_, SourceState::Deleting) => return Ok(None),
            (Some(_), _) => (SourceState::Deleting, resting::LEFT),
            // One that is gone comes to rest, too: else nobody would ever delete it.
            (None, SourceState::Active | SourceState::Gone) if subscribers <= 1 && watchers == 0 => {
                (SourceState::Resting, "nobody subscribes to it")
            }
            (None, _) => return Ok(None),
        };
        let departure = Departure { seen: &seen, state, reason, now, is_last: true };
        let mut actions = departure.actions(self.sources())?;
        actions.push(subscription);
        Ok(Some(match self.transact_once(OPERATION, actions, None).await? {
            Transacted::Done => Last::Gone { announce: seen.range() },
            Transacted::Refused(_) | Transacted::Busy => Last::Moved,
        }))
    }

    /// Reads what the transaction depends on; its conditions see to it that nothing has moved since.
    async fn survey(&self, source: SourceId) -> Result<Option<Survey>, StoreError> {
        let keys = [Key::head(source), Key::poll(source), Key::pointer(source)];
        let items = self.batch_get(OPERATION, keys, true, None).await?;
        let item = |key: Key| items.iter().find(|item| Key::of(item).as_ref() == Some(&key));
        let (Some(head), Some(poll), Some(pointer)) =
            (item(Key::head(source)), item(Key::poll(source)), item(Key::pointer(source)))
        else {
            return Ok(None);
        };
        let closed = closed(poll)?;
        let (head, poll, pointer) = (row::head(head)?, row::poll(poll)?, row::pointer(pointer)?);
        let jobs = std::iter::once(pointer.job).chain(pointer.prev).map(|job| Key::job(source, job));
        let jobs = self.batch_get(OPERATION, jobs, true, None).await?;
        let mut jobs = jobs.iter().map(row::finished).collect::<Result<Vec<_>, _>>()?;
        let finished = jobs.iter().position(|job| job.job == pointer.job).map(|at| jobs.swap_remove(at));
        let carry = jobs.pop().map(|before| before.carry).unwrap_or_default();
        Ok(Some(Survey { head, poll, pointer, finished, carry, closed }))
    }
}

impl Survey {
    /// What there is to say without writing anything.
    fn answer(&self, asked: SourceState) -> Option<Leaving> {
        let state = self.head.state;
        let leaves = match state {
            SourceState::Active => asked != SourceState::Active,
            SourceState::Resting | SourceState::Gone | SourceState::Moved => asked == SourceState::Deleting,
            SourceState::Deleting => false,
        };
        match self.closed {
            _ if leaves => None,
            Some(range) if asked == state => Some(Leaving::Left { announce: Some(range) }),
            _ => Some(Leaving::Already(state)),
        }
    }

    /// What is to be announced: all that an unfinished landing has landed, or what an earlier departure closed.
    fn range(&self) -> Option<(JobId, Ordinal, Ordinal)> {
        let last = self.head.post_count;
        let open = self.poll.open_landing.filter(|first| *first <= last);
        open.map(|first| (self.pointer.job, first, last)).or(self.closed)
    }
}

/// What a departure closed, from the poll state.
fn closed(poll: &Item) -> Result<Option<(JobId, Ordinal, Ordinal)>, StoreError> {
    let row = Row::of("poll state", poll)?;
    let Some(job) = row.maybe_parsed("closed_job")? else {
        return Ok(None);
    };
    let ordinal = |name| row.number(name).map(Ordinal::new);
    Ok(Some((job, ordinal("closed_first")?, ordinal("closed_last")?)))
}
