//! Days on which the cloud is rude: everything that can go wrong does, at once and by chance; then it is over, and nothing is missing.

use std::cell::Cell;
use std::time::Duration;

use faults::{Deliveries, Dice, Fault, Mischief, Plan, Stop};
use serde_json::Value;

use crate::end::check_landed;
use crate::world::{HOUR, MINUTE, Process, World};

/// Feeds, each on a host of its own.
const FEEDS: usize = 4;
/// How long a bad day lasts.
const DAY: Duration = Duration::from_secs(6 * 3_600);
/// The most calls that a process makes before it stops.
const LIFE: u64 = 300;

/// A process that runs until it stops by itself at some call.
fn process(world: &World, dice: &mut Dice) -> Process {
    world.process(Stop::After(1 + dice.below(LIFE)))
}

async fn check(seed: u64, chunk_bytes: usize) {
    println!("seed {seed}");
    let world = World::new(seed, chunk_bytes).await;
    let mut dice = Dice::seeded(seed);
    let mut deliveries = Deliveries::new(dice.clone(), Mischief::BAD_DAY);
    let feeds: Vec<_> = (0..FEEDS).map(|n| world.feed(&format!("feed{n}"))).collect();
    let published = Cell::new(0);
    let publish = |feed: usize, dice: &mut Dice| {
        published.set(published.get() + 1);
        let bytes = if dice.per_mille(100) { 30_000 } else { 300 };
        feeds[feed].publish(&format!("entry-{}", published.get()), bytes);
    };
    (0..FEEDS).for_each(|feed| publish(feed, &mut dice));

    world.faults.follow(Plan::bad_day());
    let mut running = world.process(Stop::Never);
    let mut sources = Vec::new();
    for feed in &feeds {
        sources.push(world.add(&running, feed).await);
    }
    running = process(&world, &mut dice);
    let end = world.clock.now() + DAY;
    let mut crashes = 0;
    while world.clock.now() < end {
        if dice.per_mille(300) {
            publish(usize::try_from(dice.below(FEEDS as u64)).unwrap(), &mut dice);
        }
        let lives = async {
            world.step(&running, end).await?;
            if dice.per_mille(50) {
                let source = sources[usize::try_from(dice.below(FEEDS as u64)).unwrap()];
                world.ask(&running, "POST", &format!("/v1/sources/{source}/refresh"), Value::Null).await?;
            }
            world.deliver_badly(&running, &mut deliveries).await
        };
        if Box::pin(lives).await.is_none() {
            crashes += 1;
            running = process(&world, &mut dice);
        }
    }
    let seen = world.faults.seen();
    for fault in Fault::ALL {
        let hits = seen.iter().filter(|seen| seen.fault == Some(fault)).count();
        assert!(hits > 0, "{fault:?} never happened in {} calls", seen.len());
    }
    assert!(crashes > 2, "{crashes} crashes");
    println!("{} calls, {} entries, {crashes} crashes", seen.len(), published.get());

    world.faults.rest();
    let calm = world.process(Stop::Never);
    (0..FEEDS).for_each(|feed| publish(feed, &mut dice));
    // Whatever is in hand ends or is superseded, and then each feed is polled once more, twice if a server's own pause was in the way.
    world.live(&calm, 5 * HOUR + MINUTE).await.unwrap();
    for (feed, source) in feeds.iter().zip(sources) {
        Box::pin(check_landed(&world, feed, source)).await;
    }
}

#[tokio::test]
async fn after_bad_days_everything_that_was_published_is_there_once() {
    for seed in [1, 2] {
        Box::pin(check(seed, 1 << 20)).await;
    }
}

#[tokio::test]
async fn after_bad_days_with_landings_in_many_chunks_too() {
    for seed in [11, 12] {
        Box::pin(check(seed, 1_000)).await;
    }
}
