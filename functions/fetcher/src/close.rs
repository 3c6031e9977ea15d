//! What follows once a job has ended: announcing, ending the source, changing its lane. All before its message is acknowledged.

use boot::logs::causes;
use domain::failure::ErrorCode;
use domain::job::{Ending as How, Finished};
use domain::source::SourceState;
use store::Leaving;

use crate::Context;
use crate::delivery::Delivery;
use crate::ending::{Ending, completed};
use crate::judge::{announce, repeat};
use crate::verdict::Verdict;

/// Does what a stored result asks for.
pub(crate) async fn settle(ctx: &Context, delivery: &Delivery, ending: &Ending) -> Verdict {
    if ending.gone {
        return leave(ctx, delivery, &ending.finished).await;
    }
    change_lane(ctx, delivery, ending).await;
    announce(ctx, &ending.finished, ending.watched || delivery.message.watched).await
}

/// Whether `finished` is the second 410 in a row, after which the source ends.
pub(crate) fn is_gone(delivery: &Delivery, finished: &Finished) -> bool {
    let gone = matches!(&finished.ending, How::Failed(failure) if failure.code == ErrorCode::Gone);
    gone && delivery.message.carry.gone_once
}

/// Ends the source, and announces what an unfinished landing of it had landed. Told twice, it says the same.
pub(crate) async fn leave(ctx: &Context, delivery: &Delivery, finished: &Finished) -> Verdict {
    let source = delivery.message.source;
    let reason = "the server said twice that the feed is gone for good (HTTP 410)";
    // A message that comes late must not end a source again that somebody has taken up since.
    let ended_at = finished.ended_at;
    match ctx.store.leave_for_what_ended(source, SourceState::Gone, reason, ended_at, ctx.now()).await {
        Ok(Leaving::Left { announce: Some((job, from, to)) }) => {
            let landed = Finished { job, ending: completed(Some((from, to)), 0), ..finished.clone() };
            repeat(ctx, delivery, Some(&landed)).await
        }
        Ok(Leaving::Left { announce: None } | Leaving::Already(_) | Leaving::Missing) => Verdict::Acknowledge,
        Err(error) => {
            tracing::warn!(%source, error = causes(&error), "a source that is gone could not be ended; it is tried again");
            Verdict::Report
        }
    }
}

/// Moves the source to the lane where it belongs by its mean fetch time: one extra write, when the mean crosses a bound.
async fn change_lane(ctx: &Context, delivery: &Delivery, ending: &Ending) {
    let message = &delivery.message;
    let Some(lane) = message.lane.better(ending.finished.carry.fetch_ms, message.timeout()) else { return };
    let moved = async {
        let known = match ending.lane {
            Some(known) => Some(known),
            None => ctx.store.poll(message.source).await?.map(|poll| (poll.target.lane, poll.version)),
        };
        match known {
            // First fetches go through the slow lane wherever the source belongs.
            Some((now, version)) if now != lane => ctx.store.set_lane(message.source, lane, version).await,
            Some(_) | None => Ok(false),
        }
    };
    if let Err(error) = moved.await {
        tracing::debug!(source = %message.source, error = causes(&error), "a source keeps its lane for now");
    }
}
