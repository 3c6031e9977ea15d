//! One run: alone, each kind of work in its share of the time, and what one cannot do is in nobody's way.

use std::time::Duration;

use blob::Shelf;
use boot::key::KeyError;
use boot::logs::causes;
use boot::metrics::Record;
use domain::time::Timestamp;
use serde::Serialize;
use store::{StoreError, Taking, Task};

use crate::context::Context;
use crate::migrate::Migrated;
use crate::report::Report;
use crate::sealing::Sealing;
use crate::start::Start;

/// What a run keeps back of its function's time-out, to end in order: who calls [`handle`] hands in the function's own deadline less this.
pub const MARGIN: Duration = Duration::from_secs(5);

/// A run that could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum MaintenanceError {
    /// The store failed.
    #[error("maintenance cannot go on without its store")]
    Store(#[from] StoreError),
    /// The key cannot be read.
    #[error("maintenance cannot read the installation's key")]
    Key(#[from] KeyError),
    /// It was given none.
    #[error("maintenance was given no key: set FEEDMILL_KEY_PARAMETER or FEEDMILL_KEY_FILE for it")]
    NoKey,
}

/// What a run answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It maintained.
    Maintained(Report),
    /// It did what was asked about migrations.
    Migrated(Migrated),
    /// It did what was asked about a changed key.
    Sealed(Sealing),
}

/// Does what `start` says until `deadline`, which lies [`MARGIN`] before the moment when the process is stopped.
///
/// # Errors
/// [`MaintenanceError`]; what was done until then is done, and running again is always safe.
pub async fn handle(ctx: &Context, start: Start, deadline: Timestamp) -> Result<Answer, MaintenanceError> {
    Ok(match (start.migrate, start.seal) {
        (Some(what), _) => Answer::Migrated(ctx.migrate(what, deadline).await?),
        (None, Some(what)) => Answer::Sealed(ctx.seal(what, deadline).await?),
        (None, None) => Answer::Maintained(ctx.maintain(deadline).await?),
    })
}

impl Answer {
    /// The line of metrics of this run.
    pub fn record(&self) -> Record {
        match self {
            Self::Maintained(report) => report.record(),
            Self::Migrated(migrated) => Record::of("maintenance").facts(migrated),
            Self::Sealed(sealing) => {
                Record::of("maintenance").facts(sealing).count("MaintenanceFailures", sealing.failed)
            }
        }
    }
}

/// The kinds of work, in their order: what people wait for comes first.
const KINDS: u32 = 7;

impl Context {
    async fn maintain(&self, deadline: Timestamp) -> Result<Report, MaintenanceError> {
        let now = self.now();
        let holder = self.ids.next(now).to_string();
        let mut report = Report::default();
        let taken = self.store.take_task(Task::Maintenance, &holder, now, deadline + MARGIN).await?;
        if let Taking::HeldUntil(_) = taken {
            report.held = true;
            return Ok(report);
        }
        let left_out = self.store.left_out();
        let run = Run { ctx: self, holder: &holder, deadline };
        run.erase(run.share(KINDS), &mut report).await;
        run.end_rests(run.share(KINDS - 1), &mut report).await;
        run.sweep(run.share(KINDS - 2), &mut report).await;
        run.raise_floors(run.share(KINDS - 3), &mut report).await;
        run.sweep_blobs(Shelf::Contents, run.share(KINDS - 4), &mut report).await;
        run.sweep_blobs(Shelf::Copies, run.share(KINDS - 5), &mut report).await;
        run.seal(deadline, &mut report).await;
        run.count_migrations(&mut report).await;
        report.unreadable = self.store.left_out() - left_out;
        self.store.release_task(Task::Maintenance, &holder).await?;
        Ok(report)
    }
}

/// A run under way.
pub(crate) struct Run<'a> {
    pub(crate) ctx: &'a Context,
    /// Its name: no other run has it.
    pub(crate) holder: &'a str,
    pub(crate) deadline: Timestamp,
}

impl Run<'_> {
    /// When a kind of work has to end of which, itself included, so many are still to come: what is left of the time is shared.
    fn share(&self, kinds: u32) -> Timestamp {
        let now = self.ctx.now();
        now + self.deadline.until(now) / kinds
    }

    async fn count_migrations(&self, report: &mut Report) {
        match self.ctx.store.migrations().status().await {
            Ok(all) => report.migrations_pending = all.iter().filter(|one| !one.done).map(|_| 1).sum(),
            Err(error) => report.trouble(&error, "migrations could not be counted"),
        }
    }
}

impl Report {
    /// Something could not be done, and a later run tries again.
    pub(crate) fn trouble(&mut self, error: &(dyn std::error::Error + 'static), what: &'static str) {
        self.failed += 1;
        tracing::warn!(error = causes(error), "{what}; a later run tries again");
    }
}
