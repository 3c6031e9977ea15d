//! Requests that are sent again because their answer got lost.

use http::Method;
use serde_json::{Value, json};

use super::{PASSWORD, check};
use crate::conventions::repeat::stop_after;
use crate::world::{Answer, World};

/// A request that has a name, by this `Authorization` (or nobody's).
async fn named(world: &World, key: &str, authorization: Option<&str>, path: &str, body: &Value) -> Answer {
    let mut headers = vec![("idempotency-key", key)];
    headers.extend(authorization.map(|value| ("authorization", value)));
    world.ask_with(&headers, Method::POST, path, &body.to_string()).await
}

#[tokio::test]
async fn a_token_made_again_is_the_same_token() {
    let world = World::new().await;
    let ada = world.someone("ada@example.org").await;
    let (bearer, body) = (format!("Bearer {}", ada.secret), json!({ "name": "phone" }));
    let first = named(&world, "one", Some(&bearer), "/v1/tokens", &body).await;
    check(&first, 201, "");
    let again = named(&world, "one", Some(&bearer), "/v1/tokens", &body).await;
    assert_eq!((again.status, &again.json), (first.status, &first.json));
    assert_eq!(again.headers["cache-control"], "no-store");
    let listed = world.by(&ada.secret, Method::GET, "/v1/tokens", Value::Null).await.json;
    assert_eq!(listed["tokens"].as_array().unwrap().len(), 1);
    check(&world.by(again.json["secret"].as_str().unwrap(), Method::GET, "/v1/account", Value::Null).await, 200, "");
}

/// Whoever registers dies after so many waits, and is told by the repetition what the first attempt did.
#[tokio::test]
async fn who_dies_while_registering_has_one_account_and_has_used_one_invitation() {
    let world = World::new().await;
    let root = world.root().await;
    for deaths in 0..60 {
        let invitation = world.by(&root.secret, Method::POST, "/v1/invitations", Value::Null).await.json;
        let (email, key) = (format!("{deaths}@example.org"), format!("key-{deaths}"));
        let body = json!({ "email": email, "password": PASSWORD, "invitation": invitation["secret"] });
        let finished = stop_after(deaths, named(&world, &key, None, "/v1/users", &body)).await;
        // An attempt that does not come back is given up after a while.
        world.pass(std::time::Duration::from_secs(120));
        let told = named(&world, &key, None, "/v1/users", &body).await;
        check(&told, 201, "");
        check(&world.sign_in(&email, PASSWORD).await, 201, "");
        let again = json!({ "email": "thief@example.org", "password": PASSWORD, "invitation": invitation["secret"] });
        check(&world.anonymously(Method::POST, "/v1/users", again).await, 403, "invitation_spent");
        if let Some(first) = finished {
            assert_eq!(first.json, told.json);
            let users = world.by(&root.secret, Method::GET, "/v1/users?limit=200", Value::Null).await.json;
            assert_eq!(users["users"].as_array().unwrap().len(), deaths + 2, "one each, and the administrator");
            return;
        }
    }
    panic!("it never came to its end");
}

/// Whoever redeems a link dies after so many waits, and is told by the repetition that it worked; nobody else is.
#[tokio::test]
async fn who_dies_while_setting_a_new_password_by_a_link_has_set_it_and_has_used_the_link_up() {
    let world = World::new().await;
    let root = world.root().await;
    for deaths in 0..60 {
        let (email, key) = (format!("{deaths}@example.org"), format!("key-{deaths}"));
        let someone = world.someone(&email).await;
        let path = format!("/v1/users/{}/resets", someone.id);
        let link = world.by(&root.secret, Method::POST, &path, Value::Null).await.json["secret"].clone();
        let body = json!({ "secret": link, "password": "another password" });
        let reset = async |key: &str| named(&world, key, None, "/v1/password-resets", &body).await;
        let finished = stop_after(deaths, reset(&key)).await;
        // An attempt that does not come back is given up after a while.
        world.pass(std::time::Duration::from_secs(120));
        check(&reset(&key).await, 204, "");
        check(&world.sign_in(&email, "another password").await, 201, "");
        // The same with another name, or with none, is somebody else's try.
        check(&reset("somebody else's").await, 403, "reset_spent");
        check(&world.anonymously(Method::POST, "/v1/password-resets", body.clone()).await, 403, "reset_spent");
        if finished.is_some() {
            return;
        }
    }
    panic!("it never came to its end");
}

#[tokio::test]
async fn the_last_token_there_may_be_is_told_to_who_never_heard_of_it() {
    let world = World::new().await;
    let ada = world.someone("ada@example.org").await;
    let bearer = format!("Bearer {}", ada.secret);
    for n in 0..99 {
        check(&world.by(&ada.secret, Method::POST, "/v1/tokens", json!({ "name": n.to_string() })).await, 201, "");
    }
    let body = json!({ "name": "the last" });
    for deaths in 0..60 {
        let key = format!("key-{deaths}");
        let make = async || named(&world, &key, Some(&bearer), "/v1/tokens", &body).await;
        let finished = stop_after(deaths, make()).await;
        world.pass(std::time::Duration::from_secs(120));
        let told = make().await;
        check(&told, 201, "");
        let one_more = world.by(&ada.secret, Method::POST, "/v1/tokens", json!({ "name": "one more" })).await;
        check(&one_more, 409, "too_many_tokens");
        let path = format!("/v1/tokens/{}", told.json["token"]["id"].as_str().unwrap());
        check(&world.by(&ada.secret, Method::DELETE, &path, Value::Null).await, 204, "");
        if finished.is_some() {
            return;
        }
    }
    panic!("it never came to its end");
}
