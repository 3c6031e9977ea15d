//! Migrations, when someone asks for them: an update of the functions changes nothing that is stored by itself, so that it can be taken back.

use domain::time::Timestamp;
use serde::Serialize;
use store::{DryRun, MigrationStatus, Step};

use crate::context::Context;
use crate::run::{MARGIN, MaintenanceError};
use crate::start::Migrate;

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Migrated {
    /// The schema of the tables.
    pub schema: u32,
    /// The schema that this code works on.
    pub code: u32,
    /// Each migration, or after a dry run those that would run.
    pub migrations: Vec<Migration>,
    /// Nothing is left to do.
    pub done: bool,
    /// Someone else migrates, until then at the longest.
    pub held_until: Option<String>,
}

/// One migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Migration {
    /// The schema that it leads to.
    pub number: u32,
    /// What it does.
    pub name: &'static str,
    /// `done`, `under_way` or `pending`.
    pub state: &'static str,
    /// When it began.
    pub began: Option<String>,
    /// When it ended.
    pub ended: Option<String>,
    /// Items that were looked at.
    pub seen: u64,
    /// Items that were changed; in a dry run, would be.
    pub changed: u64,
}

impl From<MigrationStatus> for Migration {
    fn from(status: MigrationStatus) -> Self {
        let MigrationStatus { number, name, done, progress } = status;
        let state = match (done, &progress) {
            (true, _) => "done",
            (false, Some(_)) => "under_way",
            (false, None) => "pending",
        };
        let told = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Self {
            number,
            name,
            state,
            began: told(progress.as_ref().map(|progress| progress.began)),
            ended: told(progress.as_ref().and_then(|progress| progress.ended)),
            seen: progress.as_ref().map_or(0, |progress| progress.seen),
            changed: progress.map_or(0, |progress| progress.changed),
        }
    }
}

impl Context {
    /// Does what is asked until `deadline`; what is not done by then goes on when it is asked again.
    pub(crate) async fn migrate(&self, what: Migrate, deadline: Timestamp) -> Result<Migrated, MaintenanceError> {
        match what {
            Migrate::Status => self.migrations(None).await,
            Migrate::Run => {
                let held = self.run_migrations(deadline).await?;
                self.migrations(held).await
            }
            Migrate::DryRun => self.look_at_migrations(deadline).await,
        }
    }

    async fn migrations(&self, held: Option<Timestamp>) -> Result<Migrated, MaintenanceError> {
        let migrations: Vec<_> = self.store.migrations().status().await?.into_iter().map(Migration::from).collect();
        let done = migrations.iter().all(|migration| migration.state == "done");
        let (schema, code) = (self.store.schema().await?, store::SCHEMA_VERSION);
        Ok(Migrated { schema, code, migrations, done, held_until: held.map(|until| until.to_string()) })
    }

    /// Until when someone else has them, if so.
    async fn run_migrations(&self, deadline: Timestamp) -> Result<Option<Timestamp>, MaintenanceError> {
        let holder = self.ids.next(self.now()).to_string();
        while self.now() < deadline {
            match self.store.migrations().step(&holder, self.now(), deadline + MARGIN).await? {
                Step::Walked(_) => {}
                Step::Done => return Ok(None),
                Step::HeldUntil(until) => return Ok(Some(until)),
            }
        }
        self.store.migrations().release(&holder).await?;
        Ok(None)
    }

    async fn look_at_migrations(&self, deadline: Timestamp) -> Result<Migrated, MaintenanceError> {
        let (schema, code) = (self.store.schema().await?, store::SCHEMA_VERSION);
        let mut looked = Migrated { schema, code, ..Migrated::default() };
        let mut run = DryRun::default();
        while self.now() < deadline {
            let Some(status) = self.store.migrations().look(&mut run, self.now()).await? else {
                looked.done = true;
                break;
            };
            // The last word on a migration stands for those before.
            looked.migrations.retain(|one| one.number != status.number);
            looked.migrations.push(status.into());
        }
        Ok(looked)
    }
}
