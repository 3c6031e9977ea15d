//! Subscriptions over REST.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use domain::id::{FolderId, SourceId, UserId};
use domain::private::{BadLogin, Hidden, Login};
use serde::Deserialize;
use utoipa::ToSchema;

use super::address::Address;
use super::change::{Edit, title};
use super::shelf::{Shelf, Shelved};
use super::subscribe::{Outcome, Wish};
use super::view::{FoundFeeds, SubscriptionView, SubscriptionsPage};
use crate::access::Person;
use crate::context::Context;
use crate::conventions::Draws;
use crate::conventions::schema::ShortId;
use crate::extract::{Body, One, Page, PageQuery, said};
use crate::problem::Problem;

/// What a private feed is asked with. Never shown again.
#[derive(Deserialize, ToSchema)]
#[schema(as = FeedCredentials)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Credentials {
    /// User name and password.
    Basic {
        #[schema(value_type = String)]
        user: Hidden,
        #[schema(value_type = String)]
        password: Hidden,
    },
    /// A token.
    #[schema(value_type = String)]
    Bearer(Hidden),
    /// A header of the publisher's own.
    Header {
        name: String,
        #[schema(value_type = String)]
        value: Hidden,
    },
}

impl TryFrom<Credentials> for Login {
    type Error = BadLogin;

    fn try_from(credentials: Credentials) -> Result<Self, BadLogin> {
        match credentials {
            Credentials::Basic { user, password } => Self::basic(user, password),
            Credentials::Bearer(token) => Self::bearer(token),
            Credentials::Header { name, value } => Self::header(&name, value),
        }
    }
}

/// What to subscribe to.
#[derive(Deserialize, ToSchema)]
#[schema(as = Subscribe)]
#[serde(deny_unknown_fields)]
pub(super) struct Subscribe {
    /// A feed's address, or a site's. With a user name and password in it, or if it looks secret, it is private.
    url: String,
    /// What to call it.
    #[serde(default)]
    title: Option<String>,
    /// Ids of folders to keep it in.
    #[schema(value_type = Vec<ShortId>)]
    #[serde(default)]
    folders: Vec<String>,
    /// How often it is polled at most.
    #[schema(minimum = 15, maximum = 1440)]
    #[serde(default)]
    interval_minutes: Option<u32>,
    /// What it is asked with: then it is private.
    #[serde(default)]
    credentials: Option<Credentials>,
    /// False if the address is a feed's for sure: then it is not asked before it is added. True unless said.
    #[serde(default)]
    discover: Option<bool>,
}

/// What to change of a subscription; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[schema(as = ChangeSubscription)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// What to call it; null for what it calls itself.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "said")]
    title: Option<Option<String>>,
    /// Ids of all folders to keep it in.
    #[schema(value_type = Option<Vec<ShortId>>)]
    #[serde(default)]
    folders: Option<Vec<String>>,
    /// How often it is polled at most. More seldom is for who reads it alone.
    #[schema(minimum = 15, maximum = 1440)]
    #[serde(default)]
    interval_minutes: Option<u32>,
    /// What a private source is asked with from now on; null for its address alone.
    #[schema(value_type = Option<Credentials>)]
    #[serde(default, deserialize_with = "said")]
    credentials: Option<Option<Credentials>>,
}

/// Where to look for feeds.
#[derive(Deserialize, ToSchema)]
#[schema(as = Discover)]
#[serde(deny_unknown_fields)]
pub(super) struct Discover {
    /// Of a site, or of a feed.
    url: String,
}

fn folder_ids(written: &[String]) -> Result<Vec<FolderId>, Problem> {
    Ok(written.iter().map(|id| id.parse()).collect::<Result<_, _>>()?)
}

