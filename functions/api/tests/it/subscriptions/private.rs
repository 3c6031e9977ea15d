//! Private feeds: one person's alone, and nowhere told.

use domain::source::SourceState;
use http::{Method, StatusCode};
use origin::Origin;
use serde_json::{Value, json};

use super::{FEED, HOUR, id_of};
use crate::world::World;

/// What must be seen nowhere.
const SECRETS: [&str; 4] = ["sesame", "s3cr3t", "c2VzYW1l", "YWRhOnNlc2FtZQ"];

fn check_silent(what: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what} tells {secret}: {text}");
    }
}

/// Ways to say a secret.
fn ways() -> Vec<Value> {
    vec![
        json!({ "url": "https://ada:sesame@example.org/feed" }),
        json!({ "url": "https://example.org/feed?token=sesame" }),
        json!({ "url": "https://example.org/private/9f86d081884c7d659a2feaa0c55ad015s3cr3t" }),
        json!({ "url": FEED, "credentials": { "basic": { "user": "ada", "password": "sesame" } } }),
        json!({ "url": "https://b.example.org/feed", "credentials": { "bearer": "sesame" } }),
        json!({ "url": "https://c.example.org/feed", "credentials": { "header": { "name": "X-Key", "value": "sesame" } } }),
    ]
}

#[tokio::test]
async fn no_answer_message_or_head_tells_what_is_secret_of_a_source() {
    let world = World::new().await;
    let (ada, bob) = (world.reader("ada@example.org").await, world.reader("bob@example.org").await);
    bob.subscribe(FEED).await;
    let mut met = Vec::new();
    for body in ways() {
        let made = ada.post("/v1/subscriptions", body.clone()).await;
        assert!(matches!(made.status, StatusCode::CREATED | StatusCode::OK), "{body}: {}", made.json);
        assert_eq!((made.json["private"].as_bool(), &made.json["url"]), (Some(true), &Value::Null), "{body}");
        if made.status == StatusCode::CREATED {
            assert_eq!(made.json["title"], made.json["host"], "there is something to call it");
        }
        let id = made.json["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/subscriptions/{id}");
        let source = format!("/v1/sources/{id}");
        world.end_job(&id, crate::sources::worked(), Default::default()).await;
        world.pass(HOUR * 5);
        for answer in [
            made,
            ada.get(&path).await,
            ada.patch(&path, json!({ "title": "Mine" })).await,
            ada.get(&source).await,
            ada.post(&format!("{source}/refresh"), Value::Null).await,
            ada.get(&format!("{source}/jobs")).await,
            ada.get("/v1/subscriptions").await,
            world.get(&source).await,
            world.get("/v1/sources").await,
        ] {
            check_silent("an answer", &format!("{} {:?}", answer.json, answer.headers));
        }
        let head = world.store.head(id.parse().unwrap()).await.unwrap().unwrap();
        let target = world.store.poll(id.parse().unwrap()).await.unwrap().unwrap().target;
        check_silent("what is kept", &format!("{head:?} {target:?}"));
        // To others it is not there.
        for path in [path, source] {
            bob.check(Method::GET, &path, Value::Null, 404, "not_found").await;
        }
        met.push(id);
    }
    for queue in ["fetch", "fetch-slow"] {
        let messages = world.messages(queue).await;
        check_silent("a message", &format!("{messages:?}"));
        assert!(!messages.is_empty());
        assert!(messages.iter().filter(|m| met.contains(&m.source.to_string())).all(|message| message.url.is_none()));
    }
    met.sort();
    met.dedup();
    assert_eq!(met.len(), 5, "an address with a login in it and one beside it are one source");
}

