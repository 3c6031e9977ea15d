//! Tokens of programs.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::{PASSWORD, check};
use crate::world::World;

#[tokio::test]
async fn a_token_is_named_shown_once_and_revoked_and_tells_when_it_was_last_used() {
    let world = World::new().await;
    let ada = world.someone("ada@example.org").await;
    let (id, secret) = world.token_of(&ada, " my phone ").await;
    let list = async || world.by(&ada.secret, Method::GET, "/v1/tokens", Value::Null).await.json;
    let listed = list().await;
    assert_eq!((&listed["tokens"][0]["name"], &listed["tokens"][0]["used_at"]), (&json!("my phone"), &Value::Null));
    assert!(!listed.to_string().contains(&secret));
    world.pass(Duration::from_secs(5));
    check(&world.by(&secret, Method::GET, "/v1/account", Value::Null).await, 200, "");
    assert_eq!(list().await["tokens"][0]["used_at"], world.now().to_string());
    let path = format!("/v1/tokens/{id}");
    check(&world.by(&ada.secret, Method::DELETE, &path, Value::Null).await, 204, "");
    check(&world.by(&ada.secret, Method::DELETE, &path, Value::Null).await, 404, "not_found");
    check(&world.by(&secret, Method::GET, "/v1/account", Value::Null).await, 401, "bad_credential");
    assert_eq!(list().await["tokens"], json!([]));
}

#[tokio::test]
async fn a_program_neither_sees_nor_changes_what_lets_people_in_but_may_end_itself() {
    let world = World::new().await;
    let ada = world.someone("ada@example.org").await;
    let (id, secret) = world.token_of(&ada, "phone").await;
    for (method, path, body) in [
        (Method::GET, "/v1/tokens".to_owned(), Value::Null),
        (Method::POST, "/v1/tokens".to_owned(), json!({ "name": "another" })),
        (Method::DELETE, format!("/v1/tokens/{id}"), Value::Null),
        (Method::GET, "/v1/sessions".to_owned(), Value::Null),
        (Method::DELETE, "/v1/sessions".to_owned(), Value::Null),
        (Method::DELETE, "/v1/sessions/AAAAAAAA".to_owned(), Value::Null),
    ] {
        check(&world.by(&secret, method, &path, body).await, 403, "not_for_tokens");
    }
    check(
        &world.by(&secret, Method::PATCH, "/v1/account", json!({ "password": "guess guess" })).await,
        403,
        "wrong_password",
    );
    check(&world.by(&secret, Method::DELETE, "/v1/sessions/current", Value::Null).await, 204, "");
    check(&world.by(&secret, Method::GET, "/v1/account", Value::Null).await, 401, "bad_credential");
    check(&world.by(&ada.secret, Method::GET, "/v1/account", Value::Null).await, 200, "");
}

#[tokio::test]
async fn names_are_one_line_and_tokens_are_not_without_end() {
    let world = World::new().await;
    let ada = world.someone("ada@example.org").await;
    for name in ["", " ", "two\nlines", &"x".repeat(65)] {
        check(&world.by(&ada.secret, Method::POST, "/v1/tokens", json!({ "name": name })).await, 422, "bad_name");
    }
    for n in 0..100 {
        world.token_of(&ada, &format!("{n}")).await;
    }
    check(&world.by(&ada.secret, Method::POST, "/v1/tokens", json!({ "name": "x" })).await, 409, "too_many_tokens");
    let listed = world.by(&ada.secret, Method::GET, "/v1/tokens", Value::Null).await.json;
    assert_eq!(listed["tokens"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn the_operator_makes_a_token_in_somebody_s_name() {
    let world = World::new().await;
    world.someone("ada@example.org").await;
    let operator = world.operator();
    let headers = [("authorization", operator.as_str()), ("feedmill-user", "ada@example.org")];
    let made = world.ask_with(&headers, Method::POST, "/v1/tokens", &json!({ "name": "cli" }).to_string()).await;
    check(&made, 201, "");
    let account = world.by(made.json["secret"].as_str().unwrap(), Method::GET, "/v1/account", Value::Null).await;
    assert_eq!(account.json["email"], "ada@example.org");
    check(&world.ask(Method::POST, "/v1/tokens", r#"{"name":"x"}"#).await, 422, "needs_user");
    check(&world.ask_with(&headers, Method::DELETE, "/v1/sessions/current", "").await, 409, "nothing_to_end");
    check(&world.sign_in("ada@example.org", PASSWORD).await, 201, "");
}

#[tokio::test]
async fn with_an_administrators_lost_token_nobody_takes_over_an_account() {
    let world = World::new().await;
    let (root, ada) = (world.root().await, world.someone("ada@example.org").await);
    let (_, token) = world.token_of(&root, "reader app").await;
    for (method, path) in [
        (Method::POST, format!("/v1/users/{}/resets", root.id)),
        (Method::POST, format!("/v1/users/{}/resets", ada.id)),
        (Method::DELETE, format!("/v1/users/{}", ada.id)),
        (Method::GET, "/v1/invitations".to_owned()),
        (Method::POST, "/v1/invitations".to_owned()),
        (Method::DELETE, "/v1/invitations/AAAAAAAA".to_owned()),
    ] {
        check(&world.by(&token, method, &path, Value::Null).await, 403, "not_for_tokens");
    }
    let own = world.by(&root.secret, Method::POST, &format!("/v1/users/{}/resets", root.id), Value::Null).await;
    check(&own, 409, "own_account");
    let hers = world.by(&root.secret, Method::POST, &format!("/v1/users/{}/resets", ada.id), Value::Null).await;
    assert_eq!(hers.status, 201, "{}", hers.json);
}
