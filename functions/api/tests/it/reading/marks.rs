//! Marks and counts: one write a source, and what is not seen is not marked.

use std::time::Duration;

use domain::source::SourceState;
use domain::time::Timestamp;
use http::Method;
use serde_json::{Value, json};

use super::titles;
use crate::world::World;

#[tokio::test]
async fn marks_count_at_once_and_the_same_again_changes_nothing() {
    let world = World::new().await;
    let (a, b) = (world.feed("a").await, world.feed("b").await);
    let ada = world.who_reads("ada@example.org").await;
    for source in [a, b] {
        ada.subscribe(source, 20).await;
        world.pass(Duration::from_secs(60));
        world.arrive(source, 5).await;
    }
    let counts = |a_count: u64, b_count: u64| {
        let mut counts = [(a, a_count), (b, b_count)];
        counts.sort();
        (a_count + b_count, counts.map(|(source, unread)| (source.to_string(), unread)))
    };
    let check = async |expected| {
        let told = ada.get("/v1/counts").await;
        let source = |n: usize| {
            let count = &told["sources"][n];
            (count["source"].as_str().unwrap().to_owned(), count["unread"].as_u64().unwrap())
        };
        assert_eq!((told["unread"].as_u64().unwrap(), [source(0), source(1)]), expected);
    };
    check(counts(5, 5)).await;
    // Newest first: five of b, five of a.
    let ids = ada.ids("").await;
    for _ in 0..2 {
        ada.mark("read", &ids[3..7]).await;
        check(counts(3, 3)).await;
    }
    assert_eq!(ada.list("status=read").await, [titles(b, [2, 1]), titles(a, [5, 4])].concat());
    ada.mark("unread", &ids[4..6]).await;
    check(counts(4, 4)).await;
    assert_eq!(ada.list("status=unread").await, [titles(b, [5, 4, 3, 1]), titles(a, [5, 3, 2, 1])].concat());
}

#[tokio::test]
async fn mark_all_goes_up_to_a_post_or_a_time_and_no_further() {
    let world = World::new().await;
    let (a, b) = (world.feed("a").await, world.feed("b").await);
    let ada = world.who_reads("ada@example.org").await;
    for source in [a, b] {
        ada.subscribe(source, u64::MAX).await;
    }
    // More than a head remembers, so that the place has to be searched.
    for _ in 0..60 {
        for source in [a, b] {
            world.pass(Duration::from_secs(60));
            world.arrive(source, 1).await;
        }
    }
    world.pass(Duration::from_secs(5));
    let unread = async || ada.get("/v1/counts").await["unread"].as_u64().unwrap();
    let mark_all = async |body: Value| {
        let answer = ada.ask(Method::POST, "/v1/posts/mark-all", &body).await;
        assert_eq!(answer.status.as_u16(), 204, "{}", answer.json);
    };
    let oldest = ada.ids("order=oldest").await;
    mark_all(json!({ "through": oldest[8] })).await;
    assert_eq!(unread().await, 111);
    mark_all(json!({ "through": oldest[8] })).await;
    assert_eq!(unread().await, 111);
    mark_all(json!({ "through": oldest[19], "source": b })).await;
    assert_eq!(unread().await, 105);
    let folder = ada.file(a).await;
    let minute = world.now() - Duration::from_secs(5);
    mark_all(json!({ "before": minute.to_string(), "folder": folder })).await;
    assert_eq!(unread().await, 50, "those of b");
    mark_all(json!({ "before": minute.to_string() })).await;
    assert_eq!(unread().await, 1, "the one that arrived that minute");
    for (body, status, code) in [
        (json!({}), 400, "bad_body"),
        (json!({ "through": oldest[0], "before": minute.to_string() }), 400, "bad_body"),
        (json!({ "through": "AAAAAAAA" }), 404, "not_found"),
        (json!({ "through": oldest[0], "source": "AAAAAAAA" }), 404, "not_found"),
    ] {
        ada.refused(Method::POST, "/v1/posts/mark-all", body, status, code).await;
    }
}

