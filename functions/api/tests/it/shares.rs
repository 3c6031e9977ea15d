//! Posts by a link.

use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::json;
use tower::ServiceExt as _;

use crate::subscriptions::Reader;
use crate::world::World;

const FEED: &str = "https://example.org/feed";

/// Ada's subscription with one post: the source and the post's id.
async fn one_post(world: &World, ada: &Reader<'_>) -> (String, String) {
    let added = ada.post("/v1/subscriptions", json!({ "url": FEED, "discover": false })).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.json);
    let source = added.json["source"].as_str().unwrap().to_owned();
    world.land(&source, &["<p>Hello, <b>world</b></p>".to_owned()]).await;
    let posts = ada.get(&format!("/v1/sources/{source}/posts")).await.json;
    (source, posts["posts"][0]["id"].as_str().unwrap().to_owned())
}

impl World {
    async fn page(&self, link: &str) -> (StatusCode, http::HeaderMap, String) {
        let request = Request::get(link).header("accept", "text/html,*/*").body(Body::empty()).unwrap();
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (parts.status, parts.headers, String::from_utf8(bytes.to_vec()).unwrap())
    }
}

#[tokio::test]
async fn whoever_has_the_link_sees_the_post_until_it_is_taken_back() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let (source, post) = one_post(&world, &ada).await;
    let shared = ada.post("/v1/shares", json!({ "post": post })).await;
    assert_eq!((shared.status, &shared.json["post"]), (StatusCode::CREATED, &post.clone().into()));
    let link = shared.json["link"].as_str().unwrap();
    assert_eq!(shared.headers["location"], link);
    let again = ada.post("/v1/shares", json!({ "post": post })).await;
    assert_eq!((again.status, &again.json), (StatusCode::OK, &shared.json), "a post has one link");
    assert_eq!(ada.get("/v1/shares").await.json["shares"], json!([shared.json]));

    let (status, headers, page) = world.page(link).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("<p>Hello, <b>world</b></p>") && page.contains("Post 1"), "{page}");
    assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    assert_eq!(headers["x-robots-tag"], "noindex");
    for hidden in ["ada@example.org", &source, &post] {
        assert!(!page.contains(hidden), "{hidden}");
    }
    let json = world.ask_with(&[("accept", "application/json")], Method::GET, link, "").await;
    assert_eq!((&json.json["title"], &json.json["authors"]), (&json!("Post 1"), &json!(["Ada"])));

    let id = shared.json["id"].as_str().unwrap();
    assert_eq!(ada.delete(&format!("/v1/shares/{id}")).await, StatusCode::NO_CONTENT);
    assert_eq!(world.page(link).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ada.delete(&format!("/v1/shares/{id}")).await, StatusCode::NOT_FOUND);
    assert_eq!(ada.get("/v1/shares").await.json["shares"], json!([]));
}

#[tokio::test]
async fn only_readers_share_and_only_who_shares_takes_back() {
    let world = World::new().await;
    let (ada, bob) = (world.reader("ada@example.org").await, world.reader("bob@example.org").await);
    let (source, post) = one_post(&world, &ada).await;
    assert_eq!(bob.post("/v1/shares", json!({ "post": post })).await.status, StatusCode::NOT_FOUND);
    let shared = ada.post("/v1/shares", json!({ "post": post })).await.json;
    let id = shared["id"].as_str().unwrap();
    assert_eq!(bob.delete(&format!("/v1/shares/{id}")).await, StatusCode::NOT_FOUND);
    assert_eq!(bob.get("/v1/shares").await.json["shares"], json!([]));
    assert_eq!(ada.delete(&format!("/v1/subscriptions/{source}")).await, StatusCode::NO_CONTENT);
    assert_eq!(ada.post("/v1/shares", json!({ "post": post })).await.status, StatusCode::NOT_FOUND);
    let (status, _, page) = world.page(shared["link"].as_str().unwrap()).await;
    assert_eq!(status, StatusCode::OK, "what was shared stays shared: {page}");
}

#[tokio::test]
async fn a_link_that_was_not_made_here_is_refused_before_anything_is_looked_up() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let (_, post) = one_post(&world, &ada).await;
    let shared = ada.post("/v1/shares", json!({ "post": post })).await.json;
    let link = shared["link"].as_str().unwrap();
    let last = if link.ends_with('0') { "1" } else { "0" };
    world.meter.take();
    let forged = format!("{}{last}", &link[..link.len() - 1]);
    for (path, status) in [(forged.as_str(), 404), ("/p/3kTMd9aZ", 400), ("/p/x", 400)] {
        assert_eq!(world.page(path).await.0.as_u16(), status, "{path}");
    }
    assert_eq!(world.meter.take().calls, 0);
}

#[tokio::test]
async fn the_links_of_a_private_source_tell_nothing_of_it() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let url = "https://ada:sesame@example.org/feed";
    let added = ada.post("/v1/subscriptions", json!({ "url": url, "discover": false })).await;
    let source = added.json["source"].as_str().unwrap().to_owned();
    world.land(&source, &["<p>mine</p>".to_owned()]).await;
    let posts = ada.get(&format!("/v1/sources/{source}/posts")).await.json;
    let shared = ada.post("/v1/shares", json!({ "post": posts["posts"][0]["id"] })).await.json;
    let link = shared["link"].as_str().unwrap();
    let json = world.ask_with(&[("accept", "application/json")], Method::GET, link, "").await.json;
    assert_eq!((&json["source_title"], &json["enclosures"]), (&json!(null), &json!([])));
    // What it says is its owner's alone, administrators and the operator included.
    let root = world.root().await;
    let post = posts["posts"][0]["id"].as_str().unwrap();
    for path in [format!("/v1/sources/{source}/posts"), format!("/v1/posts/{post}")] {
        assert_eq!(world.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(
            world.by(&root.secret, Method::GET, &path, json!(null)).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
        assert_eq!(ada.get(&path).await.status, StatusCode::OK, "{path}");
    }
    assert!(!json.to_string().contains("sesame"));
}
