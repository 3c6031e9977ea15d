//! Stars and labels: copies that outlive subscription and source, listed as other posts are.

use std::time::Duration;

use domain::source::SourceState;
use http::Method;
use serde_json::{Value, json};

use super::titles;
use crate::world::World;

#[tokio::test]
async fn what_is_kept_stays_when_the_subscription_and_the_source_are_gone() {
    let world = World::new().await;
    let source = world.feed("a").await;
    let ada = world.who_reads("ada@example.org").await;
    ada.subscribe(source, 20).await;
    let long = (0..400_000u64).map(|n| char::from(b'a' + (n.wrapping_mul(n) % 23) as u8)).collect::<String>();
    let numbers = world.arrive_with(source, &["<p>one</p>".to_owned(), long.clone(), noise(200_000)]).await;
    let ids = ada.ids("").await;
    ada.mark("star", &ids).await;
    ada.label("label", "to read", &ids[1..]).await;
    let before: Vec<Value> = ada.get("/v1/posts?starred=true").await["posts"].as_array().unwrap().clone();
    assert_eq!(before.len(), 3);

    world.store.unsubscribe(ada.user.id, source, world.now()).await.unwrap();
    world.store.leave(source, SourceState::Deleting, "", world.now()).await.unwrap();
    world.store.sweep(source, world.now() + Duration::from_secs(1_000_000), 1_000).await.unwrap();
    assert_eq!(world.store.post(numbers[0]).await.unwrap(), None);
    let shelf = world.bucket.list(blob::Shelf::Contents, None).await.unwrap();
    let paths: Vec<String> = shelf.found.into_iter().map(|found| found.path).collect();
    assert!(!paths.is_empty());
    world.bucket.delete(&paths).await.unwrap();

    assert!(ada.list("").await.is_empty());
    assert_eq!(ada.list("starred=true").await, titles(source, [3, 2, 1]));
    assert_eq!(ada.list("label=to%20read").await, titles(source, [2, 1]));
    for (post, before) in ada.get("/v1/posts?starred=true").await["posts"].as_array().unwrap().iter().zip(before) {
        assert_eq!((&post["content"], &post["id"]), (&before["content"], &before["id"]));
        assert_eq!(post["read"], true, "nobody counts it any more");
        let id = post["id"].as_str().unwrap();
        assert_eq!(&ada.get(&format!("/v1/posts/{id}")).await, post);
    }
    ada.mark("unstar", &ids).await;
    assert!(ada.list("starred=true").await.is_empty());
    assert_eq!(ada.list("label=to%20read").await, titles(source, [2, 1]));
    ada.refused(Method::GET, &format!("/v1/posts/{}", ids[0]), Value::Null, 404, "not_found").await;
}

/// Text that does not compress well.
fn noise(bytes: usize) -> String {
    let mut state = 7u64;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + ((state >> 33) % 26) as u8)
    })
    .take(bytes)
    .collect()
}

#[tokio::test]
async fn kept_posts_are_listed_by_source_status_and_time_in_both_orders() {
    let world = World::new().await;
    let (a, b) = (world.feed("a").await, world.feed("b").await);
    let ada = world.who_reads("ada@example.org").await;
    let start = world.now();
    for source in [a, b] {
        ada.subscribe(source, 20).await;
        world.pass(Duration::from_secs(60));
        world.arrive(source, 3).await;
    }
    world.pass(Duration::from_secs(5));
    let ids = ada.ids("").await;
    ada.mark("star", &ids).await;
    ada.mark("read", &[ids[0].clone(), ids[5].clone()]).await;
    for limit in [1, 2, 3, 50] {
        let check = async |query: &str, expected: Vec<String>| {
            assert_eq!(ada.list(&format!("starred=true&limit={limit}&{query}")).await, expected, "{limit} {query}");
        };
        check("", [titles(b, [3, 2, 1]), titles(a, [3, 2, 1])].concat()).await;
        check("order=oldest", [titles(a, 1..=3), titles(b, 1..=3)].concat()).await;
        check("status=unread", [titles(b, [2, 1]), titles(a, [3, 2])].concat()).await;
        check("status=read", [titles(b, [3]), titles(a, [1])].concat()).await;
        check(&format!("source={a}"), titles(a, [3, 2, 1])).await;
        check(&format!("since={}", start + Duration::from_secs(90)), titles(b, [3, 2, 1])).await;
        check(&format!("before={}", start + Duration::from_secs(90)), titles(a, [3, 2, 1])).await;
    }
}

