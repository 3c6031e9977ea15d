//! Coming back to `active`: the reverse of leaving, in one transaction.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::carry::Carry;
use domain::id::SourceId;
use domain::source::{Head, SourceState, round_1_2_5};
use domain::time::Timestamp;

use super::{Survey, resting};
use crate::Store;
use crate::call::{Patience, Transacted};
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::{self, number, text, time};
use crate::schema::TTL;
use crate::write::{PRESENT, Write};

/// What became of coming back to `active`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resuming {
    /// It is active, and no job is in hand: the wheel finds it, or a refresh does.
    Resumed,
    /// It was active already.
    Active,
    /// From this state there is no way back.
    Final(SourceState),
    /// There is no such source.
    Missing,
}

const OPERATION: &str = "putting a source back on the schedule";

impl Store {
    /// Puts a source that is resting or gone back on the schedule. One transaction: head and poll state with the slot it had (or was given since),
    /// the pointer open for jobs, and a time to live for the latest job again. A landing that the departure closed is open again, so that the next job lands what it
    /// lacks and announces all of it: whoever left may have died before announcing.
    ///
    /// # Errors
    /// [`StoreError`]; if it [is retryable](StoreError::is_retryable), the same call again finds out.
    pub async fn resume(&self, source: SourceId, now: Timestamp) -> Result<Resuming, StoreError> {
        let mut patience = Patience::new();
        loop {
            let Some(seen) = self.survey(source).await? else {
                return Ok(Resuming::Missing);
            };
            match seen.head.state {
                SourceState::Resting | SourceState::Gone => {}
                SourceState::Active => return Ok(Resuming::Active),
                state @ (SourceState::Moved | SourceState::Deleting) => return Ok(Resuming::Final(state)),
            }
            let subscribers = seen.head.subscribers;
            let actions = Arrival { seen: &seen, subscribers, now }.actions(self.sources())?;
            if matches!(self.transact_once(OPERATION, actions, None).await?, Transacted::Done) {
                return Ok(Resuming::Resumed);
            }
            // Something moved, or was busy: look again.
            if !patience.wait().await {
                return Err(StoreError::Conflict { operation: OPERATION });
            }
        }
    }
}

/// A source with one subscriber more.
pub(crate) struct Joined {
    /// As it was read.
    pub(crate) head: Head,
    /// Whether a landing of it is open.
    pub(crate) is_landing: bool,
    /// What counts them, and brings it back if it was away: to be written together with the subscription, or a source would be polled for nobody.
    pub(crate) actions: Vec<TransactWriteItem>,
}

impl Store {
    /// How a source that rests or is gone comes back for one subscriber more; `None` if it is in another state by now.
    pub(crate) async fn waking(&self, source: SourceId, now: Timestamp) -> Result<Option<Joined>, StoreError> {
        let seen = self.survey(source).await?;
        let Some(seen) = seen.filter(|seen| matches!(seen.head.state, SourceState::Resting | SourceState::Gone)) else {
            return Ok(None);
        };
        let subscribers = seen.head.subscribers.saturating_add(1);
        let actions = Arrival { seen: &seen, subscribers, now }.actions(self.sources())?;
        Ok(Some(Joined { is_landing: seen.closed.is_some(), head: seen.head, actions }))
    }
}

/// One source on its way back.
struct Arrival<'a> {
    seen: &'a Survey,
    /// From then on.
    subscribers: u32,
    now: Timestamp,
}

impl Arrival<'_> {
    fn actions(&self, table: &str) -> Result<Vec<TransactWriteItem>, StoreError> {
        let head = &self.seen.head;
        let mut actions = vec![self.head().update(table)?, self.poll().update(table)?, self.pointer().update(table)?];
        if let Some(latest) = &self.seen.finished {
            // To end again it has to be gone twice again.
            let carry = Carry { gone_once: false, ..latest.carry.clone() };
            let write = Write::to(Key::job(head.source, latest.job))
                .change(format!("SET #{TTL} = :ttl, #carry = :carry"))
                .when(PRESENT)
                .bind(":ttl", row::job_ttl(latest, self.now))
                .bind(":carry", row::carry(&carry)?);
            actions.push(write.update(table)?);
        }
        if head.state == SourceState::Resting {
            actions.push(resting::forget(head).delete(table)?);
        }
        Ok(actions)
    }

    fn head(&self) -> Write {
        let head = &self.seen.head;
        Write::to(Key::head(head.source))
            .change("SET #state = :active, #since = :now, #subscribers = :subscribers, #version = :next REMOVE #reason")
            .bind(":subscribers", number(self.subscribers))
            .when("#version = :version AND #state = :before")
            .bind(":active", text(SourceState::Active.as_str()))
            .bind(":now", time(self.now))
            .bind(":next", number(head.version + 1))
            .bind(":version", number(head.version))
            .bind(":before", text(head.state.as_str()))
    }

    fn poll(&self) -> Write {
        let poll = &self.seen.poll;
        let mut sets = "SET #slot = :slot, #subscribers = :step, #version = :next".to_owned();
        let mut write = Write::to(Key::poll(poll.target.source))
            .when("#version = :version")
            .bind(":slot", text(key::slot(poll.target.slot)))
            .bind(":step", number(round_1_2_5(self.subscribers)))
            .bind(":version", number(poll.version))
            .bind(":next", number(poll.version + 1));
        if let Some((_, first, _)) = self.seen.closed {
            sets.push_str(", #open_landing = :first");
            write = write.bind(":first", number(first.get()));
        }
        write.change(format!("{sets} REMOVE #home, #closed_job, #closed_first, #closed_last"))
    }

    fn pointer(&self) -> Write {
        let open = self.seen.closed.is_some();
        let next = self.seen.pointer.reopened(open, self.now);
        let sets = "SET #hand = :hand, #lease_until = :lease";
        let write = Write::to(Key::pointer(self.seen.head.source))
            .when("#job = :job AND #closed = :closed")
            .bind(":hand", text(row::hand(next.hand)))
            .bind(":lease", time(next.lease_until))
            .bind(":job", text(next.job.to_string()))
            .bind(":closed", AttributeValue::Bool(true));
        if open {
            write.change(format!("{sets}, #open = :open REMOVE #closed")).bind(":open", AttributeValue::Bool(true))
        } else {
            write.change(format!("{sets} REMOVE #closed"))
        }
    }
}
