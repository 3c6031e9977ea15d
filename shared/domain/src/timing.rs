//! The numbers that leases, visibility and work age follow from. One formula, used by code, template and tests.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Which queue and function a source goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Queue `fetch`: sources that answer quickly.
    #[default]
    Fast,
    /// Queue `fetch-slow`: slow sources and first fetches.
    Slow,
}

/// How long a fetcher's batch may gather messages.
pub const BATCH_WINDOW: Duration = Duration::from_secs(20);
/// How long messages live: what was worked on is redelivered until it is announced.
pub const QUEUE_RETENTION: Duration = Duration::from_secs(4 * 24 * 3600);
/// How long dead letters live.
pub const DEAD_RETENTION: Duration = Duration::from_secs(14 * 24 * 3600);
/// The dispatcher's time-out: a run that takes longer leaves the rest to the next.
pub const DISPATCHER_TIMEOUT: Duration = Duration::from_secs(60);
/// The time-out of maintenance, which runs once an hour: what takes longer goes on in the next run.
pub const MAINTENANCE_TIMEOUT: Duration = Duration::from_secs(300);
/// Receives before a message is a dead letter.
pub const MAX_RECEIVES: u32 = 6;
/// The longest delay that SQS knows.
pub const MAX_DELAY: Duration = Duration::from_secs(15 * 60);
/// The longest that a job may wait before it is started.
pub const MAX_WORK_AGE: Duration = Duration::from_secs(3600);
/// How long an attempt runs before ONGOING is stored.
pub const ONGOING_AFTER: Duration = Duration::from_secs(1);
/// A body from this size on is marked ONGOING before it is read.
pub const BIG_BODY: usize = 1 << 20;
/// What an attempt leaves of its function's time to write down how it ended.
pub const RESERVE: Duration = Duration::from_secs(2);
/// Deaths of a holder alone after which a feed counts as poison.
pub const POISON_ATTEMPTS: u8 = 2;

impl Lane {
    /// Stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Slow => "slow",
        }
    }

    /// The function's time-out, *T*.
    pub const fn function_timeout(self) -> Duration {
        match self {
            Self::Fast => Duration::from_secs(30),
            Self::Slow => Duration::from_secs(120),
        }
    }

    /// The lane of a source of which only the time-out is known.
    pub fn of(timeout: Duration) -> Self {
        if timeout + RESERVE * 2 > Self::Fast.function_timeout() { Self::Slow } else { Self::Fast }
    }

    /// The lane that a source of this one belongs to, if it is the other, by its time-out and by its mean fetch time: two seconds make it slow, below one it is
    /// fast again (in between it stays where it is); a time-out that the fast function cannot wait for is always slow.
    pub fn better(self, fetch_ms: u32, timeout: Duration) -> Option<Self> {
        match self {
            Self::Fast if fetch_ms > 2_000 || Self::of(timeout) == Self::Slow => Some(Self::Slow),
            Self::Slow if (1..1_000).contains(&fetch_ms) => Some(Self::of(timeout)).filter(|lane| *lane == Self::Fast),
            Self::Fast | Self::Slow => None,
        }
    }

    /// The queue's visibility time-out: 6 *T* and the batch window.
    pub fn visibility(self) -> Duration {
        self.function_timeout() * 6 + BATCH_WINDOW
    }

    /// How long ONGOING protects its holder: 2 *T*.
    pub fn ongoing_lease(self) -> Duration {
        self.function_timeout() * 2
    }
}

/// How long after its earliest start a job may still be started.
pub fn work_age(interval: Duration) -> Duration {
    interval.min(MAX_WORK_AGE)
}

/// The last instant at which a job may be started. `earliest` is never before `queued_at`.
pub fn work_until(queued_at: Timestamp, earliest: Timestamp, interval: Duration) -> Timestamp {
    earliest.max(queued_at) + work_age(interval)
}

/// Until when a QUEUED job keeps a second one away.
pub fn queued_lease(queued_at: Timestamp, earliest: Timestamp, interval: Duration, lane: Lane) -> Timestamp {
    work_until(queued_at, earliest, interval) + lane.visibility()
}

/// After that no fetcher writes anything of a source whose deletion began at `since`: the last job that was queued before it has waited
/// out its delay and its work age, its message has come back for the last time, and whoever had it then has been stopped.
pub fn quiet_after(since: Timestamp) -> Timestamp {
    since + MAX_DELAY + MAX_WORK_AGE + Lane::Slow.visibility() + Lane::Slow.function_timeout()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_changes_lanes_above_two_seconds_and_below_one() {
        let (short, long) = (Duration::from_secs(20), Duration::from_secs(60));
        for (lane, fetch_ms, timeout, other) in [
            (Lane::Fast, 2_000, short, None),
            (Lane::Fast, 2_001, short, Some(Lane::Slow)),
            (Lane::Slow, 1_000, short, None),
            (Lane::Slow, 999, short, Some(Lane::Fast)),
            (Lane::Slow, 0, short, None),
            (Lane::Fast, 100, long, Some(Lane::Slow)),
            (Lane::Slow, 100, long, None),
        ] {
            assert_eq!(lane.better(fetch_ms, timeout), other, "{lane:?} {fetch_ms} {timeout:?}");
        }
        assert_eq!((Lane::of(Duration::from_secs(26)), Lane::of(Duration::from_secs(27))), (Lane::Fast, Lane::Slow));
    }
}
