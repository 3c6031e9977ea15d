//! A POST that is sent again has one effect and one answer.

use std::future::{Future, poll_fn};
use std::task::Poll;

use domain::id::kinds;
use domain::repeat::Repeat;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::document::operations;
use crate::accounts::PASSWORD;
use crate::world::{Answer, World};

const KEY: &str = "8e03978e-40d5-43dd-bc93-6894a57f9324";

async fn post(world: &World, key: &str, body: &str) -> Answer {
    let headers = [("authorization", &*world.operator()), ("idempotency-key", key)];
    world.ask_with(&headers, Method::POST, "/v1/sources", body).await
}

fn body(url: &str) -> String {
    json!({ "url": url }).to_string()
}

fn code(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.json["code"].as_str().unwrap_or_default())
}

/// Polls `future` so many times, then drops it, as if the process had died there; its output if it was faster.
pub(crate) fn stop_after<F: Future>(waits: usize, future: F) -> impl Future<Output = Option<F::Output>> {
    let (mut future, mut left) = (Box::pin(future), waits);
    poll_fn(move |context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
}

#[tokio::test]
async fn the_same_again_has_the_same_answer_and_one_effect() {
    let world = World::new().await;
    let body = body("https://example.org/feed");
    let first = post(&world, KEY, &body).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.json);
    assert!(!first.headers.contains_key("idempotent-replayed"));
    for _ in 0..2 {
        let again = post(&world, KEY, &body).await;
        assert_eq!((again.status, &again.json), (first.status, &first.json));
        for name in ["location", "content-type"] {
            assert_eq!(again.headers[name], first.headers[name]);
        }
        assert_eq!(again.headers["idempotent-replayed"], "true");
        assert_ne!(again.headers["x-request-id"], first.headers["x-request-id"], "it is another request");
    }
    assert_eq!(world.messages("fetch-slow").await.len(), 1);
    let other_key = post(&world, "another", &body).await;
    assert_eq!(other_key.status, StatusCode::OK, "without the key it would be found");
    world.pass(Repeat::LIFE);
    assert_eq!(post(&world, KEY, &body).await.status, StatusCode::OK, "a day later the key is forgotten");
}

