//! When a source may be fetched: its interval, what the server asked for, and where the wheel puts it instead.

use std::time::Duration;

use domain::carry::{Carry, Hold, NotBefore};

use crate::world::{HOUR, MINUTE, NOON, World, slot_at};

/// A source due now with `carry`: how it is sent (its start after noon in seconds), or what the report says instead.
async fn check(period: u32, carry: Carry, start: Option<u64>, due_after_minutes: Option<u64>) {
    let world = World::new().await;
    let past = world.source_with(1, slot_at(world.minute(), period), carry.clone(), |_| {}).await;
    let report = world.run().await;
    let sent = world.messages().await;
    assert_eq!(sent.iter().map(|m| m.earliest.since(NOON).as_secs()).max(), start, "{carry:?}");
    assert_eq!(report.held, u64::from(start.is_none()), "{carry:?}");
    for ahead in 1..50 {
        let due = world.store.due(0, world.minute().plus(ahead)).await.unwrap();
        let expected = if due_after_minutes == Some(ahead) { vec![past.target.source] } else { vec![] };
        assert_eq!(due, expected, "minute {ahead} of {carry:?}");
    }
}

/// The place of the source's host in a minute, which a hash chooses.
const PLACE: u64 = 41;

fn polled(ago: Duration) -> Carry {
    Carry { last_get: Some(NOON - ago), ..Carry::default() }
}

fn held(ago: Duration, ahead: Duration, why: Hold) -> Carry {
    Carry { not_before: Some(NotBefore { at: NOON + ahead, why }), ..polled(ago) }
}

#[tokio::test]
async fn a_gap_is_never_short_a_message_waits_up_to_fifteen_minutes_and_further_ahead_becomes_overflow() {
    let interval_ends = |after: u64| polled(HOUR - Duration::from_secs(after));
    // As far behind its slot as a message can wait, so that those that were fetched together are not again.
    check(61, interval_ends(1), Some(1 + PLACE), None).await;
    check(61, interval_ends(60), Some(840 + PLACE), None).await;
    check(61, interval_ends(900), Some(900), None).await;
    // A quarter of the period later at most, towards its slot.
    check(61, interval_ends(960), None, Some(16 + 3)).await;
    check(61, interval_ends(1_800), None, Some(30 + 3)).await;
    check(61, interval_ends(2_700), None, Some(45 + 2)).await;
    check(61, interval_ends(3_000), None, None).await;
}

#[tokio::test]
async fn a_server_is_obeyed_and_just_missing_a_slot_costs_no_period() {
    check(61, held(HOUR * 2, MINUTE * 10, Hold::Fresh), Some(600 + PLACE), None).await;
    check(61, held(HOUR * 2, MINUTE * 20, Hold::RetryAfter), None, Some(20)).await;
}

#[tokio::test]
async fn where_the_ordinary_slot_comes_first_nothing_is_written() {
    check(16, held(HOUR * 2, MINUTE * 20, Hold::Backoff), None, None).await;
    check(61, held(HOUR * 2, HOUR * 20, Hold::Refused), None, None).await;
}

#[tokio::test]
async fn a_paused_host_is_left_alone_and_nobody_else() {
    let world = World::new().await;
    for n in 1..=2 {
        world.source(n, slot_at(world.minute(), 61), NOON - HOUR * 2).await;
    }
    world.store.pause_host("host1.example", NOON + MINUTE * 30, "429", NOON).await.unwrap();
    let report = world.run().await;
    assert_eq!((report.queued, report.held), (1, 1));
    assert_eq!(world.messages().await[0].host, "host2.example");
    world.pass(MINUTE * 30);
    assert_eq!(world.run().await.queued, 1, "the pause is over");
    let sent = world.messages().await;
    assert!(sent[0].host == "host1.example" && sent[0].earliest >= NOON + MINUTE * 30, "{sent:?}");
}

#[tokio::test]
async fn a_message_is_not_to_be_had_before_its_start() {
    let world = World::new().await;
    world.source(1, slot_at(world.minute(), 61), NOON - HOUR + MINUTE * 10).await;
    world.run().await;
    let start = MINUTE * 14 + Duration::from_secs(PLACE);
    world.pass(start - Duration::from_secs(1));
    assert_eq!(world.visible(), 0);
    world.pass(Duration::from_secs(2));
    assert_eq!(world.visible(), 1);
}

#[tokio::test]
async fn overflow_is_looked_at_in_its_minute_once_and_then_forgotten() {
    let world = World::new().await;
    let past = world.source(1, slot_at(world.minute().plus(30), 61), NOON - HOUR * 2).await;
    let source = past.target.source;
    let minute = world.minute();
    // Twice in one minute: as overflow, and in its slot.
    world.store.put_due(0, &[(minute, source), (minute.plus(30), source)]).await.unwrap();
    assert_eq!((world.run().await.queued, world.messages().await.len()), (1, 1));
    assert!(world.store.due(0, minute).await.unwrap().is_empty());
    let job = world.pointer(source).await.job;
    world.finish(&past.target, job, polled(HOUR * 2)).await;
    world.pass(MINUTE * 30);
    assert_eq!((world.run().await.looked_at, world.messages().await.len()), (1, 1));
}

#[tokio::test]
async fn the_first_fetch_of_a_source_goes_where_slow_sources_do() {
    let world = World::new().await;
    world.source_with(1, slot_at(world.minute(), 61), Carry::default(), |_| {}).await;
    world
        .source_with(2, slot_at(world.minute(), 61), polled(HOUR * 2), |target| {
            target.lane = domain::timing::Lane::Slow
        })
        .await;
    world.source(3, slot_at(world.minute(), 61), NOON - HOUR * 2).await;
    world.run().await;
    let told: Vec<_> = world.messages().await.iter().map(|m| (m.lane.as_str(), m.reason.as_str())).collect();
    assert_eq!(told, [("slow", "first"), ("slow", "scheduled"), ("fast", "scheduled")]);
}
