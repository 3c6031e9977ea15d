//! The wheel: at which minute a source is looked at, and when it may really be fetched.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::carry::{Hold, NotBefore};
use crate::id::SourceId;
use crate::time::Timestamp;
use crate::timing::MAX_DELAY;

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

/// Why a source is not fetched earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// It was never fetched, or nothing holds it.
    Nothing,
    /// Its interval.
    Interval,
    /// Something between us and its origin.
    Hold(Hold),
    /// Its host asked for a pause.
    HostPaused,
    /// Its turn on the wheel has not come.
    Wheel,
}

impl Why {
    /// Stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "now",
            Self::Interval => "interval",
            Self::Hold(hold) => hold.as_str(),
            Self::HostPaused => "host_paused",
            Self::Wheel => "wheel",
        }
    }
}

/// The instant before which a source must not be fetched, and what holds it until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earliest {
    /// When it may be fetched.
    pub at: Timestamp,
    /// What holds it longest.
    pub why: Why,
    /// When its last GET started.
    pub last_get: Option<Timestamp>,
}

/// The latest of a source's last GET plus interval, what was asked for, and its host's pause.
pub fn earliest_start(
    last_get: Option<Timestamp>,
    interval: Duration,
    not_before: Option<NotBefore>,
    host_paused_until: Option<Timestamp>,
) -> Earliest {
    let mut earliest = Earliest { at: Timestamp::EPOCH, why: Why::Nothing, last_get };
    let bounds = [
        last_get.map(|at| (at + interval, Why::Interval)),
        host_paused_until.map(|at| (at, Why::HostPaused)),
        not_before.map(|hold| (hold.at, Why::Hold(hold.why))),
    ];
    for (at, why) in bounds.into_iter().flatten() {
        // Of two that end together the later in the list says more: a first failure waits for as long as the interval, and whoever was told to wait by a server
        // has paused its host too.
        if at >= earliest.at {
            earliest = Earliest { at, why, ..earliest };
        }
    }
    earliest
}

/// What the dispatcher does with a source that it met on the wheel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Queue it now; its message is delivered no earlier than this.
    Queue(Timestamp),
    /// Look at it again in that minute.
    Due(Minute),
    /// Its ordinary slot comes first: nothing to write.
    Slot,
}

/// Places a source, met at `now` while the wheel is at `minute`.
///
/// A source that is out of step with its slot (it is new, or a person refreshed it, or it was held back once) would need an overflow item at every turn; and all
/// that were fetched at the same time, after an import or an outage, would be again. So its gaps grow by up to a quarter of the period until it is as far behind
/// its slot as a message can wait, or right at it: three turns for an interval as long as its period serves, ten for a short one; and spread as slots are from the first one on. What a server asked for beyond a period is
/// met as asked.
pub fn place(earliest: Earliest, now: Timestamp, minute: Minute, slot: Slot, pace: Pace) -> Placement {
    let is_ordinary = earliest.last_get.is_some_and(|get| earliest.at.since(get) <= pace.span(slot.period));
    let quarter = pace.span(slot.period / 4).max(pace.tick());
    // On a fast wheel the delay is as short against the period as on the real one.
    let longest_delay = pace.scaled(MAX_DELAY);
    if earliest.at.until(now) <= longest_delay {
        // A minute less: within it each host has its own place.
        let behind = longest_delay.saturating_sub(pace.tick()).min(quarter);
        let behind = if is_ordinary && earliest.at.until(now) >= pace.tick() { behind } else { Duration::ZERO };
        return Placement::Queue(earliest.at.max(now + behind));
    }
    let stretch = if is_ordinary { step(earliest, quarter, slot, pace) } else { Duration::ZERO };
    let due = pace.minute_of(earliest.at + stretch).max(minute.next());
    if slot.next_after(minute) <= due { Placement::Slot } else { Placement::Due(due) }
}

