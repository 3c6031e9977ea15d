//! Signing out everywhere, and leaving for good.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::id::UserId;
use http::Method;
use serde_json::{Value, json};
use store::{Erasure, Tables};

use super::{PASSWORD, check};
use crate::world::World;

impl World {
    /// The partitions of the table of readers.
    pub(crate) async fn readers(&self) -> BTreeSet<String> {
        let scan = self.tables.scan().table_name(Tables::default().readers).consistent_read(true);
        let items = scan.send().await.unwrap().items.unwrap_or_default();
        items.iter().map(|item| format!("{} {}", item["pk"].as_s().unwrap(), item["sk"].as_s().unwrap())).collect()
    }

    /// What goes on in the background, to its end.
    async fn erase(&self, user: UserId) {
        loop {
            match self.store.erase(user, self.now(), 10).await.unwrap() {
                Erasure::More => {}
                Erasure::Subscribed(sources) => {
                    for source in sources {
                        self.store.unsubscribe(user, source, self.now()).await.unwrap();
                    }
                }
                Erasure::NotBefore(_) => self.pass(Duration::from_secs(120)),
                Erasure::Done => return,
            }
        }
    }
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session_and_programs_when_asked() {
    let world = World::new().await;
    let ada = world.someone("ada@example.org").await;
    let (_, token) = world.token_of(&ada, "phone").await;
    let other = world.sign_in("ada@example.org", PASSWORD).await.json["secret"].as_str().unwrap().to_owned();
    let sessions = world.by(&other, Method::GET, "/v1/sessions", Value::Null).await.json;
    let current: Vec<_> =
        sessions["sessions"].as_array().unwrap().iter().map(|one| one["current"].as_bool().unwrap()).collect();
    assert_eq!(current.iter().filter(|current| **current).count(), 1, "{sessions}");
    assert_eq!(current.len(), 2);
    check(&world.by(&ada.secret, Method::DELETE, "/v1/sessions?all=true", Value::Null).await, 400, "bad_query");
    check(&world.by(&ada.secret, Method::DELETE, "/v1/sessions", Value::Null).await, 204, "");
    for ended in [&ada.secret, &other] {
        check(&world.by(ended, Method::GET, "/v1/account", Value::Null).await, 401, "bad_credential");
    }
    check(&world.by(&token, Method::GET, "/v1/account", Value::Null).await, 200, "");
    let again = world.sign_in("ada@example.org", PASSWORD).await.json["secret"].as_str().unwrap().to_owned();
    check(&world.by(&again, Method::DELETE, "/v1/sessions?tokens=true", Value::Null).await, 204, "");
    for ended in [&again, &token] {
        check(&world.by(ended, Method::GET, "/v1/account", Value::Null).await, 401, "bad_credential");
    }
}

#[tokio::test]
async fn one_session_is_ended_and_the_others_go_on() {
    let world = World::new().await;
    let ada = world.someone("ada@example.org").await;
    let other = world.sign_in("ada@example.org", PASSWORD).await.json;
    let path = format!("/v1/sessions/{}", other["session"]["id"].as_str().unwrap());
    check(&world.by(&ada.secret, Method::DELETE, &path, Value::Null).await, 204, "");
    check(&world.by(&ada.secret, Method::DELETE, &path, Value::Null).await, 404, "not_found");
    check(
        &world.by(other["secret"].as_str().unwrap(), Method::GET, "/v1/account", Value::Null).await,
        401,
        "bad_credential",
    );
    check(&world.by(&ada.secret, Method::GET, "/v1/account", Value::Null).await, 200, "");
}

#[tokio::test]
async fn a_deleted_account_leaves_nothing_behind_and_shared_sources_stay() {
    let world = World::new().await;
    let (root, bob) = (world.root().await, world.someone("bob@example.org").await);
    let (shared, own) = (world.add("https://a.example/feed").await, world.add("https://b.example/feed").await);
    world.store.subscribe(bob.id.parse().unwrap(), shared.parse().unwrap(), 20, world.now()).await.unwrap();
    let before = world.readers().await;
    for by_administrator in [false, true] {
        let ada = world.someone("ada@example.org").await;
        let user: UserId = ada.id.parse().unwrap();
        for source in [&shared, &own] {
            world.store.subscribe(user, source.parse().unwrap(), 20, world.now()).await.unwrap();
        }
        world.token_of(&ada, "phone").await;
        world.by(&root.secret, Method::POST, &format!("/v1/users/{}/resets", ada.id), Value::Null).await;
        let gone = if by_administrator {
            world.by(&root.secret, Method::DELETE, &format!("/v1/users/{}", ada.id), Value::Null).await
        } else {
            world.by(&ada.secret, Method::DELETE, "/v1/account", json!({ "password": PASSWORD })).await
        };
        check(&gone, 204, "");
        check(&world.by(&ada.secret, Method::GET, "/v1/account", Value::Null).await, 401, "bad_credential");
        world.erase(user).await;
        assert_eq!(world.readers().await, before);
        let state = async |source: &str| world.get(&format!("/v1/sources/{source}")).await.json["state"].clone();
        assert_eq!((state(&shared).await, state(&own).await), (json!("active"), json!("resting")));
    }
    let path = format!("/v1/users/{}", bob.id);
    check(
        &world.by(&root.secret, Method::DELETE, "/v1/users/9f1c2d3e-4b5a-4678-9abc-def012345678", Value::Null).await,
        404,
        "not_found",
    );
    check(&world.by(&root.secret, Method::GET, &path, Value::Null).await, 200, "");
}
