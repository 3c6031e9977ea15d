//! Subscriptions: begun, seen, changed, ended, and nobody else's.

mod beginning;
mod discovery;
mod folders;
mod private;

use std::time::Duration;

use domain::job::Reason;
use domain::source::SourceState;
use fetch::Reach;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Answer, World};

const FEED: &str = "https://example.org/feed";
pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// Someone who is signed in.
pub(super) struct Reader<'a> {
    pub(super) world: &'a World,
    email: &'static str,
}

impl World {
    /// A world whose fetcher may reach loopback.
    pub(super) async fn open() -> Self {
        Self::with(|rules| rules.reach = Reach::with_private_networks()).await
    }

    pub(super) async fn reader(&self, email: &'static str) -> Reader<'_> {
        self.member(email).await;
        Reader { world: self, email }
    }
}

impl Reader<'_> {
    pub(super) async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        self.ask_raw(method, path, &if body.is_null() { String::new() } else { body.to_string() }).await
    }

    /// Asks with a body that is no JSON.
    pub(super) async fn ask_raw(&self, method: Method, path: &str, body: &str) -> Answer {
        let headers = [("authorization", self.world.operator()), ("feedmill-user", self.email.to_owned())];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        self.world.ask_with(&headers, method, path, body).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, Value::Null).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, body).await
    }

    pub(super) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PATCH, path, body).await
    }

    pub(super) async fn delete(&self, path: &str) -> StatusCode {
        self.ask(Method::DELETE, path, Value::Null).await.status
    }

    /// Subscribes to a feed's address; the path of the subscription.
    pub(super) async fn subscribe(&self, url: &str) -> String {
        let answer = self.post("/v1/subscriptions", json!({ "url": url, "discover": false })).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
        format!("/v1/subscriptions/{}", answer.json["id"].as_str().unwrap())
    }

    /// Asks, and is refused like this.
    pub(super) async fn check(&self, method: Method, path: &str, body: Value, status: u16, code: &str) {
        let answer = self.ask(method.clone(), path, body.clone()).await;
        let told = (answer.status.as_u16(), answer.json["code"].as_str().unwrap_or_default());
        assert_eq!(told, (status, code), "{method} {path} {body}: {}", answer.json);
    }
}

fn id_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

#[tokio::test]
async fn whoever_subscribes_first_makes_the_source_whose_first_fetch_is_queued_at_once() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let body = json!({ "url": "Example.org/feed", "title": " Mine ", "discover": false });
    let made = ada.post("/v1/subscriptions", body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.json);
    let source = made.json["id"].as_str().unwrap();
    assert_eq!(made.headers["location"], format!("/v1/subscriptions/{source}"));
    assert_eq!((made.json["url"].as_str(), made.json["title"].as_str()), (Some(FEED), Some("Mine")));
    let job = &made.json["latest_job"];
    assert_eq!((job["status"].as_str(), job["reason"].as_str()), (Some("QUEUED"), Some("first")));
    assert_eq!((made.json["unread"].as_u64(), made.json["private"].as_bool()), (Some(0), Some(false)));
    let messages = world.messages("fetch-slow").await;
    assert_eq!(messages.iter().map(|m| (m.reason, m.subscribers)).collect::<Vec<_>>(), [(Reason::First, 1)]);

    let again = ada.post("/v1/subscriptions", json!({ "url": FEED, "title": "Other" })).await;
    assert_eq!((again.status, again.json["title"].as_str()), (StatusCode::OK, Some("Mine")));
    assert_eq!(ada.get("/v1/subscriptions").await.json["subscriptions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn one_feed_is_fetched_once_for_all_who_subscribe_to_it() {
    let world = World::new().await;
    let (ada, bob) = (world.reader("ada@example.org").await, world.reader("bob@example.org").await);
    let (first, second) = (ada.subscribe(FEED).await, bob.subscribe(FEED).await);
    assert_eq!(first, second);
    assert_eq!(world.messages("fetch-slow").await.len(), 1);
    let source = format!("/v1/sources/{}", id_of(&first));
    assert_eq!(ada.get(&source).await.json["subscribers"], 2);
    ada.patch(&first, json!({ "title": "Ada's" })).await;
    assert_eq!(bob.get(&first).await.json["title"], "example.org", "a title is one's own");
}

#[tokio::test]
async fn the_source_rests_when_its_last_subscriber_leaves_and_comes_back_with_the_next() {
    let world = World::new().await;
    let (ada, bob) = (world.reader("ada@example.org").await, world.reader("bob@example.org").await);
    let path = ada.subscribe(FEED).await;
    bob.subscribe(FEED).await;
    world.end_job(id_of(&path), crate::sources::worked(), Default::default()).await;
    let state = async || world.get(&format!("/v1/sources/{}", id_of(&path))).await.json["state"].clone();
    assert_eq!(ada.delete(&path).await, StatusCode::NO_CONTENT);
    assert_eq!(state().await, "active");
    ada.check(Method::GET, &path, Value::Null, 404, "not_found").await;
    ada.check(Method::DELETE, &path, Value::Null, 404, "not_found").await;
    assert_eq!(bob.delete(&path).await, StatusCode::NO_CONTENT);
    assert_eq!(state().await, "resting");
    world.pass(HOUR * 2);
    assert_eq!(bob.subscribe(FEED).await, path);
    assert_eq!(state().await, "active");
    let messages = world.messages("fetch").await;
    assert_eq!(messages.iter().map(|m| m.reason).collect::<Vec<_>>(), [Reason::Refresh], "fetched at once");
}

#[tokio::test]
async fn a_source_that_is_gone_comes_back_when_a_subscriber_adds_it_again() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let path = ada.subscribe(FEED).await;
    world.end_job(id_of(&path), crate::sources::worked(), Default::default()).await;
    let source = id_of(&path).parse().unwrap();
    world.store.leave(source, SourceState::Gone, "it said 410 twice", world.now()).await.unwrap();
    world.pass(HOUR * 2);
    assert_eq!(ada.get(&path).await.json["state"], "gone");
    let again = ada.post("/v1/subscriptions", json!({ "url": FEED, "discover": false })).await;
    assert_eq!((again.status, again.json["state"].as_str()), (StatusCode::OK, Some("active")), "{}", again.json);
    let messages = world.messages("fetch").await;
    assert_eq!(messages.iter().map(|m| m.reason).collect::<Vec<_>>(), [Reason::Refresh], "fetched at once");
}

