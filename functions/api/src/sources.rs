//! Sources: add, list, show, change, delete.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderName, StatusCode};
use axum::response::IntoResponse;
use domain::id::SourceId;
use domain::message::{Announcement, VERSION};
use domain::source::{Head, SourceSettings, SourceState, Target};
use domain::timing::Lane;
use domain::wheel::Slot;
use serde::Deserialize;
use store::{Change, Leaving, Place, Resuming};
use url::Url;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Admin, Viewer};
use crate::context::{Context, Rules};
use crate::conventions::Draws;
use crate::extract::{Body, One, Page, PageQuery};
use crate::making::{DRAWS, Draft, Making};
use crate::problem::Problem;
use crate::subscriptions::is_private;
use crate::view::{SourceView, SourcesPage};

/// Posts, jobs and keys that go at once with a source; maintenance goes on with the rest.
pub(crate) const SWEEP_AT_ONCE: usize = 200;

/// Sources: add, list, show, change, delete.
pub(crate) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(show, change, delete))
}

/// A source to be added.
#[derive(Deserialize, ToSchema)]
#[schema(as = AddSource)]
#[serde(deny_unknown_fields)]
struct Add {
    /// Of the feed: http or https, public.
    url: String,
    /// 20 unless said.
    #[schema(minimum = 1, maximum = 60)]
    #[serde(default)]
    timeout_seconds: Option<u64>,
    /// From the installation's floor on; 60 unless said.
    #[schema(minimum = 15, maximum = 1440)]
    #[serde(default)]
    interval_minutes: Option<u32>,
}

/// What can be set of a source.
#[derive(Deserialize, ToSchema)]
#[schema(as = SourceSettings)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// How long a fetch may take.
    #[schema(minimum = 1, maximum = 60)]
    #[serde(default)]
    timeout_seconds: Option<u64>,
    /// How long to wait between fetches at least.
    #[schema(minimum = 15, maximum = 1440)]
    #[serde(default)]
    interval_minutes: Option<u32>,
}

impl Settings {
    /// These settings over `before`, each within its bounds.
    fn over(&self, before: SourceSettings, rules: &Rules) -> Result<SourceSettings, Problem> {
        let (low, high) = (SourceSettings::MIN_TIMEOUT.as_secs(), SourceSettings::MAX_TIMEOUT.as_secs());
        let timeout = match self.timeout_seconds {
            None => before.timeout,
            Some(seconds) if (low..=high).contains(&seconds) => Duration::from_secs(seconds),
            Some(_) => {
                return Err(Problem::out_of_range(format!("`timeout_seconds` must be {low} to {high}")));
            }
        };
        let (low, high) = (rules.min_interval_minutes, SourceSettings::MAX_INTERVAL_MINUTES);
        let interval_minutes = match self.interval_minutes {
            None => before.interval_minutes,
            Some(minutes) if (low..=high).contains(&minutes) => minutes,
            Some(_) => {
                return Err(Problem::out_of_range(format!("`interval_minutes` must be {low} to {high}")));
            }
        };
        Ok(SourceSettings { timeout, interval_minutes })
    }
}

/// Adds a source and queues its first fetch.
#[utoipa::path(
    post, path = "/v1/sources", tag = "sources", request_body = Add,
    responses(
        (status = 403, description = "`administrators_only`"),
        (status = 201, description = "A new source.", body = SourceView, headers(("Location" = String, description = "Where it is."))),
        (status = 200, description = "The source that has this URL already, active again.", body = SourceView, headers(("Location" = String, description = "Where it is."))),
        (status = 409, description = "`no_free_id`: repeat the request."),
        (status = 422, description = "`bad_url`, `not_public`, `out_of_range`; `looks_private`: who subscribes to it has it for themselves"),
    )
)]
async fn add(
    _: Admin,
    State(context): State<Arc<Context>>,
    mut draws: Draws,
    Body(add): Body<Add>,
) -> Result<impl IntoResponse, Problem> {
    let url = fetch::check_url(&add.url, &context.rules.reach)?;
    if is_private(&url) {
        return Err(Problem::looks_private());
    }
    let wanted = Settings { timeout_seconds: add.timeout_seconds, interval_minutes: add.interval_minutes };
    let settings = wanted.over(context.rules.default_settings(), &context.rules)?;
    let (source, status) = context.create(&url, settings, &mut draws).await?;
    let view = context.source_view(source).await?.ok_or_else(|| Problem::not_found("source"))?;
    Ok((status, [(LOCATION, format!("/v1/sources/{source}"))] as [(HeaderName, String); 1], Json(view)))
}

impl Context {
    /// Makes a source for `url` and queues its first fetch; the one that has this URL already is as good.
    async fn create(
        &self,
        url: &Url,
        settings: SourceSettings,
        draws: &mut Draws,
    ) -> Result<(SourceId, StatusCode), Problem> {
        let known = fetch::normalise(url);
        for _ in 0..DRAWS {
            let id = SourceId::draw(draws);
            if let Some(source) = self.store.find_by_url(&known).await?
                && self.take_up(source).await?
            {
                // An earlier attempt at this very request may have made it.
                return Ok((source, if source == id { StatusCode::CREATED } else { StatusCode::OK }));
            }
            let draft = Draft { id, url, key: &known, settings, reader: None, secrets: None, wait: Duration::ZERO };
            if let Making::Made(new) = self.make(&draft).await? {
                return Ok((new.target.source, StatusCode::CREATED));
            }
        }
        Err(Problem::no_free_id())
    }