/// One's subscriptions.
#[utoipa::path(
    get, path = "/v1/subscriptions", tag = "subscriptions", params(PageQuery),
    responses((status = 200, description = "A page of subscriptions.", body = SubscriptionsPage))
)]
pub(super) async fn list(
    person: Person,
    State(context): State<Arc<Context>>,
    page: Page,
) -> Result<Json<SubscriptionsPage>, Problem> {
    let scope = format!("subscriptions {}", person.user);
    let after: Option<SourceId> = page.cursor.map(|cursor| context.cursors.open(&scope, &cursor)).transpose()?;
    let mut all = context.store.subscriptions(person.user).await?;
    all.sort_by_key(|subscription| subscription.source);
    all.retain(|subscription| after.is_none_or(|after| subscription.source > after));
    let more = all.len() > page.limit;
    all.truncate(page.limit);
    let last = all.last().map(|last| last.source).filter(|_| more);
    let next = last.map(|last| context.cursors.seal(&scope, &last)).transpose()?;
    let list = context.shelved(all).await?;
    let subscriptions = context.views(person.user, list).await?;
    Ok(Json(SubscriptionsPage { subscriptions, next }))
}

/// Subscribes to a feed, or to the feed of a site.
#[utoipa::path(
    post, path = "/v1/subscriptions", tag = "subscriptions", request_body = Subscribe,
    responses(
        (status = 201, description = "Subscribed; the first fetch of a new source is queued.", body = SubscriptionView, headers(("Location" = String, description = "Where it is."))),
        (status = 200, description = "Subscribed before; it is as it was.", body = SubscriptionView, headers(("Location" = String, description = "Where it is."))),
        (status = 300, description = "The site has several feeds: repeat the request with the address of one.", body = FoundFeeds),
        (status = 404, description = "`not_found`: no such folder."),
        (status = 409, description = "`too_many_subscriptions`, `too_many_on_host`; `busy`: repeat the request."),
        (status = 422, description = "`no_feed`: there is no feed to be found there. `origin_refused`, `bad_url`, `not_public`, `dns`, `connect`, `tls`, `timeout`, `protocol`, `redirects`, `too_large`: the site cannot be asked. `bad_credentials`, `out_of_range`"),
    )
)]
pub(super) async fn subscribe(
    person: Person,
    State(context): State<Arc<Context>>,
    mut draws: Draws,
    Body(body): Body<Subscribe>,
) -> Result<Response, Problem> {
    let folders = folder_ids(&body.folders)?;
    context.check_folders(person.user, &folders).await?;
    let login = body.credentials.map(Login::try_from).transpose()?;
    let wish = Wish {
        address: Address::read(&body.url, login, &context.rules.reach)?,
        title: title(body.title.as_deref())?,
        folders,
        interval_minutes: body.interval_minutes,
        unread: context.unread_on_subscribe(person.user).await?,
        discover: body.discover.unwrap_or(true),
    };
    let mut quota = context.quota(person.user, 1).await?;
    let (status, subscription) = match context.subscribe(person.user, &wish, &mut quota, &mut draws).await? {
        Outcome::New(subscription) => (StatusCode::CREATED, subscription),
        Outcome::Known(subscription) => (StatusCode::OK, subscription),
        Outcome::Choices(found) => {
            return Ok((StatusCode::MULTIPLE_CHOICES, Json(FoundFeeds::from(found))).into_response());
        }
    };
    let view = context.view_of(person.user, subscription.source).await?;
    let place = format!("/v1/subscriptions/{}", subscription.source);
    Ok((status, [(LOCATION, place)], Json(view)).into_response())
}

/// One subscription.
#[utoipa::path(
    get, path = "/v1/subscriptions/{source}", tag = "subscriptions",
    responses((status = 200, description = "The subscription.", body = SubscriptionView))
)]
pub(super) async fn show(
    person: Person,
    State(context): State<Arc<Context>>,
    One(source): One<SourceId>,
) -> Result<Json<SubscriptionView>, Problem> {
    context.view_of(person.user, source).await.map(Json)
}

