//! What an onlooker sees: requests at the origin, announcements, deaths.

use std::time::Duration;

use domain::id::JobId;
use domain::job::{Hand, Pointer};
use domain::time::Timestamp;

use crate::fetcher::Fetcher;
use crate::state::{INTERVAL, Rules, World, lane};
use crate::store::Range;

impl World {
    pub(crate) fn announce(&mut self, (first, last): Range) {
        for ordinal in first..=last {
            self.seen.announced |= 1 << ordinal;
        }
    }

    /// A fetcher dies.
    pub(crate) fn witness_death(&mut self, who: usize) {
        if let Fetcher::Busy(busy) = &self.fetchers[who] {
            let mine = |pointer: &Pointer| {
                pointer.job == busy.letter.job && pointer.hand == Hand::Ongoing && pointer.started_at == busy.marked
            };
            if busy.alone && self.store.pointer.as_ref().is_some_and(mine) {
                self.seen.deaths += 1;
            }
        }
        self.seen.mishaps += 1;
        self.fetchers[who] = Fetcher::Idle;
    }

    /// A GET goes out, of a job that its holder `marked` before.
    pub(crate) fn witness_get(&mut self, job: JobId, marked: bool, rules: &Rules) {
        let now = self.now;
        // Of two attempts at once the end tells of one: the other may have been later by as much as an attempt lasts.
        let slack = if self.seen.repeats > 0 { lane(self.made(job).reason).function_timeout() } else { Duration::ZERO };
        let apart = |at: Timestamp| now.since(at).max(at.since(now)) + slack >= INTERVAL;
        let copies = rules.budget.doubles - self.budget.doubles + self.seen.again;
        if !self.store.is_active() {
            // A message on its way cannot know it.
            return;
        }
        let (asked, ended) = (self.seen.gets.iter().any(|(there, _)| *there == job), self.store.end(job).is_some());
        let in_hand = self.store.pointer.as_ref().filter(|pointer| pointer.job == job);
        let taken = in_hand.is_some_and(|pointer| pointer.taken_at().is_some());
        if !marked && (asked || ended || taken) {
            // A second message of it that looks fresh: that is what `again` is for, wherever a sender can know.
            self.seen.strays += 1;
            // Nor can one know that was on its way when the source left and came back: its job counts as one that asked.
            let unaware = u8::from(self.store.head.is_some_and(|head| head.returned));
            if self.seen.strays > copies + unaware {
                self.break_with("a job asked the origin again without a look at the store");
            }
            return;
        }
        if !ended && !self.seen.gets.iter().all(|(other, at)| *other == job || apart(*at)) {
            self.break_with("two jobs asked the origin within less than the interval");
        }
        match self.seen.gets.iter_mut().find(|(there, _)| *there == job) {
            Some((_, at)) => {
                *at = now;
                self.seen.repeats += 1;
            }
            None => self.seen.gets.push((job, now)),
        }
        if !rules.deadly && self.seen.repeats > self.seen.mishaps + copies {
            self.break_with("a job asked the origin again though nothing had gone wrong");
        }
        if rules.deadly && self.seen.repeats > 2 {
            self.break_with("a feed that kills its fetcher was asked more than three times");
        }
    }
}