/// By how much the next gap of a source grows towards its slot: first by what is left over by whole quarters, since that differs from source to source, then by a
/// quarter at a time.
///
/// At each turn a source falls back by what its period is longer than its interval. Where that is more than it could gain, no step is made: it comes
/// to its slot from the other side.
fn step(earliest: Earliest, quarter: Duration, slot: Slot, pace: Pace) -> Duration {
    let gap = earliest.last_get.map_or(Duration::ZERO, |get| earliest.at.since(get));
    let lost = pace.span(slot.period).saturating_sub(gap).max(pace.tick());
    let gained = quarter.saturating_sub(lost);
    if gained < lost {
        return Duration::ZERO;
    }
    let missing = pace.start_of(slot.next_after(pace.minute_of(earliest.at))).since(earliest.at);
    let later = missing.saturating_sub(quarter).as_millis().div_ceil(gained.as_millis());
    missing.saturating_sub(gained.saturating_mul(u32::try_from(later).unwrap_or(u32::MAX)))
}

/// When the wheel will next fetch a source with no job in hand, to a minute, if nothing changes and nobody is in its way: walked as the dispatcher does, from its last GET
/// on, since a slot that lies behind may have left an overflow item that is still to come.
pub fn next_fetch(earliest: Earliest, now: Timestamp, slot: Slot, pace: Pace) -> (Timestamp, Why) {
    let at = next_start(earliest, now, slot, pace).unwrap_or(earliest.at);
    let why = match earliest.why {
        // While it is held, that is what people want to know, even if its turn comes only later.
        held @ (Why::Hold(_) | Why::HostPaused) if earliest.at > now => held,
        _ if at > earliest.at => Why::Wheel,
        why => why,
    };
    (at, why)
}

