//! ONGOING in the store: written when someone could see it, taken back when we fail while we live.

use std::time::Duration;

use boot::logs::causes;
use domain::job::Pointer;
use domain::time::Timestamp;
use domain::timing::{self, ONGOING_AFTER};
use store::{Marking, StoreError};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};

use crate::Context;
use crate::delivery::Delivery;
use crate::verdict::{Verdict, again};

/// The hold that one attempt has, or may take, on its job.
pub(crate) struct Mark<'a> {
    ctx: &'a Context,
    delivery: &'a Delivery,
    /// Whether it is worked on alone, so that a death would be the feed's doing.
    alone: bool,
    /// Nothing is given back after it.
    by: Instant,
    held: Mutex<Held>,
}

/// What the store knows of us.
#[derive(Default)]
enum Held {
    /// Nothing.
    #[default]
    Nothing,
    /// We hold the job, as this pointer says.
    Ours(Pointer),
    /// The answer did not come: it may know us.
    Unknown,
}

/// Why the job is not ours to work on.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Another job took its place, or the source left `active`.
    Superseded,
    /// Someone else works on it.
    HeldUntil(Timestamp),
    /// Nobody knows.
    Failed(StoreError),
}

impl<'a> Mark<'a> {
    pub(crate) fn new(ctx: &'a Context, delivery: &'a Delivery, alone: bool, by: Instant) -> Self {
        Self { ctx, delivery, alone, by, held: Mutex::default() }
    }

    /// Stores that the job is ONGOING, unless that is done already.
    pub(crate) async fn ensure(&self) -> Result<(), Refused> {
        let mut held = self.held.lock().await;
        if matches!(*held, Held::Ours(_)) {
            return Ok(());
        }
        let (message, lane) = (&self.delivery.message, self.ctx.rules.lane);
        let marking = self.ctx.store.mark(message.source, message.job, self.ctx.now(), lane, self.alone);
        // Boxed, as all that is rare: a hundred attempts are in memory at once.
        match Box::pin(marking).await {
            Ok(Marking::Marked(pointer)) => *held = Held::Ours(pointer),
            Ok(Marking::Superseded) => return Err(Refused::Superseded),
            Ok(Marking::HeldUntil(until)) => return Err(Refused::HeldUntil(until)),
            Err(error) => {
                if matches!(error, StoreError::Unavailable { .. }) {
                    *held = Held::Unknown;
                }
                return Err(Refused::Failed(error));
            }
        }
        Ok(())
    }

    /// As [`Mark::ensure`], for an attempt that goes on all the same if the store does not answer: the lease of QUEUED covers it.
    pub(crate) async fn show(&self) -> Result<(), Refused> {
        match self.ensure().await {
            Err(Refused::Failed(error)) => {
                tracing::warn!(job = %self.delivery.message.job, error = causes(&error), "ONGOING could not be stored");
                Ok(())
            }
            known => known,
        }
    }

    /// Runs `work`; if it takes longer than a second, that is shown, and if the job turns out not to be ours, `work` is dropped.
    pub(crate) async fn watch<T>(&self, work: impl Future<Output = T>) -> Result<T, Refused> {
        let show = async {
            sleep(ONGOING_AFTER).await;
            self.show().await
        };
        tokio::pin!(work, show);
        tokio::select! {
            biased;
            done = &mut work => Ok(done),
            shown = &mut show => match shown {
                Ok(()) => Ok(work.await),
                Err(refused) => Err(refused),
            },
        }
    }

    /// We failed while we live: an attempt that counts is taken back, and the message comes again.
    pub(crate) async fn surrender(&self) -> Verdict {
        if !self.alone {
            // Only attempts alone are counted; the lease of ONGOING is over before the message comes again.
            return Verdict::Report;
        }
        match self.give_back().await {
            Returned::Yes => Verdict::Report,
            Returned::No => self.unreturned(self.ctx.rules.lane.ongoing_lease()),
        }
    }

    /// Nothing was asked of the source: the job goes back to the queue as a new message.
    pub(crate) async fn resend(&self, delay: Duration) -> Verdict {
        match self.give_back().await {
            Returned::Yes => again(&self.delivery.message, delay),
            Returned::No => self.unreturned(delay.max(self.ctx.rules.lane.ongoing_lease())),
        }
    }

    /// The store kept an attempt that was no death: the new message says so, since nobody else would know.
    fn unreturned(&self, delay: Duration) -> Verdict {
        let mut message = self.delivery.message.clone();
        message.again = true;
        message.returned = message.returned.saturating_add(u8::from(self.alone));
        Verdict::Resend(Box::new(message), delay)
    }

    async fn give_back(&self) -> Returned {
        let pointer = match std::mem::take(&mut *self.held.lock().await) {
            Held::Nothing => return Returned::Yes,
            Held::Ours(pointer) => pointer,
            // If the mark was made, its attempt counts although nobody died: the new message makes up for it.
            Held::Unknown => return Returned::No,
        };
        let message = &self.delivery.message;
        let lease = timing::queued_lease(message.queued_at, message.earliest, message.interval(), self.ctx.rules.lane);
        let giving = self.ctx.store.give_back(message.source, &pointer, lease, self.alone);
        match timeout_at(self.by, Box::pin(giving)).await {
            // If it is not ours any more, there is nothing to return.
            Ok(Ok(_)) => Returned::Yes,
            Err(_) => {
                tracing::warn!(job = %message.job, "an attempt could not be given back in time");
                Returned::No
            }
            Ok(Err(error)) => {
                tracing::warn!(job = %message.job, error = causes(&error), "an attempt could not be given back");
                Returned::No
            }
        }
    }
}

enum Returned {
    Yes,
    No,
}
