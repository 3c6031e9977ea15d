//! Migrations: numbered rewrites of what is stored, for whoever deploys newer code.
//!
//! A migration brings the tables from schema `number - 1` to `number`. It walks one table page by page and asks of each item what is to
//! change; each change is conditional on what was read, so that it stands beside a function that writes the same item, and a second pass
//! changes nothing. Code reads items of its own format, of the one before and of the one behind (see `row.rs`), so functions go on working while one runs; once it has ended,
//! the stamp says so, and older code is refused at its start.

mod walk;

use domain::time::Timestamp;

use crate::Store;
use crate::error::StoreError;
use crate::key::Key;
use crate::row::{Item, Row};
use crate::schema::SCHEMA_VERSION;
use crate::tasks::{Progress, Taking, Task};

pub(crate) use walk::{Rewrite, cursor_of, key_of};

/// The schema that tables had when migrations began to be counted: what was made under it needs none.
pub const BASELINE: u32 = 1;

/// All there are, by number, which begin behind [`BASELINE`] without a gap. None was needed yet.
const MIGRATIONS: &[Migration] = &[];

/// Which table a migration walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code, reason = "the first migration names one of them; tests walk all"))]
pub(crate) enum Walked {
    Sources,
    Posts,
    Readers,
}

/// One step of the schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    /// The schema that it leads to.
    pub(crate) number: u32,
    /// What it does, in a few words.
    pub(crate) name: &'static str,
    pub(crate) table: Walked,
    /// What is to change of an item; nothing of one that is as it should be.
    pub(crate) rewrite: fn(&Item) -> Option<Rewrite>,
}

/// Where a migration is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationStatus {
    /// The schema that it leads to.
    pub number: u32,
    /// What it does.
    pub name: &'static str,
    /// Whether the tables are behind it.
    pub done: bool,
    /// Its pass, if this installation ever began one.
    pub progress: Option<Progress>,
}

/// What one call of [`Migrations::step`] came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A page of this migration is done: call again.
    Walked(MigrationStatus),
    /// Nothing is left to do.
    Done,
    /// Someone else migrates, until then at the longest.
    HeldUntil(Timestamp),
}

/// Where a dry run is; [`Default`] is its beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DryRun {
    at: Option<u32>,
    cursor: Option<String>,
    seen: u64,
    changed: u64,
}

/// The migrations of a store.
#[derive(Clone, Copy, Debug)]
pub struct Migrations<'a> {
    store: &'a Store,
    all: &'a [Migration],
}

impl Store {
    /// Its migrations.
    pub fn migrations(&self) -> Migrations<'_> {
        Migrations { store: self, all: MIGRATIONS }
    }

    /// The schema that the stamp tells; that of this code, while nobody has stamped the store.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn schema(&self) -> Result<u32, StoreError> {
        match self.get("reading the stamp", &Key::meta()).await? {
            Some(item) => Row::of("stamp", &item)?.number("version"),
            None => Ok(SCHEMA_VERSION),
        }
    }
}

impl Migrations<'_> {
    /// Each migration, the baseline first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn status(&self) -> Result<Vec<MigrationStatus>, StoreError> {
        let schema = self.store.schema().await?;
        let baseline = MigrationStatus { number: BASELINE, name: "the baseline", done: true, progress: None };
        let mut status = vec![baseline];
        for migration in self.all {
            let progress = self.store.progress_under(&Key::migration(migration.number)).await?;
            let (number, name) = (migration.number, migration.name);
            status.push(MigrationStatus { number, name, done: number <= schema, progress });
        }
        Ok(status)
    }

    /// Goes on with the first migration that is not done, by one page of its table, as `holder`, a name that nobody else has. Whoever has
    /// begun may go on until `until`, then others may.
    ///
    /// # Errors
    /// [`StoreError`]; the next call goes on where this one stood.
    pub async fn step(&self, holder: &str, now: Timestamp, until: Timestamp) -> Result<Step, StoreError> {
        let schema = self.store.schema().await?;
        let Some(migration) = self.all.iter().find(|migration| migration.number > schema) else {
            return Ok(Step::Done);
        };
        if let Taking::HeldUntil(until) = self.store.take_task(Task::Migrations, holder, now, until).await? {
            return Ok(Step::HeldUntil(until));
        }
        let key = Key::migration(migration.number);
        let before = self.store.progress_under(&key).await?.unwrap_or_else(|| Progress::begun(now));
        let page = self.store.walk(migration, before.cursor.as_deref(), true).await?;
        let progress = Progress {
            seen: before.seen + page.seen,
            changed: before.changed + page.changed,
            ended: page.next.is_none().then_some(now),
            cursor: page.next,
            ..before
        };
        self.store.note_migration(key, &progress).await?;
        let done = progress.ended.is_some();
        if done {
            self.store.raise_schema(migration.number).await?;
            self.store.release_task(Task::Migrations, holder).await?;
        }
        let (number, name) = (migration.number, migration.name);
        Ok(Step::Walked(MigrationStatus { number, name, done, progress: Some(progress) }))
    }

    /// Lets others migrate, if `holder` was stopped before the end.
    ///
    /// # Errors
    /// [`StoreError`]; then others may once its time is over.
    pub async fn release(&self, holder: &str) -> Result<(), StoreError> {
        self.store.release_task(Task::Migrations, holder).await
    }

    /// Looks what the next page would change, and changes nothing. `None` at the end; what one migration would make of another's work is not seen.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again goes on.
    pub async fn look(&self, run: &mut DryRun, now: Timestamp) -> Result<Option<MigrationStatus>, StoreError> {
        let schema = self.store.schema().await?;
        let from = run.at.unwrap_or(schema + 1).max(schema + 1);
        let Some(migration) = self.all.iter().find(|migration| migration.number >= from) else {
            return Ok(None);
        };
        let page = self.store.walk(migration, run.cursor.as_deref(), false).await?;
        let (seen, changed) = (run.seen + page.seen, run.changed + page.changed);
        let ended = page.next.is_none().then_some(now);
        let progress = Progress { began: now, ended, cursor: page.next.clone(), seen, changed };
        *run = match page.next {
            Some(cursor) => DryRun { at: Some(migration.number), cursor: Some(cursor), seen, changed },
            None => DryRun { at: Some(migration.number + 1), ..DryRun::default() },
        };
        let (number, name) = (migration.number, migration.name);
        Ok(Some(MigrationStatus { number, name, done: false, progress: Some(progress) }))
    }
}

#[cfg(test)]
mod tests;
