//! Posts of a person: listed, marked, counted.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::{FolderId, PostId, PostNumber, SourceId, UserId};
use domain::reading::{Order, Status};
use domain::time::Timestamp;
use store::Flag;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::labels::name;
use super::mark::Marking;
use super::selection::{Scope, Selection, UNDER_WAY, seen_at};
use super::view::{CountsView, MarkAllBody, MarkWord, MarksBody, OrderWord, PostsQuery, SourceCount, StatusWord};
use crate::MAX_ANSWER_BYTES;
use crate::access::Person;
use crate::context::Context;
use crate::extract::{Body, Queried};
use crate::problem::Problem;
use crate::view::{PostView, PostsPage};

/// The most posts that are marked at once.
const MAX_MARKS: usize = 1_000;
/// Times are told in these.
const MILLISECOND: Duration = Duration::from_millis(1);

pub(super) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(mark)).routes(routes!(mark_all)).routes(routes!(counts))
}

/// Your posts: of your subscriptions, or those with your star or label.
#[utoipa::path(
    get, path = "/v1/posts", tag = "reading", params(PostsQuery),
    responses(
        (status = 200, description = "A page of posts. It may hold fewer than `limit`, even none: while there is `next`, there is more.", body = PostsPage),
        (status = 422, description = "`bad_label`"),
    )
)]
async fn list(
    person: Person,
    State(context): State<Arc<Context>>,
    Queried(query): Queried<PostsQuery>,
) -> Result<Json<PostsPage>, Problem> {
    let limit = match query.limit.unwrap_or(50) {
        limit @ 1..=200 => limit,
        _ => return Err(Problem::bad_query("`limit` must be 1 to 200")),
    };
    let selection = query.selection()?;
    context.check_scope(person.user, &selection.scope).await?;
    let (mut posts, mut bytes, mut failed) = (Vec::with_capacity(limit), 0, None);
    let with_content = query.content.unwrap_or(true);
    let next = context
        .page(person.user, &selection, query.cursor.as_deref(), limit, |entry| {
            let html = entry.html.filter(|_| with_content);
            let view = PostView::new(context.face.hide(entry.post.number), entry.post, html);
            match view.read_by(entry.read, &entry.flags).json() {
                Ok(post) => {
                    bytes += post.get().len() + 1;
                    let fits = bytes <= MAX_ANSWER_BYTES || posts.is_empty();
                    posts.extend(fits.then_some(post));
                    fits
                }
                Err(problem) => {
                    failed = Some(problem);
                    false
                }
            }
        })
        .await?;
    failed.map_or(Ok(Json(PostsPage { posts, next })), Err)
}

impl PostsQuery {
    fn selection(&self) -> Result<Selection, Problem> {
        let kept = match (&self.label, self.starred) {
            (Some(_), true) => return Err(Problem::bad_query("ask for `starred` or for a `label`, not for both")),
            (Some(label), false) => Some(Flag::Label(name(label)?)),
            (None, starred) => starred.then_some(Flag::Star),
        };
        Ok(Selection {
            scope: scope(self.source, self.folder)?,
            kept,
            status: match self.status {
                StatusWord::Unread => Status::Unread,
                StatusWord::Read => Status::Read,
                StatusWord::All => Status::All,
            },
            order: match self.order {
                OrderWord::Newest => Order::NewestFirst,
                OrderWord::Oldest => Order::OldestFirst,
            },
            above: self.since.as_deref().map(time).transpose()?.and_then(|since| last_before(since - UNDER_WAY)),
            below: self.before.as_deref().map(time).transpose()?.and_then(PostNumber::first_at),
        })
    }
}

