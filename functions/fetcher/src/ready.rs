//! Whether a job may be started now. Pure.

use std::time::Duration;

use domain::message::FetchMessage;
use domain::time::Timestamp;
use domain::timing::{Lane, MAX_DELAY};

/// What an attempt keeps after its GET, to read, land and finish.
pub(crate) const RESERVE: Duration = Duration::from_secs(2);
/// How long what was left over waits before it comes again.
pub(crate) const LEFTOVER_DELAY: Duration = Duration::from_secs(10);

/// Whether a job may be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    /// Yes.
    Now,
    /// Not yet: it goes back to the queue for this long.
    In(Duration),
    /// Never: its host is paused until beyond the work age.
    TooLate,
}

/// Judges by the earliest start and by the pause of its host. A pause is treated like an earliest start, since neither is the source's fault
/// and both end by themselves; the work age still counts from the first earliest start, so that nothing goes round for ever.
pub(crate) fn ready(message: &FetchMessage, paused_until: Option<Timestamp>, now: Timestamp) -> Ready {
    let start = message.earliest.max(paused_until.unwrap_or(message.earliest));
    if start <= now {
        return Ready::Now;
    }
    if start > message.work_until() { Ready::TooLate } else { Ready::In(start.until(now).min(MAX_DELAY)) }
}

/// The lane that a source belongs to, by its time-out and by its mean fetch time, if that differs from `lane`.
///
/// Two seconds make it slow, below one it is fast again; a time-out that the fast function cannot wait for is always slow.
pub(crate) fn other_lane(lane: Lane, fetch_ms: u32, timeout: Duration) -> Option<Lane> {
    if timeout + RESERVE * 2 > Lane::Fast.function_timeout() {
        return (lane == Lane::Fast).then_some(Lane::Slow);
    }
    match lane {
        Lane::Fast if fetch_ms > 2_000 => Some(Lane::Slow),
        Lane::Slow if (1..1_000).contains(&fetch_ms) => Some(Lane::Fast),
        Lane::Fast | Lane::Slow => None,
    }
}
