//! A shared post, as whoever has the link sees it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_SECURITY_POLICY, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{Html, IntoResponse as _, Response};
use domain::share::{Link, Share};
use serde::Serialize;
use store::Post;
use utoipa::ToSchema;

use super::page;
use crate::context::Context;
use crate::conventions::schema::Instant;
use crate::extract::One;
use crate::problem::Problem;
use crate::view::EnclosureView;

const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// A post that somebody shares.
#[derive(Serialize, ToSchema)]
pub(super) struct SharedPost {
    pub(super) title: Option<String>,
    pub(super) url: Option<String>,
    pub(super) authors: Vec<String>,
    #[schema(value_type = Instant)]
    pub(super) published: String,
    /// What its source calls itself; of a private source unknown.
    pub(super) source_title: Option<String>,
    /// Sanitised HTML.
    pub(super) summary: Option<String>,
    /// Sanitised HTML.
    pub(super) content: Option<String>,
    pub(super) enclosures: Vec<EnclosureView>,
    pub(super) image: Option<String>,
}

/// A shared post: a page, or JSON for who accepts `application/json`.
#[utoipa::path(
    get, path = "/p/{link}", tag = "shares", operation_id = "shared", security(()),
    params(("link" = String, Path, description = "As its share says.", pattern = "^[0-9A-Za-z]{22}$")),
    responses(
        (status = 200, description = "The post.", content((SharedPost = "application/json"), (String = "text/html"))),
        (status = 404, description = "There is no such share, or not any more."),
    )
)]
pub(super) async fn show(
    State(context): State<Arc<Context>>,
    One(link): One<Link>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // A made-up link is refused before anything is looked up.
    let id = context.links.open(&link).ok_or_else(|| Problem::not_found("share"))?;
    let share = context.store.shared(id).await?.ok_or_else(|| Problem::not_found("share"))?;
    if context.store.user(share.user).await?.is_none() {
        // Their account is being deleted.
        return Err(Problem::not_found("share"));
    }
    let post = context.shared_post(&share).await?.ok_or_else(|| Problem::not_found("share"))?;
    let mut response = if wants_json(&headers) {
        Json(post).into_response()
    } else {
        let policy = HeaderValue::try_from(page::policy()).map_err(|error| Problem::ours(&error))?;
        ([(CONTENT_SECURITY_POLICY, policy)], Html(page::page(&post))).into_response()
    };
    response.headers_mut().insert(ROBOTS, HeaderValue::from_static("noindex"));
    response.headers_mut().append(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// Browsers name HTML; a program that wants JSON names that, and no HTML.
fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.contains("json") && !accepted.contains("text/html")
}

impl Context {
    /// The post while it is kept, then the copy of who shares it.
    async fn shared_post(&self, share: &Share) -> Result<Option<SharedPost>, Problem> {
        if let Some(post) = self.store.post(share.post).await? {
            let head = self.store.head(post.source).await?;
            let public = head.filter(|head| head.owner.is_none());
            let (is_public, title) = (public.is_some(), public.and_then(|head| head.title));
            return self.shared_view(post, is_public, title).await.map(Some);
        }
        let copy = self.store.copies(share.user, &[share.post]).await?.pop();
        match copy {
            // Of a private source the copy has no URL.
            Some(copy) => {
                let is_public = copy.source_url.is_some();
                self.shared_view(copy.post, is_public, copy.source_title.filter(|_| is_public)).await.map(Some)
            }
            None => Ok(None),
        }
    }

    /// Of a private source without files: their addresses may carry its subscriber's secret.
    async fn shared_view(
        &self,
        post: Post,
        is_public: bool,
        source_title: Option<String>,
    ) -> Result<SharedPost, Problem> {
        let enclosures = post.enclosures.into_iter().filter(|_| is_public);
        Ok(SharedPost {
            title: post.title,
            url: post.url,
            authors: post.authors,
            published: post.published.to_string(),
            source_title,
            summary: post.summary,
            content: self.content(post.content).await?,
            enclosures: enclosures.map(EnclosureView::from).collect(),
            image: post.image,
        })
    }
}
