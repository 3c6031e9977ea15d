//! Sites and their feeds, by a scripted web server.

use std::time::Duration;

use http::{Method, StatusCode};
use origin::{Origin, Reply};
use serde_json::{Value, json};

use super::Reader;
use crate::world::World;

const RSS: &str =
    r#"<rss version="2.0"><channel><title>Herbs</title><item><guid>1</guid><title>a</title></item></channel></rss>"#;

fn page(head: &str) -> Reply {
    Reply::ok(format!("<!doctype html><html><head>{head}</head><body>text</body></html>"))
        .header("content-type", "text/html")
}

fn link(href: &str) -> String {
    format!(r#"<link rel="alternate" type="application/rss+xml" href="{href}" title="T {href}">"#)
}

/// What is subscribed to, relative to the origin.
async fn subscribed(ada: &Reader<'_>, origin: &Origin, path: &str) -> (StatusCode, Value) {
    let answer = ada.post("/v1/subscriptions", json!({ "url": origin.url(path) })).await;
    let url = answer.json["url"].as_str().map(|url| url.replace(&origin.url(""), ""));
    (answer.status, url.map_or(answer.json, Value::from))
}

#[tokio::test]
async fn the_feed_that_a_page_names_is_subscribed_to_without_being_asked_first() {
    let (world, origin) = (World::open().await, Origin::start().await.unwrap());
    let ada = world.reader("ada@example.org").await;
    origin.always("/site", page(&link("/herbs.xml")));
    assert_eq!(subscribed(&ada, &origin, "/site").await, (StatusCode::CREATED, json!("/herbs.xml")));
    assert_eq!(origin.all_requests().len(), 1, "one request, for the page");
    let seen = origin.requests("/site");
    assert_eq!(
        seen[0].header_text("user-agent"),
        Some("Feedmill/1.2.3 (+https://feedmill.example/about; 1 subscribers; source discovery)")
    );
}

#[tokio::test]
async fn an_address_that_is_a_feed_is_subscribed_to_as_it_is_written() {
    let (world, origin) = (World::open().await, Origin::start().await.unwrap());
    let ada = world.reader("ada@example.org").await;
    origin.always("/old", Reply::redirect(301, "/feed"));
    origin.always("/feed", Reply::ok(RSS));
    assert_eq!(subscribed(&ada, &origin, "/old").await, (StatusCode::CREATED, json!("/old")));
    let before = origin.all_requests().len();
    assert_eq!(subscribed(&ada, &origin, "/old").await, (StatusCode::OK, json!("/old")));
    assert_eq!(origin.all_requests().len(), before, "a source that is there is not asked");
    let feeds = ada.post("/v1/discover", json!({ "url": origin.url("/feed") })).await.json;
    let expected = json!({ "url": origin.url("/feed"), "title": "Herbs", "kind": null, "reason": "itself" });
    assert_eq!(feeds, json!({ "feeds": [expected] }));
}

#[tokio::test]
async fn of_several_feeds_one_is_to_be_chosen() {
    let (world, origin) = (World::open().await, Origin::start().await.unwrap());
    let ada = world.reader("ada@example.org").await;
    origin.always("/site", page(&[link("/a.xml"), link("/b.xml")].concat()));
    let answer = ada.post("/v1/subscriptions", json!({ "url": origin.url("/site") })).await;
    assert_eq!(answer.status, StatusCode::MULTIPLE_CHOICES);
    let feed = |path: &str| json!({ "url": origin.url(path), "title": format!("T {path}"), "kind": "rss", "reason": "declared" });
    assert_eq!(answer.json, json!({ "feeds": [feed("/a.xml"), feed("/b.xml")] }));
    assert_eq!(ada.get("/v1/subscriptions").await.json["subscriptions"], json!([]));
    assert!(world.messages("fetch-slow").await.is_empty());
    let found = ada.post("/v1/discover", json!({ "url": origin.url("/site") })).await;
    assert_eq!((found.status, found.json), (StatusCode::OK, answer.json));
}

#[tokio::test]
async fn where_a_page_names_no_feed_a_few_guesses_are_tried() {
    let (world, origin) = (World::open().await, Origin::start().await.unwrap());
    let ada = world.reader("ada@example.org").await;
    origin.always("/", page(""));
    origin.always("/rss", Reply::ok(RSS));
    assert_eq!(subscribed(&ada, &origin, "/").await, (StatusCode::CREATED, json!("/rss")));
    let asked: Vec<_> = origin.all_requests().iter().map(|seen| seen.path().to_owned()).collect();
    assert_eq!(asked, ["/", "/feed", "/rss"]);
    assert_eq!(origin.most_at_once(&origin.address().to_string()), 1, "one after the other");

    let nothing = Origin::start().await.unwrap();
    nothing.always("/", page(""));
    let url = nothing.url("/");
    ada.check(Method::POST, "/v1/subscriptions", json!({ "url": url }), 422, "no_feed").await;
    assert_eq!(nothing.all_requests().len(), 5, "and no more than a few");
    let found = ada.post("/v1/discover", json!({ "url": url })).await;
    assert_eq!((found.status, found.json), (StatusCode::OK, json!({ "feeds": [] })));
}

#[tokio::test]
async fn well_known_sites_are_not_asked_at_all() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let url = "https://www.youtube.com/channel/UCXuqSBlHAE6Xw-yeJA0Tunw";
    let found = ada.post("/v1/discover", json!({ "url": url })).await.json;
    assert_eq!(found["feeds"][0]["reason"], "known_site", "{found}");
    let feed = found["feeds"][0]["url"].as_str().unwrap();
    assert!(feed.starts_with("https://www.youtube.com/feeds/videos.xml"), "{feed}");
}

