//! Failed attempts to sign in.

use std::time::Duration;

use domain::account::Who;

use super::email;
use crate::world::{NOON, World, noon_plus};

#[tokio::test]
async fn failures_count_for_whom_they_concern_and_for_a_quarter_of_an_hour() {
    let world = World::new().await;
    let (ada, bob) = (email("ada@example.org"), email("bob@example.org"));
    let address = Who::Address("2001:db8::7".parse().unwrap());
    for minute in 0..20 {
        let now = noon_plus(minute * 60);
        world.store.count_failed_sign_in(&Who::Email(&ada), now).await.unwrap();
        world.store.count_failed_sign_in(&address, now).await.unwrap();
        world.store.count_failed_sign_in(&address, now).await.unwrap();
    }
    let count = async |who: Who<'_>, now| world.store.failed_sign_ins(&who, now).await.unwrap();
    assert_eq!(count(Who::Email(&email("ADA@example.org")), noon_plus(19 * 60)).await, 16);
    assert_eq!(count(Who::Address("2001:db8::8".parse().unwrap()), noon_plus(19 * 60)).await, 32);
    assert_eq!(count(Who::Email(&bob), noon_plus(19 * 60)).await, 0);
    assert_eq!(count(Who::Email(&ada), noon_plus(33 * 60)).await, 2);
    assert_eq!(count(Who::Email(&ada), noon_plus(19 * 60) + Who::WINDOW + Duration::from_secs(60)).await, 0);
}

#[tokio::test]
async fn failures_at_once_are_all_counted_and_expire() {
    let world = World::new().await;
    let ada = email("ada@example.org");
    let who = Who::Email(&ada);
    let attempts = (0..20).map(|_| world.store.count_failed_sign_in(&who, NOON));
    futures_util::future::try_join_all(attempts).await.unwrap();
    assert_eq!(world.store.failed_sign_ins(&who, NOON).await.unwrap(), 20);
    let stored = world.stored().await;
    assert_eq!(stored.len(), 1);
    let ((pk, _), item) = stored.iter().next().unwrap();
    assert!(!pk.contains("ada"), "{pk}");
    let ttl: i64 = item["ttl"].as_n().unwrap().parse().unwrap();
    assert!(ttl >= (NOON + Who::WINDOW).as_secs() + 60);
}
