//! Many sources of one host.

use crate::world::{HOUR, MINUTE, NOON, Past, World, slot_at};
use domain::carry::Carry;
use domain::shape::SPACING;

async fn of_one_host(world: &World, names: std::ops::Range<usize>, minute: domain::wheel::Minute) -> Vec<Past> {
    let mut all = Vec::new();
    for name in names {
        let carry = Carry { last_get: Some(NOON - HOUR * 3), ..Carry::default() };
        all.push(
            world.source_with(name, slot_at(minute, 61), carry, |target| target.host = "one.example".into()).await,
        );
    }
    all
}

fn check_spacing(sent: &[domain::message::FetchMessage]) {
    let mut starts: Vec<_> = sent.iter().map(|message| message.earliest).collect();
    starts.sort_unstable();
    assert!(starts.windows(2).all(|pair| pair[1].since(pair[0]) >= SPACING), "{starts:?}");
}

#[tokio::test]
async fn requests_to_one_host_are_spaced_and_who_does_not_fit_comes_in_the_minute_when_his_turn_is() {
    let world = World::new().await;
    of_one_host(&world, 0..70, world.minute()).await;
    let first = world.run().await;
    assert_eq!((first.queued, first.put_off), (60, 10));
    check_spacing(&world.messages().await);
    assert_eq!(world.store.due(0, world.minute().next()).await.unwrap().len(), 10);
    world.pass(MINUTE);
    assert_eq!(world.run().await.queued, 10);
    check_spacing(&world.messages().await);
}

#[tokio::test]
async fn who_waited_goes_before_the_ordinary_slots() {
    let world = World::new().await;
    of_one_host(&world, 0..65, world.minute()).await;
    of_one_host(&world, 65..130, world.minute().next()).await;
    world.run().await;
    world.messages().await;
    let waiting = world.store.due(0, world.minute().next()).await.unwrap();
    world.pass(MINUTE);
    let second = world.run().await;
    assert_eq!((second.queued, second.put_off), (60, 10));
    let sent = world.messages().await;
    assert!(waiting.iter().all(|source| sent.iter().any(|message| message.source == *source)), "{waiting:?}");
}

#[tokio::test]
async fn a_catch_up_does_not_meet_all_its_minutes_at_one_host() {
    let world = World::new().await;
    for n in 0..5usize {
        of_one_host(&world, n * 10..n * 10 + 10, world.minute().plus(n as u64)).await;
    }
    world.pass(MINUTE * 5);
    assert_eq!(world.run().await.queued, 50);
    check_spacing(&world.messages().await);
}
