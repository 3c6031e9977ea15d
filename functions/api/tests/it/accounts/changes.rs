//! Changing an account, and the way back for one who forgot the password.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::{PASSWORD, check};
use crate::world::World;

#[tokio::test]
async fn nothing_is_changed_without_the_password() {
    let world = World::new().await;
    let ada = world.someone("ada@example.org").await;
    world.someone("bob@example.org").await;
    for (body, status, code) in [
        (json!({ "email": "x@example.org" }), 400, "bad_body"),
        (json!({ "password": "wrong password", "email": "x@example.org" }), 403, "wrong_password"),
        (json!({ "password": PASSWORD, "email": "BOB@example.org" }), 409, "email_taken"),
        (json!({ "password": PASSWORD, "email": "nonsense" }), 422, "bad_email"),
        (json!({ "password": PASSWORD, "new_password": "short" }), 422, "bad_password"),
        (json!({ "password": PASSWORD, "role": "administrator" }), 400, "bad_body"),
    ] {
        check(&world.by(&ada.secret, Method::PATCH, "/v1/account", body).await, status, code);
    }
    let account = world.by(&ada.secret, Method::GET, "/v1/account", Value::Null).await.json;
    assert_eq!((account["email"].as_str(), account["role"].as_str()), (Some(ada.email.as_str()), Some("member")));
    let same = world
        .by(&ada.secret, Method::PATCH, "/v1/account", json!({ "password": PASSWORD, "email": "ADA@example.org" }))
        .await;
    assert_eq!((same.status.as_u16(), same.json["user"]["email"].as_str()), (200, Some("ADA@example.org")));
    assert_eq!(same.json["session"], Value::Null, "the session goes on");
    check(&world.by(&ada.secret, Method::GET, "/v1/account", Value::Null).await, 200, "");
}

#[tokio::test]
async fn a_new_password_signs_out_everywhere_and_programs_when_asked() {
    for end_tokens in [false, true] {
        let world = World::new().await;
        let ada = world.someone("ada@example.org").await;
        let (_, token) = world.token_of(&ada, "phone").await;
        let other = world.sign_in("ada@example.org", PASSWORD).await.json["secret"].as_str().unwrap().to_owned();
        let change = json!({ "password": PASSWORD, "new_password": "another password", "end_tokens": end_tokens });
        let changed = world.by(&token, Method::PATCH, "/v1/account", change).await;
        check(&changed, 200, "");
        assert_eq!(changed.json["session"], Value::Null, "a program does not become a person");
        for ended in [&ada.secret, &other] {
            check(&world.by(ended, Method::GET, "/v1/account", Value::Null).await, 401, "bad_credential");
        }
        let status = world.by(&token, Method::GET, "/v1/account", Value::Null).await.status;
        assert_eq!(status.as_u16(), if end_tokens { 401 } else { 200 });
    }
}

#[tokio::test]
async fn an_administrator_hands_over_a_way_back_that_works_once_within_a_day() {
    let world = World::new().await;
    let (root, ada) = (world.root().await, world.someone("ada@example.org").await);
    let (_, token) = world.token_of(&ada, "phone").await;
    let path = format!("/v1/users/{}/resets", ada.id);
    let reset = async || {
        let made = world.by(&root.secret, Method::POST, &path, Value::Null).await;
        check(&made, 201, "");
        made.json["secret"].as_str().unwrap().to_owned()
    };
    let redeem = async |secret: &str, password: &str| {
        world.anonymously(Method::POST, "/v1/password-resets", json!({ "secret": secret, "password": password })).await
    };
    check(&world.by(&ada.secret, Method::POST, &path, Value::Null).await, 403, "administrators_only");
    let (first, second) = (reset().await, reset().await);
    check(&redeem(&first, "short").await, 422, "bad_password");
    check(&redeem(&first, "a new password").await, 204, "");
    check(&redeem(&first, "another password").await, 403, "reset_spent");
    check(&redeem(&second, "another password").await, 403, "reset_spent");
    for ended in [&ada.secret, &token] {
        check(&world.by(ended, Method::GET, "/v1/account", Value::Null).await, 401, "bad_credential");
    }
    check(&world.sign_in("ada@example.org", PASSWORD).await, 403, "wrong_password");
    check(&world.sign_in("ada@example.org", "a new password").await, 201, "");
    let late = reset().await;
    world.pass(Duration::from_secs(86_400));
    check(&redeem(&late, "another password").await, 403, "reset_spent");
    check(&redeem(&ada.secret, "another password").await, 403, "reset_spent");
    check(&redeem("junk", "another password").await, 403, "reset_spent");
}
