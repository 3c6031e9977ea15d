//! What the fetchers cannot take yet waits for its turn, in order of priority, and is fetched.

use std::collections::BTreeSet;

use crate::world::{HOUR, MINUTE, NOON, RULES, World, slot_at};
use dispatcher::Rules;
use domain::carry::Carry;
use domain::job::Reason;

#[tokio::test]
async fn under_a_backlog_the_latest_for_the_most_people_goes_first_and_nobody_is_forgotten() {
    let world = World::with(Rules { rate_floor: 2, ..RULES }).await;
    for n in 0..10usize {
        let carry = Carry { last_get: Some(NOON - HOUR * (2 + n as u32 % 2)), ..Carry::default() };
        let popular = [1, 1_000][n / 2 % 2];
        world.source_with(n, slot_at(world.minute(), 61), carry, |target| target.subscribers = popular).await;
    }
    let first = world.run().await;
    assert_eq!((first.queued, first.put_off), (4, 6));
    let sent = world.messages().await;
    let late_and_popular = sent.iter().filter(|message| message.subscribers == 1_000).count();
    assert_eq!(late_and_popular, 4, "{sent:?}");
    let mut met: BTreeSet<String> = sent.iter().map(|message| message.source.to_string()).collect();
    let mut a_minute = Vec::new();
    for ahead in 1..=3 {
        a_minute.push(world.store.due(0, world.minute().plus(ahead)).await.unwrap().len());
    }
    assert_eq!(a_minute, [2, 2, 2], "at the rate that the fetchers are trusted with");
    for _ in 0..3 {
        world.pass(MINUTE);
        world.run().await;
        met.extend(world.messages().await.iter().map(|message| message.source.to_string()));
    }
    assert_eq!(met.len(), 10);
}

#[tokio::test]
async fn messages_that_nobody_takes_stop_the_sending_and_taking_them_starts_it_again() {
    let world = World::with(Rules { rate_floor: 2, ..RULES }).await;
    for n in 0..4usize {
        world.source(n, slot_at(world.minute(), 61), NOON - HOUR * 2).await;
    }
    for n in 4..6usize {
        world.source(n, slot_at(world.minute().plus(1), 61), NOON - HOUR * 2).await;
    }
    assert_eq!(world.run().await.queued, 4);
    world.pass(MINUTE);
    let full = world.run().await;
    assert_eq!((full.queued, full.put_off), (0, 2), "four wait, which is what two minutes take");
    assert_eq!(world.messages().await.len(), 4);
    world.pass(MINUTE);
    assert_eq!(world.run().await.queued, 2);
}

#[tokio::test]
async fn a_person_goes_before_everyone_who_is_late() {
    let world = World::with(Rules { rate_floor: 1, ..RULES }).await;
    for n in 0..3usize {
        world
            .source_with(
                n,
                slot_at(world.minute(), 61),
                Carry { last_get: Some(NOON - HOUR * 20), ..Carry::default() },
                |target| target.lane = domain::timing::Lane::Slow,
            )
            .await;
    }
    // A person's refresh that was never answered: its lease is over.
    let slot = slot_at(world.minute(), 61);
    let past = world
        .unfinished(
            3,
            slot,
            |target| target.lane = domain::timing::Lane::Slow,
            |pointer| {
                pointer.reason = Reason::Refresh;
                pointer.lease_until = NOON - HOUR * 2;
            },
        )
        .await;
    assert_eq!(world.run().await.queued, 2);
    let sent = world.messages().await;
    assert_eq!(sent.iter().filter(|message| message.source == past.target.source).count(), 1, "{sent:?}");
}
