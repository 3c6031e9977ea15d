//! A person's refresh: a job at once, unless one is in hand, or it would be rude.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::SourceId;
use domain::job::{Finished, Job, Pointer, Queueing, Reason};
use domain::message::new_job;
use domain::source::{SourceState, Target};
use domain::wheel::Earliest;
use store::{Queued, Superseding, Swap};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Viewer;
use crate::context::Context;
use crate::extract::One;
use crate::making::SAFETY_MINUTES;
use crate::next::{earliest_of, sentence};
use crate::problem::Problem;
use crate::view::JobView;

/// How often the pointer may move under us before we give up.
const TRIES: usize = 5;

/// A person's refresh.
pub(crate) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new().routes(routes!(refresh))
}

/// Fetches a source now, if that is polite.
#[utoipa::path(
    post, path = "/v1/sources/{source}/refresh", tag = "sources",
    responses(
        (status = 202, description = "The job that is in hand or was queued.", body = JobView),
        (status = 409, description = "`not_active`: add its URL again to take it up; `busy`: repeat the request."),
        (status = 429, description = "`too_early`: not before `Retry-After`, and why; `too_many_requests`."),
    )
)]
async fn refresh(
    viewer: Viewer,
    State(context): State<Arc<Context>>,
    One(source): One<SourceId>,
) -> Result<(StatusCode, Json<JobView>), Problem> {
    viewer.may_see(&context, source).await?;
    let job = context.refresh_source(source).await?;
    Ok((StatusCode::ACCEPTED, Json(JobView::from(job))))
}

impl Context {
    /// Queues a job for a source, or shows the one that is in hand.
    pub(crate) async fn refresh_source(&self, source: SourceId) -> Result<Job, Problem> {
        let Some((head, poll)) = self.store.view(source).await? else {
            return Err(Problem::not_found("source"));
        };
        if head.state != SourceState::Active {
            let why = head.reason.unwrap_or_else(|| format!("it is {}", head.state.as_str()));
            return Err(Problem::conflict(
                "not_active",
                format!("this source is not polled: {why}; add its URL again to take it up"),
            ));
        }
        for _ in 0..TRIES {
            if let Some(job) = self.try_refresh(&poll.target).await? {
                return Ok(job);
            }
        }
        Err(Problem::conflict("busy", "the dispatcher is at this source right now; repeat the request"))
    }

    /// One attempt; `None` when the pointer moved meanwhile.
    async fn try_refresh(&self, target: &Target) -> Result<Option<Job>, Problem> {
        let (source, now, pace) = (target.source, self.now(), self.rules.pace);
        let looks = self.store.looks(&[source]).await?;
        let Some(look) = looks.get(&source) else {
            return Err(Problem::not_found("source"));
        };
        let (pointer, finished) = (&look.pointer, &look.finished);
        if pointer.is_live(finished.is_some(), now) {
            return Ok(Some(Job::in_hand(source, pointer)));
        }
        let carry = match finished {
            Some(finished) => finished.carry.clone(),
            None => self.carry_of_abandoned(target, pointer).await?,
        };
        // The cool-down is the installation's floor; what the server asked for is never bypassed.
        let floor = pace.span(self.rules.min_interval_minutes);
        let paused = self.store.paused_hosts(now).await?.get(&target.host).copied();
        let Earliest { at: earliest, why, .. } = earliest_of(&carry, floor, paused);
        if earliest > now {
            let detail = format!("not before {earliest}: {}", sentence(why, &carry));
            return Err(Problem::too_early(detail, earliest.until(now)));
        }
        let due = pace.minute_of(now).plus(SAFETY_MINUTES);
        let new = new_job(self.ids.next(now), target, Reason::Refresh, due, now, now, pace);
        self.store.put_due(target.slot.shard, &[(due, source)]).await?;
        // An end that is older than its retention is forgotten: such a job is followed, not failed.
        let ended = finished.is_some() || pointer.may_be_forgotten(now);
        let queued = match pointer.queue(ended, new, now) {
            Queueing::Live(_) => None,
            Queueing::NotActive => return Err(Problem::conflict("not_active", "this source is not polled any more")),
            Queueing::Swap(next) => self.swap(pointer, next, source).await?,
            Queueing::Supersede(next) => self.supersede(target, pointer, next, &carry).await?,
        };
        let Some(queued) = queued else { return Ok(None) };
        self.send_now(target, &queued, carry).await;
        Ok(Some(Job::in_hand(source, &queued)))
    }

    async fn swap(&self, seen: &Pointer, next: Pointer, source: SourceId) -> Result<Option<Pointer>, Problem> {
        let swap = Swap { source, seen: seen.job, next: next.clone() };
        match self.store.queue(&[swap]).await.pop() {
            Some(Queued::Queued) => Ok(Some(next)),
            Some(Queued::Raced(_)) | None => Ok(None),
            Some(Queued::NotActive) => Err(Problem::conflict("not_active", "this source is not polled any more")),
            Some(Queued::Unknown(error)) => Err(error.into()),
        }
    }

    async fn supersede(
        &self,
        target: &Target,
        seen: &Pointer,
        next: Pointer,
        carry: &domain::carry::Carry,
    ) -> Result<Option<Pointer>, Problem> {
        let old = Finished::abandoned(target.source, seen, carry, self.now());
        match self.store.supersede(target.source, seen, &next, &old).await? {
            Superseding::Superseded => Ok(Some(next)),
            Superseding::Raced => Ok(None),
        }
    }

    /// What an abandoned job hands on: the carry it started from, and a GET as late as it could have been.
    async fn carry_of_abandoned(&self, target: &Target, pointer: &Pointer) -> Result<domain::carry::Carry, Problem> {
        let before = match pointer.prev {
            Some(prev) => self.store.finished(target.source, prev).await?,
            None => None,
        };
        let carry = before.map(|finished| finished.carry).unwrap_or_default();
        Ok(carry.with_possible_get(Some(pointer.possible_get_in_any_lane())))
    }
}
