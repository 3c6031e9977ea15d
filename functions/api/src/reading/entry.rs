//! A post as one person sees it.

use std::collections::HashMap;

use domain::id::{PostNumber, UserId};
use domain::listing::Listed;
use store::{Content, Flags, Post};

use super::ground::Ground;
use super::selection::Scope;
use crate::context::Context;
use crate::problem::Problem;

/// A post, and what the person has to do with it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The post; its content is in `html`.
    pub(crate) post: Post,
    /// Sanitised HTML.
    pub(crate) html: Option<String>,
    /// What its source called itself when it was kept, if it comes from a copy.
    pub(crate) source_title: Option<String>,
    /// Whether it was read. Posts that are kept without a subscription are.
    pub(crate) read: bool,
    /// Star and labels.
    pub(crate) flags: Flags,
}

/// A post without its content, which may still be in a blob.
pub(super) struct Found {
    pub(super) post: Post,
    pub(super) source_title: Option<String>,
    pub(super) read: bool,
    pub(super) flags: Flags,
}

impl Found {
    /// Fetches what is missing.
    pub(super) async fn whole(mut self, context: &Context) -> Result<Entry, Problem> {
        let content = std::mem::replace(&mut self.post.content, Content::None);
        let html = context.content(content).await?;
        let Self { post, source_title, read, flags } = self;
        Ok(Entry { post, html, source_title, read, flags })
    }
}

impl Context {
    /// Posts by number, in that order, as far as the person may see them: those of their subscriptions, and those that they keep.
    pub(crate) async fn entries(&self, user: UserId, numbers: &[PostNumber]) -> Result<Vec<Entry>, Problem> {
        let posts = self.store.posts(numbers).await?;
        let flags = self.store.flags_of(user, numbers).await?;
        let mut sources: Vec<_> = posts.iter().map(|post| post.source).collect();
        sources.sort_unstable();
        sources.dedup();
        let mut ground = self.read_of(user, &Scope::Sources(sources)).await?;
        let seen = posts.into_iter().filter(|post| ground.subscription(post.source).is_some());
        let mut posts: HashMap<PostNumber, (Post, Option<String>)> =
            seen.map(|post| (post.number, (post, None))).collect();
        let missing: Vec<PostNumber> = flags.keys().filter(|number| !posts.contains_key(number)).copied().collect();
        for copy in self.store.copies(user, &missing).await? {
            posts.insert(copy.post.number, (copy.post, copy.source_title));
        }
        let places = posts.values().map(|(post, _)| (post.source, post.ordinal));
        self.look_below(&mut ground, places).await?;
        let mut entries = Vec::with_capacity(posts.len());
        for number in numbers {
            if let Some((post, source_title)) = posts.remove(number) {
                let read = ground.is_read(post.source, post.ordinal);
                let flags = flags.get(number).cloned().unwrap_or_default();
                entries.push(Found { post, source_title, read, flags }.whole(self).await?);
            }
        }
        Ok(entries)
    }

    /// The posts of a page with their flags, in its order. One that is gone since it was listed is left out.
    pub(super) async fn found(
        &self,
        user: UserId,
        ground: &Ground,
        listed: &[Listed],
    ) -> Result<Vec<Option<Found>>, Problem> {
        let numbers: Vec<PostNumber> = listed.iter().map(|listed| listed.number).collect();
        let (Some(from), Some(to)) = (numbers.iter().min(), numbers.iter().max()) else {
            return Ok(Vec::new());
        };
        let (posts, flags) = tokio::try_join!(self.store.posts(&numbers), self.store.flags(user, *from, *to))?;
        let (mut posts, mut flags) = (posts.into_iter().peekable(), flags);
        let found = numbers.iter().map(|number| {
            let post = posts.next_if(|post| post.number == *number)?;
            let read = ground.is_read(post.source, post.ordinal);
            Some(Found { post, source_title: None, read, flags: flags.remove(number).unwrap_or_default() })
        });
        Ok(found.collect())
    }
}
