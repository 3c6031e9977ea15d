//! A day of twenty sources: nobody is fetched too soon, nobody is forgotten, and nothing bunches.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use domain::carry::Carry;
use domain::id::SourceId;
use domain::time::Timestamp;
use domain::wheel::Slot;

use crate::world::{HOUR, MINUTE, NOON, World, source_id};

/// Intervals in minutes, by name.
const INTERVALS: [u32; 4] = [60, 60, 120, 240];

#[tokio::test]
async fn in_a_day_every_gap_is_at_least_the_interval_polls_are_spread_and_nobody_is_forgotten() {
    let world = World::new().await;
    let mut intervals: HashMap<SourceId, u32> = HashMap::new();
    let mut targets = HashMap::new();
    for name in 0..20 {
        let minutes = INTERVALS[name % INTERVALS.len()];
        let last = NOON - HOUR * 5;
        let carry = Carry { last_get: Some(last), ..Carry::default() };
        let past = world.source_with(name, Slot::of(source_id(name), minutes, 1), carry, |target| {
            // Half of them share a host.
            if name % 2 == 0 {
                target.host = "shared.example".into();
            }
            target.settings.interval_minutes = minutes;
        });
        let past = past.await;
        intervals.insert(past.target.source, minutes);
        targets.insert(past.target.source, past.target);
    }
    let mut gets: BTreeMap<String, Vec<Timestamp>> = BTreeMap::new();
    for minute in 0..24 * 60u64 {
        // The schedule is not exact.
        let offset = Duration::from_millis(minute * 7_919 % 20_000);
        world.pass(offset);
        world.run().await;
        for message in world.messages().await {
            // A fetcher gathers messages and works on them: the GET is somewhat later than it could be.
            let late = Duration::from_millis(minute * 104_729 % 25_000);
            let start = message.earliest + late;
            gets.entry(message.source.to_string()).or_default().push(start);
            let carry = Carry { last_get: Some(start), ..message.carry };
            world.finish(&targets[&message.source], message.job, carry).await;
        }
        world.pass(MINUTE - offset);
    }
    assert_eq!(gets.len(), 20);
    let mut minutes_of_the_hour = [0u32; 60];
    for (source, starts) in &gets {
        let interval = MINUTE * intervals[&source.parse().unwrap()];
        for pair in starts.windows(2) {
            let gap = pair[1].since(pair[0]);
            assert!(gap >= interval, "{source}: {gap:?}");
            assert!(gap <= interval + interval / 4 + MINUTE * 5, "{source} was forgotten for {gap:?}");
        }
        let whole_day = HOUR * 24 - starts[starts.len() - 1].since(NOON).min(HOUR * 24);
        assert!(whole_day <= interval + interval / 4 + MINUTE * 5, "{source} was forgotten in the end");
        for start in starts {
            minutes_of_the_hour[usize::try_from(start.as_secs() / 60 % 60).unwrap()] += 1;
        }
    }
    let polls: u32 = minutes_of_the_hour.iter().sum();
    assert!((315..=335).contains(&polls), "{polls}");
    assert!(minutes_of_the_hour.iter().all(|n| *n < polls / 10), "{minutes_of_the_hour:?}");
}
