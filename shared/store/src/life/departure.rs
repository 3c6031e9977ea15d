//! What leaving `active` writes: one transaction.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::failure::{ErrorCode, Failure};
use domain::job::Finished;
use domain::source::SourceState;
use domain::time::Timestamp;

use super::{Survey, resting, sweep};
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::{self, number, text, time};
use crate::schema::TTL;
use crate::write::{PRESENT, Write, put, put_if_absent};

/// What is said of a job that was in hand when its source left `active`.
const CLOSED: &str = "the source was taken off the schedule while this job was in hand";

/// One source on its way out.
pub(super) struct Departure<'a> {
    pub(super) seen: &'a Survey,
    pub(super) state: SourceState,
    pub(super) reason: &'a str,
    pub(super) now: Timestamp,
    /// Its last subscriber goes with it.
    pub(super) is_last: bool,
}

impl Departure<'_> {
    pub(super) fn actions(&self, table: &str) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut actions = vec![self.head().update(table)?, self.poll().update(table)?];
        if !self.seen.pointer.closed {
            actions.push(self.pointer().update(table)?);
            actions.extend(self.job(table)?);
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
        let subscribers = if self.is_last { 0 } else { head.subscribers };
        Write::to(Key::head(head.source))
            .change(
                "SET #state = :state, #since = :now, #reason = :reason, #version = :next, #subscribers = :subscribers",
            )
            .bind(":subscribers", number(subscribers))
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
            // Whoever is to fetch it now finds nothing to ask it with.
            removes.push_str(", #slot, #sealed");
        } else {
            sets.push_str(", #slot = :parked");
            write = write.bind(":parked", text(key::parked(poll.target.slot.shard)));
        }
        if self.is_last {
            sets.push_str(", #subscribers = :none");
            write = write.bind(":none", number(0));
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
    fn job(&self, table: &str) -> Result<Option<TransactWriteItem>, StoreError> {
        let Survey { head, pointer, finished, carry, .. } = self.seen;
        if finished.is_some() {
            let write = Write::to(Key::job(head.source, pointer.job)).change(format!("REMOVE #{TTL}")).when(PRESENT);
            return write.update(table).map(Some);
        }
        if pointer.may_be_forgotten(self.now) {
            // It ended so long ago that its end is forgotten; it must not end a second time.
            return Ok(None);
        }
        let failure = Failure::new(ErrorCode::Closed, CLOSED);
        // Nobody may have told that it was started: its message can be worked on without a look at the store.
        let possible_get = Some(pointer.possible_get_in_any_lane());
        let failed = Finished::closed_from_outside(head.source, pointer, failure, carry, possible_get, self.now);
        let mut item = row::finished_item(&failed)?;
        item.remove(TTL);
        put_if_absent(table, key::PK, item).map(Some)
    }
}
