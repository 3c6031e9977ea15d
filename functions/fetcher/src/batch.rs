//! One batch: the fresh messages at once, then the suspects one by one, then what is left over.

use std::collections::HashSet;
use std::time::Duration;

use boot::logs::causes;
use domain::shape::SPACING;
use domain::time::Timestamp;
use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use store::Finish;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::Context;
use crate::attempt;
use crate::close::settle;
use crate::delivery::Delivery;
use crate::ending::Ending;
use crate::judge::{Judgement, judge, repeat};
use crate::mark::Mark;
use crate::ready::LEFTOVER_DELAY;
use crate::tally::Tally;
use crate::turns::Turns;
use crate::verdict::{Step, Verdict, again, carry_out};

/// Results that share one call.
const SHARED: usize = 25;
/// How long a result may wait for others to share its call.
const PATIENCE: Duration = Duration::from_secs(1);
/// What is kept of a batch's time after the last attempt: to store results,
const TO_STORE: Duration = Duration::from_millis(1_000);
/// to take attempts back,
const TO_RETURN: Duration = Duration::from_millis(750);
/// and to send what goes back to the queue.
const TO_SEND: Duration = Duration::from_millis(750);

/// What all attempts of a batch share.
pub(crate) struct Batch<'a> {
    pub(crate) ctx: &'a Context,
    pub(crate) turns: Turns,
    pub(crate) tally: Tally,
    /// No attempt goes on after it.
    pub(crate) ends: Instant,
    /// No result is stored after it.
    last: Instant,
    /// Nothing is returned after it.
    back: Instant,
}

/// Works on `deliveries` until `deadline`; returns the ids of those that SQS is to bring again, and what it came to.
pub(crate) async fn run(ctx: &Context, deliveries: Vec<Delivery>, deadline: Timestamp) -> (Vec<String>, Tally) {
    let now = ctx.now();
    let over = Instant::now() + deadline.until(now);
    let earlier = |by: Duration| over.checked_sub(by).unwrap_or(over);
    let hosts = deliveries.iter().map(|delivery| delivery.message.host.as_str());
    let batch = Batch {
        ctx,
        tally: Tally::default(),
        turns: Turns::new(hosts, ctx.rules.pace.scaled(SPACING)),
        ends: earlier(TO_SEND + TO_RETURN + TO_STORE),
        last: earlier(TO_SEND + TO_RETURN),
        back: earlier(TO_SEND),
    };
    ctx.pauses.refresh(&ctx.store, now).await;
    let mut jobs = HashSet::new();
    // A message that came twice in one batch is fresh once.
    let (fresh, suspects): (Vec<_>, Vec<_>) = deliveries
        .into_iter()
        .partition(|delivery| jobs.insert(delivery.message.job) && delivery.message.is_fresh(delivery.receives, now));
    let mut verdicts = batch.fresh(&fresh).await;
    verdicts.extend(batch.suspects(&suspects).await);
    (carry_out(ctx, verdicts, over).await, batch.tally)
}

