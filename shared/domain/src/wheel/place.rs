//! When a source may really be fetched, and what the dispatcher does with one that it meets on the wheel.

use std::time::Duration;

use super::{LONGEST_PERIOD, Minute, Pace, Slot};
use crate::carry::{Hold, NotBefore};
use crate::time::Timestamp;
use crate::timing::MAX_DELAY;

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
    use super::super::PERIODS;
    use super::*;
    use proptest::prelude::*;

    fn anywhere() -> impl Strategy<Value = Slot> {
        (0..PERIODS.len(), any::<u32>()).prop_map(|(i, n)| Slot { period: PERIODS[i], phase: n % PERIODS[i], shard: 0 })
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