    /// Makes sure that a source is polled, since someone wants it; one that was resting or gone is fetched as soon as politeness allows, by the wheel at the latest.
    /// False if it is being deleted: then its URL is free.
    async fn take_up(&self, source: SourceId) -> Result<bool, Problem> {
        match self.store.resume(source, self.now()).await? {
            Resuming::Resumed => {}
            Resuming::Active | Resuming::Final(SourceState::Moved) => return Ok(true),
            Resuming::Final(_) | Resuming::Missing => return Ok(false),
        }
        match self.refresh_source(source).await {
            Ok(_) => Ok(true),
            Err(problem) if problem.is_a_matter_of_time() => Ok(true),
            Err(problem) => Err(problem),
        }
    }

    /// Gives a source the settings that `settle` makes of its head.
    pub(crate) async fn set(
        &self,
        source: SourceId,
        settle: impl Fn(&Head) -> Result<SourceSettings, Problem>,
    ) -> Result<Head, Problem> {
        // Somebody else may change the same source: then what he wrote is the base.
        for _ in 0..DRAWS {
            let Some((head, poll)) = self.store.view(source).await? else {
                return Err(Problem::not_found("source"));
            };
            let settings = settle(&head)?;
            let lane =
                if settings.timeout == head.settings.timeout { poll.target.lane } else { Lane::of(settings.timeout) };
            let slot = Slot::of(source, settings.interval_minutes, self.rules.shards);
            let target = Target { slot, lane, settings, ..poll.target };
            match self.store.change_settings(&head, settings, &target).await? {
                Change::Changed(head) => return Ok(head),
                Change::Conflict => {}
                Change::Missing => return Err(Problem::not_found("source")),
            }
        }
        Err(Problem::conflict("busy", "someone else keeps changing this source; repeat the request"))
    }

    pub(crate) async fn source_view(&self, source: SourceId) -> Result<Option<SourceView>, Problem> {
        let Some(head) = self.store.head(source).await? else {
            return Ok(None);
        };
        Ok(self.source_views(vec![head]).await?.pop())
    }
}

/// All sources that are not being deleted.
#[utoipa::path(
    get, path = "/v1/sources", tag = "sources", params(PageQuery),
    responses(
        (status = 200, description = "A page of sources.", body = SourcesPage),
        (status = 403, description = "`administrators_only`"),
    )
)]
async fn list(_: Admin, State(context): State<Arc<Context>>, page: Page) -> Result<Json<SourcesPage>, Problem> {
    const SCOPE: &str = "sources";
    let after: Option<Place> = page.cursor.map(|cursor| context.cursors.open(SCOPE, &cursor)).transpose()?;
    let (heads, more) = context.store.list(after, page.limit).await?;
    let next = more.map(|place| context.cursors.seal(SCOPE, &place)).transpose()?;
    Ok(Json(SourcesPage { sources: context.source_views(heads).await?, next }))
}

/// One source.
#[utoipa::path(
    get, path = "/v1/sources/{source}", tag = "sources",
    responses((status = 200, description = "The source.", body = SourceView))
)]
async fn show(
    viewer: Viewer,
    State(context): State<Arc<Context>>,
    One(source): One<SourceId>,
) -> Result<Json<SourceView>, Problem> {
    viewer.may_see(&context, source).await?;
    context.source_view(source).await?.map(Json).ok_or_else(|| Problem::not_found("source"))
}

/// Changes the settings of a source.
#[utoipa::path(
    patch, path = "/v1/sources/{source}", tag = "sources", request_body = Settings,
    responses(
        (status = 403, description = "`administrators_only`"),
        (status = 200, description = "The source.", body = SourceView),
        (status = 409, description = "`busy`: repeat the request."),
        (status = 422, description = "`out_of_range`"),
    )
)]
async fn change(
    _: Admin,
    State(context): State<Arc<Context>>,
    One(source): One<SourceId>,
    Body(wanted): Body<Settings>,
) -> Result<Json<SourceView>, Problem> {
    let head = context.set(source, |head| wanted.over(head.settings, &context.rules)).await?;
    let view = context.source_views(vec![head]).await?.pop();
    view.map(Json).ok_or_else(|| Problem::not_found("source"))
}

/// Deletes a source with its jobs and posts; that goes on in the background.
#[utoipa::path(
    delete, path = "/v1/sources/{source}", tag = "sources",
    responses(
        (status = 204, description = "It is gone, or going."),
        (status = 403, description = "`administrators_only`"),
    )
)]
async fn delete(
    _: Admin,
    State(context): State<Arc<Context>>,
    One(source): One<SourceId>,
) -> Result<StatusCode, Problem> {
    let now = context.now();
    let reason = "someone deleted it";
    match context.store.leave(source, SourceState::Deleting, reason, now).await? {
        Leaving::Left { announce } => {
            if let Some((job, from, to)) = announce {
                context.queue.announce(&Announcement { v: VERSION, source, job, from, to }).await?;
            }
        }
        Leaving::Already(_) => {}
        Leaving::Missing => return Err(Problem::not_found("source")),
    }
    // What is left is swept by maintenance, within the hour.
    context.store.sweep(source, now, SWEEP_AT_ONCE).await?;
    Ok(StatusCode::NO_CONTENT)
}
