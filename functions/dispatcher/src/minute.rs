//! One minute of one shard, in the order that makes it safe to die anywhere: gather, look, place, shape, send, put off, and only then
//! forget that it was due.

use std::collections::HashMap;

use domain::id::SourceId;
use domain::message::lane;
use domain::shape::{Candidate, Limit, Limits};
use domain::source::Target;
use domain::time::Timestamp;
use domain::timing::Lane;
use domain::wheel::{Minute, Placement, Slot, earliest_start, place};
use futures_util::{StreamExt, TryStreamExt, future, stream};
use store::StoreError;

use crate::judge::Free;
use crate::look::{Due, Found};
use crate::run::Run;
use crate::send::Unsent;

/// Sources that are looked at, and jobs that are queued, together.
pub(crate) const HUNDRED: usize = 100;
/// How many hundreds are being looked at at a time.
const HUNDREDS: usize = 4;

/// How far a minute got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Everything of it is sent, or written down for later.
    Whole,
    /// Nothing was due.
    Nothing,
    /// Something is neither: the cursor must not pass it.
    Left,
}

/// A source whose job may be queued from an instant on.
pub(crate) struct Ready {
    pub(crate) target: Target,
    pub(crate) free: Free,
    pub(crate) earliest: Timestamp,
    pub(crate) waited: bool,
}

/// What one minute comes to.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) ready: Vec<Ready>,
    pub(crate) unsent: Vec<Unsent>,
    /// What is looked at again, in which minute.
    pub(crate) later: Vec<(Minute, SourceId)>,
}

