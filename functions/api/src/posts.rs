//! Posts: list those of a source, show one.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use blob::BlobKey;
use domain::id::{Ordinal, PostId, PostNumber, SourceId};
use serde_json::value::RawValue;
use store::{Content, Post};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::MAX_ANSWER_BYTES;
use crate::access::{Caller, Viewer};
use crate::context::Context;
use crate::extract::{One, Page, PageQuery};
use crate::problem::Problem;
use crate::view::{PostView, PostsPage};

/// The most bytes of one stored content, compressed.
pub(crate) const MAX_CONTENT: usize = 16 << 20;

/// Posts, of a source or alone.
pub(crate) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show))
}

/// The posts of a source, newest first.
#[utoipa::path(
    get, path = "/v1/sources/{source}/posts", tag = "sources", operation_id = "posts", params(PageQuery),
    responses((status = 200, description = "A page of posts.", body = PostsPage))
)]
async fn list(
    viewer: Viewer,
    State(context): State<Arc<Context>>,
    One(source): One<SourceId>,
    page: Page,
) -> Result<Json<PostsPage>, Problem> {
    viewer.may_see(&context, source).await?;
    let scope = format!("posts {source}");
    let below: Option<Ordinal> = page.cursor.map(|cursor| context.cursors.open(&scope, &cursor)).transpose()?;
    let Some(head) = context.store.head(source).await? else {
        return Err(Problem::not_found("source"));
    };
    viewer.may_read(&head, "source")?;
    // The index may be ahead of the head: what is not counted yet is not shown.
    let top = Ordinal::new(head.post_count.get() + 1);
    let entries = context.store.page(source, Some(below.map_or(top, |below| below.min(top))), page.limit).await?;
    let full = entries.len() == page.limit;
    let found = entries.len();
    let entries = without_gap(entries);
    let full = full || entries.len() < found;
    let numbers: Vec<_> = entries.iter().map(|(_, number)| *number).collect();
    let stored = context.store.posts(&numbers).await?;
    let (mut posts, mut bytes, mut reached) = (Vec::new(), 0, None);
    for (ordinal, number) in entries {
        let shown: Option<Box<RawValue>> = match stored.iter().find(|post| post.number == number) {
            Some(post) => Some(context.shown(post.clone()).await?),
            // Gone since the index was read.
            None => None,
        };
        let size = shown.as_ref().map_or(0, |shown| shown.get().len());
        if bytes + size > MAX_ANSWER_BYTES && !posts.is_empty() {
            let next = reached.map(|ordinal: Ordinal| context.cursors.seal(&scope, &ordinal)).transpose()?;
            return Ok(Json(PostsPage { posts, next }));
        }
        bytes += size + 1;
        posts.extend(shown);
        reached = Some(ordinal);
    }
    let next = reached.filter(|_| full).map(|ordinal| context.cursors.seal(&scope, &ordinal)).transpose()?;
    Ok(Json(PostsPage { posts, next }))
}

/// One post.
#[utoipa::path(get, path = "/v1/posts/{post}", tag = "posts", responses((status = 200, description = "The post.", body = PostView)))]
async fn show(
    viewer: Viewer,
    State(context): State<Arc<Context>>,
    One(post): One<PostId>,
) -> Result<Json<Box<RawValue>>, Problem> {
    let number = context.face.reveal(post);
    if let Caller::Person(person) = &viewer.0
        && let Some(entry) = context.entries(person.user, &[number]).await?.pop()
    {
        let view = PostView::new(post, entry.post, entry.html);
        return Ok(Json(view.read_by(entry.read, &entry.flags).json()?));
    }
    let Some(post) = context.store.post(number).await? else {
        return Err(Problem::not_found("post"));
    };
    // A person who may see it was answered above.
    if !viewer.sees_all() {
        return Err(Problem::not_found("post"));
    }
    let head = context.store.head(post.source).await?.ok_or_else(|| Problem::not_found("post"))?;
    viewer.may_read(&head, "post")?;
    Ok(Json(context.shown(post).await?))
}

/// `entries` down to the first gap. Ordinals are dense, so what is missing in between is in the index in a moment, and a page never passes
/// what it did not show; what is missing at the beginning of a page once more is gone for good.
fn without_gap(mut entries: Vec<(Ordinal, PostNumber)>) -> Vec<(Ordinal, PostNumber)> {
    let gap = entries.windows(2).position(|pair| pair[1].0.next() != pair[0].0);
    if let Some(last) = gap {
        entries.truncate(last + 1);
    }
    entries
}

impl Context {
    /// A post as JSON.
    async fn shown(&self, mut post: Post) -> Result<Box<RawValue>, Problem> {
        let html = self.content(std::mem::replace(&mut post.content, Content::None)).await?;
        PostView::new(self.face.hide(post.number), post, html).json()
    }

    /// Sanitised HTML, wherever it is.
    pub(crate) async fn content(&self, content: Content) -> Result<Option<String>, Problem> {
        let name = match content {
            Content::None => return Ok(None),
            Content::Inline(html) => return Ok(Some(html)),
            Content::InBlob(name) => name,
        };
        let Some(key) = BlobKey::named(&name) else {
            return Ok(None);
        };
        let Some(bytes) = self.bucket.get(&key, MAX_CONTENT).await? else {
            tracing::error!(blob = name, "the content of a post is not in the bucket");
            return Ok(None);
        };
        Ok(store::unpack(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_before_a_gap_and_the_next_one_begins_behind_it() {
        for (ordinals, shown) in [(&[9, 8, 7][..], 3), (&[9, 8, 6, 5], 2), (&[9, 7], 1), (&[6, 5], 2), (&[], 0)] {
            let entries = ordinals.iter().filter_map(|n| Some((Ordinal::new(*n), PostNumber::new(*n)?))).collect();
            assert_eq!(without_gap(entries).len(), shown, "{ordinals:?}");
        }
    }
}