#[tokio::test]
async fn two_people_with_one_secret_address_have_a_source_each() {
    let world = World::new().await;
    let (ada, bob) = (world.reader("ada@example.org").await, world.reader("bob@example.org").await);
    for body in ways() {
        let mut ids = Vec::new();
        for reader in [&ada, &bob] {
            let made = reader.post("/v1/subscriptions", body.clone()).await;
            assert!(matches!(made.status, StatusCode::CREATED | StatusCode::OK), "{body}: {}", made.json);
            ids.push(made.json["id"].clone());
        }
        assert_ne!(ids[0], ids[1], "{body}");
    }
    let shared = ada.subscribe(FEED).await;
    let private: Vec<_> = ada.get("/v1/subscriptions").await.json["subscriptions"].as_array().unwrap().clone();
    assert_eq!(private.iter().filter(|one| one["private"] == true).count(), 5);
    assert!(private.iter().any(|one| one["id"] == id_of(&shared) && one["private"] == false));
}

#[tokio::test]
async fn whoever_unsubscribes_takes_the_secret_along() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let path = ada.subscribe("https://example.org/feed?token=sesame").await;
    let source = id_of(&path).parse().unwrap();
    assert!(world.store.poll(source).await.unwrap().unwrap().sealed.is_some());
    assert_eq!(ada.delete(&path).await, StatusCode::NO_CONTENT);
    let kept = world.store.poll(source).await.unwrap();
    assert!(kept.is_none_or(|poll| poll.sealed.is_none()));
    assert_ne!(ada.subscribe("https://example.org/feed?token=sesame").await, path, "a new beginning");
}

#[tokio::test]
async fn credentials_are_changed_and_never_told() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let path = ada.subscribe("https://ada:sesame@example.org/feed").await;
    let source = id_of(&path).parse().unwrap();
    let sealed = async || world.store.poll(source).await.unwrap().unwrap().sealed.unwrap();
    let mut before = sealed().await;
    for credentials in [json!({ "bearer": "s3cr3t" }), Value::Null] {
        let answer = ada.patch(&path, json!({ "credentials": credentials })).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);
        check_silent("an answer", &answer.json.to_string());
        let after = sealed().await;
        assert_ne!(before, after);
        before = after;
    }
    let again = json!({ "url": FEED, "credentials": { "bearer": "s3cr3t" } });
    assert_eq!(ada.post("/v1/subscriptions", again).await.status, StatusCode::OK);
    assert_ne!(before, sealed().await, "who adds it again says what it is asked with now");
}

#[tokio::test]
async fn a_private_source_that_is_gone_comes_back_with_another_login() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let path = ada.subscribe("https://ada:sesame@example.org/feed").await;
    world.end_job(id_of(&path), crate::sources::worked(), Default::default()).await;
    let source = id_of(&path).parse().unwrap();
    world.store.leave(source, SourceState::Gone, "it said 410 twice", world.now()).await.unwrap();
    world.pass(HOUR * 2);
    let answer = ada.patch(&path, json!({ "credentials": { "bearer": "s3cr3t" } })).await;
    assert_eq!((answer.status, answer.json["state"].as_str()), (StatusCode::OK, Some("active")), "{}", answer.json);
    assert_eq!(world.messages("fetch").await.len(), 1, "fetched at once");
}

#[tokio::test]
async fn what_looks_secret_is_asked_by_nobody_and_shared_by_nobody() {
    let (world, origin) = (World::open().await, Origin::start().await.unwrap());
    let ada = world.reader("ada@example.org").await;
    let url = origin.url("/site?token=sesame");
    let refused = ada.post("/v1/discover", json!({ "url": url })).await;
    assert_eq!((refused.status.as_u16(), refused.json["code"].as_str()), (422, Some("looks_private")));
    check_silent("a refusal", &refused.json.to_string());
    assert_eq!(ada.post("/v1/subscriptions", json!({ "url": url })).await.status, StatusCode::CREATED);
    let refused = world.ask(Method::POST, "/v1/sources", &json!({ "url": url }).to_string()).await;
    assert_eq!(refused.json["code"], "looks_private", "an administrator's source would be everybody's");
    assert!(origin.all_requests().is_empty(), "only the fetcher asks with a secret");
}
