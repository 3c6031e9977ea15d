//! What a request pays for knowing who sends it.

use domain::account::{Secret, Who};
use domain::id::SystemEntropy;
use domain::id::kinds::Token;
use store::{Reading, Try};

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
async fn an_attempt_to_sign_in_is_one_write_and_one_read_and_one_write_more_if_it_is_right() {
    let world = World::new().await;
    let ada = email("ada@example.org");
    let (store, meter) = world.store.metered();
    for minute in 0..15 {
        let (who, attempt) = (Who::Email(&ada), Try::at(noon_plus(minute * 60)));
        assert_eq!(store.count_try(&who, &attempt).await.unwrap(), minute as usize + 1);
        assert_eq!(meter.take(), Reading { calls: 2, read_units: 1.0, write_units: 1.0 });
    }
    let (who, attempt) = (Who::Email(&ada), Try::at(noon_plus(15 * 60)));
    store.count_try(&who, &attempt).await.unwrap();
    meter.take();
    store.take_back_try(&who, &attempt).await.unwrap();
    assert_eq!(meter.take(), Reading { calls: 1, read_units: 0.0, write_units: 1.0 });
}