/// Marks up to 1,000 posts.
#[utoipa::path(
    post, path = "/v1/posts/marks", tag = "reading", request_body = MarksBody,
    responses(
        (status = 204, description = "They are marked; the same again changes nothing."),
        (status = 409, description = "`too_many_labels`"),
        (status = 422, description = "`out_of_range`: no posts, or too many; `bad_label`."),
    )
)]
async fn mark(
    person: Person,
    State(context): State<Arc<Context>>,
    Body(body): Body<MarksBody>,
) -> Result<StatusCode, Problem> {
    if !(1..=MAX_MARKS).contains(&body.posts.len()) {
        return Err(Problem::out_of_range(format!("`posts` must be 1 to {MAX_MARKS} ids")));
    }
    let marking = body.marking()?;
    let mut numbers: Vec<PostNumber> = body.posts.iter().map(|post| context.face.reveal(*post)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    context.mark(person.user, &numbers, &marking).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl MarksBody {
    fn marking(&self) -> Result<Marking, Problem> {
        let label = || match &self.label {
            Some(label) => name(label).map(Flag::Label),
            None => Err(Problem::bad_body("`label` and `unlabel` take the name of a label in `label`")),
        };
        let marking = match self.mark {
            MarkWord::Label => return label().map(Marking::Keep),
            MarkWord::Unlabel => return label().map(Marking::Drop),
            MarkWord::Read => Marking::Read,
            MarkWord::Unread => Marking::Unread,
            MarkWord::Star => Marking::Keep(Flag::Star),
            MarkWord::Unstar => Marking::Drop(Flag::Star),
        };
        match self.label {
            None => Ok(marking),
            Some(_) => Err(Problem::bad_body("only `label` and `unlabel` take a `label`")),
        }
    }
}

/// Marks all posts up to one, or up to a time, read.
#[utoipa::path(
    post, path = "/v1/posts/mark-all", tag = "reading", request_body = MarkAllBody,
    responses((status = 204, description = "They are read; what arrived later is as it was."))
)]
async fn mark_all(
    person: Person,
    State(context): State<Arc<Context>>,
    Body(body): Body<MarkAllBody>,
) -> Result<StatusCode, Problem> {
    let through = match (body.through, &body.before) {
        (Some(post), None) => Some(context.number_of(person.user, post).await?),
        (None, Some(before)) => seen_at(time(before)? - MILLISECOND, context.now()),
        _ => return Err(Problem::bad_body("say up to where: `through` a post or `before` a time, one of the two")),
    };
    let scope = scope(body.source, body.folder)?;
    context.check_scope(person.user, &scope).await?;
    if let Some(through) = through {
        context.mark_all(person.user, &Selection { scope, ..Selection::everything() }, through).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// How many posts are unread.
#[utoipa::path(get, path = "/v1/counts", tag = "reading", responses((status = 200, description = "Unread posts.", body = CountsView)))]
async fn counts(person: Person, State(context): State<Arc<Context>>) -> Result<Json<CountsView>, Problem> {
    let counts = context.counts(person.user).await?;
    let source = |count: &super::Count| SourceCount {
        source: count.subscription.source,
        unread: count.unread,
        newest_at: count.newest.map(|newest| newest.minted_at().to_string()),
    };
    Ok(Json(CountsView {
        unread: counts.iter().map(|count| count.unread).sum(),
        sources: counts.iter().map(source).collect(),
    }))
}

impl Context {
    /// Refuses a source that the person does not subscribe to, with the words for one that does not exist; so a folder.
    async fn check_scope(&self, user: UserId, scope: &Scope) -> Result<(), Problem> {
        match scope {
            Scope::Everything => Ok(()),
            Scope::Sources(_) if self.within(user, scope).await?.is_empty() => Err(Problem::not_found("source")),
            Scope::Folder(folder) if self.store.folders(user).await?.get(*folder).is_none() => {
                Err(Problem::not_found("folder"))
            }
            Scope::Sources(_) | Scope::Folder(_) => Ok(()),
        }
    }

    /// The number of a post that the person can see.
    async fn number_of(&self, user: UserId, post: PostId) -> Result<PostNumber, Problem> {
        let number = self.face.reveal(post);
        let seen = self.entries(user, &[number]).await?;
        if seen.is_empty() { Err(Problem::not_found("post")) } else { Ok(number) }
    }
}

fn scope(source: Option<SourceId>, folder: Option<FolderId>) -> Result<Scope, Problem> {
    match (source, folder) {
        (None, None) => Ok(Scope::Everything),
        (Some(source), None) => Ok(Scope::Sources(vec![source])),
        (None, Some(folder)) => Ok(Scope::Folder(folder)),
        (Some(_), Some(_)) => Err(Problem::bad_query("ask for a `source` or for a `folder`, not for both")),
    }
}

fn time(text: &str) -> Result<Timestamp, Problem> {
    text.parse().map_err(|_| Problem::bad_query("a time is RFC 3339, for example 2026-01-31T12:00:00Z"))
}

/// The highest number of what arrived before `at`; `None` if nothing can have.
fn last_before(at: Timestamp) -> Option<PostNumber> {
    PostNumber::last_at(at - MILLISECOND)
}
