//! Blobs that nobody names: a landing that never came, an edit, an expired post, a deleted source, a copy that its user let go.
//!
//! A blob has one owner and a name that is given once (crate `blob`), so what its owner does not name a day after it was put, nobody ever will.

use std::time::Duration;

use blob::{BlobError, BlobKey, Listed, Owner, Refused, Shelf};
use domain::time::Timestamp;
use futures_util::{StreamExt, TryStreamExt, stream};
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

/// How many owners are asked about at a time, where each costs a read.
const AT_ONCE: usize = 16;

impl Run<'_> {
    /// Goes on with the day's pass over a shelf of the bucket until `end`.
    pub(crate) async fn sweep_blobs(&self, shelf: Shelf, end: Timestamp, report: &mut Report) {
        match self.pass_over(shelf, end, report).await {
            Ok(true) => {}
            Ok(false) => report.unfinished += 1,
            Err(error) => report.trouble(&error, "blobs that nobody names could not be swept"),
        }
    }

    /// True when the pass is over, or none is due.
    async fn pass_over(&self, shelf: Shelf, end: Timestamp, report: &mut Report) -> Result<bool, Left> {
        let task = match shelf {
            Shelf::Contents => Task::Contents,
            Shelf::Copies => Task::Copies,
        };
        let Some(mut progress) = self.take(task).await? else { return Ok(true) };
        while self.ctx.now() < end {
            let page = self.ctx.bucket.list(shelf, progress.cursor.as_deref()).await?;
            let gone = self.ctx.delete_unneeded(&page, report).await?;
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
    /// Deletes what nobody needs of a page; how many there were.
    async fn delete_unneeded(&self, page: &Listed, report: &mut Report) -> Result<u64, Left> {
        let before = self.now() - SETTLED;
        let (mut of_posts, mut of_copies) = (Vec::new(), Vec::new());
        for found in page.found.iter().filter(|found| found.at < before) {
            match BlobKey::named(&found.path).map(|key| key.owner()) {
                Some(Owner::Post(source, key)) => of_posts.push((&found.path, (source, key))),
                Some(Owner::Copy(user, number)) => of_copies.push((found.path.clone(), user, number)),
                // What has no name of ours may be newer code's: it stays.
                None => {}
            }
        }
        let owners: Vec<_> = of_posts.iter().map(|(_, owner)| *owner).collect();
        let named = self.store.named_blobs(&owners).await?;
        let stays = |path, owner| named.names.contains(path) || named.unknown.contains(owner);
        let mut gone: Vec<String> =
            of_posts.iter().filter(|(path, owner)| !stays(*path, owner)).map(|(path, _)| (*path).clone()).collect();
        let of_copies = of_copies.into_iter().map(|(path, user, number)| async move {
            let kept = self.store.keeps(user, number).await?;
            Ok::<_, StoreError>((!kept).then_some(path))
        });
        let let_go: Vec<Option<String>> = stream::iter(of_copies).buffered(AT_ONCE).try_collect().await?;
        gone.extend(let_go.into_iter().flatten());
        let kept = self.bucket.delete(&gone).await?;
        for Refused { path, said } in &kept {
            tracing::warn!(path, said, "a blob that nobody names was not deleted; the next pass tries again");
        }
        let kept = kept.len() as u64;
        report.failed += kept;
        Ok((gone.len() as u64).saturating_sub(kept))
    }
}