#[tokio::test]
async fn what_cannot_be_asked_is_told() {
    let (world, origin) = (World::open().await, Origin::start().await.unwrap());
    let ada = world.reader("ada@example.org").await;
    origin.always("/gone", Reply::status(404));
    origin.always("/later", Reply::status(503).header("retry-after", "600"));
    origin.always("/loop", Reply::redirect(302, "/loop"));
    for (path, status, code) in
        [("/gone", 422, "origin_refused"), ("/later", 429, "too_early"), ("/loop", 422, "redirects")]
    {
        let url = origin.url(path);
        ada.check(Method::POST, "/v1/subscriptions", json!({ "url": url }), status, code).await;
        ada.check(Method::POST, "/v1/discover", json!({ "url": url }), status, code).await;
    }
    assert_eq!(ada.get("/v1/subscriptions").await.json["subscriptions"], json!([]));
    ada.subscribe(&origin.url("/gone")).await;
}

#[tokio::test]
async fn a_host_that_asked_for_a_pause_is_left_alone() {
    let (world, origin) = (World::open().await, Origin::start().await.unwrap());
    let ada = world.reader("ada@example.org").await;
    origin.always("/", Reply::ok(RSS));
    let until = world.now() + Duration::from_secs(600);
    world.store.pause_host("127.0.0.1", until, "429", world.now()).await.unwrap();
    let answer = ada.post("/v1/discover", json!({ "url": origin.url("/") })).await;
    assert_eq!((answer.status.as_u16(), answer.headers["retry-after"].to_str().unwrap()), (429, "600"));
    assert!(origin.all_requests().is_empty());
}

#[tokio::test]
async fn one_person_has_other_servers_asked_so_often_a_minute() {
    let (world, origin) = (World::open().await, Origin::start().await.unwrap());
    let (ada, bob) = (world.reader("ada@example.org").await, world.reader("bob@example.org").await);
    origin.always("/feed", Reply::ok(RSS));
    let url = json!({ "url": origin.url("/feed") });
    for _ in 0..30 {
        assert_eq!(ada.post("/v1/discover", url.clone()).await.status, StatusCode::OK);
    }
    for path in ["/v1/discover", "/v1/subscriptions"] {
        ada.check(Method::POST, path, url.clone(), 429, "too_many_requests").await;
    }
    assert_eq!(origin.all_requests().len(), 30);
    assert_eq!(bob.post("/v1/discover", url.clone()).await.status, StatusCode::OK);
    world.pass(Duration::from_secs(2));
    assert_eq!(ada.post("/v1/discover", url).await.status, StatusCode::OK);
}

#[tokio::test]
async fn no_page_leads_discovery_into_a_private_network() {
    // As in production, but for the port of the page.
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    for url in [
        "http://localhost/",
        "http://127.0.0.1/",
        "http://169.254.169.254/latest",
        "http://[::1]/",
        "http://2130706433/",
    ] {
        for path in ["/v1/discover", "/v1/subscriptions"] {
            let answer = ada.post(path, json!({ "url": url })).await;
            let code = answer.json["code"].as_str().unwrap_or_default().to_owned();
            assert!(
                answer.status.as_u16() == 422 && ["not_public", "bad_url"].contains(&code.as_str()),
                "{url}: {code}"
            );
        }
    }
}
