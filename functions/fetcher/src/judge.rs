//! Deliveries that are not fresh, and attempts that found the store other than they thought: read strongly, then judged.

use boot::logs::causes;
use domain::failure::ErrorCode;
use domain::job::{Finished, Pointer};
use domain::message::Announcement;
use domain::time::Timestamp;
use domain::triage::{self, Action};
use store::Finish;

use crate::Context;
use crate::close::{is_gone, leave};
use crate::delivery::Delivery;
use crate::ending::unworked;
use crate::mark::Refused;
use crate::verdict::Verdict;

/// What a look at the store says.
#[derive(Debug)]
pub(crate) enum Judgement {
    /// There is nothing to work on.
    Over(Verdict),
    /// Someone has to work on it; so many died of it already.
    Work {
        /// Deaths alone.
        deaths: u8,
    },
}

/// Looks and judges; acts, where no GET is needed for it.
pub(crate) async fn judge(ctx: &Context, delivery: &Delivery) -> Judgement {
    let message = &delivery.message;
    let (pointer, finished) = match ctx.store.look_strongly(message.source, message.job).await {
        Ok(seen) => seen,
        Err(error) => {
            tracing::warn!(job = %message.job, error = causes(&error), "a job could not be looked at and is reported");
            return Judgement::Over(Verdict::Report);
        }
    };
    let now = ctx.now();
    let over = match triage::triage(message, pointer.as_ref(), finished.as_ref(), now) {
        Action::Acknowledge | Action::AnnounceAgain => repeat(ctx, delivery, finished.as_ref()).await,
        Action::Fail(code) => fail(ctx, delivery, code, pointer.as_ref(), now).await,
        Action::HeldUntil(until) => hold(ctx, delivery, until).await,
        Action::Work => {
            let deaths = pointer.map_or(0, |pointer| pointer.attempts.saturating_sub(message.returned));
            return Judgement::Work { deaths };
        }
    };
    Judgement::Over(over)
}

/// An attempt of ours met this: the store knows more than the message did.
pub(crate) async fn refused(ctx: &Context, delivery: &Delivery, refused: Refused) -> Verdict {
    match refused {
        Refused::Superseded => second_look(ctx, delivery).await,
        Refused::HeldUntil(until) => hold(ctx, delivery, until).await,
        Refused::Failed(error) => {
            tracing::warn!(job = %delivery.message.job, error = causes(&error), "a job could not be marked and is reported");
            Verdict::Report
        }
    }
}

/// As [`judge`]; a job that would have to be worked on comes again for that.
pub(crate) async fn second_look(ctx: &Context, delivery: &Delivery) -> Verdict {
    match judge(ctx, delivery).await {
        Judgement::Over(verdict) => verdict,
        Judgement::Work { .. } => Verdict::Report,
    }
}

/// The job has ended before: what had to follow follows again, since whoever ended it may have died before.
pub(crate) async fn repeat(ctx: &Context, delivery: &Delivery, finished: Option<&Finished>) -> Verdict {
    let message = &delivery.message;
    let Some(finished) = finished else { return Verdict::Acknowledge };
    if is_gone(delivery, finished) {
        return Box::pin(leave(ctx, delivery, finished)).await;
    }
    if finished.landed().is_none() {
        return Verdict::Acknowledge;
    }
    let watched = if message.watched || ctx.rules.announce_all {
        true
    } else {
        // Someone may have begun to watch between the message and the landing.
        match ctx.store.poll(message.source).await {
            Ok(poll) => poll.is_some_and(|poll| poll.target.watched),
            Err(error) => {
                tracing::warn!(source = %message.source, error = causes(&error), "a source could not be read");
                return Verdict::Report;
            }
        }
    };
    announce(ctx, finished, watched).await
}

/// Tells queue `tasks`, if someone waits for it.
pub(crate) async fn announce(ctx: &Context, finished: &Finished, watched: bool) -> Verdict {
    let Some((from, to)) = finished.landed().filter(|_| watched || ctx.rules.announce_all) else {
        return Verdict::Acknowledge;
    };
    let told = Announcement { v: domain::message::VERSION, source: finished.source, job: finished.job, from, to };
    match ctx.queue.announce(&told).await {
        Ok(()) => Verdict::Acknowledge,
        Err(error) => {
            tracing::warn!(job = %told.job, error = causes(&error), "a landing could not be announced; it is tried again");
            Verdict::Report
        }
    }
}

async fn fail(
    ctx: &Context,
    delivery: &Delivery,
    code: ErrorCode,
    pointer: Option<&Pointer>,
    now: Timestamp,
) -> Verdict {
    let finished = unworked(delivery, code, pointer, now);
    match ctx.store.finish(std::slice::from_ref(&finished)).await.pop() {
        Some(Finish::Done) => Verdict::Acknowledge,
        Some(Finish::AlreadyDone(other)) => repeat(ctx, delivery, Some(&other)).await,
        Some(Finish::Unknown(error)) => {
            tracing::warn!(job = %finished.job, error = causes(&error), "a job could not be failed and is reported");
            Verdict::Report
        }
        None => Verdict::Report,
    }
}

/// Someone holds it: the message comes again when that is over, whatever becomes of him.
async fn hold(ctx: &Context, delivery: &Delivery, until: Timestamp) -> Verdict {
    let wait = until.until(ctx.now());
    if let Err(error) = ctx.queue.hold(ctx.rules.lane, &delivery.receipt, wait).await {
        // It then comes when its visibility time-out ends, which is later than any lease.
        tracing::debug!(error = causes(&error), "a message keeps its visibility time-out");
    }
    Verdict::Report
}
