//! Jobs as they are looked at, and their ends: a finished job is put only if it is absent.

use std::collections::HashMap;

use domain::id::{JobId, SourceId};
use domain::job::{Finished, Pointer};

use crate::Store;
use crate::batch::{Stated, Statement};
use crate::error::StoreError;
use crate::key::{self, JOB_PREFIX, Key, POINTER};
use crate::row::{self, Item, Row, text};
use crate::write::{PRESENT, Write};

/// A source's pointer and how the job it names ended, if it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The pointer.
    pub pointer: Pointer,
    /// The end of `pointer.job`.
    pub finished: Option<Finished>,
}

/// What became of finishing a job.
#[derive(Clone, Debug)]
pub enum Finish {
    /// It ended as we say.
    Done,
    /// Someone ended it before, otherwise.
    AlreadyDone(Finished),
    /// Nobody knows.
    Unknown(StoreError),
}

/// What became of deleting a finished job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteJob {
    /// It is gone.
    Deleted,
    /// It holds the carry for the next one or for the one in hand.
    Latest,
    /// It has not ended.
    Live,
    /// There is no such job.
    Missing,
}

impl Store {
    /// Pointer and last end of many sources, eventually consistent; two calls a hundred. Left out are sources without a pointer,
    /// and those of which something cannot be read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn looks(&self, sources: &[SourceId]) -> Result<HashMap<SourceId, Look>, StoreError> {
        const OPERATION: &str = "looking at jobs";
        let keys = sources.iter().map(|source| Key::pointer(*source));
        let pointers = self.batch_get(OPERATION, keys, false, None).await?;
        let look = |item: &Item| Ok((source_of(item)?, Look { pointer: row::pointer(item)?, finished: None }));
        let mut looks: HashMap<SourceId, Look> = row::readable(&pointers, look).into_iter().collect();
        let keys: Vec<Key> = looks.iter().map(|(source, look)| Key::job(*source, look.pointer.job)).collect();
        let ends = self.batch_get(OPERATION, keys, false, None).await?;
        let ended = row::readable(&ends, |item| Row::part("job", item).word(key::PK, key::source_of));
        let read = row::readable(&ends, row::finished).into_iter();
        let mut read: HashMap<SourceId, Finished> = read.map(|finished| (finished.source, finished)).collect();
        for source in ended {
            match read.remove(&source) {
                Some(finished) => {
                    looks.entry(source).and_modify(|look| look.finished = Some(finished));
                }
                // It did end: left in without that, it would look abandoned.
                None => drop(looks.remove(&source)),
            }
        }
        Ok(looks)
    }

    /// The pointer, and how `job` ended, as of now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn look_strongly(
        &self,
        source: SourceId,
        job: JobId,
    ) -> Result<(Option<Pointer>, Option<Finished>), StoreError> {
        let (mut pointer, mut finished) = (None, None);
        for item in
            self.batch_get("looking at a job", [Key::pointer(source), Key::job(source, job)], true, None).await?
        {
            match Key::of(&item) {
                Some(key) if key == Key::pointer(source) => pointer = Some(row::pointer(&item)?),
                Some(_) | None => finished = Some(row::finished(&item)?),
            }
        }
        Ok((pointer, finished))
    }

    /// How `job` ended, as of now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn finished(&self, source: SourceId, job: JobId) -> Result<Option<Finished>, StoreError> {
        let item = self.get("reading a job", &Key::job(source, job)).await?;
        item.as_ref().map(row::finished).transpose()
    }

    /// The pointer and the newest finished job (the pointer's or one before it), as of now; `None` without a source.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn latest(&self, source: SourceId) -> Result<Option<(Pointer, Option<Finished>)>, StoreError> {
        let request = self
            .client
            .query()
            .table_name(self.sources())
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", text(key::partition(source)))
            .expression_attribute_values(":first", text(JOB_PREFIX))
            .expression_attribute_values(":last", text(POINTER))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(2);
        let items = self.query("reading the latest job", request, 2).await?;
        match items.as_slice() {
            [first, rest @ ..] if Key::of(first) == Some(Key::pointer(source)) => {
                Ok(Some((row::pointer(first)?, rest.first().map(row::finished).transpose()?)))
            }
            _ => Ok(None),
        }
    }

    /// Ends jobs, each unless someone ended it before. Same order as given.
    pub async fn finish(&self, finished: &[Finished]) -> Vec<Finish> {
        let unknown = |error: StoreError| finished.iter().map(|_| Finish::Unknown(error.clone())).collect();
        let insert = |finished: &Finished| {
            let key = Key::job(finished.source, finished.job);
            Ok(Statement::insert(self.sources(), key, row::finished_item(finished)?))
        };
        let statements = match finished.iter().map(insert).collect::<Result<Vec<_>, StoreError>>() {
            Ok(statements) => statements,
            Err(error) => return unknown(error),
        };
        let outcomes = self.statements("finishing jobs", &statements).await;
        let taken = outcomes.iter().zip(&statements);
        let taken: Vec<Key> =
            taken.filter(|(outcome, _)| is_taken(outcome)).map(|(_, statement)| statement.key.clone()).collect();
        let there = self.read_finished(taken).await;
        finished.iter().zip(outcomes).map(|(ours, outcome)| finish(ours, outcome, &there)).collect()
    }

    async fn read_finished(&self, keys: Vec<Key>) -> Result<HashMap<Key, Finished>, StoreError> {
        let items = self.batch_get("reading finished jobs", keys, true, None).await?;
        let read =
            |item: &Item| row::finished(item).map(|finished| (Key::job(finished.source, finished.job), finished));
        items.iter().map(read).collect()
    }

    /// Finished jobs before `before`, newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn history(
        &self,
        source: SourceId,
        before: Option<JobId>,
        limit: usize,
    ) -> Result<Vec<Finished>, StoreError> {
        let request = self
            .client
            .query()
            .table_name(self.sources())
            .key_condition_expression("pk = :pk AND begins_with(sk, :jobs)")
            .expression_attribute_values(":pk", text(key::partition(source)))
            .expression_attribute_values(":jobs", text(JOB_PREFIX))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX).max(1))
            .set_exclusive_start_key(before.map(|job| Key::job(source, job).item()));
        self.query("reading jobs", request, limit).await?.iter().map(row::finished).collect()
    }

    /// Deletes a finished job that no later one needs: not the pointer's, and not the one before it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delete_job(&self, source: SourceId, job: JobId) -> Result<DeleteJob, StoreError> {
        let table = self.sources();
        let pointer = Write::to(Key::pointer(source))
            .when("#job <> :job AND (attribute_not_exists(#prev) OR #prev <> :job)")
            .bind(":job", text(job.to_string()));
        let actions = vec![pointer.check(table)?, Write::to(Key::job(source, job)).when(PRESENT).delete(table)?];
        if self.transact("deleting a job", actions).await?.is_none() {
            return Ok(DeleteJob::Deleted);
        }
        let (pointer, finished) = self.look_strongly(source, job).await?;
        let in_hand = pointer.as_ref().is_some_and(|pointer| pointer.job == job);
        Ok(match finished {
            Some(_) => DeleteJob::Latest,
            None if in_hand => DeleteJob::Live,
            None => DeleteJob::Missing,
        })
    }
}

fn is_taken(outcome: &Stated) -> bool {
    match outcome {
        Stated::Refused(_) | Stated::Duplicate => true,
        Stated::Done | Stated::Failed(_) => false,
    }
}

fn finish(ours: &Finished, outcome: Stated, there: &Result<HashMap<Key, Finished>, StoreError>) -> Finish {
    match (outcome, there) {
        (Stated::Done, _) => Finish::Done,
        (Stated::Failed(error), _) => Finish::Unknown(error),
        (Stated::Refused(_) | Stated::Duplicate, Err(error)) => Finish::Unknown(error.clone()),
        (Stated::Refused(_) | Stated::Duplicate, Ok(there)) => match there.get(&Key::job(ours.source, ours.job)) {
            Some(theirs) if theirs == ours => Finish::Done,
            Some(theirs) => Finish::AlreadyDone(theirs.clone()),
            // Deleted between the two calls.
            None => Finish::Unknown(StoreError::Conflict { operation: "finishing jobs" }),
        },
    }
}

fn source_of(item: &Item) -> Result<SourceId, StoreError> {
    Row::of("pointer", item)?.word(key::PK, key::source_of)
}
