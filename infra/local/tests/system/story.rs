//! What all this is for, from beginning to end: a clean folder, an account, two hundred feeds, reading, and the same again after a restart.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use local::client::Client;
use origin::{Origin, Reply};
use serde_json::{Value, json};

use super::cli::feedmill;
use super::newsboat::Newsboat;
use super::process::{Running, line};
use super::world::{data, rss};

const FEEDS: usize = 200;
const POSTS: u64 = 3;
const ME: &str = "me@example.org";
/// First fetches of one list begin twenty a second; a busy machine is slower than that.
const LONG: Duration = Duration::from_secs(300);

async fn up(folder: &Path) -> Running {
    let args = ["up", "--listen", "127.0.0.1:0", "--allow-private-networks", "--tick", "60"];
    let mut running = Running::start(&args, folder);
    assert!(line(&mut running).await.contains("Feedmill runs"));
    running
}

async fn call(folder: &Path, args: &[&str]) -> String {
    let (code, out, err) = feedmill(&[args, &["--data", folder.to_str().unwrap()]].concat(), "").await;
    assert_eq!(code, 0, "{args:?}: {out}{err}");
    out
}

fn feeds(origin: &Origin) -> String {
    let mut rows = String::new();
    for n in 0..FEEDS {
        let path = format!("/{n}.xml");
        origin.always(&path, Reply::ok(rss(&format!("feed {n}"), POSTS)).header("etag", "\"1\""));
        let url = origin.url_at(&format!("h{n}.localhost"), &path);
        write!(rows, "<outline text='Folder {}'><outline text='Feed {n}' xmlUrl='{url}'/></outline>", n % 7).unwrap();
    }
    format!("<opml version='2.0'><body>{rows}</body></opml>")
}

async fn unread(client: &Client) -> u64 {
    client.get("/v1/counts").await.unwrap()["unread"].as_u64().unwrap()
}

async fn wait_for_unread(client: &Client, count: u64) {
    let waiting = async {
        let mut pause = tokio::time::interval(Duration::from_millis(500));
        while unread(client).await != count {
            pause.tick().await;
        }
    };
    if tokio::time::timeout(LONG, waiting).await.is_err() {
        panic!("{} of {count} posts came", unread(client).await);
    }
}

/// All that a person would miss.
async fn everything(client: &Client, folder: &Path) -> Value {
    let ids = async |path: &str, name: &str| -> Vec<Value> {
        let objects = client.list(path, name, 100_000).await.unwrap();
        objects
            .into_iter()
            .map(|object| json!([object["id"], object["title"], object["read"], object["starred"]]))
            .collect()
    };
    json!({
        "list": call(folder, &["export"]).await,
        "unread": unread(client).await,
        "posts": ids("/v1/posts?content=false", "posts").await,
        "starred": ids("/v1/posts?starred=true", "posts").await,
        "folders": client.get("/v1/folders").await.unwrap(),
    })
}

/// Reads and stars a post in a reader app, if there is one: the posts that are read and starred by that.
async fn read_in_newsboat(folder: &Path, client: &Client) -> Vec<Value> {
    let Some(version) = Newsboat::version() else {
        println!("SKIPPED in part: newsboat is not installed (Debian: apt-get install newsboat)");
        return Vec::new();
    };
    let told = call(folder, &["user", "token", ME, "newsboat"]).await;
    let server = local::data::find_server(folder).unwrap().unwrap().address;
    let newsboat = Newsboat::set_up(version, server, ME, told.lines().last().unwrap());
    let before = unread(client).await;
    assert_eq!(newsboat.reload().await, format!("{before} unread articles"));
    let mut screen = newsboat.open();
    screen.shows("Feed ").await;
    // The first article of the first feed; Ctrl-E asks for its flags.
    screen.press("\r");
    screen.shows("feed ").await;
    screen.press("\r");
    screen.shows("Title").await;
    screen.press("\u{5}");
    screen.shows("Flags").await;
    screen.press("s\r");
    wait_for_unread(client, before - 1).await;
    screen.press("qqq");
    screen.ends().await;
    let starred = client.list("/v1/posts?status=read&starred=true", "posts", 10).await.unwrap();
    assert_eq!(starred.len(), 1, "REST shows what the app did");
    starred
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_feeds_are_taken_in_read_and_still_there_after_a_restart() {
    let (folder, origin) = (tempfile::tempdir().unwrap(), Origin::start().await.unwrap());
    let folder = folder.path();
    let running = up(folder).await;
    call(folder, &["user", "add", ME, "--admin", "--generate"]).await;
    let file = folder.join("feeds.opml");
    std::fs::write(&file, feeds(&origin)).unwrap();
    let told = call(folder, &["import", file.to_str().unwrap()]).await;
    assert_eq!(told, "200 added, 0 known before, 0 not taken\n");

    let client = Client::of(&data(folder)).unwrap().in_the_name_of(ME);
    let all = POSTS * u64::try_from(FEEDS).unwrap();
    wait_for_unread(&client, all).await;
    let in_app = read_in_newsboat(folder, &client).await.len();
    let posts = client.list("/v1/posts?content=false&status=unread", "posts", 150).await.unwrap();
    let some = |from: usize, to: usize| posts[from..to].iter().map(|post| post["id"].clone()).collect::<Vec<_>>();
    client.post("/v1/posts/marks", &json!({ "mark": "read", "posts": some(0, 150) })).await.unwrap();
    client.post("/v1/posts/marks", &json!({ "mark": "star", "posts": some(100, 110) })).await.unwrap();
    let before = everything(&client, folder).await;
    let lengths = ["posts", "starred"].map(|name| before[name].as_array().unwrap().len());
    assert_eq!((before["unread"].as_u64().unwrap(), lengths), (all - 150 - in_app as u64, [600, 10 + in_app]));
    assert_eq!(before["folders"]["folders"].as_array().unwrap().len(), 7);

    running.signal("-TERM");
    assert_eq!(running.end().await.0, Some(0));
    let running = up(folder).await;
    let client = Client::of(&data(folder)).unwrap().in_the_name_of(ME);
    assert_eq!(everything(&client, folder).await, before);
    assert_eq!(call(folder, &["posts", "--starred", "--json"]).await.matches("\"starred\": true").count(), 10 + in_app);
    running.signal("-TERM");
    assert_eq!(running.end().await.0, Some(0));
}