#[tokio::test]
async fn labels_are_made_listed_renamed_and_ended() {
    let world = World::new().await;
    let source = world.feed("a").await;
    let (ada, bob) = (world.who_reads("ada@example.org").await, world.who_reads("bob@example.org").await);
    ada.subscribe(source, 20).await;
    world.arrive(source, 2).await;
    let ids = ada.ids("").await;
    let made = ada.ask(Method::POST, "/v1/labels", &json!({ "name": " b & c #1 " })).await;
    assert_eq!((made.status.as_u16(), &made.json["name"]), (201, &json!("b & c #1")));
    ada.label("label", "a", &ids).await;
    assert_eq!(ada.get("/v1/labels").await["labels"], json!([{ "name": "a" }, { "name": "b & c #1" }]));
    assert_eq!(bob.get("/v1/labels").await["labels"], json!([]));
    let renamed = ada.ask(Method::PATCH, "/v1/labels", &json!({ "name": "a", "to": "b & c #1" })).await;
    assert_eq!(renamed.status.as_u16(), 200, "{}", renamed.json);
    assert_eq!(ada.list("label=b%20%26%20c%20%231").await, titles(source, [2, 1]));
    ada.label("unlabel", "b & c #1", &ids[..1]).await;
    assert_eq!(ada.list("label=b%20%26%20c%20%231").await, titles(source, [1]));
    bob.refused(Method::DELETE, "/v1/labels?name=b%20%26%20c%20%231", Value::Null, 404, "not_found").await;
    let ended = ada.ask(Method::DELETE, "/v1/labels?name=b%20%26%20c%20%231", &Value::Null).await;
    assert_eq!(ended.status.as_u16(), 204);
    assert_eq!(ada.get("/v1/labels").await["labels"], json!([]));
    assert!(ada.get("/v1/posts").await["posts"][0]["labels"].as_array().unwrap().is_empty());
    ada.refused(Method::PATCH, "/v1/labels", json!({ "name": "a", "to": "b" }), 404, "not_found").await;
    ada.refused(Method::POST, "/v1/labels", json!({ "name": "" }), 422, "bad_label").await;
}

#[tokio::test]
async fn a_kept_post_below_the_floor_counts_no_more() {
    let world = World::new().await;
    let source = world.feed("a").await;
    let ada = world.who_reads("ada@example.org").await;
    ada.subscribe(source, 100).await;
    world.arrive(source, 30).await;
    let ids = ada.ids("order=oldest").await;
    ada.mark("star", &[ids[0].clone(), ids[29].clone()]).await;
    assert_eq!(ada.list("starred=true&status=unread").await, titles(source, [30, 1]));
    let head = world.store.head(source).await.unwrap().unwrap();
    let retention = store::Retention { age: Duration::from_secs(86_400), count: 20 };
    world.store.raise_floor(&head, &retention, world.now()).await.unwrap();
    world.pass(Duration::from_secs(5));
    assert_eq!(ada.get("/v1/counts").await["unread"], 20);
    assert_eq!(ada.list("starred=true").await, titles(source, [30, 1]));
    assert_eq!(ada.list("starred=true&status=unread").await, titles(source, [30]));
    assert_eq!(ada.list("starred=true&status=read").await, titles(source, [1]));
    for (id, read) in [(&ids[0], true), (&ids[29], false)] {
        assert_eq!(ada.get(&format!("/v1/posts/{id}")).await["read"], read);
    }
}