impl Run<'_> {
    /// Works through `minute` of `shard`; `first` is the first minute that this run walks there.
    pub(crate) async fn minute(&mut self, shard: u8, minute: Minute, first: Minute) -> Result<Progress, StoreError> {
        let overflow = self.ctx.store.due(shard, minute).await?;
        let due = self.gather(shard, minute, first, &overflow).await?;
        if due.is_empty() && overflow.is_empty() {
            return Ok(Progress::Nothing);
        }
        let mut work = Work::default();
        if self.look_at_all(due, minute, &mut work).await? == Progress::Left {
            return Ok(Progress::Left);
        }
        let now = self.ctx.now();
        let ready = self.shape(&mut work, now);
        if self.send_all(minute, ready, &mut work).await? == Progress::Left {
            return Ok(Progress::Left);
        }
        self.ctx.store.put_due(shard, &work.later).await?;
        self.ctx.store.delete_due(shard, minute, &overflow).await?;
        Ok(Progress::Whole)
    }

    /// The minute's slots and its overflow, each source once.
    async fn gather(
        &self,
        shard: u8,
        minute: Minute,
        first: Minute,
        overflow: &[SourceId],
    ) -> Result<Vec<Due>, StoreError> {
        // A slot that came round before in this run showed its sources then.
        let unseen = Slot::due_in(minute, shard).filter(|slot| minute.0 < first.0 + u64::from(slot.period));
        let slots = future::try_join_all(unseen.map(|slot| self.ctx.store.slot(slot))).await?;
        let mut due: HashMap<SourceId, Due> = HashMap::new();
        for target in slots.into_iter().flatten() {
            due.insert(target.source, Due { target, waited: false });
        }
        let unknown: Vec<SourceId> = overflow.iter().copied().filter(|source| !due.contains_key(source)).collect();
        for source in overflow {
            due.entry(*source).and_modify(|due| due.waited = true);
        }
        for hundred in unknown.chunks(HUNDRED) {
            for target in self.ctx.store.targets(hundred).await? {
                due.insert(target.source, Due { target, waited: true });
            }
        }
        due.retain(|source, _| !self.met.contains(source));
        Ok(due.into_values().collect())
    }

    /// Looks at the jobs of all that is due, and sorts out what may be queued.
    async fn look_at_all(&mut self, due: Vec<Due>, minute: Minute, work: &mut Work) -> Result<Progress, StoreError> {
        let ctx = self.ctx;
        let mut due = due.into_iter().peekable();
        let hundreds =
            std::iter::from_fn(|| due.peek().is_some().then(|| due.by_ref().take(HUNDRED).collect::<Vec<_>>()));
        let mut looked =
            stream::iter(hundreds.collect::<Vec<_>>()).map(|hundred| ctx.look(hundred, minute)).buffered(HUNDREDS);
        while let Some(hundred) = looked.try_next().await? {
            if !self.has_time() {
                return Ok(Progress::Left);
            }
            for (due, found) in hundred {
                self.report.looked_at += 1;
                self.sort(due, found, work);
            }
        }
        Ok(Progress::Whole)
    }

    /// What is to be done about one source.
    pub(crate) fn sort(&mut self, due: Due, found: Found, work: &mut Work) {
        let Due { target, waited } = due;
        let source = target.source;
        match found {
            // Not met for good: its own minute may still come in this run.
            Found::Live => {
                self.report.live += 1;
                return;
            }
            Found::Closed => self.report.dropped += 1,
            Found::Unsent(pointer, carry) => work.unsent.push(Unsent { target, pointer, carry }),
            Found::Free(free) => self.place(target, free, waited, work),
        }
        self.met.insert(source);
    }

    /// When a source may be fetched, and so whether its job is queued now.
    fn place(&mut self, target: Target, free: Free, waited: bool, work: &mut Work) {
        let (now, pace) = (self.ctx.now(), self.ctx.rules.pace);
        let interval = pace.span(target.settings.interval_minutes);
        let paused = self.paused.get(&target.host).copied();
        let earliest = earliest_start(free.carry.last_get, interval, free.carry.not_before, paused);
        match place(earliest, now, self.last, target.slot, pace) {
            Placement::Queue(start) => {
                // How late it is counts from when it might have been fetched.
                let earliest = if start > now { start } else { earliest.at };
                return work.ready.push(Ready { target, free, earliest, waited });
            }
            Placement::Due(minute) => work.later.push((minute, target.source)),
            Placement::Slot => {}
        }
        self.report.held += 1;
    }

    /// Who goes now and when, in order of priority; the others go to `work.later`.
    fn shape(&mut self, work: &mut Work, now: Timestamp) -> Vec<(Timestamp, Ready)> {
        for unsent in &work.unsent {
            self.shaper.occupy(&unsent.target.host, unsent.pointer.earliest.max(now));
        }
        let limits = Limits { fast: self.limit(Lane::Fast), slow: self.limit(Lane::Slow) };
        let mut ready: Vec<Option<Ready>> = std::mem::take(&mut work.ready).into_iter().map(Some).collect();
        let candidates = ready.iter().flatten().enumerate().map(|(item, ready)| self.candidate(item, ready, now));
        let candidates: Vec<_> = candidates.collect();
        let shaped = self.shaper.shape(candidates, now, self.last, limits);
        for (minute, item) in shaped.later {
            self.report.put_off += 1;
            // Its ordinary slot finds it anyway, if that comes first.
            let put_off =
                ready.get(item).and_then(Option::as_ref).filter(|r| r.target.slot.next_after(self.last) > minute);
            work.later.extend(put_off.map(|ready| (minute, ready.target.source)));
        }
        let taken = shaped.now.into_iter().filter_map(|(start, item)| Some((start, ready.get_mut(item)?.take()?)));
        taken.collect()
    }

    fn candidate<'r>(&self, item: usize, ready: &'r Ready, now: Timestamp) -> Candidate<'r, usize> {
        let reason = ready.free.reason();
        Candidate {
            host: &ready.target.host,
            lane: lane(&ready.target, reason),
            earliest: ready.earliest.max(now),
            personal: reason.is_personal(),
            waited: ready.waited,
            lateness: now.since(ready.earliest),
            interval: self.ctx.rules.pace.span(ready.target.settings.interval_minutes),
            subscribers: ready.target.subscribers,
            fetch_ms: ready.free.carry.fetch_ms,
            item,
        }
    }

    fn limit(&mut self, lane: Lane) -> Limit {
        let floor = self.ctx.rules.rate_floor;
        let backlog = self.backlog(lane);
        Limit { allowance: backlog.allowance(floor), rate: backlog.rate.max(floor) }
    }
}
