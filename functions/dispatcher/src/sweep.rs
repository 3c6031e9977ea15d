//! Deletions go on here, a little each run, until maintenance has a function of its own.

use std::error::Error;

use boot::logs::causes;
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

/// Sources whose rest is over, ended in one run.
const RESTED: usize = 100;

impl Context {
    /// Once an hour of the wheel, deletes the sources that nobody has wanted for [`LONGEST_REST`]. What fails is tried again in an hour.
    pub(crate) async fn end_rests(&self, report: &mut Report) {
        if !self.rules.pace.minute_of(self.now()).0.is_multiple_of(60) {
            return;
        }
        if let Err(error) = self.try_end_rests(report).await {
            tracing::warn!(
                error = causes(&*error),
                "sources that rest could not be deleted; it is tried again in an hour"
            );
        }
    }

    async fn try_end_rests(&self, report: &mut Report) -> Result<(), Box<dyn Error>> {
        let now = self.now();
        let before = now - LONGEST_REST;
        for source in self.store.resting(before, RESTED).await? {
            let left = self.store.delete_rested(source, before, now).await?;
            if let Leaving::Left { announce: Some((job, from, to)) } = left {
                // Whoever put it to rest may have died before telling of its last landing.
                self.queue.announce(&Announcement { v: VERSION, source, job, from, to }).await?;
            }
            report.rested += u64::from(matches!(left, Leaving::Left { .. }));
        }
        Ok(())
    }

    /// Goes on with deletions that are under way until `deadline`. What fails is tried again by the next run.
    pub(crate) async fn sweep(&self, deadline: Timestamp, report: &mut Report) {
        let mut deleting = match self.store.sweeps().await {
            Ok(deleting) => deleting,
            Err(error) => {
                tracing::warn!(
                    error = causes(&error),
                    "deletions under way could not be listed; the next run tries again"
                );
                return;
            }
        };
        let turn = usize::try_from(self.rules.pace.minute_of(self.now()).0).unwrap_or(0) % deleting.len().max(1);
        deleting.rotate_left(turn);
        for source in deleting.into_iter().take(SOURCES) {
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
