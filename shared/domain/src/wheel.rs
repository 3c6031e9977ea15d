//! The wheel: minutes, how long they last, and the slots at which sources are looked at.

mod place;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::SourceId;
use crate::time::Timestamp;

pub use place::{Earliest, Placement, Why, earliest_start, next_fetch, place};

/// A minute of the wheel, counted from the epoch. It lasts as long as the [`Pace`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Minute(pub u64);

impl Minute {
    /// The minute after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The minute `n` later.
    #[must_use]
    pub const fn plus(self, n: u64) -> Self {
        Self(self.0.saturating_add(n))
    }
}

/// How long a wheel minute lasts: sixty seconds, or less where someone wants to watch it turn.
///
/// Floors and periods are counted in wheel minutes and scale with it; what a server asks for stays real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    tick: Duration,
}

impl Pace {
    /// Sixty seconds.
    pub const REAL: Self = Self { tick: Duration::from_secs(60) };

    /// A pace of `seconds` a minute; 1 to 60.
    pub fn of_seconds(seconds: u64) -> Option<Self> {
        (1..=60).contains(&seconds).then_some(Self { tick: Duration::from_secs(seconds) })
    }

    /// How long a wheel minute lasts.
    pub const fn tick(self) -> Duration {
        self.tick
    }

    /// How long `minutes` wheel minutes last.
    pub fn span(self, minutes: u32) -> Duration {
        self.tick.saturating_mul(minutes)
    }

    /// A duration that is meant for minutes of sixty seconds, scaled.
    pub fn scaled(self, real: Duration) -> Duration {
        let scaled = real.as_millis().saturating_mul(self.tick.as_millis()) / 60_000;
        Duration::from_millis(u64::try_from(scaled).unwrap_or(u64::MAX))
    }

    /// The minute that `at` lies in.
    pub fn minute_of(self, at: Timestamp) -> Minute {
        let millis = u64::try_from(at.as_millis()).unwrap_or(0);
        Minute(millis / self.tick_millis())
    }

    /// When `minute` begins.
    pub fn start_of(self, minute: Minute) -> Timestamp {
        Timestamp::from_millis(i64::try_from(minute.0.saturating_mul(self.tick_millis())).unwrap_or(i64::MAX))
    }

    fn tick_millis(self) -> u64 {
        u64::try_from(self.tick.as_millis()).unwrap_or(u64::MAX).max(1)
    }
}

/// Wheel periods in minutes: one more than the nominal interval, so that the jitter within a minute cannot make a gap short.
///
/// 16 and 31 serve installations that lower their floor.
pub const PERIODS: [u32; 8] = [16, 31, 61, 121, 241, 481, 721, 1441];

/// The longest period: after an outage the dispatcher walks back no further.
pub const LONGEST_PERIOD: u32 = 1441;

/// The period of an interval: the first that is longer.
pub fn period_of(interval_minutes: u32) -> u32 {
    PERIODS.into_iter().find(|period| *period > interval_minutes).unwrap_or(LONGEST_PERIOD)
}

/// A place on the wheel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot {
    /// One of [`PERIODS`].
    pub period: u32,
    /// 0 to `period` − 1.
    pub phase: u32,
    /// Which dispatcher walks it.
    pub shard: u8,
}

impl Slot {
    /// The slot of `source` when it is polled every `interval_minutes`: the period of that, phase and shard by hash.
    pub fn of(source: SourceId, interval_minutes: u32, shards: u8) -> Self {
        let period = period_of(interval_minutes);
        let hash = spread(&source.to_string());
        let phase = u32::try_from(hash % u64::from(period)).unwrap_or(0);
        let shard = u8::try_from((hash >> 48) % u64::from(shards.max(1))).unwrap_or(0);
        Self { period, phase, shard }
    }

    /// The slots of `shard` that are due in `minute`, one a period.
    pub fn due_in(minute: Minute, shard: u8) -> impl Iterator<Item = Self> {
        PERIODS.into_iter().map(move |period| Self {
            period,
            phase: u32::try_from(minute.0 % u64::from(period)).unwrap_or(0),
            shard,
        })
    }

    /// The first minute after `minute` at which this slot is due.
    pub fn next_after(self, minute: Minute) -> Minute {
        let (period, phase) = (u64::from(self.period.max(1)), u64::from(self.phase));
        let next = minute.0.saturating_add(1);
        let ahead = (phase + period - next % period) % period;
        Minute(next.saturating_add(ahead))
    }
}

/// 64 evenly spread bits of a text; the same on every machine and in every version.
pub fn spread(text: &str) -> u64 {
    let mut low = [0; 8];
    low.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..8]);
    u64::from_le_bytes(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SystemEntropy;

    #[test]
    fn the_period_is_the_first_that_is_longer_than_the_interval() {
        let source = SourceId::draw(&mut SystemEntropy);
        for (interval, period) in [(15, 16), (16, 31), (60, 61), (61, 121), (240, 241), (1440, 1441), (9999, 1441)] {
            assert_eq!(Slot::of(source, interval, 1).period, period, "{interval}");
        }
    }

    #[test]
    fn sources_spread_over_the_whole_period() {
        let mut met = [0u32; 61];
        for _ in 0..6_100 {
            met[Slot::of(SourceId::draw(&mut SystemEntropy), 60, 1).phase as usize] += 1;
        }
        assert!(met.iter().all(|n| (40..190).contains(n)), "{met:?}");
    }
}
