//! Time goes by: as in life, but minutes in which nothing can happen are skipped.

use std::time::Duration;

use domain::time::Timestamp;
use domain::wheel::{Minute, Pace, Slot};
use store::{Claim, Cursor};

use crate::world::{MINUTE, Process, SOURCES, World, text};

/// The most minutes that go by at once, so that no message waits for long.
const STEP: u64 = 15;

impl World {
    /// Lets time go by: the dispatcher runs in every minute in which it has anything to do, maintenance while a source is being deleted, and messages are delivered as they become
    /// visible. `None` if the process stopped.
    pub(crate) async fn live(&self, process: &Process, time: Duration) -> Option<()> {
        let end = self.clock.now() + time;
        while self.clock.now() < end {
            self.step(process, end).await?;
            self.deliver_all(process).await?;
        }
        Some(())
    }

    /// To the next minute in which the dispatcher has anything to do, where it runs; but not past `end`, and at most a quarter of an hour.
    pub(crate) async fn step(&self, process: &Process, end: Timestamp) -> Option<()> {
        let now = Pace::REAL.minute_of(self.clock.now());
        let due = self.next_due(now).await;
        let last = Pace::REAL.minute_of(end).max(now.next());
        let next = due.min(now.plus(STEP)).min(last);
        let empty = if next < due { next } else { Minute(next.0 - 1) };
        let skipped = self.skip(now, empty).await;
        // What a run left undone is done by the next one, a minute later.
        self.pass_to(if skipped { next } else { now.next() });
        if !skipped || next == due {
            Box::pin(self.tick(process)).await?;
        }
        if self.store.sweeps().await.unwrap().is_empty() { Some(()) } else { Box::pin(self.maintain(process)).await }
    }

    /// The first minute after `now` in which the dispatcher has anything to do.
    pub(crate) async fn next_due(&self, now: Minute) -> Minute {
        let scan = self.tables().scan().table_name(SOURCES).consistent_read(true);
        let scan = scan
            .filter_expression("begins_with(pk, :due) OR pk = :sweep OR (sk = :poll AND attribute_exists(slot))")
            .expression_attribute_values(":due", text("DUE#"))
            .expression_attribute_values(":sweep", text("SWEEP"))
            .expression_attribute_values(":poll", text("POLL"));
        let items = scan.projection_expression("pk, slot").into_paginator().items().send();
        let items = items.collect::<Result<Vec<_>, _>>().await.unwrap();
        let due = items.iter().map(|item| {
            let key = item.get("slot").unwrap_or(&item["pk"]).as_s().unwrap();
            let parts: Vec<u32> = key.split('#').filter_map(|part| part.parse().ok()).collect();
            match parts[..] {
                // `SWEEP`: now and then.
                [] => now.plus(STEP),
                // `DUE#shard#minute`
                [_, minute] => Minute(u64::from(minute)),
                [period, phase, _] => Slot { period, phase, shard: 0 }.next_after(now),
                _ => panic!("{key}"),
            }
        });
        due.filter(|due| *due > now).min().unwrap_or(now.plus(1_000))
    }

    /// Moves the cursor from `from` to `to`, between which nothing is due: walking there would change nothing, and take most of a test's
    /// time. A cursor that someone holds, or that stands before `from`, stays where it is; the answer is then false.
    pub(crate) async fn skip(&self, from: Minute, to: Minute) -> bool {
        let (now, holder) = (self.clock.now(), "test");
        let Claim::Claimed(cursor) = self.store.claim_cursor(0, holder, from, now, now + MINUTE).await.unwrap() else {
            return false;
        };
        let stands = cursor.minute >= from;
        let minute = if stands { cursor.minute.max(to) } else { cursor.minute };
        assert!(self.store.release_cursor(0, holder, &Cursor { minute, ..cursor }).await.unwrap());
        stands
    }
}
