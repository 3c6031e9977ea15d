//! Making jobs and their messages.

use domain::carry::Carry;
use domain::job::{NewJob, Pointer, Reason};
use domain::message::{FetchMessage, VERSION};
use domain::source::Target;
use domain::time::Timestamp;
use domain::timing::{Lane, queued_lease};
use domain::wheel::Minute;

use crate::context::Context;

/// The queue for a job of `target`: first fetches go where slow sources do.
pub(crate) fn lane(target: &Target, reason: Reason) -> Lane {
    match reason {
        Reason::First => Lane::Slow,
        Reason::Scheduled | Reason::Refresh => target.lane,
    }
}

impl Context {
    /// A job for `target` that starts at `start`, or now.
    pub(crate) fn new_job(
        &self,
        target: &Target,
        reason: Reason,
        tick: Minute,
        start: Timestamp,
        now: Timestamp,
    ) -> NewJob {
        let earliest = start.max(now);
        let interval = self.rules.pace.span(target.settings.interval_minutes);
        NewJob {
            job: self.ids.next(now),
            tick,
            queued_at: now,
            earliest,
            lease_until: queued_lease(now, earliest, interval, lane(target, reason)),
            reason,
        }
    }

    /// The message of the job that `pointer` names.
    pub(crate) fn message(&self, target: &Target, pointer: &Pointer, carry: Carry, again: bool) -> FetchMessage {
        let millis = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        FetchMessage {
            v: VERSION,
            job: pointer.job,
            source: target.source,
            url: Some(target.url.clone()),
            host: target.host.clone(),
            timeout_ms: millis(target.settings.timeout),
            interval_ms: millis(self.rules.pace.span(target.settings.interval_minutes)),
            subscribers: target.subscribers,
            watched: target.watched || self.rules.announce_all,
            lane: lane(target, pointer.reason),
            queued_at: pointer.queued_at,
            tick: pointer.tick,
            earliest: pointer.earliest,
            reason: pointer.reason,
            carry,
            open: pointer.open,
            again,
            attempts: pointer.attempts,
            returned: 0,
        }
    }
}
