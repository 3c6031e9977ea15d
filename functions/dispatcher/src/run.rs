//! One run: whose cursors it gets, and minute by minute until the present one.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use domain::id::SourceId;
use domain::shape::{Backlog, Shaper};
use domain::time::Timestamp;
use domain::timing::Lane;
use domain::wheel::{LONGEST_PERIOD, Minute};
use store::{Claim, Cursor, StoreError};

use crate::context::Context;
use crate::minute::Progress;
use crate::report::Report;
use crate::start::Start;

/// What a run keeps back of its function's time-out, to end in order: who calls [`handle`] hands in the function's own deadline less this.
pub const MARGIN: Duration = Duration::from_secs(5);

/// A wheel that never turned begins this many minutes back: a source may have been made before the first run.
const HEAD_START: u64 = 3;

/// A run that could not do its work. Its cursor stands where it was; the next run goes on there.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The event names a shard that this installation does not have.
    #[error("the event names shard {shard}, but there are {shards}: make the schedule and FEEDMILL_SHARDS agree")]
    NoSuchShard {
        /// As the event says.
        shard: u8,
        /// As the settings say.
        shards: u8,
    },
    /// The store failed.
    #[error("the dispatcher cannot go on without its store")]
    Store(#[from] StoreError),
}

/// Walks the wheel up to the present minute, or until `deadline`, which lies [`MARGIN`] before the moment when the process is stopped.
///
/// Several shards are walked one after the other: together they keep the spacing of hosts.
///
/// # Errors
/// [`DispatchError`]; what was done until then is done, and running again is always safe.
pub async fn handle(ctx: &Context, start: Start, deadline: Timestamp) -> Result<Report, DispatchError> {
    let shards = ctx.rules.shards.max(1);
    let wanted = match start.shard {
        None => 0..shards,
        Some(shard) if shard < shards => shard..shard + 1,
        Some(shard) => return Err(DispatchError::NoSuchShard { shard, shards }),
    };
    let now = ctx.now();
    let last = ctx.rules.pace.minute_of(now);
    let holder = ctx.ids.next(now).to_string();
    let mut report = Report::default();
    let mut claimed = Vec::new();
    for shard in wanted {
        let first = Minute(last.0.saturating_sub(HEAD_START));
        match ctx.store.claim_cursor(shard, &holder, first, now, deadline + MARGIN).await? {
            Claim::Claimed(cursor) => claimed.push((shard, not_ahead(cursor, shard, last))),
            Claim::HeldUntil(_) => report.shards_held += 1,
        }
    }
    // Where there is not time enough for all, each gets to be the first.
    let turn = usize::try_from(last.0).unwrap_or(0) % claimed.len().max(1);
    claimed.rotate_left(turn);
    let Some((fast, slow)) = newest_backlogs(&claimed) else {
        return Ok(report);
    };
    let mut run = Run {
        ctx,
        deadline,
        last,
        holder,
        paused: HashMap::new(),
        shaper: Shaper::new(ctx.rules.pace),
        met: HashSet::new(),
        fast: ctx.look_at_queue(Lane::Fast, fast, last).await,
        slow: ctx.look_at_queue(Lane::Slow, slow, last).await,
        report,
    };
    run.report.backlog = run.fast.depth + run.slow.depth;
    run.walk_all(claimed).await?;
    Ok(run.report)
}

/// A cursor ahead of the clock would keep its shard still until the clock comes by: the clock was wrong, or the wheel turned at another
/// pace. Which sources had their slots is then unknown, so one longest period is walked, in which each has one.
fn not_ahead(cursor: Cursor, shard: u8, last: Minute) -> Cursor {
    // Two processes may read the clock on either side of a minute.
    if cursor.minute <= last.next() {
        return cursor;
    }
    let ahead = cursor.minute.0 - last.0;
    tracing::warn!(shard, ahead, "the wheel was ahead of the clock (a wrong clock, or another pace); it starts over");
    let minute = Minute(last.0.saturating_sub(u64::from(LONGEST_PERIOD)));
    let since = |backlog: Backlog| Backlog { at: backlog.at.min(minute), ..backlog };
    Cursor { minute, fast: since(cursor.fast), slow: since(cursor.slow) }
}