#[tokio::test]
async fn nobody_sees_or_touches_what_another_subscribes_to() {
    let world = World::new().await;
    let (ada, bob) = (world.reader("ada@example.org").await, world.reader("bob@example.org").await);
    let path = ada.subscribe(FEED).await;
    let folder = ada.post("/v1/folders", json!({ "name": "News" })).await.json["id"].clone();
    assert_eq!(bob.get("/v1/subscriptions").await.json, json!({ "subscriptions": [], "next": null }));
    assert_eq!(bob.get("/v1/folders").await.json["folders"], json!([]));
    for (method, body) in
        [(Method::GET, Value::Null), (Method::PATCH, json!({ "title": "x" })), (Method::DELETE, Value::Null)]
    {
        bob.check(method, &path, body, 404, "not_found").await;
    }
    let theirs = format!("/v1/folders/{}", folder.as_str().unwrap());
    bob.check(Method::PATCH, &theirs, json!({ "name": "x" }), 404, "not_found").await;
    bob.check(Method::DELETE, &theirs, Value::Null, 404, "not_found").await;
    let body = json!({ "url": FEED, "folders": [folder], "discover": false });
    bob.check(Method::POST, "/v1/subscriptions", body, 404, "not_found").await;
    bob.check(Method::GET, &format!("/v1/sources/{}", id_of(&path)), Value::Null, 404, "not_found").await;
    assert_eq!(ada.get(&path).await.status, StatusCode::OK);
}

#[tokio::test]
async fn there_are_so_many_subscriptions_in_all_and_on_one_host() {
    let world = World::with(|rules| (rules.max_subscriptions, rules.max_subscriptions_per_host) = (3, 2)).await;
    let ada = world.reader("ada@example.org").await;
    let body = |url: &str| json!({ "url": url, "discover": false });
    let path = ada.subscribe("https://a.example/1").await;
    ada.subscribe("https://a.example/2").await;
    let posts = |url: &'static str, code| ada.check(Method::POST, "/v1/subscriptions", body(url), 409, code);
    posts("https://A.example/3", "too_many_on_host").await;
    ada.subscribe("https://b.example/").await;
    posts("https://c.example/", "too_many_subscriptions").await;
    let again = ada.post("/v1/subscriptions", body("https://a.example/1")).await;
    assert_eq!(again.status, StatusCode::OK, "what is there needs no place");
    ada.delete(&path).await;
    ada.subscribe("https://c.example/").await;
    // A world with room for others.
    world.reader("bob@example.org").await.subscribe("https://a.example/3").await;
}

