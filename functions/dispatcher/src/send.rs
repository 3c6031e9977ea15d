//! Queueing jobs and sending their messages, a hundred sources at a time, so that a death in between leaves few to be sent again.

use domain::carry::Carry;
use domain::failure::{ErrorCode, Failure};
use domain::job::{Finished, Pointer, Queueing};
use domain::message::{FetchMessage, new_job};
use domain::source::Target;
use domain::time::Timestamp;
use domain::wheel::Minute;
use futures_util::{StreamExt, stream};
use queue::{Outgoing, QueueError, Sent};
use store::{Finish, Queued, StoreError, Superseding, Swap};

use crate::context::Context;
use crate::look::Due;
use crate::minute::{HUNDRED, Progress, Ready, Work};
use crate::run::Run;

/// How many transactions are under way at a time.
const TRANSACTIONS: usize = 8;
/// How often a source is judged again within a minute when others keep changing its job.
const ROUNDS: usize = 3;

/// A job that is queued and whose message is to be sent.
pub(crate) struct Unsent {
    pub(crate) target: Target,
    pub(crate) pointer: Pointer,
    /// What the job starts from.
    pub(crate) carry: Carry,
}

/// What became of queueing one.
enum Outcome {
    Queued,
    Superseded,
    Raced,
    NotActive,
    Unknown(StoreError),
}

impl Run<'_> {
    /// Sends again what may not have been sent, then queues and sends what is `ready`, in order.
    pub(crate) async fn send_all(
        &mut self,
        minute: Minute,
        ready: Vec<(Timestamp, Ready)>,
        work: &mut Work,
    ) -> Result<Progress, StoreError> {
        let unsent = std::mem::take(&mut work.unsent);
        let mut left = self.send_again(&unsent).await == Progress::Left;
        let mut ready = ready.into_iter();
        loop {
            let hundred: Vec<_> = ready.by_ref().take(HUNDRED).collect();
            if hundred.is_empty() {
                return Ok(if left { Progress::Left } else { Progress::Whole });
            }
            if !self.has_time() {
                return Ok(Progress::Left);
            }
            left |= self.queue_and_send(minute, hundred, work).await? == Progress::Left;
        }
    }

    async fn queue_and_send(
        &mut self,
        minute: Minute,
        mut hundred: Vec<(Timestamp, Ready)>,
        work: &mut Work,
    ) -> Result<Progress, StoreError> {
        let (mut queued, mut left) = (Vec::with_capacity(hundred.len()), false);
        for _ in 0..ROUNDS {
            let mut raced = Vec::new();
            for (start, ready, next, outcome) in self.queue(minute, std::mem::take(&mut hundred)).await {
                match outcome {
                    Outcome::Queued | Outcome::Superseded => {
                        self.report.superseded += u64::from(matches!(outcome, Outcome::Superseded));
                        queued.push(Unsent { target: ready.target, pointer: next, carry: ready.free.carry });
                    }
                    Outcome::Raced => raced.push((start, ready)),
                    Outcome::NotActive => self.report.dropped += 1,
                    Outcome::Unknown(error) => {
                        tracing::warn!(error = boot::logs::causes(&error), source = %ready.target.source, "a job may not have been queued");
                        left = true;
                    }
                }
            }
            self.report.raced += count(&raced);
            for (start, ready) in raced {
                hundred.extend(self.judge_again(minute, start, ready, work).await?);
            }
            if hundred.is_empty() {
                break;
            }
        }
        // Others keep changing these: they are looked at once more in the next minute.
        work.later.extend(hundred.iter().map(|(_, ready)| (self.last.next(), ready.target.source)));
        let unsent = std::mem::take(&mut work.unsent);
        left |= self.send_again(&unsent).await == Progress::Left;
        left |= self.send_new(queued, work).await == Progress::Left;
        Ok(if left { Progress::Left } else { Progress::Whole })
    }

    /// Queues a job for each, on condition that the job in hand is still the one that was seen.
    async fn queue(
        &self,
        minute: Minute,
        hundred: Vec<(Timestamp, Ready)>,
    ) -> Vec<(Timestamp, Ready, Pointer, Outcome)> {
        let now = self.ctx.now();
        let (mut swaps, mut swapping, mut superseding) = (Vec::new(), Vec::new(), Vec::new());
        for (start, ready) in hundred {
            let job = self.ctx.ids.next(now);
            let new = new_job(job, &ready.target, ready.free.reason(), minute, start, now, self.ctx.rules.pace);
            match ready.free.pointer.queue(!ready.free.abandoned, new, now) {
                Queueing::Swap(next) => {
                    swaps.push(Swap { source: ready.target.source, seen: ready.free.seen(), next: next.clone() });
                    swapping.push((start, ready, next));
                }
                Queueing::Supersede(next) => superseding.push((start, ready, next)),
                // It was neither when it was judged, and time does not make it so.
                Queueing::Live(_) | Queueing::NotActive => {}
            }
        }
        let outcomes = self.ctx.store.queue(&swaps).await.into_iter().map(|queued| match queued {
            Queued::Queued => Outcome::Queued,
            Queued::Raced(_) => Outcome::Raced,
            Queued::NotActive => Outcome::NotActive,
            Queued::Unknown(error) => Outcome::Unknown(error),
        });
        let mut all: Vec<_> = swapping
            .into_iter()
            .zip(outcomes)
            .map(|((start, ready, next), outcome)| (start, ready, next, outcome))
            .collect();
        let superseded = superseding.into_iter().map(|(start, ready, next)| async move {
            let outcome = self.ctx.supersede(&ready, &next, now).await;
            (start, ready, next, outcome)
        });
        all.extend(stream::iter(superseded).buffered(TRANSACTIONS).collect::<Vec<_>>().await);
        all
    }

    /// A source whose job someone else changed is judged by what is there now; what may still be queued comes back.
    async fn judge_again(
        &mut self,
        minute: Minute,
        start: Timestamp,
        ready: Ready,
        work: &mut Work,
    ) -> Result<Option<(Timestamp, Ready)>, StoreError> {
        let Ready { target, free, waited, .. } = ready;
        let found = self.ctx.look_again(target.source, free.seen(), minute).await?;
        self.sort(Due { target, waited }, found, work);
        Ok(work.ready.pop().map(|ready| (start.max(ready.earliest), ready)))
    }

    /// Sends the messages of jobs that an earlier run queued for this minute. What is not certain to be sent keeps the cursor here.
    async fn send_again(&mut self, unsent: &[Unsent]) -> Progress {
        let mut progress = Progress::Whole;
        for (unsent, sent) in unsent.iter().zip(self.send(unsent, true).await) {
            match sent {
                Sent::Sent => self.report.again += 1,
                Sent::Refused(error) | Sent::Unknown(error) => {
                    self.report.refused += 1;
                    warn(&error, unsent);
                    progress = Progress::Left;
                }
            }
        }
        progress
    }

    /// Sends the messages of jobs that this run queued. Those that the queue refuses fail, and come again in the next minute.
    async fn send_new(&mut self, queued: Vec<Unsent>, work: &mut Work) -> Progress {
        let (mut left, mut refused) = (false, Vec::new());
        let sent = self.send(&queued, false).await;
        for (unsent, sent) in queued.iter().zip(sent) {
            match sent {
                Sent::Sent => self.report.queued += 1,
                Sent::Refused(error) => {
                    self.report.refused += 1;
                    warn(&error, unsent);
                    refused.push(self.ctx.not_sent(unsent));
                }
                Sent::Unknown(error) => {
                    self.report.refused += 1;
                    warn(&error, unsent);
                    left = true;
                }
            }
        }
        for (finished, finish) in refused.iter().zip(self.ctx.store.finish(&refused).await) {
            match finish {
                Finish::Done | Finish::AlreadyDone(_) => work.later.push((self.last.next(), finished.source)),
                Finish::Unknown(error) => {
                    tracing::warn!(error = boot::logs::causes(&error), source = %finished.source, "a job may still be in hand");
                    left = true;
                }
            }
        }
        if left { Progress::Left } else { Progress::Whole }
    }

    async fn send(&mut self, unsent: &[Unsent], again: bool) -> Vec<Sent> {
        let now = self.ctx.now();
        let message = |unsent: &Unsent| Outgoing {
            message: self.ctx.message(unsent, again),
            delay: unsent.pointer.earliest.until(now),
        };
        let outgoing: Vec<Outgoing> = unsent.iter().map(message).collect();
        let sent = self.ctx.queue.send(&outgoing).await;
        for (outgoing, sent) in outgoing.iter().zip(&sent) {
            let may_wait = matches!(sent, Sent::Sent | Sent::Unknown(_));
            self.backlog(outgoing.message.lane).sent += u64::from(may_wait);
        }
        sent
    }
}

