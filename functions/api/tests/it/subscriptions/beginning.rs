//! What is unread of a source that nobody had before.

use http::StatusCode;
use serde_json::json;

use super::id_of;
use crate::greader::App;
use crate::world::World;

/// The posts with which the source begins.
fn thirty() -> Vec<String> {
    (1..=30).map(|n| format!("<p>post {n}</p>")).collect()
}

#[tokio::test]
async fn of_a_new_source_the_last_twenty_posts_are_unread_or_as_many_as_someone_likes() {
    let world = World::new().await;
    let (ada, bob) = (world.reader("ada@example.org").await, world.reader("bob@example.org").await);
    let few = bob.patch("/v1/preferences", json!({ "unread_on_subscribe": 5 })).await;
    assert_eq!(few.status, StatusCode::OK, "{}", few.json);
    let path = ada.subscribe("https://example.org/new").await;
    assert_eq!(bob.subscribe("https://example.org/new").await, path);
    let numbers = world.land(id_of(&path), &thirty()).await;
    for (reader, unread) in [(&ada, 20), (&bob, 5)] {
        assert_eq!(reader.get(&path).await.json["unread"], unread);
        assert_eq!(reader.get("/v1/counts").await.json["unread"], unread);
        let list = reader.get("/v1/posts?status=unread&limit=100").await.json;
        let newest: Vec<String> =
            numbers.iter().rev().take(unread).map(|number| world.face.hide(*number).to_string()).collect();
        let listed: Vec<String> = list["posts"].as_array().unwrap().iter().map(|post| text(&post["id"])).collect();
        assert_eq!(listed, newest);
        let all = reader.get("/v1/posts?status=all&limit=100").await.json;
        assert_eq!(all["posts"].as_array().unwrap().len(), 30, "older ones are there, and read");
    }
    let oldest = world.face.hide(numbers[0]);
    assert_eq!(ada.get(&format!("/v1/posts/{oldest}")).await.json["read"], true);
    // What is marked stands beside what it began with.
    for (mark, unread) in [("unread", 21), ("read", 20)] {
        let marked = ada.post("/v1/posts/marks", json!({ "posts": [oldest.to_string()], "mark": mark })).await;
        assert!(marked.status.is_success(), "{}", marked.json);
        assert_eq!(ada.get(&path).await.json["unread"], unread);
    }
    // Whoever keeps an old one has read it.
    let kept = ada.post("/v1/posts/marks", json!({ "posts": [oldest.to_string()], "mark": "star" })).await;
    assert!(kept.status.is_success(), "{}", kept.json);
    assert_eq!(ada.get("/v1/posts?starred=true").await.json["posts"][0]["read"], true);
    assert_eq!(ada.get("/v1/posts?starred=true&status=unread").await.json["posts"], json!([]));
}

#[tokio::test]
async fn reader_apps_begin_with_as_many() {
    let world = World::new().await;
    // A private address is not asked before it is added.
    let app = App::of(&world, "ada@example.org").await;
    app.ok("subscription/edit", "ac=subscribe&s=feed/https://example.org/feed%3Ftoken%3Dnew").await;
    let id = app.get("subscription/list?output=json").await.json["subscriptions"][0]["id"].clone();
    let source = text(&id).trim_start_matches("feed/").to_owned();
    let numbers = world.land(&source, &thirty()).await;
    assert_eq!(app.unread(&text(&id)).await, 20);
    let unread = app.ids("s=user/-/state/com.google/reading-list&xt=user/-/state/com.google/read&n=100").await;
    assert_eq!(unread, numbers.iter().rev().take(20).map(|number| number.get()).collect::<Vec<_>>());
    let read = |item: serde_json::Value| {
        item["categories"].as_array().unwrap().contains(&json!("user/-/state/com.google/read"))
    };
    assert!(read(app.item(numbers[9]).await) && !read(app.item(numbers[10]).await));
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap().to_owned()
}