#[tokio::test]
async fn marks_of_what_is_not_yours_do_nothing_and_too_many_are_refused() {
    let world = World::new().await;
    let source = world.feed("a").await;
    let (ada, bob) = (world.who_reads("ada@example.org").await, world.who_reads("bob@example.org").await);
    ada.subscribe(source, 20).await;
    world.arrive(source, 3).await;
    let ids = ada.ids("").await;
    for mark in ["read", "unread", "star", "unstar"] {
        bob.mark(mark, &ids).await;
        bob.mark(mark, &["AAAAAAAA".to_owned()]).await;
    }
    bob.label("label", "blue", &ids).await;
    assert_eq!(ada.get("/v1/counts").await["unread"], 3);
    for query in ["", "starred=true", "label=blue"] {
        assert!(bob.list(query).await.is_empty(), "{query}");
    }
    let many: Vec<String> = (0..1_001).map(|n| format!("{n:08}")).collect();
    for (body, status, code) in [
        (json!({ "mark": "read", "posts": many }), 422, "out_of_range"),
        (json!({ "mark": "read", "posts": [] }), 422, "out_of_range"),
        (json!({ "mark": "label", "posts": ids }), 400, "bad_body"),
        (json!({ "mark": "read", "posts": ids, "label": "blue" }), 400, "bad_body"),
        (json!({ "mark": "label", "posts": ids, "label": "a\u{7}b" }), 422, "bad_label"),
        (json!({ "mark": "burn", "posts": ids }), 400, "bad_body"),
        (json!({ "mark": "read", "posts": ["nonsense!"] }), 400, "bad_body"),
    ] {
        ada.refused(Method::POST, "/v1/posts/marks", body, status, code).await;
    }
    ada.mark("read", &many[..1_000]).await;
}

#[tokio::test]
async fn who_reads_on_two_devices_at_once_loses_no_mark() {
    let world = World::new().await;
    let source = world.feed("a").await;
    let ada = world.who_reads("ada@example.org").await;
    ada.subscribe(source, u64::MAX).await;
    world.arrive(source, 24).await;
    let ids = ada.ids("").await;
    let marks = ids.chunks(4).map(|some| ada.mark("read", some));
    futures_util::future::join_all(marks).await;
    assert_eq!(ada.get("/v1/counts").await["unread"], 0);
    assert!(ada.list("status=unread").await.is_empty());
    assert!(ada.read_state(source).await.to_bytes().unwrap().len() < 32);
}

#[tokio::test]
async fn what_was_under_way_at_a_time_was_not_seen_then() {
    let world = World::new().await;
    let source = world.feed("a").await;
    let ada = world.who_reads("ada@example.org").await;
    ada.subscribe(source, 100).await;
    world.arrive(source, 3).await;
    world.pass(Duration::from_secs(60));
    let visit = world.now();
    world.pass(Duration::from_secs(1));
    world.arrive_late(source, Duration::from_secs(4)).await;
    world.pass(Duration::from_secs(9));

    assert_eq!(ada.list(&format!("since={visit}")).await, titles(source, [4]), "who asks for what is new gets it");
    let unread = async || ada.list("status=unread").await;
    let mark_all = async |before: Timestamp| {
        let body = json!({ "before": before.to_string() });
        assert_eq!(ada.ask(Method::POST, "/v1/posts/mark-all", &body).await.status.as_u16(), 204);
    };
    mark_all(visit).await;
    assert_eq!(unread().await, titles(source, [4]), "nobody saw it at that time");
    mark_all(world.now()).await;
    assert!(unread().await.is_empty());
    world.arrive(source, 1).await;
    world.pass(Duration::from_millis(1));
    mark_all(world.now()).await;
    world.pass(Duration::from_secs(5));
    assert!(unread().await.is_empty(), "what is there is seen, however new");
}

#[tokio::test]
async fn posts_of_a_source_that_is_being_deleted_do_not_count() {
    let world = World::new().await;
    let (a, b) = (world.feed("a").await, world.feed("b").await);
    let ada = world.who_reads("ada@example.org").await;
    for source in [a, b] {
        ada.subscribe(source, 100).await;
        world.pass(Duration::from_secs(60));
        world.arrive(source, 3).await;
    }
    assert_eq!(ada.get("/v1/counts").await["unread"], 6);
    world.store.leave(a, SourceState::Deleting, "", world.now()).await.unwrap();
    world.pass(Duration::from_secs(5));
    let counts = ada.get("/v1/counts").await;
    assert_eq!((&counts["unread"], counts["sources"].as_array().unwrap().len()), (&json!(3), 1));
    assert_eq!(ada.list("status=unread").await, titles(b, [3, 2, 1]));
}