impl Context {
    fn message(&self, unsent: &Unsent, again: bool) -> FetchMessage {
        let Unsent { target, pointer, carry } = unsent;
        let message = FetchMessage::of(target, pointer, carry.clone(), self.rules.pace);
        FetchMessage { watched: target.watched || self.rules.announce_all, again, ..message }
    }

    /// Takes the place of an abandoned job, which fails by it.
    async fn supersede(&self, ready: &Ready, next: &Pointer, now: Timestamp) -> Outcome {
        let Ready { target, free, .. } = ready;
        let old = Finished::abandoned(target.source, &free.pointer, &free.carry, now);
        match self.store.supersede(target.source, &free.pointer, next, &old).await {
            Ok(Superseding::Superseded) => Outcome::Superseded,
            Ok(Superseding::Raced) => Outcome::Raced,
            Err(error) => Outcome::Unknown(error),
        }
    }

    /// The end of a job whose message the queue refused: nothing was fetched, so the carry stays as it was.
    fn not_sent(&self, unsent: &Unsent) -> Finished {
        let failure = Failure::new(ErrorCode::SendFailed, "the queue did not take the message of this job");
        let Unsent { target, pointer, carry } = unsent;
        Finished::closed_from_outside(target.source, pointer, failure, carry, None, self.now())
    }
}

fn warn(error: &QueueError, unsent: &Unsent) {
    let job = unsent.pointer.job;
    tracing::warn!(error = boot::logs::causes(error), %job, "a message was not sent");
}

fn count<T>(many: &[T]) -> u64 {
    u64::try_from(many.len()).unwrap_or(u64::MAX)
}
