//! Attempts to sign in.

use std::time::Duration;

use domain::account::Who;
use domain::time::Timestamp;
use futures_util::future::{join_all, try_join_all};
use store::Try;

use super::email;
use crate::world::{NOON, World, noon_plus};

/// Counts an attempt; how many there were by then.
async fn count(world: &World, who: &Who<'_>, now: Timestamp) -> usize {
    world.store.count_try(who, &Try::at(now)).await.unwrap()
}

#[tokio::test]
async fn attempts_count_for_whom_they_concern_and_for_a_quarter_of_an_hour() {
    let world = World::new().await;
    let (ada, bob) = (email("ada@example.org"), email("bob@example.org"));
    let address = Who::Address("2001:db8::7".parse().unwrap());
    for minute in 0..20 {
        let now = noon_plus(minute * 60);
        count(&world, &Who::Email(&ada), now).await;
        count(&world, &address, now).await;
        count(&world, &address, now).await;
    }
    assert_eq!(count(&world, &Who::Email(&email("ADA@example.org")), noon_plus(19 * 60)).await, 17);
    assert_eq!(count(&world, &Who::Address("2001:db8::8".parse().unwrap()), noon_plus(19 * 60)).await, 33);
    assert_eq!(count(&world, &Who::Email(&bob), noon_plus(19 * 60)).await, 1);
    assert_eq!(count(&world, &Who::Email(&ada), noon_plus(33 * 60)).await, 4);
    assert_eq!(count(&world, &Who::Email(&ada), noon_plus(33 * 60) + Who::WINDOW + Duration::from_secs(60)).await, 1);
}

#[tokio::test]
async fn of_many_attempts_at_once_no_more_learn_of_a_small_number_than_it_says() {
    let world = World::new().await;
    let ada = email("ada@example.org");
    let who = Who::Email(&ada);
    let told = join_all((0..40).map(|n| count(&world, &who, noon_plus(58 + n / 10)))).await;
    for limit in [1, 5, 10, 39] {
        assert!(told.iter().filter(|told| **told <= limit).count() <= limit, "{told:?}");
    }
    assert_eq!(count(&world, &who, noon_plus(62)).await, 41, "all are counted");
}

#[tokio::test]
async fn an_attempt_counts_once_however_often_it_is_counted_and_not_at_all_once_it_is_taken_back() {
    let world = World::new().await;
    let ada = email("ada@example.org");
    let who = Who::Email(&ada);
    let (failed, fine) = (Try::at(NOON), Try::at(NOON));
    try_join_all((0..3).map(|_| world.store.count_try(&who, &failed))).await.unwrap();
    assert_eq!(world.store.count_try(&who, &fine).await.unwrap(), 2);
    for _ in 0..2 {
        world.store.take_back_try(&who, &fine).await.unwrap();
        assert_eq!(world.store.count_try(&who, &failed).await.unwrap(), 1);
    }
    world.store.take_back_try(&who, &failed).await.unwrap();
    assert!(world.stored().await.is_empty(), "whoever signs in without failing leaves no trace");
}

#[tokio::test]
async fn what_is_counted_expires_and_names_nobody() {
    let world = World::new().await;
    let ada = email("ada@example.org");
    count(&world, &Who::Email(&ada), NOON).await;
    world.store.take_back_try(&Who::Email(&email("bob@example.org")), &Try::at(NOON)).await.unwrap();
    let stored = world.stored().await;
    assert_eq!(stored.len(), 1, "what was never counted leaves nothing behind");
    let ((pk, _), item) = stored.iter().next().unwrap();
    assert!(!pk.contains("ada"), "{pk}");
    let ttl: i64 = item["ttl"].as_n().unwrap().parse().unwrap();
    assert!(ttl >= (NOON + Who::WINDOW).as_secs() + 60);
}
