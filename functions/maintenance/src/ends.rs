//! The ends of sources: those that nobody has wanted for long begin to be deleted, and deletions go on.

use std::error::Error;

use boot::logs::causes;
use domain::id::{JobId, Ordinal, SourceId};
use domain::message::{Announcement, VERSION};
use domain::source::LONGEST_REST;
use domain::time::Timestamp;
use store::{Leaving, StoreError, Sweep};

use crate::context::Context;
use crate::report::Report;
use crate::run::Run;

/// Writes that one step of a deletion may cost: one step takes a second or two at the most.
const WRITES: usize = 200;
/// Sources whose rest is over, looked at in one run.
const RESTED: usize = 500;

impl Run<'_> {
    /// Deletes the sources that nobody has wanted for [`LONGEST_REST`], until `end`.
    pub(crate) async fn end_rests(&self, end: Timestamp, report: &mut Report) {
        let before = self.ctx.now() - LONGEST_REST;
        let rested = match self.ctx.store.resting(before, RESTED).await {
            Ok(rested) => rested,
            Err(error) => return report.trouble(&error, "sources that rest could not be listed"),
        };
        for source in self.ctx.by_turns(rested) {
            if self.ctx.now() >= end {
                report.unfinished += 1;
                return;
            }
            match self.ctx.end_rest(source, before).await {
                Ok(ended) => report.rested += u64::from(ended),
                Err(error) => {
                    report.failed += 1;
                    let error = causes(&*error);
                    tracing::warn!(%source, error, "a source that nobody wants could not be deleted; a later run tries again");
                }
            }
        }
    }

    /// Goes on with deletions that are under way, until `end`: each to where it can come now.
    pub(crate) async fn sweep(&self, end: Timestamp, report: &mut Report) {
        let deleting = match self.ctx.store.sweeps().await {
            Ok(deleting) => deleting,
            Err(error) => return report.trouble(&error, "deletions under way could not be listed"),
        };
        report.sweeping = deleting.iter().map(|_| 1).sum();
        for source in self.ctx.by_turns(deleting) {
            match self.ctx.sweep_one(source, end).await {
                Ok(Sweep::Done) => {
                    report.swept += 1;
                    report.sweeping -= 1;
                }
                Ok(Sweep::NotBefore(_)) => {}
                Ok(Sweep::More) => {
                    report.unfinished += 1;
                    return;
                }
                Err(error) => {
                    report.failed += 1;
                    let error = causes(&error);
                    tracing::warn!(%source, error, "a deletion could not go on; a later run tries again");
                }
            }
        }
    }
}

impl Run<'_> {
    /// Deletes a private source whose owner does not subscribe to it; true if the store was not up to it.
    pub(crate) async fn end_left(&self, source: SourceId, report: &mut Report) -> bool {
        match self.ctx.end_left(source).await {
            Ok(ended) => {
                report.rested += u64::from(ended);
                false
            }
            Err(error) => {
                report.failed += 1;
                let error = causes(&*error);
                tracing::warn!(%source, error, "a private source without its owner could not be deleted; another pass tries again");
                true
            }
        }
    }
}

impl Context {
    async fn end_left(&self, source: SourceId) -> Result<bool, Box<dyn Error>> {
        self.tell_of_closed(source).await?;
        let left = self.store.delete_left(source, self.now()).await?;
        if let Leaving::Left { announce: Some(range) } = left {
            self.tell(source, range).await?;
        }
        Ok(matches!(left, Leaving::Left { .. }))
    }

    async fn end_rest(&self, source: SourceId, before: Timestamp) -> Result<bool, Box<dyn Error>> {
        self.tell_of_closed(source).await?;
        let left = self.store.delete_rested(source, before, self.now()).await?;
        Ok(matches!(left, Leaving::Left { .. }))
    }

    /// Whoever took it off the schedule may have died before telling of its last landing; once it is deleted, nobody asks any more.
    async fn tell_of_closed(&self, source: SourceId) -> Result<(), Box<dyn Error>> {
        match self.store.closed_landing(source).await? {
            Some(range) => self.tell(source, range).await,
            None => Ok(()),
        }
    }

    async fn tell(&self, source: SourceId, range: (JobId, Ordinal, Ordinal)) -> Result<(), Box<dyn Error>> {
        let (job, from, to) = range;
        Ok(self.queue.announce(&Announcement { v: VERSION, source, job, from, to }).await?)
    }

    /// Another one is first in each minute, so that none that cannot be worked on is in the way of the others for ever.
    pub(crate) fn by_turns<T>(&self, mut all: Vec<T>) -> Vec<T> {
        let turn = usize::try_from(self.rules.pace.minute_of(self.now()).0).unwrap_or(0) % all.len().max(1);
        all.rotate_left(turn);
        all
    }

    async fn sweep_one(&self, source: SourceId, end: Timestamp) -> Result<Sweep, StoreError> {
        while self.now() < end {
            match self.store.sweep(source, self.now(), WRITES).await? {
                Sweep::More => {}
                other => return Ok(other),
            }
        }
        Ok(Sweep::More)
    }
}
