//! How polling goes, for administrators: computed from the jobs that there are, within a fixed number of reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use boot::logs::causes;
use domain::id::SourceId;
use domain::job::{Ending, Finished};
use domain::source::{Head, SourceState};
use domain::timing::Lane;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Admin;
use crate::context::Context;
use crate::conventions::schema::{Instant, ShortId};
use crate::extract::One;
use crate::problem::Problem;

/// Sources of one page.
const PAGE: usize = 100;
/// Pages that one answer looks at: four reads each.
const PAGES: usize = 10;
/// Jobs of one source that count: one read.
const JOBS: usize = 200;

/// Figures.
pub(crate) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new().routes(routes!(overall)).routes(routes!(of_source))
}

/// How an installation polls.
#[derive(Serialize, ToSchema)]
#[schema(as = Stats)]
struct Overall {
    /// Sources that were looked at: a thousand at the most.
    sources: usize,
    /// Whether those are all.
    complete: bool,
    /// How many are in which state.
    states: BTreeMap<&'static str, usize>,
    /// Posts that they ever had.
    posts: u64,
    /// Jobs that are queued or under way.
    in_hand: usize,
    /// Messages that wait for a fetcher.
    backlog: Backlog,
    /// The last finished job of each.
    jobs: JobStats,
}

/// Messages that wait, delayed ones and those under way included; `null` where the queue does not say.
#[derive(Serialize, ToSchema)]
struct Backlog {
    fetch: Option<u64>,
    fetch_slow: Option<u64>,
}

/// How one source is polled.
#[derive(Serialize, ToSchema)]
#[schema(as = SourceStats)]
struct OfSource {
    #[schema(value_type = ShortId)]
    source: SourceId,
    /// When the oldest of the jobs ended.
    #[schema(value_type = Option<Instant>)]
    since: Option<String>,
    /// Its last finished jobs: two hundred at the most.
    jobs: JobStats,
}

/// What some finished jobs come to.
#[derive(Default, Serialize, ToSchema)]
struct JobStats {
    finished: usize,
    completed: usize,
    failed: usize,
    /// The share that completed; `null` if none has finished.
    success_rate: Option<f64>,
    /// Half of the fetches took no longer, in milliseconds.
    fetch_ms_p50: Option<u64>,
    /// Nineteen of twenty took no longer.
    fetch_ms_p95: Option<u64>,
    posts: u64,
    posts_per_job: Option<f64>,
    edits: u64,
    bytes: u64,
    /// Failures by code.
    errors: BTreeMap<&'static str, usize>,
}

impl JobStats {
    fn of(jobs: &[Finished]) -> Self {
        let mut stats = Self { finished: jobs.len(), ..Self::default() };
        let mut times = Vec::with_capacity(jobs.len());
        for job in jobs {
            stats.bytes += job.bytes;
            match &job.ending {
                Ending::Completed { posts_count, edits_count, .. } => {
                    stats.completed += 1;
                    stats.posts += u64::from(*posts_count);
                    stats.edits += u64::from(*edits_count);
                }
                Ending::Failed(failure) => {
                    stats.failed += 1;
                    *stats.errors.entry(failure.code.as_str()).or_default() += 1;
                }
            }
            // What was never fetched took no time.
            times.extend(job.started_at.map(|started| job.ended_at.since(started)));
        }
        times.sort_unstable();
        let time =
            |percent| percentile(times.len(), percent).and_then(|at| u64::try_from(times.get(at)?.as_millis()).ok());
        (stats.fetch_ms_p50, stats.fetch_ms_p95) = (time(50), time(95));
        stats.success_rate = share(stats.completed as u64, jobs.len());
        stats.posts_per_job = share(stats.posts, jobs.len());
        stats
    }
}

/// Where a percentile stands among so many sorted values (nearest rank).
fn percentile(count: usize, percent: usize) -> Option<usize> {
    (count * percent).div_ceil(100).checked_sub(1)
}

/// `part` of `whole`, to four digits.
#[expect(clippy::cast_precision_loss, reason = "no count here comes near what a float cannot tell")]
fn share(part: u64, whole: usize) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64 * 10_000.0).round() / 10_000.0)
}

/// How polling goes: the last finished job of up to a thousand sources, and what waits. For administrators.
#[utoipa::path(
    get, path = "/v1/stats", tag = "stats",
    responses((status = 200, description = "Figures over all sources.", body = Overall))
)]
async fn overall(_: Admin, State(context): State<Arc<Context>>) -> Result<Json<Overall>, Problem> {
    let (mut heads, mut jobs, mut in_hand, mut after) = (Vec::<Head>::new(), Vec::new(), 0, None);
    let mut complete = false;
    for _ in 0..PAGES {
        let (page, next) = context.store.list(after, PAGE).await?;
        let sources: Vec<SourceId> = page.iter().map(|head| head.source).collect();
        for look in context.store.looks(&sources).await?.into_values() {
            in_hand += usize::from(look.finished.is_none() && !look.pointer.closed);
            jobs.extend(look.finished);
        }
        heads.extend(page);
        after = next;
        complete = after.is_none();
        if complete {
            break;
        }
    }
    let mut states = BTreeMap::new();
    for head in &heads {
        *states.entry(SourceState::as_str(head.state)).or_default() += 1;
    }
    Ok(Json(Overall {
        sources: heads.len(),
        complete,
        states,
        posts: heads.iter().map(|head| head.post_count.get()).sum(),
        in_hand,
        backlog: Backlog { fetch: context.depth(Lane::Fast).await, fetch_slow: context.depth(Lane::Slow).await },
        jobs: JobStats::of(&jobs),
    }))
}

/// How one source is polled: its last finished jobs. For administrators.
#[utoipa::path(
    get, path = "/v1/sources/{source}/stats", tag = "stats",
    responses((status = 200, description = "Figures of one source.", body = OfSource))
)]
async fn of_source(
    _: Admin,
    State(context): State<Arc<Context>>,
    One(source): One<SourceId>,
) -> Result<Json<OfSource>, Problem> {
    let jobs = context.store.history(source, None, JOBS).await?;
    if jobs.is_empty() && context.store.head(source).await?.is_none() {
        return Err(Problem::not_found("source"));
    }
    let since = jobs.last().map(|job| job.ended_at.to_string());
    Ok(Json(OfSource { source, since, jobs: JobStats::of(&jobs) }))
}

impl Context {
    /// How much waits in a lane; a queue that does not say keeps nothing else from being told.
    async fn depth(&self, lane: Lane) -> Option<u64> {
        let told = self.queue.depth(lane).await;
        told.inspect_err(|error| tracing::warn!(error = causes(error), "the depth of a queue is unknown")).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_the_nearest_rank() {
        for (count, percent, at) in [
            (0, 50, None),
            (1, 50, Some(0)),
            (1, 95, Some(0)),
            (2, 50, Some(0)),
            (20, 50, Some(9)),
            (20, 95, Some(18)),
            (100, 95, Some(94)),
            (101, 95, Some(95)),
        ] {
            assert_eq!(percentile(count, percent), at, "{percent} % of {count}");
        }
    }

    #[test]
    fn shares_of_nothing_are_unknown() {
        assert_eq!((share(0, 0), share(1, 3), share(4, 2)), (None, Some(0.3333), Some(2.0)));
    }
}
