//! One attempt: wait for the host, GET, weigh the answer, and read it if there is something to read.

use std::time::Duration;

use boot::logs::causes;
use domain::decide::{self, Policy, Weighed};
use domain::failure::{ErrorCode, Failure};
use domain::job::Reason;
use domain::private::{Hidden, Secrets};
use domain::response::Response;
use domain::timing::RESERVE;
use fetch::FetchError;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use crate::batch::Batch;
use crate::delivery::Delivery;
use crate::ending::{Ending, Exchange, unworked};
use crate::judge::refused;
use crate::land;
use crate::mark::Mark;
use crate::ready::{LEFTOVER_DELAY, Ready, needs, ready};
use crate::turns::Turn;
use crate::verdict::{Step, Verdict};

/// How long a GET may wait for a permit, even if that makes it end a little late.
const GRACE: Duration = Duration::from_millis(500);

/// Makes one attempt. It ends in time: what cannot be begun goes back to the queue, what cannot be ended is given up as our own failure.
pub(crate) async fn attempt(batch: &Batch<'_>, delivery: &Delivery, mark: &Mark<'_>, alone: bool) -> Step {
    let message = &delivery.message;
    let start_by = batch.ends.checked_sub(needs(message) + RESERVE);
    let Some(start_by) = start_by.filter(|by| Instant::now() < *by) else {
        return mark.resend(LEFTOVER_DELAY).await.into();
    };
    if let Some(step) = not_ready(batch, delivery) {
        return step;
    }
    let Ok(Some(turn)) = timeout_at(start_by, batch.turns.take(&message.host)).await else {
        return mark.resend(LEFTOVER_DELAY).await.into();
    };
    // Its host may have asked for a pause meanwhile.
    if let Some(step) = not_ready(batch, delivery) {
        return step;
    }
    if alone || message.reason == Reason::Refresh {
        let marked = if alone { mark.ensure().await } else { mark.show().await };
        if let Err(reason) = marked {
            return Box::pin(refused(batch.ctx, delivery, reason)).await.into();
        }
    }
    let work = Box::pin(mark.watch(work(batch, delivery, mark, turn)));
    match timeout_at(batch.ends, work).await {
        Ok(Ok(step)) => step,
        Ok(Err(reason)) => Box::pin(refused(batch.ctx, delivery, reason)).await.into(),
        Err(_) => {
            tracing::warn!(job = %message.job, "an attempt was not ended in time and is given up");
            mark.surrender().await.into()
        }
    }
}

fn not_ready(batch: &Batch<'_>, delivery: &Delivery) -> Option<Step> {
    let (ctx, message) = (batch.ctx, &delivery.message);
    let now = ctx.now();
    match ready(message, ctx.pauses.of(&message.host, now), now) {
        Ready::Now => None,
        Ready::In(wait) => Some(crate::verdict::again(message, wait).into()),
        Ready::TooLate => {
            let finished = unworked(delivery, ErrorCode::Expired, None, now);
            Some(Step::Finish(Box::new(Ending::of(finished))))
        }
    }
}

async fn work(batch: &Batch<'_>, delivery: &Delivery, mark: &Mark<'_>, turn: Turn) -> Step {
    let (ctx, message) = (batch.ctx, &delivery.message);
    let whom = match Box::pin(whom(batch, delivery)).await {
        Ok(whom) => whom,
        Err(step) => return step,
    };
    let sent_at = ctx.now();
    let left = (batch.ends - RESERVE).saturating_duration_since(Instant::now());
    let timeout = message.timeout().min(left);
    let request = fetch::Request {
        url: whom.url.expose(),
        validators: &message.carry.validators,
        timeout,
        subscribers: message.subscribers,
        source: message.source.as_str(),
        login: whom.login.as_ref(),
        start_by: Some(Instant::now() + (left - timeout).max(GRACE)),
    };
    let answer = ctx.web.get(&request).instrument(tracing::trace_span!("get")).await;
    turn.end();
    let answer = match answer {
        Err(FetchError::NotStarted) => return mark.resend(LEFTOVER_DELAY).await.into(),
        // It was our time that was up: no failure of the source, which had longer. But it was asked: not again within its interval.
        Err(FetchError::Timeout { .. }) if timeout < message.timeout() => {
            let carry = decide::cut_short(&message.carry, sent_at, timeout);
            return Step::Finish(Box::new(Ending::cut_short(delivery, sent_at, carry, ctx.now())));
        }
        Err(error) => {
            tracing::debug!(source = %message.source, error = causes(&error), "a source did not answer");
            Err(error.failure())
        }
        Ok(response) => Ok(response),
    };
    let started_at = answer.as_ref().map_or(sent_at, |response| response.started_at);
    let policy = Policy {
        interval: message.interval(),
        timeout: message.timeout(),
        pace: ctx.rules.pace,
        host: message.host.clone(),
    };
    let weighed = decide::weigh(&message.carry, &answer, started_at, &policy);
    let exchange = exchange(&answer, started_at);
    match (weighed, answer) {
        (Weighed::Unchanged(carry), _) if message.open => {
            Box::pin(land::close(batch, delivery, exchange, carry, &policy)).await
        }
        (Weighed::Unchanged(carry), _) => {
            Step::Finish(Box::new(Ending::unchanged(delivery, exchange, carry, ctx.now())))
        }
        (Weighed::Failed(failed), _) => {
            if let Some(until) = failed.pause_host_until {
                Box::pin(ctx.pauses.pause(&ctx.store, &message.host, until, ctx.now())).await;
            }
            Step::Finish(Box::new(Ending::failed(delivery, exchange, failed, ctx.now())))
        }
        (Weighed::Read(carry), Ok(response)) => {
            Box::pin(land::read(batch, delivery, mark, response, carry, &policy)).await
        }
        // Only an answer is worth reading.
        (Weighed::Read(_), Err(_)) => Verdict::Report.into(),
    }
}

fn exchange(answer: &Result<Response, Failure>, started_at: domain::time::Timestamp) -> Exchange {
    answer.as_ref().map_or(Exchange::unanswered(started_at), Exchange::of)
}

/// Whom to ask, and with what: the message says it, except for a private source.
async fn whom(batch: &Batch<'_>, delivery: &Delivery) -> Result<Secrets, Step> {
    let (ctx, message) = (batch.ctx, &delivery.message);
    let public = |url: &str| Secrets { url: Hidden::new(url), login: None };
    if let Some(url) = &message.url {
        return Ok(public(url));
    }
    let poll = match ctx.store.poll(message.source).await {
        Ok(Some(poll)) => poll,
        Ok(None) => return Err(Verdict::Acknowledge.into()),
        Err(error) => {
            tracing::warn!(job = %message.job, error = causes(&error), "a source could not be read");
            return Err(Verdict::Report.into());
        }
    };
    let Some(sealed) = poll.sealed else {
        // A private source that is being deleted has nothing sealed any more, and its job was ended with it.
        return poll.target.url.as_deref().map(public).ok_or_else(|| Verdict::Acknowledge.into());
    };
    ctx.vault.open(message.source, &sealed).map_err(|error| {
        tracing::error!(source.id = %message.source, error = causes(&error), "what is sealed of a source does not open");
        let finished = unworked(delivery, ErrorCode::Sealed, None, ctx.now());
        Step::Finish(Box::new(Ending::of(finished)))
    })
}
