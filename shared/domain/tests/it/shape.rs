//! Hosts are spaced, people go first, the backlog has a limit, and nobody is forgotten.

use std::collections::HashMap;
use std::time::Duration;

use domain::shape::{Backlog, Candidate, SPACING, shape};
use domain::time::Timestamp;
use domain::wheel::{Minute, Pace};
use proptest::prelude::*;

const MINUTE: Minute = Minute(30_000_000);

fn now() -> Timestamp {
    Pace::REAL.start_of(MINUTE)
}

fn candidate(item: usize, host: &str) -> Candidate<usize> {
    Candidate {
        host: host.to_owned(),
        earliest: now(),
        personal: false,
        lateness: Duration::ZERO,
        interval: Duration::from_secs(3600),
        subscribers: 1,
        fetch_ms: 0,
        item,
    }
}

#[test]
fn a_person_goes_before_the_wheel_and_does_not_wait_for_jitter() {
    let mut candidates: Vec<_> = (0..5).map(|n| candidate(n, &format!("h{n}"))).collect();
    candidates[3].personal = true;
    let shaped = shape(candidates, now(), MINUTE, Pace::REAL, 1, 1);
    assert_eq!(shaped.now, [(now(), 3)]);
    assert_eq!(shaped.later.iter().map(|(minute, _)| minute.0 - MINUTE.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn the_latest_relative_to_its_interval_and_the_most_read_go_first() {
    let hour = Duration::from_secs(3600);
    let late = |item, lateness: u32, interval: u32, subscribers| Candidate {
        lateness: hour * lateness,
        interval: hour * interval,
        subscribers,
        ..candidate(item, &format!("h{item}"))
    };
    let shaped = shape(
        vec![late(0, 2, 24, 1), late(1, 2, 1, 1), late(2, 2, 1, 1_000)],
        now(),
        MINUTE,
        Pace::REAL,
        3,
        10,
    );
    assert_eq!(shaped.now.iter().map(|(_, item)| *item).collect::<Vec<_>>(), [2, 1, 0]);
}

#[test]
fn a_host_that_does_not_fit_its_minute_gets_its_turn_in_a_later_one() {
    let shaped = shape((0..150).map(|n| candidate(n, "one")).collect(), now(), MINUTE, Pace::REAL, 1_000, 1_000);
    assert_eq!(shaped.now.len(), 60);
    let turns: Vec<u64> = shaped.later.iter().map(|(minute, _)| minute.0 - MINUTE.0).collect();
    assert_eq!((turns.len(), turns[0], turns[59], turns[60]), (90, 1, 1, 2));
}

#[test]
fn a_slow_host_is_spaced_wider() {
    let slow = |item| Candidate { fetch_ms: 5_000, ..candidate(item, "slow") };
    let shaped = shape((0..20).map(slow).collect(), now(), MINUTE, Pace::REAL, 1_000, 1_000);
    assert_eq!(shaped.now.len(), 6);
}

proptest! {
    #[test]
    fn everyone_goes_or_is_put_off_and_no_two_of_a_host_are_too_close(
        who in prop::collection::vec((0u8..6, 0u64..900, any::<bool>()), 0..200), allowance in 0usize..150
    ) {
        let candidates = who.iter().enumerate().map(|(n, (host, ahead, personal))| Candidate {
            earliest: now() + Duration::from_secs(*ahead),
            personal: *personal,
            ..candidate(n, &format!("h{host}"))
        });
        let shaped = shape(candidates.collect(), now(), MINUTE, Pace::REAL, allowance, 7);
        let mut all: Vec<usize> = shaped.now.iter().map(|s| s.1).chain(shaped.later.iter().map(|s| s.1)).collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..who.len()).collect::<Vec<_>>());
        prop_assert!(shaped.now.len() <= allowance);
        prop_assert!(shaped.later.iter().all(|(minute, _)| *minute > MINUTE));
        let mut starts: HashMap<u8, Vec<Timestamp>> = HashMap::new();
        for (start, n) in &shaped.now {
            prop_assert!(*start >= now() + Duration::from_secs(who[*n].1));
            starts.entry(who[*n].0).or_default().push(*start);
        }
        for times in starts.values_mut() {
            times.sort_unstable();
            prop_assert!(times.windows(2).all(|pair| pair[1].since(pair[0]) >= SPACING));
        }
    }

    #[test]
    fn the_backlog_never_grows_past_two_minutes_of_work(steps in prop::collection::vec((0u64..500, 0u64..500), 1..50)) {
        let mut backlog = Backlog { depth: 0, sent: 0, at: Minute(0), rate: 0 };
        let mut waiting = 0u64;
        for (n, (wanted, taken)) in steps.into_iter().enumerate() {
            backlog = backlog.look(waiting, Minute(n as u64 + 1));
            let sent = wanted.min(backlog.allowance(100));
            backlog.sent += sent;
            waiting += sent;
            prop_assert!(sent == 0 || waiting <= backlog.rate.max(100) * 2);
            waiting = waiting.saturating_sub(taken);
        }
    }
}
