//! Work that goes on over many invocations, one at a time: who has it in hand, and how far it is.

use domain::time::Timestamp;

use crate::Store;
use crate::call::Written;
use crate::error::StoreError;
use crate::key::Key;
use crate::row::{FORMAT, Item, Row, number, text, time};
use crate::write::Write;

/// A piece of such work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    /// All of maintenance: whoever has it may have the others.
    Maintenance,
    /// Floors of sources rise.
    Retention,
    /// Contents that no post names go.
    Contents,
    /// Copies of posts' contents that nobody keeps go.
    Copies,
    /// What is sealed is sealed again under a new key.
    Sealing,
    /// Migrations.
    Migrations,
}

impl Task {
    /// Its name in logs and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Maintenance => "maintenance",
            Self::Retention => "retention",
            Self::Contents => "contents",
            Self::Copies => "copies",
            Self::Sealing => "sealing",
            Self::Migrations => "migrations",
        }
    }
}

/// How far a pass of a task is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// When this pass began.
    pub began: Timestamp,
    /// When it ended, if it did.
    pub ended: Option<Timestamp>,
    /// Where it goes on; the task alone knows what that means.
    pub cursor: Option<String>,
    /// What was looked at.
    pub seen: u64,
    /// What was changed.
    pub changed: u64,
}

impl Progress {
    /// A pass that begins now.
    pub fn begun(now: Timestamp) -> Self {
        Self { began: now, ended: None, cursor: None, seen: 0, changed: 0 }
    }
}

/// What became of taking a task in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taking {
    /// It is ours; how far it is, if it ever began.
    Taken(Option<Progress>),
    /// Another holder has it until then.
    HeldUntil(Timestamp),
}

impl Store {
    /// Takes a task in hand for `holder`, a name that nobody else has, until `until`.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again is safe.
    pub async fn take_task(
        &self,
        task: Task,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Taking, StoreError> {
        let write = Write::to(Key::task(task))
            .change("SET #v = :v, #holder = :holder, #until = :until")
            .when("attribute_not_exists(#pk) OR #until <= :now OR #holder = :holder")
            .bind(":v", number(FORMAT))
            .bind(":holder", text(holder))
            .bind(":until", time(until))
            .bind(":now", time(now));
        match self.update("taking a task", write).await? {
            Written::Done(item) => Ok(Taking::Taken(progress(&item)?)),
            Written::Refused(Some(item)) => Ok(Taking::HeldUntil(Row::of("task", &item)?.time("until")?)),
            Written::Refused(None) => Err(StoreError::Conflict { operation: "taking a task" }),
        }
    }

    /// Notes how far a task is; false when another holder has taken it.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again is safe.
    pub async fn save_task(&self, task: Task, holder: &str, progress: &Progress) -> Result<bool, StoreError> {
        let write = noted(Write::to(Key::task(task)), progress).when("#holder = :holder").bind(":holder", text(holder));
        Ok(matches!(self.update("noting how far a task is", write).await?, Written::Done(_)))
    }

    /// Lets go of a task, if `holder` still has it.
    ///
    /// # Errors
    /// [`StoreError`]; then it is free once its time is over.
    pub async fn release_task(&self, task: Task, holder: &str) -> Result<(), StoreError> {
        // The holder stays, so that a repetition knows itself.
        let write = Write::to(Key::task(task))
            .change("SET #until = :never")
            .when("#holder = :holder")
            .bind(":never", time(Timestamp::EPOCH))
            .bind(":holder", text(holder));
        self.update("letting go of a task", write).await.map(drop)
    }

    /// How far a task is; `None` if it never began.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn task(&self, task: Task) -> Result<Option<Progress>, StoreError> {
        self.progress_under(&Key::task(task)).await
    }

    pub(crate) async fn progress_under(&self, key: &Key) -> Result<Option<Progress>, StoreError> {
        self.get("looking how far a task is", key).await?.as_ref().map_or(Ok(None), progress)
    }
}

/// A write that keeps `progress`.
pub(crate) fn noted(write: Write, progress: &Progress) -> Write {
    let mut sets = "SET #v = :v, #began = :began, #seen = :seen, #changed = :changed".to_owned();
    let mut removes = Vec::new();
    let mut write = write
        .bind(":v", number(FORMAT))
        .bind(":began", time(progress.began))
        .bind(":seen", number(progress.seen))
        .bind(":changed", number(progress.changed));
    let maybe = [("ended", progress.ended.map(time)), ("cursor", progress.cursor.as_ref().map(text))];
    for (name, value) in maybe {
        match value {
            Some(value) => {
                sets.push_str(&format!(", #{name} = :{name}"));
                write = write.bind(&format!(":{name}"), value);
            }
            None => removes.push(format!("#{name}")),
        }
    }
    if !removes.is_empty() {
        sets.push_str(" REMOVE ");
        sets.push_str(&removes.join(", "));
    }
    write.change(sets)
}

/// What an item says of a pass; `None` if none ever began.
fn progress(item: &Item) -> Result<Option<Progress>, StoreError> {
    let row = Row::of("task", item)?;
    let Some(began) = row.maybe_time("began")? else { return Ok(None) };
    let (seen, changed) = (row.number("seen")?, row.number("changed")?);
    let (ended, cursor) = (row.maybe_time("ended")?, row.maybe_string("cursor")?);
    Ok(Some(Progress { began, ended, cursor, seen, changed }))
}