fn next_start(earliest: Earliest, now: Timestamp, slot: Slot, pace: Pace) -> Option<Timestamp> {
    let (this, met) = (pace.minute_of(now), pace.minute_of(earliest.last_get.map_or(now, |get| get.min(now))));
    let mut minute = met.max(Minute(this.0.saturating_sub(u64::from(LONGEST_PERIOD))));
    // A hold of weeks meets at most this many slots of the shortest period.
    for _ in 0..100_000 {
        minute = slot.next_after(minute);
        match place(earliest, pace.start_of(minute), minute, slot, pace) {
            // What lies behind and led to no job was missed: an outage.
            Placement::Queue(_) if minute < this => {}
            Placement::Due(due) if due < this => {}
            Placement::Queue(start) => return Some(start),
            Placement::Due(due) => return Some(earliest.at.max(pace.start_of(due))),
            Placement::Slot => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SystemEntropy;
    use proptest::prelude::*;

    fn anywhere() -> impl Strategy<Value = Slot> {
        (0..PERIODS.len(), any::<u32>()).prop_map(|(i, n)| Slot { period: PERIODS[i], phase: n % PERIODS[i], shard: 0 })
    }

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

    fn held(at: Timestamp, last_get: Option<Timestamp>) -> Earliest {
        Earliest { at, why: Why::Interval, last_get }
    }

    #[test]
    fn a_server_whose_max_age_just_misses_a_slot_does_not_cost_a_whole_period() {
        let slot = Slot { period: 61, phase: 0, shard: 0 };
        let minute = Minute(61 * 1000);
        let now = Pace::REAL.start_of(minute);
        let check = |minutes: u32, expected: fn(Timestamp) -> Placement| {
            let at = now + Pace::REAL.span(minutes);
            let last_get = Some(now - Pace::REAL.span(61));
            assert_eq!(place(held(at, last_get), now, minute, slot, Pace::REAL), expected(at), "{minutes}");
        };
        check(20, |at| Placement::Due(Pace::REAL.minute_of(at)));
        check(14, Placement::Queue);
    }

    /// The minutes at which a source is fetched that nothing but its interval holds, and how many overflow items that costs.
    fn turns(slot: Slot, interval: u32, first: Timestamp, count: usize) -> (Vec<Timestamp>, usize) {
        let (mut gets, mut items) = (vec![first], 0);
        let mut minute = Pace::REAL.minute_of(first);
        while gets.len() < count {
            minute = slot.next_after(minute);
            loop {
                let last = gets.last().copied();
                let earliest = earliest_start(last, Pace::REAL.span(interval), None, None);
                match place(earliest, Pace::REAL.start_of(minute), minute, slot, Pace::REAL) {
                    Placement::Queue(at) => break gets.push(at),
                    Placement::Due(due) => (minute, items) = (due, items + 1),
                    Placement::Slot => break,
                }
            }
        }
        (gets, items)
    }

    #[test]
    fn what_holds_a_source_is_told_until_it_is_over_and_then_its_turn() {
        let (get, slot) = (Timestamp::from_secs(1_800_000_000), Slot { period: 61, phase: 0, shard: 0 });
        let hold = NotBefore { at: get + Pace::REAL.span(60), why: Hold::Backoff };
        for phase in 0..61 {
            let slot = Slot { phase, ..slot };
            let told = |not_before, now| {
                let earliest = earliest_start(Some(get), Pace::REAL.span(60), not_before, None);
                next_fetch(earliest, now, slot, Pace::REAL).1
            };
            assert_eq!(told(Some(hold), get), Why::Hold(Hold::Backoff));
            assert_eq!(told(Some(hold), hold.at + Pace::REAL.tick()), Why::Wheel);
            assert!(matches!(told(None, get), Why::Interval | Why::Wheel));
        }
    }

    proptest! {
        #[test]
        fn a_slot_comes_round_once_a_period(slot in anywhere(), from in 0u64..100_000_000) {
            let next = slot.next_after(Minute(from));
            prop_assert!(next.0 > from && next.0 <= from + u64::from(slot.period));
            prop_assert!(Slot::due_in(next, 0).any(|due| due == slot));
        }

        #[test]
        fn a_gap_is_never_short_and_never_a_period_too_long(
            slot in anywhere(), start in 30_000_000u64..31_000_000, ahead_minutes in 0u32..4_000,
            last_minutes in prop::option::of(0u32..4_000)
        ) {
            let minute = slot.next_after(Minute(start));
            let now = Pace::REAL.start_of(minute);
            let earliest = now + Pace::REAL.span(ahead_minutes);
            let held = held(earliest, last_minutes.map(|minutes| now - Pace::REAL.span(minutes)));
            match place(held, now, minute, slot, Pace::REAL) {
                Placement::Queue(at) => prop_assert!(at >= earliest && at.until(now) <= MAX_DELAY),
                Placement::Due(due) => prop_assert!(due > minute && Pace::REAL.start_of(due) + Pace::REAL.tick() > earliest),
                Placement::Slot => {
                    let quarter = Pace::REAL.span(slot.period / 4);
                    prop_assert!(Pace::REAL.start_of(slot.next_after(minute)) <= earliest + quarter);
                }
            }
            let (next, _) = next_fetch(held, now, slot, Pace::REAL);
            prop_assert!(next >= earliest && next.since(earliest.max(now)) <= Pace::REAL.span(slot.period + 1));
        }

        #[test]
        fn a_source_gets_in_step_with_its_slot_in_a_few_turns_whose_gaps_are_a_quarter_longer_at_most(
            slot in anywhere(), first in 1_800_000_000i64..1_800_100_000, shorter in 1u32..8
        ) {
            // A period serves intervals down to about half of it.
            let interval = slot.period - 1 - slot.period / 2 * (shorter - 1) / 7;
            let (gets, items) = turns(slot, interval, Timestamp::from_secs(first), 40);
            for pair in gets.windows(2) {
                let earliest = earliest_start(Some(pair[0]), Pace::REAL.span(interval), None, None);
                // Before a job is queued, a message's longest delay ahead.
                for part in 0..4 {
                    let now = pair[0] + (pair[1].since(pair[0]).saturating_sub(MAX_DELAY) * part / 4);
                    let (at, why) = next_fetch(earliest, now, slot, Pace::REAL);
                    prop_assert_eq!(at, pair[1], "seen from {}, {:?}", now, why);
                }
            }
            let few = if shorter == 1 { 3 } else { 10 };
            prop_assert!(items <= few, "{items} overflow items");
            for gap in gets.windows(2).map(|pair| pair[1].since(pair[0])) {
                let longest = slot.period + slot.period / 4 + 1;
                prop_assert!(gap >= Pace::REAL.span(interval) && gap <= Pace::REAL.span(longest), "{gap:?}");
            }
        }

        #[test]
        fn the_latest_bound_wins(last in prop::option::of(0i64..1_000), hold in prop::option::of(0i64..5_000), pause in prop::option::of(0i64..5_000)) {
            let secs = Timestamp::from_secs;
            let not_before = hold.map(|s| NotBefore { at: secs(s), why: Hold::Fresh });
            let Earliest { at, .. } = earliest_start(last.map(secs), Duration::from_secs(60), not_before, pause.map(secs));
            prop_assert_eq!(at.as_secs(), [last.map(|s| s + 60), hold, pause].into_iter().flatten().max().unwrap_or(0));
        }
    }
}
