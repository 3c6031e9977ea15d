//! Pages of posts: as many as there are, or as fit.

use std::collections::HashMap;

use domain::id::{PostNumber, UserId};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::entry::{Entry, Found};
use super::list::{KeptRun, Run};
use super::selection::Selection;
use crate::context::Context;
use crate::problem::Problem;

/// Blobs that are fetched at a time.
const BLOBS: usize = 8;

impl Context {
    /// Hands the posts of a page to `take`, one after the other, until it says that one does not fit; gives where the list goes on: at that one.
    pub(crate) async fn page(
        &self,
        user: UserId,
        selection: &Selection,
        cursor: Option<&str>,
        limit: usize,
        mut take: impl FnMut(Entry) -> bool,
    ) -> Result<Option<String>, Problem> {
        let ground = self.ground_of(user, selection).await?;
        let run = self.run(user, &ground, selection, cursor, limit).await?;
        let found = match &run {
            Run::Merged(_) => self.found(user, &ground, &run.listed()).await?,
            Run::Kept(run) => self.found_kept(user, run).await?,
        };
        let whole = found.into_iter().map(|found| self.whole(found));
        let mut whole = Box::pin(stream::iter(whole).buffered(BLOBS));
        let mut shown = 0;
        while let Some(entry) = whole.try_next().await? {
            if entry.is_some_and(|entry| !take(entry)) {
                break;
            }
            shown += 1;
        }
        drop(whole);
        self.onward(user, selection, &run, shown)
    }

    async fn whole(&self, found: Option<Found>) -> Result<Option<Entry>, Problem> {
        match found {
            Some(found) => found.whole(self).await.map(Some),
            None => Ok(None),
        }
    }

    /// What a person keeps comes from their copies.
    async fn found_kept(&self, user: UserId, run: &KeptRun) -> Result<Vec<Option<Found>>, Problem> {
        let numbers: Vec<PostNumber> = run.kept.iter().map(|(kept, _)| kept.listed.number).collect();
        let copies = self.store.copies(user, &numbers).await?;
        let mut copies: HashMap<PostNumber, _> = copies.into_iter().map(|copy| (copy.post.number, copy)).collect();
        let found = run.kept.iter().map(|(kept, read)| {
            let copy = copies.remove(&kept.listed.number)?;
            Some(Found { post: copy.post, source_title: copy.source_title, read: *read, flags: kept.flags.clone() })
        });
        Ok(found.collect())
    }
}
