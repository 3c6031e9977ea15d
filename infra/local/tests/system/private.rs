//! Private feeds, from the request to the post, and what is left of their secrets on the disk.

use std::path::{Path, PathBuf};

use boot::clock;
use origin::{Origin, Reply, Seen};
use serde_json::{Value, json};

use super::world::{folder, rss, start, wait_for};

/// `ada:sesame-open`, as it goes over the wire.
const BASIC: &str = "Basic YWRhOnNlc2FtZS1vcGVu";
const SECRETS: [&str; 3] = ["sesame-open", "YWRhOnNlc2FtZS1vcGVu", "hidden-in-the-address"];

/// Every file below a folder.
fn files(below: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn contains(path: &Path, text: &str) -> bool {
    let bytes = std::fs::read(path).unwrap();
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

fn only_for_ada(seen: &Seen) -> Reply {
    let may = seen.header_text("authorization") == Some(BASIC) || seen.query() == Some("token=hidden-in-the-address");
    if may { Reply::ok(rss("private", 3)) } else { Reply::status(401) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_feed_is_read_for_each_of_its_owners_and_its_secret_is_nowhere_on_the_disk() {
    let data = tempfile::tempdir().unwrap();
    let origin = Origin::start().await.unwrap();
    origin.on("/feed.xml", only_for_ada);
    let machine = start(folder(data.path()), clock::system()).await;
    let operator = machine.client();
    let plain = origin.url("/feed.xml");
    let bodies = [
        json!({ "url": plain.replace("http://", "http://ada:sesame-open@") }),
        json!({ "url": origin.url("/feed.xml?token=hidden-in-the-address"), "title": "Mine" }),
    ];
    let mut sources = Vec::new();
    for email in ["ada@example.org", "bob@example.org"] {
        operator.post("/v1/users", &json!({ "email": email, "password": "correct horse" })).await.unwrap();
        let client = operator.in_the_name_of(email);
        for body in &bodies {
            let made = client.post("/v1/subscriptions", body).await.unwrap();
            let id = made["id"].as_str().unwrap().to_owned();
            let read = |shown: &Value| (shown["unread"].as_u64() == Some(3)).then_some(());
            wait_for(&client, &format!("/v1/subscriptions/{id}"), "three posts", read).await;
            sources.push(id);
        }
    }
    sources.sort();
    sources.dedup();
    assert_eq!(sources.len(), 4, "each has sources of their own");
    for id in &sources {
        let agent = format!("source {id})");
        let seen = origin.requests("/feed.xml");
        assert!(seen.iter().any(|seen| seen.header_text("user-agent").unwrap().ends_with(&agent)), "{id}");
    }
    machine.stop().await;
    let files = files(data.path());
    assert!(files.iter().any(|path| contains(path, "ada@example.org")), "the files are the data");
    for path in files {
        for secret in SECRETS {
            assert!(!contains(&path, secret), "{} holds {secret}", path.display());
        }
    }
}
