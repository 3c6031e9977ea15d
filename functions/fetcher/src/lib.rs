//! The fetcher: takes a batch of fetch messages, asks each source once, lands what is new, and finishes each job.
//!
//! A source that fails is a result: its job is FAILED, its message acknowledged. Only what we ourselves could not do is reported, so
//! that SQS brings it again. Whatever happens between, a redelivered message finishes the work: no post twice, none lost.
//!
//! It must never let one message decide over another of its batch, acknowledge what was not stored or announced, spawn a task that
//! outlives the event, read the wall clock, or decide what crate `domain` can decide.

mod attempt;
mod batch;
mod chunk;
mod close;
mod context;
mod delivery;
mod desk;
mod ending;
mod judge;
mod land;
mod mark;
mod pauses;
mod post;
mod ready;
mod tally;
mod turns;
mod verdict;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::time::Timestamp;

pub use context::{Context, Rules};

/// Works on a batch, which is over at `deadline`: what was not begun by then goes back to the queue, what was not ended is reported.
///
/// The answer names the messages that SQS is to bring again; all others are done with.
pub async fn handle(ctx: &Context, event: SqsEvent, deadline: Timestamp) -> SqsBatchResponse {
    let messages = event.records.len();
    let (deliveries, mut failed) = delivery::decode(event.records);
    let (reported, tally) = Box::pin(batch::run(ctx, deliveries, deadline)).await;
    failed.extend(reported);
    ctx.metrics.emit(tally.record(ctx.rules.lane, messages, failed.len()), ctx.now());
    let mut response = SqsBatchResponse::default();
    response.set_failures(failed);
    response
}
