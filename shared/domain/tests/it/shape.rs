//! Hosts are spaced, people go first, the backlog has a limit, and nobody is forgotten.

use std::collections::HashMap;
use std::time::Duration;

use domain::shape::{Backlog, Candidate, Limit, Limits, SPACING, Shaper};
use domain::time::Timestamp;
use domain::timing::{Lane, MAX_DELAY};
use domain::wheel::{Minute, Pace};
use proptest::prelude::*;

const HOSTS: [&str; 4] = ["a.example", "b.example", "c.example", "d.example"];
const OPEN: Limits =
    Limits { fast: Limit { allowance: 1_000, rate: 500 }, slow: Limit { allowance: 1_000, rate: 500 } };

fn noon() -> Timestamp {
    Timestamp::from_secs(1_767_268_800)
}

fn minute() -> Minute {
    Pace::REAL.minute_of(noon())
}

fn candidate(host: usize, item: usize) -> Candidate<'static, usize> {
    Candidate {
        host: HOSTS[host],
        lane: Lane::Fast,
        earliest: noon(),
        personal: false,
        waited: false,
        lateness: Duration::ZERO,
        interval: Duration::from_secs(3600),
        subscribers: 1,
        fetch_ms: 0,
        item,
    }
}

#[test]
fn people_go_first_then_who_has_waited_then_the_latest_for_most_people() {
    let late = |seconds, subscribers, item| Candidate {
        lateness: Duration::from_secs(seconds),
        subscribers,
        ..candidate(item % 4, item)
    };
    let candidates = vec![
        late(60, 1, 0),
        late(60, 1_000, 1),
        late(600, 1, 2),
        Candidate { waited: true, ..late(0, 0, 3) },
        Candidate { personal: true, ..late(0, 0, 4) },
    ];
    let limits = Limits { fast: Limit { allowance: 2, rate: 2 }, ..OPEN };
    let shaped = Shaper::new(Pace::REAL).shape(candidates, noon(), minute(), limits);
    assert_eq!(shaped.now.iter().map(|(_, item)| *item).collect::<Vec<_>>(), [4, 3]);
    let next = |n| minute().plus(n);
    assert_eq!(shaped.later, [(next(1), 2), (next(1), 1), (next(2), 0)]);
}

#[test]
fn a_slow_lane_that_is_full_holds_up_nobody_else() {
    let limits = Limits { slow: Limit { allowance: 0, rate: 1 }, ..OPEN };
    let slow = Candidate { lane: Lane::Slow, personal: true, ..candidate(0, 0) };
    let shaped = Shaper::new(Pace::REAL).shape(vec![slow, candidate(1, 1)], noon(), minute(), limits);
    assert_eq!((shaped.now.len(), shaped.later), (1, vec![(minute().next(), 0)]));
}

#[test]
fn a_host_that_answers_slowly_is_spaced_wider() {
    let candidates = vec![Candidate { fetch_ms: 4_000, ..candidate(0, 0) }, candidate(0, 1)];
    let shaped = Shaper::new(Pace::REAL).shape(candidates, noon(), minute(), OPEN);
    let starts: Vec<_> = shaped.now.iter().map(|(start, _)| *start).collect();
    assert_eq!(starts[1].since(starts[0]), Duration::from_secs(8));
}

#[test]
fn a_person_is_not_made_to_wait_for_the_jitter() {
    let shaped =
        Shaper::new(Pace::REAL).shape(vec![Candidate { personal: true, ..candidate(0, 0) }], noon(), minute(), OPEN);
    assert_eq!(shaped.now, [(noon(), 0)]);
}

#[test]
fn what_does_not_fit_beside_a_host_s_others_gets_a_minute_in_which_it_fits() {
    let candidates = (0..200).map(|n| candidate(0, n)).collect();
    let shaped = Shaper::new(Pace::REAL).shape(candidates, noon(), minute(), OPEN);
    assert_eq!(shaped.now.len(), 60);
    let mut a_minute = [0; 4];
    for (later, _) in shaped.later {
        a_minute[usize::try_from(later.0 - minute().0).unwrap()] += 1;
    }
    assert_eq!(a_minute, [0, 60, 60, 20]);
}

#[test]
fn the_backlog_learns_how_fast_the_fetchers_are() {
    let start = Backlog { depth: 0, sent: 1_000, at: Minute(10), rate: 0 };
    let cases = [
        ("all taken in two minutes", 0, 500, 1_000),
        ("half taken", 500, 125, 0),
        ("nothing taken", 1_000, 0, 0),
        ("more waits than was sent: a fetcher gave back", 2_000, 0, 0),
    ];
    for (what, depth, rate, allowance) in cases {
        let seen = start.look(depth, Minute(12));
        assert_eq!((seen.rate, seen.sent, seen.allowance(100)), (rate, 0, allowance), "{what}");
    }
}

proptest! {
    #[test]
    fn nobody_is_forgotten_early_or_too_close_to_another(
        minutes in prop::collection::vec(prop::collection::vec((0..4usize, 0u64..1_000, any::<bool>(), 0u32..3_000), 0..90), 1..4),
        allowance in 0u64..200, rate in 0u64..50, seconds in 1u64..60
    ) {
        let pace = Pace::of_seconds(seconds).unwrap();
        let limit = Limit { allowance, rate };
        let mut shaper = Shaper::new(pace);
        let mut starts: HashMap<&str, Vec<(Timestamp, u32)>> = HashMap::new();
        for asked in minutes {
            let candidates: Vec<_> = asked.iter().enumerate().map(|(item, (host, ahead, personal, fetch_ms))| Candidate {
                earliest: noon() + Duration::from_secs(*ahead), personal: *personal, fetch_ms: *fetch_ms, ..candidate(*host, item)
            }).collect();
            let shaped = shaper.shape(candidates, noon(), minute(), Limits { fast: limit, slow: limit });
            prop_assert!(shaped.now.len() as u64 <= allowance);
            let mut items: Vec<_> = shaped.now.iter().map(|(_, i)| *i).chain(shaped.later.iter().map(|(_, i)| *i)).collect();
            items.sort_unstable();
            prop_assert_eq!(items, (0..asked.len()).collect::<Vec<_>>());
            for (later, _) in &shaped.later {
                prop_assert!(*later > minute());
            }
            for (start, item) in shaped.now {
                let (host, ahead, _, fetch_ms) = asked[item];
                prop_assert!(start >= noon() + Duration::from_secs(ahead) && start.until(noon()) <= MAX_DELAY);
                starts.entry(HOSTS[host]).or_default().push((start, fetch_ms));
            }
        }
        for of_host in starts.values_mut() {
            of_host.sort_unstable();
            for pair in of_host.windows(2) {
                prop_assert!(pair[1].0.since(pair[0].0) >= pace.scaled(SPACING));
            }
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
