//! A source's life, with everything in one process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use boot::clock;
use local::client::Client;
use local::machine::Place;
use local::trouble::Trouble;
use origin::{Origin, Reply};
use serde_json::Value;

use super::world::{self, add, folder, serve, start, titles, wait_for, wait_for_posts};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_arrive_and_later_polls_are_conditional() {
    let origin = Origin::start().await.unwrap();
    let published = Arc::new(AtomicU64::new(2));
    let count = Arc::clone(&published);
    serve(&origin, "news", move || count.load(Ordering::Relaxed));
    let machine = start(Place::Memory, clock::system()).await;
    let client = Client::at(machine.address());

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_is_told_and_disturbs_nobody_else() {
    let origin = Origin::start().await.unwrap();
    serve(&origin, "good", || 1);
    origin.always("/broken.xml", Reply::status(500));
    origin.always("/page.xml", Reply::ok("<!doctype html><html><body><p>hello</p></body></html>"));
    origin.always("/empty.xml", Reply::ok(""));
    origin.always("/cut.xml", Reply::ok(super::world::rss("cut", 9)).truncated(100));
    let machine = start(Place::Memory, clock::system()).await;
    let client = Client::at(machine.address());
    let good = add(&client, &origin.url_at("good.localhost", "/good.xml")).await;
    for (name, code) in [("broken", "server_error"), ("page", "not_a_feed"), ("empty", "empty"), ("cut", "protocol")] {
        let id = add(&client, &origin.url_at(&format!("{name}.localhost"), &format!("/{name}.xml"))).await;
        let failed = |source: &Value| {
            let job = source["last_finished_job"].as_object()?;
            Some((job["error_code"].clone(), job["error_message"].clone(), source["next_fetch"]["detail"].clone()))
        };
        let (told, message, why) = wait_for(&client, &format!("/v1/sources/{id}"), "a failed job", failed).await;
        assert_eq!(told, code, "{name}: {message}");
        assert!(message.as_str().unwrap().len() > 10 && why.as_str().unwrap().len() > 5, "{message} {why}");
    }
    wait_for_posts(&client, &good, 1).await;
    machine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_keeps_sources_and_posts() {
    let origin = Origin::start().await.unwrap();
    serve(&origin, "kept", || 3);
    let data = tempfile::tempdir().unwrap();
    let machine = start(folder(data.path()), clock::system()).await;
    let client = Client::at(machine.address());
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
    let client = Client::at(machine.address());
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