#[tokio::test]
async fn the_interval_is_shortened_by_anyone_and_lengthened_by_who_reads_alone() {
    let world = World::new().await;
    let (ada, bob) = (world.reader("ada@example.org").await, world.reader("bob@example.org").await);
    let body = json!({ "url": FEED, "interval_minutes": 240, "discover": false });
    let made = ada.post("/v1/subscriptions", body).await.json;
    let path = format!("/v1/subscriptions/{}", made["id"].as_str().unwrap());
    assert_eq!(made["interval_minutes"], 240);
    assert_eq!(ada.patch(&path, json!({ "interval_minutes": 720 })).await.json["interval_minutes"], 720);
    bob.subscribe(FEED).await;
    assert_eq!(ada.get(&path).await.json["interval_minutes"], 60, "whoever comes has it as if it were new");
    ada.check(Method::PATCH, &path, json!({ "interval_minutes": 61 }), 409, "shared_source").await;
    for wrong in [59, 1441] {
        ada.check(Method::PATCH, &path, json!({ "interval_minutes": wrong }), 422, "out_of_range").await;
    }
    bob.delete(&path).await;
    assert_eq!(ada.patch(&path, json!({ "interval_minutes": 120 })).await.json["interval_minutes"], 120);
}

#[tokio::test]
async fn subscriptions_are_listed_page_by_page_each_once() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let mut added = Vec::new();
    for n in 0..7 {
        added.push(id_of(&ada.subscribe(&format!("https://example.org/{n}")).await).to_owned());
    }
    let (mut met, mut path) = (Vec::new(), "/v1/subscriptions?limit=3".to_owned());
    loop {
        let page = ada.get(&path).await.json;
        for one in page["subscriptions"].as_array().unwrap() {
            assert_eq!(one["latest_job"]["source"], one["id"], "{one}");
            met.push(one["id"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/subscriptions?limit=3&cursor={next}");
    }
    added.sort();
    assert_eq!(met, added);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_anything_is_done() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let path = ada.subscribe(FEED).await;
    for (body, status, code) in [
        (json!({}), 400, "bad_body"),
        (json!({ "url": FEED, "role": "administrator" }), 400, "bad_body"),
        (json!({ "url": "http://10.0.0.1/feed" }), 422, "not_public"),
        (json!({ "url": "ftp://example.org/feed" }), 422, "bad_url"),
        (json!({ "url": FEED, "title": "x".repeat(1025) }), 422, "out_of_range"),
        (json!({ "url": FEED, "title": "a\u{0}b" }), 422, "out_of_range"),
        (json!({ "url": FEED, "folders": ["short"] }), 400, "bad_id"),
        (json!({ "url": FEED, "folders": ["AAAAAAAA"] }), 404, "not_found"),
        (json!({ "url": FEED, "interval_minutes": 1 , "discover": false}), 422, "out_of_range"),
        (json!({ "url": "https://other.example/", "interval_minutes": 1 , "discover": false}), 422, "out_of_range"),
        (json!({ "url": FEED, "credentials": {} }), 400, "bad_body"),
        (json!({ "url": FEED, "credentials": { "bearer": "a b" } }), 422, "bad_credentials"),
        (json!({ "url": FEED, "credentials": { "header": { "name": "Host", "value": "x" } } }), 422, "bad_credentials"),
        (json!({ "url": FEED, "credentials": { "basic": { "user": "a", "password": "b", "x": 1 } } }), 400, "bad_body"),
    ] {
        ada.check(Method::POST, "/v1/subscriptions", body, status, code).await;
    }
    for (body, status, code) in [
        (json!({ "titel": "x" }), 400, "bad_body"),
        (json!({ "folders": ["AAAAAAAA"], "interval_minutes": 120 }), 404, "not_found"),
        (json!({ "credentials": { "bearer": "x" } }), 409, "not_private"),
        (json!({ "credentials": null }), 409, "not_private"),
    ] {
        ada.check(Method::PATCH, &path, body, status, code).await;
    }
    let there = ada.get(&path).await.json;
    assert_eq!((there["interval_minutes"].as_u64(), there["title"].as_str()), (Some(60), Some("example.org")));
    assert_eq!(ada.get("/v1/subscriptions").await.json["subscriptions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_subscription_outlives_its_source_until_its_user_ends_it() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let path = ada.subscribe(FEED).await;
    world.ask(Method::DELETE, &format!("/v1/sources/{}", id_of(&path)), "").await;
    assert_eq!(ada.get(&path).await.json["state"], "deleting");
    assert_eq!(ada.delete(&path).await, StatusCode::NO_CONTENT);
}