impl Batch<'_> {
    /// Works on all at once; results are stored together.
    async fn fresh(&self, deliveries: &[Delivery]) -> Vec<(String, Verdict)> {
        let mut verdicts = Vec::with_capacity(deliveries.len());
        let mut running: FuturesUnordered<_> = deliveries.iter().map(|delivery| self.begin(delivery)).collect();
        let mut storing = FuturesUnordered::new();
        let mut waiting: Vec<(&Delivery, Ending)> = Vec::new();
        let mut waits_until = self.last;
        loop {
            let due = waiting.len() >= SHARED || running.is_empty() || Instant::now() >= waits_until;
            if due && !waiting.is_empty() {
                storing.push(self.store(std::mem::take(&mut waiting)));
            }
            tokio::select! {
                biased;
                Some((delivery, step)) = running.next(), if !running.is_empty() => match step {
                    Step::Over(verdict) => verdicts.push((delivery.id.clone(), verdict)),
                    Step::Finish(ending) => {
                        if waiting.is_empty() {
                            waits_until = Instant::now() + PATIENCE;
                        }
                        waiting.push((delivery, *ending));
                    }
                },
                Some(stored) = storing.next(), if !storing.is_empty() => verdicts.extend(stored),
                () = sleep_until(waits_until), if !waiting.is_empty() => {}
                else => return verdicts,
            }
        }
    }

    async fn begin<'d>(&self, delivery: &'d Delivery) -> (&'d Delivery, Step) {
        let mark = Mark::new(self.ctx, delivery, false, self.back);
        (delivery, attempt::attempt(self, delivery, &mark, false).await)
    }

    /// Reads all, then works on those that need it alone: the least deadly first, so that whoever dies takes nobody along.
    async fn suspects(&self, deliveries: &[Delivery]) -> Vec<(String, Verdict)> {
        let judged = join_all(deliveries.iter().map(async |delivery| (delivery, self.judge(delivery).await))).await;
        let mut verdicts = Vec::with_capacity(deliveries.len());
        let mut alone = Vec::new();
        for (delivery, judgement) in judged {
            match judgement {
                Judgement::Over(verdict) => verdicts.push((delivery.id.clone(), verdict)),
                Judgement::Work { deaths } => alone.push((deaths, delivery)),
            }
        }
        alone.sort_by_key(|(deaths, _)| *deaths);
        for (_, delivery) in alone {
            verdicts.push((delivery.id.clone(), Box::pin(self.alone(delivery)).await));
        }
        verdicts
    }

    async fn judge(&self, delivery: &Delivery) -> Judgement {
        let late = Judgement::Over(Verdict::Report);
        timeout_at(self.last, judge(self.ctx, delivery)).await.unwrap_or(late)
    }

    async fn alone(&self, delivery: &Delivery) -> Verdict {
        if Instant::now() >= self.ends {
            return again(&delivery.message, LEFTOVER_DELAY);
        }
        let mark = Mark::new(self.ctx, delivery, true, self.back);
        let verdict = match attempt::attempt(self, delivery, &mark, true).await {
            Step::Over(verdict) => verdict,
            // Stored before the next one is begun, whose death must not count against this one.
            Step::Finish(ending) => match self.store(vec![(delivery, *ending)]).await.pop() {
                Some((_, verdict)) => verdict,
                None => Verdict::Report,
            },
        };
        match verdict {
            Verdict::Report => mark.surrender().await,
            Verdict::Acknowledge | Verdict::Resend(..) => verdict,
        }
    }

    /// Stores results in one call, then does what follows from each. What is not done in time is reported: it follows again.
    async fn store(&self, endings: Vec<(&Delivery, Ending)>) -> Vec<(String, Verdict)> {
        let finished: Vec<_> = endings.iter().map(|(_, ending)| ending.finished.clone()).collect();
        let late = |(delivery, _): &(&Delivery, Ending)| (delivery.id.clone(), Verdict::Report);
        let Ok(stored) = timeout_at(self.last, self.ctx.store.finish(&finished)).await else {
            tracing::warn!(jobs = finished.len(), "results could not be stored in time; their messages are reported");
            return endings.iter().map(late).collect();
        };
        let after = endings.iter().zip(stored).map(async |((delivery, ending), outcome)| {
            let follows = self.follow(delivery, ending, outcome);
            let verdict = timeout_at(self.back, follows).await.unwrap_or(Verdict::Report);
            (delivery.id.clone(), verdict)
        });
        join_all(after).await
    }

    async fn follow(&self, delivery: &Delivery, ending: &Ending, outcome: Finish) -> Verdict {
        match outcome {
            Finish::Done => {
                self.tally.count(&delivery.message, &ending.finished, self.ctx.rules.pace);
                settle(self.ctx, delivery, ending).await
            }
            Finish::AlreadyDone(other) => repeat(self.ctx, delivery, Some(&other)).await,
            Finish::Unknown(error) => {
                tracing::warn!(job = %ending.finished.job, error = causes(&error), "a result could not be stored");
                Verdict::Report
            }
        }
    }
}
