//! Shares: a post by a link of one's own making, until it is taken back.
//!
//! Who has the link sees that one post and nothing else: not who shares it, not what else they read, not where a private source is.

mod page;
mod shown;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse as _, Response};
use domain::id::{PostId, PostNumber, ShareId, UserId};
use domain::share::Share;
use serde::{Deserialize, Serialize};
use store::{Patience, Sharing};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Person;
use crate::context::Context;
use crate::conventions::Draws;
use crate::conventions::schema::{Cursor, Instant, ShortId};
use crate::extract::{Body, One};
use crate::making::DRAWS;
use crate::problem::Problem;

/// Shares of posts, and the posts behind their links.
pub(crate) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new().routes(routes!(list, share)).routes(routes!(unshare)).routes(routes!(shown::show))
}

/// What to share.
#[derive(Deserialize, ToSchema)]
#[schema(as = SharePost)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// A post that one can read.
    #[schema(value_type = ShortId)]
    post: String,
}

/// A shared post.
#[derive(Serialize, ToSchema)]
#[schema(as = Share)]
struct ShareView {
    #[schema(value_type = ShortId)]
    id: ShareId,
    #[schema(value_type = ShortId)]
    post: PostId,
    /// Path of the page that shows it, on this server. Whoever has it sees the post.
    link: String,
    #[schema(value_type = Instant)]
    created_at: String,
}

/// All that one shares.
#[derive(Serialize, ToSchema)]
struct SharesPage {
    shares: Vec<ShareView>,
    /// Always null: there are at most a thousand, on one page.
    #[schema(value_type = Option<Cursor>)]
    next: Option<String>,
}

/// What this person shares.
#[utoipa::path(
    get, path = "/v1/shares", tag = "shares",
    responses((status = 200, description = "All shares, with their links.", body = SharesPage))
)]
async fn list(person: Person, State(context): State<Arc<Context>>) -> Result<Json<SharesPage>, Problem> {
    let shares = context.store.shares(person.user).await?;
    Ok(Json(SharesPage { shares: shares.iter().map(|share| context.share_view(share)).collect(), next: None }))
}

/// Shares a post by a link. A post that is shared already keeps its link.
#[utoipa::path(
    post, path = "/v1/shares", tag = "shares", request_body = Wanted,
    responses(
        (status = 201, description = "A new share.", body = ShareView, headers(("Location" = String, description = "The page that shows the post."))),
        (status = 200, description = "The share that is there already.", body = ShareView, headers(("Location" = String, description = "The page that shows the post."))),
        (status = 404, description = "There is no such post, or it is not for you."),
        (status = 409, description = "`too_many_shares`: take one back first; `no_free_id`: repeat the request."),
    )
)]
async fn share(
    person: Person,
    State(context): State<Arc<Context>>,
    mut draws: Draws,
    Body(wanted): Body<Wanted>,
) -> Result<Response, Problem> {
    let post = context.face.reveal(wanted.post.parse::<PostId>()?);
    if !context.may_read(person.user, post).await? {
        return Err(Problem::not_found("post"));
    }
    let (share, is_new) = context.share(person.user, post, &mut draws).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let view = context.share_view(&share);
    Ok((status, [(LOCATION, view.link.clone())], Json(view)).into_response())
}

/// Takes a link back: it shows nothing any more.
#[utoipa::path(
    delete, path = "/v1/shares/{share}", tag = "shares",
    responses((status = 204, description = "It is no share any more."))
)]
async fn unshare(
    person: Person,
    State(context): State<Arc<Context>>,
    One(share): One<ShareId>,
) -> Result<StatusCode, Problem> {
    let found = context.store.shared(share).await?.filter(|share| share.user == person.user);
    let share = found.ok_or_else(|| Problem::not_found("share"))?;
    match context.store.unshare(share.user, share.post, share.id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("share")),
    }
}

impl Context {
    /// Whether `user` can read a post: as a subscriber of its source, or because they keep a copy.
    async fn may_read(&self, user: UserId, post: PostNumber) -> Result<bool, Problem> {
        if let Some(post) = self.store.post(post).await?
            && self.store.subscription(user, post.source).await?.is_some()
        {
            return Ok(true);
        }
        Ok(self.store.keeps(user, post).await?)
    }

    /// The share of `post` by `user`, and whether this request made it.
    async fn share(&self, user: UserId, post: PostNumber, draws: &mut Draws) -> Result<(Share, bool), Problem> {
        let (mut id, mut drawn, mut patience) = (ShareId::draw(draws), 1, Patience::new());
        while drawn <= DRAWS {
            let turn = self.store.turn(user).await?;
            let there = self.store.shares(user).await?;
            if let Some(share) = there.iter().find(|share| share.post == post) {
                // An earlier attempt at this very request may have made it.
                return Ok((share.clone(), share.id == id));
            }
            if there.len() >= Share::MOST {
                let detail = format!("there can be {} shares: take one back first", Share::MOST);
                return Err(Problem::conflict("too_many_shares", detail));
            }
            let new = Share { id, user, post, created_at: self.now() };
            match self.store.share(&new, Some(turn)).await? {
                Sharing::Shared(share) => {
                    let is_new = share.id == id;
                    return Ok((share, is_new));
                }
                Sharing::Taken => (id, drawn) = (ShareId::draw(draws), drawn + 1),
                Sharing::NoUser => return Err(Problem::not_signed_in()),
                Sharing::Overtaken => patience.wait_or("sharing a post").await?,
            }
        }
        Err(Problem::no_free_id())
    }

    fn share_view(&self, share: &Share) -> ShareView {
        ShareView {
            id: share.id,
            post: self.face.hide(share.post),
            link: format!("/p/{}", self.links.to(share.id)),
            created_at: share.created_at.to_string(),
        }
    }
}
