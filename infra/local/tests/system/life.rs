//! A source's life, with everything in one process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use boot::clock;
use local::client::Client;
use local::machine::Place;
use local::trouble::Trouble;
use origin::{Origin, Reply};
use serde_json::{Value, json};

use super::world::{self, add, folder, serve, start, titles, wait_for, wait_for_posts};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_arrive_and_later_polls_are_conditional() {
    let origin = Origin::start().await.unwrap();
    let published = Arc::new(AtomicU64::new(2));
    let count = Arc::clone(&published);
    serve(&origin, "news", move || count.load(Ordering::Relaxed));
    let machine = start(Place::Memory, clock::system()).await;
    let client = machine.client();

    let id = add(&client, &origin.url("/news.xml")).await;
    wait_for_posts(&client, &id, 2).await;
    published.store(3, Ordering::Relaxed);
    wait_for_posts(&client, &id, 3).await;
    assert_eq!(titles(&client, &id).await, ["news 0", "news 1", "news 2"]);

    let requests = origin.requests("/news.xml");
    assert!(!requests[0].is_conditional());
    assert!(requests[1..].iter().all(origin::Seen::is_conditional));
    assert!(requests[1].at - requests[0].at >= std::time::Duration::from_secs(15), "the interval holds");
    machine.stop().await;
}

/// Why a source waits, as a stable word and for people.
type Why = (&'static str, &'static str);
const BACKOFF: &[Why] = &[("backoff", "the last fetch failed")];
/// Not before an instant that the server named.
const ASKED: &[Why] = &[("retry_after", "the server asked for this pause (Retry-After)")];
const UNASKED: &[Why] =
    &[("no_validators", "the server sends neither ETag nor Last-Modified, so it is asked less often")];
type Case = (&'static str, Reply, &'static str, &'static str, &'static [Why]);

/// Where it is, what is answered there, and what is told of it: the code, the message, and why the source waits.
fn troubles() -> [Case; 7] {
    let page = Reply::ok("<!doctype html><html><body><p>hello</p></body></html>");
    let busy = Reply::status(429).header("retry-after", "600");
    let broke = "The connection broke, or the answer was not valid HTTP.";
    let missing = "the server has no such document (HTTP 404)";
    let many = "the server asks for fewer requests (HTTP 429)";
    [
        ("/broken.xml", Reply::status(500), "server_error", "the server failed (HTTP 500)", BACKOFF),
        ("/missing.xml", Reply::status(404), "not_found", missing, BACKOFF),
        ("/gone.xml", Reply::status(410), "gone", "the server says the feed is gone for good (HTTP 410)", BACKOFF),
        ("/empty.xml", Reply::ok("").header("etag", "\"one\""), "empty", "the server sent an empty document", BACKOFF),
        ("/cut.xml", Reply::ok(super::world::rss("cut", 9)).truncated(100), "protocol", broke, BACKOFF),
        ("/page.xml", page, "not_a_feed", "this is a web page, not a feed", UNASKED),
        ("/busy.xml", busy, "too_many_requests", many, ASKED),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_is_told_and_disturbs_nobody_else() {
    let origin = Origin::start().await.unwrap();
    serve(&origin, "good", || 1);
    for (path, reply, ..) in troubles() {
        origin.always(path, reply);
    }
    let machine = start(Place::Memory, clock::system()).await;
    let client = machine.client();
    let good = add(&client, &origin.url_at("good.localhost", "/good.xml")).await;
    let mut reasons = Vec::new();
    for (path, _, code, message, why) in troubles() {
        let host = format!("{}.localhost", path.trim_start_matches('/').trim_end_matches(".xml"));
        let id = add(&client, &origin.url_at(&host, path)).await;
        let failed = |source: &Value| source["last_finished_job"].is_object().then(|| source.clone());
        let source = wait_for(&client, &format!("/v1/sources/{id}"), "a failed job", failed).await;
        let job = &source["last_finished_job"];
        assert_eq!((&job["status"], &job["error_code"]), (&json!("FAILED"), &json!(code)), "{path}");
        assert_eq!(job["error_message"], message, "{path}");
        let next = &source["next_fetch"];
        let told = (next["reason"].as_str().unwrap(), next["detail"].as_str().unwrap());
        assert!(why.contains(&told), "{path}: {told:?}");
        reasons.push(told.0.to_owned());
    }
    assert!(reasons.contains(&"backoff".to_owned()), "slots are not all so late: {reasons:?}");
    wait_for_posts(&client, &good, 1).await;
    machine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_keeps_sources_and_posts() {
    let origin = Origin::start().await.unwrap();
    serve(&origin, "kept", || 3);
    let data = tempfile::tempdir().unwrap();
    let machine = start(folder(data.path()), clock::system()).await;
    let client = machine.client();
    let id = add(&client, &origin.url("/kept.xml")).await;
    wait_for_posts(&client, &id, 3).await;
    let before = client.get(&format!("/v1/sources/{id}/posts")).await.unwrap();
    machine.stop().await;

    let machine = start(folder(data.path()), clock::system()).await;
    let client = Client::of(&world::data(data.path())).unwrap();
    assert_eq!(client.get(&format!("/v1/sources/{id}/posts")).await.unwrap(), before, "ids of posts too");
    machine.stop().await;
    assert!(matches!(Client::of(&world::data(data.path())), Err(Trouble::NotRunning(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_source_is_gone_and_can_be_added_again() {
    let origin = Origin::start().await.unwrap();
    serve(&origin, "twice", || 2);
    let machine = start(Place::Memory, clock::system()).await;
    let client = machine.client();
    let url = origin.url("/twice.xml");
    let first = add(&client, &url).await;
    wait_for_posts(&client, &first, 2).await;
    assert_eq!(add(&client, &url).await, first, "a URL has one source");
    client.delete(&format!("/v1/sources/{first}")).await.unwrap();
    let second = add(&client, &url).await;
    assert_ne!(first, second);
    wait_for_posts(&client, &second, 2).await;
    machine.stop().await;
}
