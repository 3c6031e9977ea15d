//! What becomes of a delivery.

use std::time::Duration;

use boot::logs::causes;
use domain::message::FetchMessage;
use queue::{Outgoing, Sent};
use tokio::time::{Instant, timeout_at};

use crate::Context;
use crate::ending::Ending;

/// What becomes of a delivery, once its job is as far as it gets in this batch.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Everything that had to be stored and announced is: SQS may forget it.
    Acknowledge,
    /// Comes again when its visibility time-out ends.
    Report,
    /// Goes back as a new message of the same job, then as [`Verdict::Acknowledge`].
    Resend(Box<FetchMessage>, Duration),
}

/// How far one attempt came.
#[derive(Debug)]
pub(crate) enum Step {
    /// To its end.
    Over(Verdict),
    /// To its result, which one write is to store: others may share the call.
    Finish(Box<Ending>),
}

impl From<Verdict> for Step {
    fn from(verdict: Verdict) -> Self {
        Self::Over(verdict)
    }
}

/// A new message of the job of `message`, which may come twice now, and which keeps its earliest start and thereby its work age.
pub(crate) fn again(message: &FetchMessage, delay: Duration) -> Verdict {
    Verdict::Resend(Box::new(FetchMessage { again: true, ..message.clone() }), delay)
}

/// Sends what is to be sent and returns the ids of the messages that SQS is to bring again.
pub(crate) async fn carry_out(ctx: &Context, verdicts: Vec<(String, Verdict)>, by: Instant) -> Vec<String> {
    let (mut reported, mut ids, mut outgoing) = (Vec::new(), Vec::new(), Vec::new());
    for (id, verdict) in verdicts {
        match verdict {
            Verdict::Acknowledge => {}
            Verdict::Report => reported.push(id),
            Verdict::Resend(message, delay) => {
                ids.push(id);
                outgoing.push(Outgoing { message: *message, delay });
            }
        }
    }
    let Ok(sent) = timeout_at(by, ctx.queue.send(&outgoing)).await else {
        tracing::warn!(messages = ids.len(), "messages could not be given back in time and are reported");
        reported.extend(ids);
        return reported;
    };
    for (id, sent) in ids.into_iter().zip(sent) {
        match sent {
            Sent::Sent => {}
            Sent::Refused(error) | Sent::Unknown(error) => {
                tracing::warn!(id, error = causes(&error), "a message could not be given back and is reported");
                reported.push(id);
            }
        }
    }
    reported
}
