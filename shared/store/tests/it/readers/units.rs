//! What a request pays for knowing who sends it.

use domain::account::{Secret, Who};
use domain::id::SystemEntropy;
use domain::id::kinds::Token;
use store::Reading;

use super::email;
use crate::world::{NOON, World, noon_plus};

fn reads(calls: u64, read_units: f64) -> Reading {
    Reading { calls, read_units, write_units: 0.0 }
}

#[tokio::test]
async fn a_request_with_a_token_is_two_read_units_and_once_an_hour_a_write() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    let (secret, _) = world.issue::<Token>(&user).await;
    let (store, meter) = world.store.metered();
    let access = store.access(&secret, NOON).await.unwrap().unwrap();
    assert_eq!(meter.take(), reads(2, 2.0));
    assert!(store.note_use(&access, NOON).await.unwrap());
    assert_eq!(meter.take(), Reading { calls: 1, read_units: 0.0, write_units: 1.0 });
    let access = store.access(&secret, noon_plus(60)).await.unwrap().unwrap();
    assert!(!store.note_use(&access, noon_plus(60)).await.unwrap());
    assert_eq!(meter.take(), reads(2, 2.0));
    assert_eq!(store.access(&Secret::<Token>::draw(&mut SystemEntropy), NOON).await.unwrap(), None);
    assert_eq!(meter.take(), reads(1, 1.0), "a secret that is none");
}

#[tokio::test]
async fn an_unknown_address_is_looked_up_in_as_many_reads_as_a_known_one() {
    let world = World::new().await;
    world.member("ada@example.org").await;
    let (store, meter) = world.store.metered();
    for (address, known) in [("ada@example.org", true), ("bob@example.org", false)] {
        assert_eq!(store.user_by_email(&email(address)).await.unwrap().is_some(), known);
        assert_eq!(meter.take(), reads(2, 2.0), "{address}");
    }
}

#[tokio::test]
async fn a_failed_attempt_is_one_write_and_counting_them_one_read() {
    let world = World::new().await;
    let ada = email("ada@example.org");
    let (store, meter) = world.store.metered();
    for minute in 0..15 {
        store.count_failed_sign_in(&Who::Email(&ada), noon_plus(minute * 60)).await.unwrap();
    }
    assert_eq!(meter.take(), Reading { calls: 15, read_units: 0.0, write_units: 15.0 });
    assert_eq!(store.failed_sign_ins(&Who::Email(&ada), noon_plus(14 * 60)).await.unwrap(), 15);
    assert_eq!(meter.take(), reads(1, 1.0));
}
