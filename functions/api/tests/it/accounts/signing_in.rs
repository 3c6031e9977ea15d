//! Signing in: what it costs, how often it may fail, and cookies.

use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use super::{PASSWORD, check};
use crate::conventions::logs::Logs;
use crate::world::World;

#[tokio::test]
async fn an_unknown_name_costs_as_many_hashes_reads_and_writes_as_a_wrong_password() {
    let world = World::new().await;
    world.someone("ada@example.org").await;
    let mut costs = Vec::new();
    for (email, password) in
        [("ada@example.org", "wrong password"), ("nobody@example.org", PASSWORD), ("ADA@EXAMPLE.ORG", "wrong password")]
    {
        let before = world.passwords.hashed();
        world.meter.take();
        let answer = world.sign_in(email, password).await;
        check(&answer, 403, "wrong_password");
        costs.push((
            world.passwords.hashed() - before,
            world.meter.take(),
            answer.json["detail"].clone(),
            answer.bytes,
        ));
    }
    assert_eq!(costs[0].0, 1);
    assert_eq!((costs[0].1.calls, costs[0].1.read_units, costs[0].1.write_units), (6, 4.0, 2.0));
    assert!(costs.iter().all(|cost| *cost == costs[0]), "{costs:?}");
}

#[tokio::test]
async fn ten_wrong_passwords_for_an_address_are_enough_for_a_quarter_of_an_hour_whether_or_not_it_has_an_account() {
    let world = World::new().await;
    let ada = world.someone("ada@example.org").await;
    for email in ["ada@example.org", "nobody@example.org"] {
        for _ in 0..10 {
            check(&world.sign_in(email, "wrong password").await, 403, "wrong_password");
        }
        let before = world.passwords.hashed();
        let refused = world.sign_in(email, PASSWORD).await;
        check(&refused, 429, "too_many_failures");
        assert_eq!(refused.headers["retry-after"], "900");
        assert_eq!(world.passwords.hashed(), before, "nothing is tried");
    }
    check(&world.by(&ada.secret, Method::GET, "/v1/account", Value::Null).await, 200, "");
    let change = json!({ "password": PASSWORD, "email": "x@example.org" });
    check(&world.by(&ada.secret, Method::PATCH, "/v1/account", change).await, 429, "too_many_failures");
    world.pass(Duration::from_secs(16 * 60));
    check(&world.sign_in("ada@example.org", PASSWORD).await, 201, "");
}