#[tokio::test]
async fn a_key_is_for_one_request() {
    let world = World::new().await;
    let (one, other) = (body("https://example.org/feed"), body("https://example.org/other"));
    assert_eq!(post(&world, KEY, &one).await.status, StatusCode::CREATED);
    assert_eq!(code(&post(&world, KEY, &other).await), (422, "idempotency_key_reused"));
    let refresh = format!("/v1/sources/{}/refresh", post(&world, KEY, &one).await.json["id"].as_str().unwrap());
    let headers = [("authorization", &*world.operator()), ("idempotency-key", KEY)];
    let elsewhere = world.ask_with(&headers, Method::POST, &refresh, &one).await;
    assert_eq!(code(&elsewhere), (422, "idempotency_key_reused"), "another path is another request");
    assert_eq!(world.get("/v1/sources").await.json["sources"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_name_is_one_and_printable() {
    let world = World::new().await;
    let long = "x".repeat(256);
    for bad in ["", &long, "t\tab"] {
        assert_eq!(code(&post(&world, bad, "{}").await), (400, "bad_idempotency_key"), "{bad:?}");
    }
    let twice = [("authorization", &*world.operator()), ("idempotency-key", "a"), ("idempotency-key", "b")];
    assert_eq!(code(&world.ask_with(&twice, Method::POST, "/v1/sources", "{}").await), (400, "bad_idempotency_key"));
}

#[tokio::test]
async fn what_was_refused_had_no_effect_and_may_be_corrected_under_its_name() {
    let world = World::new().await;
    assert_eq!(code(&post(&world, KEY, &body("no url")).await), (422, "bad_url"));
    assert_eq!(post(&world, KEY, &body("https://example.org/feed")).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn of_two_at_once_one_is_done_and_the_other_waits() {
    let world = World::new().await;
    let body = body("https://example.org/feed");
    let (one, two) = tokio::join!(post(&world, KEY, &body), post(&world, KEY, &body));
    let (done, waits) = if one.status == StatusCode::CREATED { (one, two) } else { (two, one) };
    assert_eq!(code(&waits), (409, "idempotency_key_in_use"));
    assert_eq!(waits.headers["retry-after"], "1");
    assert_eq!(post(&world, KEY, &body).await.json, done.json);
}

#[tokio::test]
async fn whoever_dies_in_between_has_the_same_done_once_by_whoever_comes_after() {
    let world = World::new().await;
    let mut deaths = 0;
    loop {
        let (key, body) = (format!("key {deaths}"), body(&format!("https://example.org/{deaths}")));
        let finished = stop_after(deaths, post(&world, &key, &body)).await;
        let before = post(&world, &key, &body).await;
        assert!([201, 409].contains(&before.status.as_u16()), "{deaths}: {}", before.json);
        world.pass(Repeat::LEASE);
        let after = post(&world, &key, &body).await;
        assert_eq!(after.status, StatusCode::CREATED, "{deaths}: {}", after.json);
        assert_eq!(post(&world, &key, &body).await.json, after.json);
        if finished.is_some() {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 5, "{deaths}");
    let all = world.get("/v1/sources?limit=200").await.json;
    assert_eq!(all["sources"].as_array().unwrap().len(), deaths + 1, "each was made once");
}

#[tokio::test]
async fn a_name_is_its_senders_own() {
    let world = World::new().await;
    let body = body("https://example.org/feed");
    let admin = world.administrator("root@example.org").await;
    let token = format!("Bearer {}", world.secret::<kinds::Token>(&admin).await);
    assert_eq!(post(&world, KEY, &body).await.status, StatusCode::CREATED);
    let headers = [("authorization", &*token), ("idempotency-key", KEY)];
    assert_eq!(world.ask_with(&headers, Method::POST, "/v1/sources", &body).await.status, StatusCode::OK);
    let stranger = world.ask_with(&[("idempotency-key", KEY)], Method::POST, "/v1/sources", &body).await;
    assert_eq!(code(&stranger), (401, "not_signed_in"));
}

/// What makes something at each path: the sender's `Authorization` (nobody's if empty), the path as it is asked, a body, and another one.
async fn creating(world: &World) -> Vec<(&'static str, String, String, Value, Value)> {
    let root = world.root().await;
    let ada = world.someone("ada@example.org").await;
    let source = world.add("https://example.org/feed").await;
    world.store.subscribe(root.id.parse().unwrap(), source.parse().unwrap(), 20, world.now()).await.unwrap();
    world.land(&source, &["one".to_owned(), "two".to_owned()]).await;
    let posts = world.get(&format!("/v1/sources/{source}/posts")).await.json["posts"].clone();
    let (person, operator) = (format!("Bearer {}", root.secret), world.operator());
    let account = |name: &str| json!({ "email": format!("{name}@example.org"), "password": PASSWORD });
    let named = |name: &str| json!({ "name": name });
    let at = |url: &str| json!({ "url": url });
    let plain =
        |path: &'static str, by: &str, one: Value, other: Value| (path, by.to_owned(), path.to_owned(), one, other);
    vec![
        plain("/v1/folders", &person, named("one"), named("other")),
        plain("/v1/invitations", &person, Value::Null, json!({})),
        plain("/v1/labels", &person, named("one"), named("other")),
        plain("/v1/sessions", "", account("ada"), account("root")),
        plain("/v1/shares", &person, json!({ "post": posts[0]["id"] }), json!({ "post": posts[1]["id"] })),
        plain("/v1/sources", &operator, at("https://example.org/1"), at("https://example.org/2")),
        plain("/v1/subscriptions", &person, at("https://example.org/feed?token=sesame"), at("https://example.org/1")),
        plain("/v1/tokens", &person, named("one"), named("other")),
        plain("/v1/users", &operator, account("bob"), account("eve")),
        ("/v1/users/{user}/resets", person, format!("/v1/users/{}/resets", ada.id), Value::Null, json!({})),
    ]
}

#[tokio::test]
async fn whatever_makes_something_makes_it_once_answers_the_same_and_refuses_another_body() {
    let world = World::new().await;
    let document = world.get("/openapi.json").await.json;
    let makes = |operation: &Value| !operation["responses"]["201"].is_null();
    let described = operations(&document).into_iter().filter(|(_, method, op)| *method == Method::POST && makes(op));
    let described: Vec<String> = described.map(|(path, ..)| path).filter(|path| path != "/v1/bootstrap").collect();
    let cases = creating(&world).await;
    let tried: Vec<&str> = cases.iter().map(|case| case.0).collect();
    assert_eq!(described, tried, "say in `creating` how something is made there");
    for (path, by, target, one, other) in &cases {
        let post = async |body: &Value| {
            let mut headers = vec![("idempotency-key", *path)];
            headers.extend((!by.is_empty()).then_some(("authorization", by.as_str())));
            let body = if body.is_null() { String::new() } else { body.to_string() };
            world.ask_with(&headers, Method::POST, target, &body).await
        };
        let first = post(one).await;
        assert_eq!(first.status, StatusCode::CREATED, "{path}: {}", first.json);
        let (made, sent) = (world.readers().await, world.messages("fetch-slow").await.len());
        let again = post(one).await;
        assert_eq!((again.status, &again.json), (first.status, &first.json), "{path}");
        assert_eq!(again.headers["idempotent-replayed"], "true", "{path}");
        assert_eq!(again.headers.get("location"), first.headers.get("location"), "{path}");
        assert_eq!(code(&post(other).await), (422, "idempotency_key_reused"), "{path}");
        assert_eq!(world.readers().await, made, "{path}");
        assert_eq!(world.messages("fetch-slow").await.len(), sent, "{path}");
    }
}