/// Changes title, folders, interval or credentials.
#[utoipa::path(
    patch, path = "/v1/subscriptions/{source}", tag = "subscriptions", request_body = Change,
    responses(
        (status = 200, description = "The subscription.", body = SubscriptionView),
        (status = 409, description = "`shared_source`: others subscribe too, so it cannot be polled more seldom. `not_private`: it is shared, and asked without credentials. `busy`: repeat the request."),
        (status = 422, description = "`out_of_range`, `bad_credentials`"),
    )
)]
pub(super) async fn change(
    person: Person,
    State(context): State<Arc<Context>>,
    One(source): One<SourceId>,
    Body(body): Body<Change>,
) -> Result<Json<SubscriptionView>, Problem> {
    // Everything is judged before anything is done.
    let folders = body.folders.as_deref().map(folder_ids).transpose()?;
    let written = body.title.map(|written| title(written.as_deref())).transpose()?;
    let login = body.credentials.map(|said| said.map(Login::try_from).transpose()).transpose()?;
    context.shelved_one(person.user, source).await?;
    context.check_folders(person.user, folders.as_deref().unwrap_or_default()).await?;
    if let Some(minutes) = body.interval_minutes {
        context.change_interval(source, minutes).await?;
    }
    if let Some(login) = login {
        context.change_login(source, login).await?;
    }
    context.change(person.user, source, &Edit { title: written, folders, ..Edit::default() }).await?;
    context.view_of(person.user, source).await.map(Json)
}

/// Unsubscribes.
#[utoipa::path(
    delete, path = "/v1/subscriptions/{source}", tag = "subscriptions",
    responses((status = 204, description = "Not subscribed any more. A private source is deleted with it."))
)]
pub(super) async fn unsubscribe(
    person: Person,
    State(context): State<Arc<Context>>,
    One(source): One<SourceId>,
) -> Result<StatusCode, Problem> {
    context.unsubscribe(person.user, source).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Looks for the feeds of a site.
#[utoipa::path(
    post, path = "/v1/discover", tag = "subscriptions", request_body = Discover,
    responses(
        (status = 200, description = "The feeds that were found; perhaps none.", body = FoundFeeds),
        (status = 409, description = "`busy`: the site is being asked right now; repeat the request."),
        (status = 422, description = "`looks_private`: subscribe to it directly. `origin_refused`, `bad_url`, `not_public`, `dns`, `connect`, `tls`, `timeout`, `protocol`, `redirects`, `too_large`: the site cannot be asked."),
    )
)]
pub(super) async fn discover(
    person: Person,
    State(context): State<Arc<Context>>,
    Body(body): Body<Discover>,
) -> Result<Json<FoundFeeds>, Problem> {
    let address = Address::read(&body.url, None, &context.rules.reach)?;
    // What is found is shown, and this is not to be shown.
    if address.secrets().is_some() {
        return Err(Problem::looks_private());
    }
    Ok(Json(FoundFeeds::from(context.discover(person.user, &address.url()?).await?)))
}

impl Context {
    async fn view_of(&self, user: UserId, source: SourceId) -> Result<SubscriptionView, Problem> {
        let shelved = self.shelved_one(user, source).await?;
        self.views(user, vec![shelved]).await?.pop().ok_or_else(|| Problem::not_found("subscription"))
    }

    /// What `user` sees of some subscriptions, their jobs included.
    async fn views(&self, user: UserId, list: Vec<Shelved>) -> Result<Vec<SubscriptionView>, Problem> {
        let heads = list.iter().filter_map(|shelved| shelved.head.clone()).collect();
        let mut sources = self.source_views(heads).await?.into_iter().peekable();
        let shelf = Shelf { folders: self.store.folders(user).await?, list };
        let view = |shelved: &Shelved| {
            let source = sources.next_if(|source| source.is(shelved.source()));
            SubscriptionView::new(&shelf, shelved, source)
        };
        Ok(shelf.list.iter().map(view).collect())
    }
}
