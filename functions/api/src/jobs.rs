//! Jobs: list, show, delete.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::{JobId, SourceId};
use domain::job::Job;
use store::DeleteJob;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Admin, Viewer};
use crate::context::Context;
use crate::extract::{One, Page, PageQuery, Two};
use crate::problem::Problem;
use crate::view::{JobView, JobsPage};

/// Jobs of a source.
pub(crate) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show, delete))
}

/// The jobs of a source, newest first, the one in hand included.
#[utoipa::path(
    get, path = "/v1/sources/{source}/jobs", tag = "jobs", params(PageQuery),
    responses((status = 200, description = "A page of jobs.", body = JobsPage))
)]
async fn list(
    viewer: Viewer,
    State(context): State<Arc<Context>>,
    One(source): One<SourceId>,
    page: Page,
) -> Result<Json<JobsPage>, Problem> {
    viewer.may_see(&context, source).await?;
    let scope = format!("jobs {source}");
    let before: Option<JobId> = page.cursor.map(|cursor| context.cursors.open(&scope, &cursor)).transpose()?;
    let mut jobs = Vec::new();
    if before.is_none() {
        // The one in hand comes first; it has no end yet, so the history does not hold it.
        let Some((pointer, _)) = context.store.latest(source).await? else {
            return Err(Problem::not_found("source"));
        };
        if context.store.finished(source, pointer.job).await?.is_none() {
            jobs.push(Job::in_hand(source, &pointer));
        }
    }
    let room = page.limit - jobs.len();
    let history = if room == 0 { Vec::new() } else { context.store.history(source, before, room).await? };
    let last = history.last().map(|finished| finished.job);
    let more = history.len() == room && room > 0;
    jobs.extend(history.into_iter().map(Job::from));
    let after = match (more, last) {
        (true, last) => last,
        // A page of one that the job in hand filled: its history starts right before it.
        (false, None) if room == 0 => jobs.last().map(|job| job.id),
        (false, _) => None,
    };
    let next = after.map(|job| context.cursors.seal(&scope, &job)).transpose()?;
    Ok(Json(JobsPage { jobs: jobs.into_iter().map(JobView::from).collect(), next }))
}

/// One job.
#[utoipa::path(
    get, path = "/v1/sources/{source}/jobs/{job}", tag = "jobs",
    responses((status = 200, description = "The job.", body = JobView))
)]
async fn show(
    viewer: Viewer,
    State(context): State<Arc<Context>>,
    Two(source, job): Two<SourceId, JobId>,
) -> Result<Json<JobView>, Problem> {
    viewer.may_see(&context, source).await?;
    let job = match context.store.look_strongly(source, job).await? {
        (_, Some(finished)) => Job::from(finished),
        (Some(pointer), None) if pointer.job == job => Job::in_hand(source, &pointer),
        _ => return Err(Problem::not_found("job")),
    };
    Ok(Json(JobView::from(job)))
}

/// Deletes a job that ended, except the latest.
#[utoipa::path(
    delete, path = "/v1/sources/{source}/jobs/{job}", tag = "jobs",
    responses(
        (status = 204, description = "It is gone."),
        (status = 403, description = "`administrators_only`"),
        (status = 409, description = "`job_live`, `job_latest`"),
    )
)]
async fn delete(
    _: Admin,
    State(context): State<Arc<Context>>,
    Two(source, job): Two<SourceId, JobId>,
) -> Result<StatusCode, Problem> {
    match context.store.delete_job(source, job).await? {
        DeleteJob::Deleted => Ok(StatusCode::NO_CONTENT),
        DeleteJob::Missing => Err(Problem::not_found("job")),
        DeleteJob::Live => {
            Err(Problem::conflict("job_live", "this job has not ended; only finished jobs can be deleted"))
        }
        DeleteJob::Latest => {
            let detail = "this is the latest job: the next one starts from what it knows, so it cannot be deleted";
            Err(Problem::conflict("job_latest", detail))
        }
    }
}
