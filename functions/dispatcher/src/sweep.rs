//! Deletions go on here, a little each run, until maintenance has a function of its own.

use std::error::Error;

use boot::logs::causes;
use domain::id::SourceId;
use domain::message::{Announcement, VERSION};
use domain::source::LONGEST_REST;
use domain::time::Timestamp;
use store::{Leaving, Sweep};

use crate::context::Context;
use crate::report::Report;
use crate::run::MARGIN;

/// Sources that one run goes on with; which ones, rotates by minute.
const SOURCES: usize = 25;
/// Writes that one step of a deletion may cost.
const WRITES: usize = 200;
/// Steps of one source in one run: an index that lags finds the same again and again.
const STEPS: usize = 20;

/// Sources whose rest is over, looked at in one run.
const RESTED: usize = 500;

impl Context {
    /// Deletes the sources that nobody has wanted for [`LONGEST_REST`], until `deadline`. What fails is tried again by a later run.
    pub(crate) async fn end_rests(&self, deadline: Timestamp, report: &mut Report) {
        let before = self.now() - LONGEST_REST;
        let rested = match self.store.resting(before, RESTED).await {
            Ok(rested) => rested,
            Err(error) => {
                tracing::warn!(
                    error = causes(&error),
                    "sources that rest could not be listed; the next run tries again"
                );
                return;
            }
        };
        for source in self.by_turns(rested).into_iter().take(SOURCES) {
            if self.now() + MARGIN >= deadline {
                return;
            }
            match self.end_rest(source, before).await {
                Ok(ended) => report.rested += u64::from(ended),
                Err(error) => {
                    let error = causes(&*error);
                    tracing::warn!(%source, error, "a source that nobody wants could not be deleted; a later run tries again");
                }
            }
        }
    }

    async fn end_rest(&self, source: SourceId, before: Timestamp) -> Result<bool, Box<dyn Error>> {
        // Whoever put it to rest may have died before telling of its last landing; once it is deleted, nobody asks any more.
        if let Some((job, from, to)) = self.store.closed_landing(source).await? {
            self.queue.announce(&Announcement { v: VERSION, source, job, from, to }).await?;
        }
        let left = self.store.delete_rested(source, before, self.now()).await?;
        Ok(matches!(left, Leaving::Left { .. }))
    }

    /// Another one is first in each minute, so that none that cannot be worked on is in the way of the others for ever.
    fn by_turns(&self, mut sources: Vec<SourceId>) -> Vec<SourceId> {
        let turn = usize::try_from(self.rules.pace.minute_of(self.now()).0).unwrap_or(0) % sources.len().max(1);
        sources.rotate_left(turn);
        sources
    }

    /// Goes on with deletions that are under way until `deadline`. What fails is tried again by the next run.
    pub(crate) async fn sweep(&self, deadline: Timestamp, report: &mut Report) {
        let deleting = match self.store.sweeps().await {
            Ok(deleting) => deleting,
            Err(error) => {
                tracing::warn!(
                    error = causes(&error),
                    "deletions under way could not be listed; the next run tries again"
                );
                return;
            }
        };
        for source in self.by_turns(deleting).into_iter().take(SOURCES) {
            for _ in 0..STEPS {
                // One step takes a second or two at the most.
                if self.now() + MARGIN >= deadline {
                    return;
                }
                match self.store.sweep(source, self.now(), WRITES).await {
                    Ok(Sweep::More) => {}
                    Ok(Sweep::NotBefore(_)) => break,
                    Ok(Sweep::Done) => {
                        report.swept += 1;
                        break;
                    }
                    Err(error) => {
                        tracing::warn!(%source, error = causes(&error), "a deletion could not go on; the next run tries again");
                        break;
                    }
                }
            }
        }
    }
}
