//! The cursor: who walks, how far back, and what a catch-up comes to.

use std::time::Duration;

use crate::world::{HOUR, MINUTE, NOON, World, slot_at};
use domain::wheel::{Minute, Pace};
use store::{Claim, Cursor};

#[tokio::test]
async fn a_source_is_sent_in_the_minute_of_its_slot_and_in_no_other() {
    let world = World::new().await;
    world.source(1, slot_at(world.minute().plus(1), 61), NOON - HOUR).await;
    assert_eq!(world.run().await.queued, 0);
    world.pass(MINUTE);
    let report = world.run().await;
    assert_eq!((report.minutes, report.looked_at, report.queued), (1, 1, 1));
    let sent = world.messages().await;
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].tick, sent[0].again, sent[0].carry.last_get), (world.minute(), false, Some(NOON - HOUR)));
    world.pass(MINUTE);
    assert_eq!(world.run().await.looked_at, 0);
}

#[tokio::test]
async fn a_second_run_within_the_minute_does_nothing() {
    let world = World::new().await;
    world.source(1, slot_at(world.minute(), 61), NOON - HOUR * 2).await;
    assert_eq!(world.run().await.queued, 1);
    let second = world.run().await;
    assert_eq!((second.minutes, second.looked_at), (0, 0));
    assert_eq!(world.messages().await.len(), 1);
}

/// After an outage each of `periods` is met once, in whichever of its slots it was first.
async fn check_outage(outage: Duration, walked: u64, skipped: u64) {
    let world = World::new().await;
    world.run().await;
    let periods = [61, 121, 241, 1441];
    for (n, period) in periods.into_iter().enumerate() {
        // Each of them was due in the first minute of the outage, and some of them often since.
        world.source(n, slot_at(world.minute().plus(1), period), NOON - HOUR * 25).await;
    }
    world.pass(outage);
    let mut minutes = 0;
    let mut total = dispatcher::Report::default();
    // A run of a long catch-up may end at its deadline; this clock stands still, so one is enough.
    loop {
        let report = world.run().await;
        minutes += report.minutes;
        total.queued += report.queued;
        total.skipped_minutes += report.skipped_minutes;
        if report.unfinished == 0 {
            break;
        }
    }
    assert_eq!((minutes, total.skipped_minutes), (walked, skipped), "{outage:?}");
    let sent = world.messages().await;
    assert_eq!((total.queued, sent.len()), (4, 4), "each source is fetched, and once: {sent:?}");
    world.pass(MINUTE);
    assert_eq!(world.run().await.minutes, 1, "the wheel turns on");
}

#[tokio::test]
async fn after_minutes_of_outage_each_minute_is_walked() {
    check_outage(MINUTE * 7, 7, 0).await;
}

#[tokio::test]
async fn after_hours_of_outage_each_source_is_fetched_once() {
    check_outage(HOUR * 5, 300, 0).await;
}

#[tokio::test]
async fn after_days_of_outage_the_wheel_is_walked_back_one_longest_period_and_no_further() {
    check_outage(HOUR * 24 * 3, 1441, 3 * 1440 - 1441).await;
}

/// A cursor at `minute` is forgotten: the wheel turns, and goes on turning.
async fn check_ahead(minute: Minute) {
    let world = World::new().await;
    let now = world.now();
    let claim = world.store.claim_cursor(0, "ahead", minute, now, now).await.unwrap();
    let Claim::Claimed(cursor) = claim else { panic!("{claim:?}") };
    assert!(world.store.release_cursor(0, "ahead", &Cursor { minute, ..cursor }).await.unwrap());
    world.source(1, slot_at(Minute(world.minute().0 - 700), 1441), NOON - HOUR * 25).await;
    let report = world.run().await;
    assert_eq!((report.minutes, report.queued, report.unfinished), (1441, 1, 0), "{minute:?}");
    world.pass(MINUTE);
    world.source(2, slot_at(world.minute(), 61), NOON - HOUR * 2).await;
    let report = world.run().await;
    assert_eq!((report.minutes, report.queued), (1, 1), "{minute:?}: where it starts over is kept");
    assert_eq!(world.messages().await.len(), 2, "{minute:?}");
}

#[tokio::test]
async fn after_a_clock_that_was_ahead_the_wheel_starts_over() {
    check_ahead(Pace::REAL.minute_of(NOON + HOUR * 24)).await;
}

#[tokio::test]
async fn after_a_wheel_that_turned_a_minute_a_second_it_starts_over() {
    check_ahead(Minute(NOON.as_secs().unsigned_abs())).await;
}

#[tokio::test]
async fn a_run_that_meets_another_on_its_way_goes_home() {
    let world = World::new().await;
    world.source(1, slot_at(world.minute(), 61), NOON - HOUR * 2).await;
    let until = world.now() + MINUTE;
    let claim = world.store.claim_cursor(0, "another", world.minute(), world.now(), until).await.unwrap();
    let Claim::Claimed(cursor) = claim else { panic!("{claim:?}") };
    let report = world.run().await;
    assert_eq!((report.shards_held, report.looked_at), (1, 0));
    world.pass(MINUTE);
    assert_eq!(world.run().await.queued, 1, "the other one died: its lease is over");
    assert!(!world.store.move_cursor(0, "another", &cursor, world.now() + HOUR).await.unwrap(), "it lost its cursor");
    assert_eq!(world.messages().await.len(), 1);
}

#[tokio::test]
async fn at_its_deadline_a_run_stops_between_minutes_and_the_next_goes_on_there() {
    let world = World::new().await;
    world.source(1, slot_at(world.minute(), 61), NOON - HOUR * 2).await;
    let late = dispatcher::handle(&world.ctx, dispatcher::Start::default(), world.now()).await.unwrap();
    assert_eq!((late.minutes, late.unfinished, late.queued), (0, 1, 0));
    assert_eq!(world.run().await.queued, 1);
}

#[tokio::test]
async fn shards_are_walked_one_after_the_other_or_by_name() {
    let world = World::with(dispatcher::Rules { shards: 3, ..crate::world::RULES }).await;
    for shard in 0..3u8 {
        let slot = domain::wheel::Slot { shard, ..slot_at(world.minute(), 61) };
        world.source(usize::from(shard), slot, NOON - HOUR * 2).await;
    }
    let deadline = world.now() + MINUTE;
    let one = dispatcher::handle(&world.ctx, dispatcher::Start { shard: Some(1) }, deadline).await.unwrap();
    assert_eq!((one.queued, world.messages().await[0].source), (1, crate::world::source_id(1)));
    assert_eq!(world.run().await.queued, 2);
    let unknown = dispatcher::handle(&world.ctx, dispatcher::Start { shard: Some(3) }, deadline).await;
    assert!(matches!(unknown, Err(dispatcher::DispatchError::NoSuchShard { shard: 3, shards: 3 })));
}
