//! A run that dies anywhere is taken up by the next: the same jobs, a message at most twice, the second one marked so.

use domain::carry::{Carry, Hold, NotBefore};
use domain::job::Reason;
use domain::timing::Lane;

use crate::rude::Fault;
use crate::world::{HOUR, MINUTE, NOON, World, slot_at};

/// A minute with something of everything: a source that is due, one whose job was abandoned, one that is held, one of the overflow.
async fn a_full_minute(world: &World) {
    let (here, elsewhere) = (slot_at(world.minute(), 61), slot_at(world.minute().plus(30), 61));
    world.source(1, here, NOON - HOUR * 2).await;
    world.unfinished(2, here, |_| {}, |pointer| pointer.lease_until = NOON - HOUR * 2).await;
    let until = NotBefore { at: NOON + MINUTE * 20, why: Hold::RetryAfter };
    world.source_with(3, here, Carry { not_before: Some(until), ..Carry::default() }, |_| {}).await;
    let past = world.source(4, elsewhere, NOON - HOUR * 2).await;
    world.store.put_due(0, &[(world.minute(), past.target.source)]).await.unwrap();
}

async fn check_end(world: &World, what: &str) {
    let sent = world.messages().await;
    for name in [1, 2, 4] {
        let source = crate::world::source_id(name);
        let job = world.pointer(source).await.job;
        let of_source: Vec<_> = sent.iter().filter(|message| message.source == source).collect();
        let told: Vec<_> = of_source.iter().map(|message| message.again).collect();
        assert!(matches!(told[..], [_] | [false, true]), "{what}: source {name}: {told:?}");
        assert!(of_source.iter().all(|message| message.job == job), "{what}: source {name} has one job");
        assert!(of_source.iter().all(|message| message.carry == of_source[0].carry), "{what}: and one carry");
    }
    let held = world.store.due(0, domain::wheel::Minute(world.minute().0 + 19)).await.unwrap();
    assert_eq!(held, [crate::world::source_id(3)], "{what}");
    assert!(sent.iter().all(|message| message.source != held[0]), "{what}");
    assert!(world.store.due(0, domain::wheel::Minute(world.minute().0 - 1)).await.unwrap().is_empty(), "{what}");
}

#[tokio::test]
async fn a_run_that_dies_before_or_after_any_call_is_taken_up_by_the_next() {
    let world = World::new().await;
    a_full_minute(&world).await;
    world.rude.set(Fault::None);
    world.run().await;
    let calls = world.rude.calls();
    assert!(calls.len() > 12, "{calls:?}");
    for number in 0..calls.len() {
        for fault in [Fault::DieBefore(number), Fault::DieAfter(number)] {
            let world = World::new().await;
            a_full_minute(&world).await;
            world.rude.set(fault.clone());
            assert!(world.try_run().await.is_none(), "{fault:?} of {calls:?}");
            world.rude.set(Fault::None);
            world.pass(MINUTE);
            assert_eq!(world.run().await.unfinished, 0);
            check_end(&world, &format!("{fault:?} ({})", calls[number])).await;
        }
    }
}

#[tokio::test]
async fn what_the_api_queued_and_did_not_send_is_sent_in_the_minute_it_was_queued_for() {
    let world = World::new().await;
    let elsewhere = slot_at(world.minute().plus(30), 61);
    let tick = world.minute().plus(2);
    for (name, reason) in [(1, Reason::First), (2, Reason::Refresh)] {
        let past = world
            .unfinished(
                name,
                elsewhere,
                |_| {},
                |pointer| {
                    pointer.tick = tick;
                    pointer.lease_until = NOON + HOUR;
                    pointer.reason = reason;
                },
            )
            .await;
        assert_eq!(world.store.due(0, tick).await.unwrap().last(), Some(&past.target.source));
    }
    world.pass(MINUTE);
    assert_eq!(world.run().await.looked_at, 0);
    world.pass(MINUTE);
    let report = world.run().await;
    assert_eq!((report.again, report.queued), (2, 0));
    let told: Vec<_> = world.messages().await.iter().map(|m| (m.reason, m.lane, m.again)).collect();
    assert_eq!(told, [(Reason::First, Lane::Slow, true), (Reason::Refresh, Lane::Fast, true)]);
}

#[tokio::test]
async fn what_is_being_fetched_or_was_queued_for_another_minute_is_left_alone() {
    let world = World::new().await;
    let here = slot_at(world.minute(), 61);
    for (name, ticks_off, ongoing) in [(1, 1, false), (2, 0, true), (3, 1, true)] {
        world
            .unfinished(
                name,
                here,
                |_| {},
                |pointer| {
                    pointer.tick = domain::wheel::Minute(world.minute().0 - ticks_off);
                    pointer.lease_until = NOON + HOUR;
                    if ongoing {
                        pointer.hand = domain::job::Hand::Ongoing;
                        pointer.started_at = Some(NOON);
                    }
                },
            )
            .await;
    }
    let report = world.run().await;
    assert_eq!((report.live, report.again, report.queued, world.messages().await.len()), (3, 0, 0, 0));
}
