//! Deletions go on here, a little each run, until maintenance has a function of its own.

use boot::logs::causes;
use domain::time::Timestamp;
use store::Sweep;

use crate::context::Context;
use crate::report::Report;
use crate::run::MARGIN;

/// Sources that one run goes on with; which ones, rotates by minute.
const SOURCES: usize = 25;
/// Writes that one step of a deletion may cost.
const WRITES: usize = 200;
/// Steps of one source in one run: an index that lags finds the same again and again.
const STEPS: usize = 20;

impl Context {
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
