//! How late a poll begins: nothing that the wheel does in order is late, and what it could not do in time is.

use std::time::Duration;

use domain::carry::{Carry, Hold, NotBefore};
use domain::id::{JobIdMint, SourceId, SystemEntropy};
use domain::job::Reason;
use domain::message::{FetchMessage, VERSION};
use domain::time::Timestamp;
use domain::timing::Lane;
use domain::wheel::{Minute, Pace, Slot, earliest_start, next_fetch};
use proptest::prelude::*;

const NOON: Timestamp = Timestamp::from_secs(1_800_000_000);

fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

/// The message of an ordinary turn, queued at `queued_at`, of a source whose last GET was at noon.
fn message(interval: u64, queued_at: Timestamp) -> FetchMessage {
    FetchMessage {
        v: VERSION,
        job: JobIdMint::default().next(queued_at),
        source: SourceId::draw(&mut SystemEntropy),
        url: None,
        host: "a.example".to_owned(),
        timeout_ms: 20_000,
        interval_ms: interval * 60_000,
        subscribers: 1,
        watched: false,
        lane: Lane::Fast,
        queued_at,
        tick: Minute(0),
        earliest: queued_at,
        reason: Reason::Scheduled,
        carry: Carry { last_get: Some(NOON), ..Carry::default() },
        open: false,
        again: false,
        attempts: 0,
        returned: 0,
    }
}

proptest! {
    #[test]
    fn no_turn_that_comes_in_order_is_late(interval in 15..1440_u32, seconds in 0..3600_u64, asked in 0..3000_u64) {
        let source = SourceId::draw(&mut SystemEntropy);
        let slot = Slot::of(source, interval, 1);
        let get = NOON + Duration::from_secs(seconds);
        let held = (asked % 3 == 0).then(|| NotBefore { at: get + minutes(asked), why: Hold::Backoff });
        let earliest = earliest_start(Some(get), Pace::REAL.span(interval), held, None);
        let (start, _) = next_fetch(earliest, get, slot, Pace::REAL);
        let carry = Carry { last_get: Some(get), not_before: held, ..Carry::default() };
        let message = FetchMessage { carry, ..message(u64::from(interval), start) };
        // Within its minute each source has a place of its own.
        prop_assert!(message.lateness(start, Pace::REAL) <= minutes(1), "{slot:?}: {:?}", start.since(get));
    }
}

#[test]
fn lateness_counts_from_the_last_moment_in_order() {
    let begun = NOON + minutes(300);
    let hourly = message(60, begun);
    let held = NotBefore { at: NOON + minutes(290), why: Hold::Backoff };
    let asked = NOON + minutes(299);
    let cases = [
        // A period of 61 minutes, and a quarter of it.
        ("an ordinary turn", hourly.clone(), minutes(300) - minutes(61) - minutes(61) / 4),
        (
            "what a server asked for",
            FetchMessage { carry: Carry { not_before: Some(held), ..hourly.carry.clone() }, ..hourly.clone() },
            minutes(10),
        ),
        ("a person", FetchMessage { reason: Reason::Refresh, earliest: asked, ..hourly.clone() }, minutes(1)),
        ("never fetched", FetchMessage { carry: Carry::default(), earliest: asked, ..hourly.clone() }, minutes(1)),
        (
            "at rest for months",
            FetchMessage { earliest: begun + minutes(60 * 24 * 90), ..hourly.clone() },
            Duration::ZERO,
        ),
    ];
    for (what, message, late) in cases {
        let begun = begun.max(message.earliest);
        assert_eq!(message.lateness(begun, Pace::REAL), late, "{what}");
    }
    let fast = Pace::of_seconds(1).unwrap();
    let hourly = FetchMessage { interval_ms: 60_000, ..hourly };
    assert_eq!(hourly.lateness(NOON + Duration::from_secs(300), fast), Duration::from_millis(300_000 - 76_250));
}