#[tokio::test]
async fn a_hundred_wrong_passwords_from_one_network_are_enough() {
    let world = World::new().await;
    world.someone("ada@example.org").await;
    for n in 0..100 {
        check(&world.sign_in(&format!("{n}@example.org"), "wrong password").await, 403, "wrong_password");
    }
    check(&world.sign_in("ada@example.org", PASSWORD).await, 429, "too_many_failures");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_tries_many_at_once_gets_no_more_tries_than_one_after_the_other() {
    let world = World::new().await;
    world.someone("ada@example.org").await;
    let before = world.passwords.hashed();
    let all = join_all((0..60).map(|_| world.sign_in("ada@example.org", "wrong password"))).await;
    let tried = world.passwords.hashed() - before;
    assert!((8..=10).contains(&tried), "two that are counted at once are both put off: {tried}");
    assert!(all.iter().all(|answer| matches!(answer.status.as_u16(), 403 | 429)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_does_whoever_tries_at_many_instances_at_once() {
    let world = World::in_the_cloud(8).await;
    world.someone("ada@example.org").await;
    for email in ["ada@example.org", "nobody@example.org"] {
        let all = join_all((0..60).map(|_| world.sign_in(email, "wrong password"))).await;
        let count = |status: u16| all.iter().filter(|answer| answer.status.as_u16() == status).count();
        assert!(count(403) <= 10, "{} were tried", count(403));
        assert_eq!(count(403) + count(429), 60);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_sign_ins_at_once_are_let_in_or_asked_to_come_again() {
    let world = World::new().await;
    world.someone("ada@example.org").await;
    let all = join_all((0..100).map(|_| world.sign_in("ada@example.org", PASSWORD))).await;
    let count = |status: u16| all.iter().filter(|answer| answer.status.as_u16() == status).count();
    assert_eq!(count(201) + count(503), 100);
    assert!(count(201) >= 64, "{}", count(201));
    let later = all.iter().find(|answer| answer.status.as_u16() == 503);
    assert!(later.is_none_or(|answer| answer.headers.contains_key("retry-after")));
}

#[tokio::test]
async fn a_browser_gets_a_cookie_that_no_script_reads_from_a_page_of_this_origin_only() {
    let world = World::new().await;
    world.someone("ada@example.org").await;
    let body = json!({ "email": "ada@example.org", "password": PASSWORD, "cookie": true }).to_string();
    for headers in
        [&[][..], &[("sec-fetch-site", "cross-site")], &[("origin", "https://evil.example"), ("host", "a.example")]]
    {
        let refused = world.ask_with(headers, Method::POST, "/v1/sessions", &body).await;
        check(&refused, 403, "foreign_origin");
        assert!(!refused.headers.contains_key("set-cookie"));
    }
    let own = ("sec-fetch-site", "same-origin");
    let session = world.ask_with(&[own], Method::POST, "/v1/sessions", &body).await;
    check(&session, 201, "");
    assert_eq!(session.json["secret"], Value::Null);
    let cookie = session.headers["set-cookie"].to_str().unwrap().to_owned();
    let (pair, rest) = cookie.split_once("; ").unwrap();
    assert_eq!(rest, "Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure");
    assert_eq!(pair.len(), "feedmill_session=".len() + 43);
    let with = [("cookie", pair), own];
    check(&world.ask_with(&with[..1], Method::GET, "/v1/account", "").await, 200, "");

    let change = json!({ "password": PASSWORD, "new_password": "another password" }).to_string();
    let changed = world.ask_with(&with, Method::PATCH, "/v1/account", &change).await;
    check(&changed, 200, "");
    assert_eq!(changed.json["secret"], Value::Null);
    check(&world.ask_with(&with[..1], Method::GET, "/v1/account", "").await, 401, "not_signed_in");
    let cookie = changed.headers["set-cookie"].to_str().unwrap().split_once("; ").unwrap().0.to_owned();
    let with = [("cookie", cookie.as_str()), own];
    let out = world.ask_with(&with, Method::DELETE, "/v1/sessions/current", "").await;
    check(&out, 204, "");
    assert!(out.headers["set-cookie"].to_str().unwrap().starts_with("feedmill_session=; Path=/; Max-Age=0; "));
    check(&world.ask_with(&with[..1], Method::GET, "/v1/account", "").await, 401, "not_signed_in");
}

#[tokio::test]
async fn on_plain_http_the_cookie_does_not_ask_for_tls() {
    let world = World::with(|rules| rules.secure_cookies = false).await;
    world.someone("ada@example.org").await;
    let body = json!({ "email": "ada@example.org", "password": PASSWORD, "cookie": true }).to_string();
    let session = world.ask_with(&[("sec-fetch-site", "same-origin")], Method::POST, "/v1/sessions", &body).await;
    assert!(session.headers["set-cookie"].to_str().unwrap().ends_with("SameSite=Strict"));
}

#[tokio::test]
async fn no_password_and_no_secret_is_in_any_line_of_the_log_whatever_its_level() {
    let (logs, _guard) = Logs::start();
    let world = World::new().await;
    let root = world.root().await;
    let (ada, wrong) = (world.someone("ada@example.org").await, "a wrong password");
    let (_, token) = world.token_of(&ada, "phone").await;
    let invitation = world.by(&root.secret, Method::POST, "/v1/invitations", Value::Null).await.json;
    let reset = world.by(&root.secret, Method::POST, &format!("/v1/users/{}/resets", ada.id), Value::Null).await.json;
    world.sign_in("ada@example.org", wrong).await;
    let cookie = json!({ "email": "ada@example.org", "password": PASSWORD, "cookie": true }).to_string();
    let cookie = world.ask_with(&[("sec-fetch-site", "same-origin")], Method::POST, "/v1/sessions", &cookie).await;
    let cookie = cookie.headers["set-cookie"].to_str().unwrap()["feedmill_session=".len()..][..43].to_owned();
    world.by(&token, Method::GET, "/v1/account", Value::Null).await;
    world.ask_with(&[("cookie", &format!("feedmill_session={cookie}"))], Method::GET, "/v1/account", "").await;
    world.by("mistyped", Method::GET, "/v1/account", Value::Null).await;
    let text = logs.text();
    assert!(text.lines().count() > 100, "something was logged: {text}");
    let operator = world.operator();
    let secrets = [PASSWORD, wrong, &root.secret, &ada.secret, &token, &cookie, &operator["Operator ".len()..]];
    let shown = [&invitation, &reset].map(|made| made["secret"].as_str().unwrap());
    for secret in secrets.into_iter().chain(shown) {
        assert!(!text.contains(secret), "{secret}");
    }
}
