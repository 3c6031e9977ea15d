//! Blobs that nobody names: a landing that never came, an edit, an expired post, a deleted source.
//!
//! A blob has one owner and a name that is given once (crate `blob`), so what its owner does not name a day after it was put, nobody ever will.

use std::time::Duration;

use blob::{BlobError, BlobKey, Found, Listed, Owner, Shelf};
use domain::id::SourceId;
use domain::parsed::NaturalKey;
use domain::time::Timestamp;
use store::{Progress, StoreError, Task};

use crate::context::Context;
use crate::report::Report;
use crate::run::Run;

/// Whoever puts a blob has named it by then, or never will: many times what a function lives. Also more than two clocks may differ by.
const SETTLED: Duration = Duration::from_secs(24 * 3600);

/// Why a page of blobs is left for the next pass.
#[derive(Debug, thiserror::Error)]
enum Left {
    #[error("the bucket does not do its part")]
    Bucket(#[from] BlobError),
    #[error("the store does not say who names what")]
    Store(#[from] StoreError),
}

impl Run<'_> {
    /// Goes on with the day's pass over the bucket until `end`.
    pub(crate) async fn sweep_blobs(&self, end: Timestamp, report: &mut Report) {
        match self.pass_over(Task::Contents, end, report).await {
            Ok(true) => {}
            Ok(false) => report.unfinished += 1,
            Err(error) => report.trouble(&error, "blobs that nobody names could not be swept"),
        }
    }

    /// True when the pass is over, or none is due.
    async fn pass_over(&self, task: Task, end: Timestamp, report: &mut Report) -> Result<bool, Left> {
        let Some(mut progress) = self.take(task).await? else { return Ok(true) };
        while self.ctx.now() < end {
            let page = self.ctx.bucket.list(Shelf::Contents, progress.cursor.as_deref()).await?;
            let gone = self.ctx.delete_unnamed(&page).await?;
            let seen: u64 = page.found.iter().map(|_| 1).sum();
            report.blobs_seen += seen;
            report.blobs_deleted += gone;
            let last = page.found.into_iter().next_back().map(|found| found.path);
            let ended = !page.more || last.is_none();
            progress = Progress {
                seen: progress.seen + seen,
                changed: progress.changed + gone,
                ended: ended.then(|| self.ctx.now()),
                cursor: last.filter(|_| !ended),
                ..progress
            };
            if !self.keep(task, &progress).await? || ended {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Context {
    /// Deletes what nobody names of a page; how many there were.
    async fn delete_unnamed(&self, page: &Listed) -> Result<u64, Left> {
        let before = self.now() - SETTLED;
        let settled: Vec<(&Found, SourceId, NaturalKey)> = page
            .found
            .iter()
            .filter(|found| found.at < before)
            // What has no name of ours may be newer code's: it stays.
            .filter_map(|found| match BlobKey::named(&found.path)?.owner() {
                Owner::Post(source, key) => Some((found, source, key)),
                Owner::Copy(..) => None,
            })
            .collect();
        let owners: Vec<_> = settled.iter().map(|(_, source, key)| (*source, *key)).collect();
        let named = self.store.named_blobs(&owners).await?;
        let paths = settled.into_iter().map(|(found, ..)| found.path.clone());
        let unnamed: Vec<String> = paths.filter(|path| !named.contains(path)).collect();
        self.bucket.delete(&unnamed).await?;
        Ok(unnamed.iter().map(|_| 1).sum())
    }
}