/// The shard that was walked last saw the most of what was sent.
fn newest_backlogs(claimed: &[(u8, Cursor)]) -> Option<(Backlog, Backlog)> {
    let newest = |of: fn(&Cursor) -> Backlog| claimed.iter().map(|(_, c)| of(c)).max_by_key(|b| (b.at, b.sent));
    newest(|cursor| cursor.fast).zip(newest(|cursor| cursor.slow))
}

/// A run under way.
pub(crate) struct Run<'a> {
    pub(crate) ctx: &'a Context,
    pub(crate) deadline: Timestamp,
    /// The present minute, when the run began: it walks no further, and what it puts off is put behind it.
    pub(crate) last: Minute,
    holder: String,
    pub(crate) paused: HashMap<String, Timestamp>,
    pub(crate) shaper: Shaper,
    /// Sources that this run is done with: after an outage a source has many slots to be met at.
    pub(crate) met: HashSet<SourceId>,
    pub(crate) fast: Backlog,
    pub(crate) slow: Backlog,
    pub(crate) report: Report,
}

impl Run<'_> {
    async fn walk_all(&mut self, claimed: Vec<(u8, Cursor)>) -> Result<(), StoreError> {
        let paused = self.ctx.store.paused_hosts(self.ctx.now()).await;
        let mut trouble = paused.map(|paused| self.paused = paused).err();
        for (shard, mut cursor) in claimed {
            if trouble.is_none() {
                trouble = self.walk(shard, &mut cursor).await.err();
            }
            self.report.unfinished += u64::from(cursor.minute < self.last);
            let cursor = Cursor { fast: self.fast, slow: self.slow, ..cursor };
            match self.ctx.store.release_cursor(shard, &self.holder, &cursor).await {
                Ok(true) => {}
                Ok(false) => self.lost(shard),
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        trouble.map_or(Ok(()), Err)
    }

    /// Walks a shard; `cursor` follows, so that it is right wherever the walk ends.
    async fn walk(&mut self, shard: u8, cursor: &mut Cursor) -> Result<(), StoreError> {
        let first = self.first_after(cursor.minute, shard);
        let mut minute = first;
        while minute <= self.last && self.has_time() {
            match self.minute(shard, minute, first).await? {
                Progress::Left => return Ok(()),
                Progress::Nothing => cursor.minute = minute,
                Progress::Whole => {
                    cursor.minute = minute;
                    let now = Cursor { fast: self.fast, slow: self.slow, ..*cursor };
                    // The last move goes with the release. Minutes without anything cost no write: walking them again is harmless.
                    if minute < self.last && !self.move_cursor(shard, &now).await? {
                        self.lost(shard);
                        return Ok(());
                    }
                }
            }
            self.report.minutes += 1;
            minute = minute.next();
        }
        Ok(())
    }

    async fn move_cursor(&self, shard: u8, cursor: &Cursor) -> Result<bool, StoreError> {
        self.ctx.store.move_cursor(shard, &self.holder, cursor, self.deadline + MARGIN).await
    }

    /// The first minute to walk: at most one longest period back, since within that each source had a slot.
    fn first_after(&mut self, cursor: Minute, shard: u8) -> Minute {
        let oldest = Minute(self.last.0.saturating_sub(u64::from(LONGEST_PERIOD) - 1));
        let skipped = oldest.0.saturating_sub(cursor.next().0);
        if skipped > 0 {
            tracing::warn!(
                shard,
                skipped,
                "the wheel stood still for longer than its longest period; older minutes are skipped"
            );
            self.report.skipped_minutes += skipped;
        }
        cursor.next().max(oldest)
    }

    pub(crate) fn has_time(&self) -> bool {
        self.ctx.now() < self.deadline
    }

    pub(crate) fn backlog(&mut self, lane: Lane) -> &mut Backlog {
        match lane {
            Lane::Fast => &mut self.fast,
            Lane::Slow => &mut self.slow,
        }
    }

    fn lost(&self, shard: u8) {
        tracing::warn!(shard, "another run took over this shard's cursor before this one was done");
    }
}

impl Context {
    /// A queue that does not say how deep it is stops nothing: what was known of it goes on to count.
    async fn look_at_queue(&self, lane: Lane, backlog: Backlog, minute: Minute) -> Backlog {
        match self.queue.depth(lane).await {
            Ok(depth) => backlog.look(depth, minute),
            Err(error) => {
                tracing::warn!(
                    error = boot::logs::causes(&error),
                    lane = lane.as_str(),
                    "the depth of a queue is unknown"
                );
                backlog
            }
        }
    }
}
