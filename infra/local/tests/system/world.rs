//! A running Feedmill and an origin to poll.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use boot::clock::Clock;
use local::client::Client;
use local::machine::{Machine, Place, Plan};
use local::names::Choices;
use local::trouble::Trouble;
use origin::{Origin, Reply};
use serde_json::{Value, json};

/// Longer than anything here takes on a busy machine; reached only when something is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A minute of the wheel takes a second, and addresses of this machine may be polled.
pub(crate) fn choices() -> Choices {
    Choices {
        tick: Duration::from_secs(1),
        min_interval_minutes: 15,
        allow_private_networks: true,
        ..Choices::default()
    }
}

/// Starts Feedmill by `clock`, on any free port.
pub(crate) async fn start(place: Place, clock: Clock) -> Machine {
    try_start(place, SocketAddr::from(([127, 0, 0, 1], 0)), clock).await.unwrap()
}

/// The same, where it may be refused.
pub(crate) async fn try_start(place: Place, listen: SocketAddr, clock: Clock) -> Result<Machine, Trouble> {
    Machine::start(Plan { place, listen, choices: choices() }, clock).await
}

/// A folder as a place.
pub(crate) fn folder(path: &Path) -> Place {
    Place::Folder(path.to_owned())
}

/// The system's clock, `ahead` of itself.
pub(crate) fn clock_ahead(ahead: Duration) -> Clock {
    Arc::new(move || boot::clock::now() + ahead)
}

/// Adds the feed at `url`; returns its id.
pub(crate) async fn add(client: &Client, url: &str) -> String {
    let source = client.post("/v1/sources", &json!({ "url": url, "interval_minutes": 15 })).await.unwrap();
    source["id"].as_str().unwrap().to_owned()
}

/// Asks for `path` until `done` finds in it what it waits for.
pub(crate) async fn wait_for<T>(client: &Client, path: &str, what: &str, done: impl Fn(&Value) -> Option<T>) -> T {
    let waiting = async {
        let mut pause = tokio::time::interval(Duration::from_millis(100));
        loop {
            pause.tick().await;
            if let Some(found) = done(&client.get(path).await.unwrap()) {
                return found;
            }
        }
    };
    match tokio::time::timeout(PATIENCE, waiting).await {
        Ok(found) => found,
        Err(_) => panic!("{what} never came: {:#}", client.get(path).await.unwrap()),
    }
}

/// Waits until `source` has so many posts.
pub(crate) async fn wait_for_posts(client: &Client, source: &str, count: u64) {
    let enough = |source: &Value| (source["post_count"].as_u64() >= Some(count)).then_some(());
    wait_for(client, &format!("/v1/sources/{source}"), &format!("post {count}"), enough).await;
}

/// The titles of all posts of `source`, oldest first.
pub(crate) async fn titles(client: &Client, source: &str) -> Vec<String> {
    let posts = client.list(&format!("/v1/sources/{source}/posts"), "posts", 100_000).await.unwrap();
    posts.iter().rev().map(|post| post["title"].as_str().unwrap().to_owned()).collect()
}

/// An RSS feed of the entries `0..count`, newest first.
pub(crate) fn rss(name: &str, count: u64) -> String {
    let items: String = (0..count)
        .rev()
        .map(|n| format!("<item><title>{name} {n}</title><link>http://example.org/{name}/{n}</link><guid>{name}-{n}</guid></item>"))
        .collect();
    format!("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>{name}</title>{items}</channel></rss>")
}

/// Serves that feed at `/{name}.xml`, with an `ETag`.
pub(crate) fn serve(origin: &Origin, name: &str, count: impl Fn() -> u64 + Send + Sync + 'static) {
    let feed = name.to_owned();
    origin.on(&format!("/{name}.xml"), move |seen| {
        let count = count();
        Reply::unless_known(seen, &format!("\"{count}\""), Reply::ok(rss(&feed, count)))
    });
}

/// A folder as the command line names it.
pub(crate) fn data(path: &Path) -> local::cli::DataArgs {
    local::cli::DataArgs { data: path.to_owned() }
}
