//! Polls over hours, as the origin sees them: the real wheel, the real queue, the real fetcher, and a clock that is moved.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::id::SourceId;
use domain::time::Timestamp;
use domain::wheel::Slot;
use fetcher::Context;
use origin::Reply;

use crate::feeds::rss;
use crate::world::{HOUR, MINUTE, World};

/// People add them, one every half minute or all at once.
const SOURCES: usize = 120;
/// How often messages are taken from the queue.
const STEP: Duration = Duration::from_secs(10);

/// When each path was asked for, in the order of the requests.
type Log = Arc<Mutex<Vec<(String, Timestamp)>>>;

/// An origin that writes down when it is asked.
async fn logged() -> (World, Log) {
    let world = World::new().await;
    let (log, clock) = (Log::default(), world.clock());
    let asked = Arc::clone(&log);
    world.origin.otherwise(move |seen| {
        asked.lock().unwrap().push((seen.path().to_owned(), clock()));
        Reply::unless_known(seen, "\"one\"", Reply::ok(rss([("a", "text")])))
    });
    (world, log)
}

/// Adds a source on a host of its own, and fetches it at once.
async fn add(world: &World, fetcher: &Context, n: usize) {
    let (host, id) = (format!("s{n}.localhost"), format!("s{n:07}").parse::<SourceId>().unwrap());
    let url = world.origin.url_at(&host, &format!("/{n}"));
    let adjust = |head: &mut domain::source::Head, target: &mut domain::source::Target| {
        (head.source, target.source, target.slot) = (id, id, Slot::of(id, 60, 1));
    };
    let first = world.source_like(&url, &host, adjust).await;
    world.work(fetcher, &first).await;
}

/// How many of `times` fall into each of `parts` parts of a `whole`.
fn parts(times: &[Timestamp], whole: Duration, parts: usize) -> Vec<usize> {
    let mut counts = vec![0; parts];
    for at in times {
        let into = at.since(Timestamp::EPOCH).as_millis() % whole.as_millis();
        counts[into as usize * parts / whole.as_millis() as usize] += 1;
    }
    counts
}

#[tokio::test]
async fn rule_20_polls_are_spread_over_the_interval_and_nothing_bunches_at_the_top_of_the_hour() {
    check(1).await;
}

#[tokio::test]
async fn rule_20_sources_that_were_fetched_together_spread_at_once() {
    check(SOURCES).await;
}

/// Adds up to `at_once` sources every half minute, and looks at what their origin sees. Rules 4 and 5 too: nobody is asked more often than once an hour.
async fn check(at_once: usize) {
    let (world, log) = logged().await;
    let (dispatcher, fetcher) = (world.dispatcher(world.store_of("Dispatcher")), world.environment());
    let start = world.now();
    let mut added = 0;
    while world.now() < start + 4 * HOUR {
        world.turn(&dispatcher).await;
        for step in 0..6 {
            let wanted = SOURCES.min(added + if step % 3 == 0 { at_once } else { 0 });
            while added < wanted {
                add(&world, &fetcher, added).await;
                // Of one millisecond there are 128 post numbers.
                world.pass(Duration::from_millis(1));
                added += 1;
            }
            world.pass(STEP);
            world.pump(&fetcher).await;
        }
    }
    let log = log.lock().unwrap();
    let mut of: HashMap<&str, Vec<Timestamp>> = HashMap::new();
    for (path, at) in log.iter() {
        of.entry(path).or_default().push(*at);
    }
    assert_eq!(of.len(), SOURCES);
    for (path, times) in &of {
        let gaps = times.windows(2).map(|pair| pair[1].since(pair[0]));
        // A minute of the wheel, a quarter of it until it is in step, and the time that a message waits.
        assert!(
            gaps.clone().all(|gap| gap >= HOUR && gap < HOUR + 17 * MINUTE),
            "{path}: {:?}",
            gaps.collect::<Vec<_>>()
        );
    }
    // The hours in which nobody adds anything.
    let times: Vec<Timestamp> = log.iter().map(|(_, at)| *at).filter(|at| *at >= start + 2 * HOUR).collect();
    let mean = |parts: usize| times.len() / parts;
    let minutes = parts(&times, HOUR, 60);
    assert!(minutes.iter().all(|n| *n <= 4 * mean(60)), "minutes of the hour: {minutes:?}");
    if at_once > 1 {
        // To be even takes them a few turns more, since no gap grows by more than a quarter.
        return;
    }
    for (name, parts) in
        [("twelfths of the hour", parts(&times, HOUR, 12)), ("sixths of the minute", parts(&times, MINUTE, 6))]
    {
        let mean = mean(parts.len());
        assert!(parts.iter().all(|n| *n > mean / 2 && *n < 2 * mean), "{name}: {parts:?}");
    }
}
