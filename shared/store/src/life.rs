//! The end of a source: leaving `active` in one transaction, the way back, and the deletion of everything that hangs on it.

mod resting;
mod resume;
mod sweep;

use std::collections::HashSet;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::carry::Carry;
use domain::failure::{ErrorCode, Failure};
use domain::id::{JobId, Ordinal, SourceId};
use domain::job::{Finished, Pointer};
use domain::source::{Head, Poll, SourceState};
use domain::time::Timestamp;

use crate::Store;
use crate::call::{Patience, Transacted};
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::{self, Item, Row, number, text, time};
use crate::schema::TTL;
use crate::write::{PRESENT, Write, put, put_if_absent};

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

/// What is said of a job that was in hand when its source left `active`.
const CLOSED: &str = "the source was taken off the schedule while this job was in hand";

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

    /// As [`Store::leave`], as long as `still` holds of the head; otherwise the answer is [`Leaving::Already`].
    async fn leave_if(
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
            let departure = Departure { seen: &seen, state, reason, now };
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

/// One source on its way out.
struct Departure<'a> {
    seen: &'a Survey,
    state: SourceState,
    reason: &'a str,
    now: Timestamp,
}

impl Departure<'_> {
    fn actions(&self, table: &str) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut actions = vec![self.head().update(table)?, self.poll().update(table)?];
        if !self.seen.pointer.closed {
            actions.push(self.pointer().update(table)?);
            actions.push(self.job(table)?);
        }
        if self.state == SourceState::Resting {
            actions.push(put(table, resting::item(self.seen.head.source, self.now))?);
        }
        if self.seen.head.state == SourceState::Resting {
            actions.push(resting::forget(&self.seen.head).delete(table)?);
        }
        if self.state == SourceState::Deleting {
            actions.push(put(table, sweep::item(self.seen.head.source, self.now))?);
            let urls: HashSet<Key> = self.seen.head.url_keys.iter().map(|url| Key::url(url)).collect();
            for url in urls {
                actions.push(Write::to(url).delete(table)?);
            }
        }
        Ok(actions)
    }

    fn head(&self) -> Write {
        let head = &self.seen.head;
        Write::to(Key::head(head.source))
            .change("SET #state = :state, #since = :now, #reason = :reason, #version = :next")
            .when("#version = :version AND #state = :before AND #post_count = :count")
            .bind(":state", text(self.state.as_str()))
            .bind(":now", time(self.now))
            .bind(":reason", text(self.reason))
            .bind(":next", number(head.version + 1))
            .bind(":version", number(head.version))
            .bind(":before", text(head.state.as_str()))
            .bind(":count", number(head.post_count.get()))
    }

    /// Off the wheel, but still in lists; a source that is being deleted is in none.
    fn poll(&self) -> Write {
        let poll = &self.seen.poll;
        let mut sets = "SET #home = :home, #version = :next".to_owned();
        let mut removes = "REMOVE #open_landing".to_owned();
        let mut write = Write::to(Key::poll(poll.target.source))
            .when("#version = :version")
            .bind(":home", text(key::slot(poll.target.slot)))
            .bind(":version", number(poll.version))
            .bind(":next", number(poll.version + 1));
        if self.state == SourceState::Deleting {
            removes.push_str(", #slot");
        } else {
            sets.push_str(", #slot = :parked");
            write = write.bind(":parked", text(key::parked(poll.target.slot.shard)));
        }
        if let Some((job, first, last)) = self.seen.range() {
            sets.push_str(", #closed_job = :job, #closed_first = :first, #closed_last = :last");
            write = write
                .bind(":job", text(job.to_string()))
                .bind(":first", number(first.get()))
                .bind(":last", number(last.get()));
        }
        write.change(format!("{sets} {removes}"))
    }

    fn pointer(&self) -> Write {
        let pointer = &self.seen.pointer;
        Write::to(Key::pointer(self.seen.head.source))
            .change("SET #closed = :closed REMOVE #open")
            .when("#job = :job AND #lease_until = :lease AND attribute_not_exists(#closed)")
            .bind(":closed", AttributeValue::Bool(true))
            .bind(":job", text(pointer.job.to_string()))
            .bind(":lease", time(pointer.lease_until))
    }

    /// The latest job, kept for good: what happened last stays known.
    fn job(&self, table: &str) -> Result<TransactWriteItem, StoreError> {
        let Survey { head, pointer, finished, carry, .. } = self.seen;
        if finished.is_some() {
            let write = Write::to(Key::job(head.source, pointer.job)).change(format!("REMOVE #{TTL}")).when(PRESENT);
            return write.update(table);
        }
        let failure = Failure::new(ErrorCode::Closed, CLOSED);
        // Nobody may have told that it was started: its message can be worked on without a look at the store.
        let possible_get = Some(pointer.possible_get_in_any_lane());
        let failed = Finished::closed_from_outside(head.source, pointer, failure, carry, possible_get, self.now);
        let mut item = row::finished_item(&failed)?;
        item.remove(TTL);
        put_if_absent(table, key::PK, item)
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
