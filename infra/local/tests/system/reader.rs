//! What a person does at the command line: subscribe, take lists in and out, read.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use boot::clock;
use local::client::Client;
use local::machine::Machine;
use origin::{Origin, Reply};
use serde_json::{Value, json};

use super::cli::{check_refused, feedmill};
use super::terminal::typing;
use super::world::{folder, rss, serve, start};

const ADA: &str = "ada@example.org";

/// A Feedmill where Ada, and nobody else, has an account; and its folder.
struct World {
    data: tempfile::TempDir,
    machine: Machine,
    origin: Origin,
}

impl World {
    async fn new() -> Self {
        Self::by(clock::system()).await
    }

    async fn by(clock: clock::Clock) -> Self {
        let data = tempfile::tempdir().unwrap();
        let machine = start(folder(data.path()), clock).await;
        Self { data, machine, origin: Origin::start().await.unwrap() }
    }

    async fn with_ada() -> Self {
        let world = Self::new().await;
        world.account(ADA).await;
        world
    }

    async fn account(&self, email: &str) {
        let body = json!({ "email": email, "password": "correct horse" });
        self.machine.client().post("/v1/users", &body).await.unwrap();
    }

    fn ada(&self) -> Client {
        self.machine.client().in_the_name_of(ADA)
    }

    fn path(&self) -> &str {
        self.data.path().to_str().unwrap()
    }

    /// What a command that works prints.
    async fn call(&self, args: &[&str]) -> String {
        let (code, out, err) = feedmill(&[args, &["--data", self.path()]].concat(), "").await;
        assert_eq!(code, 0, "{args:?}: {out}{err}");
        out
    }

    async fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.call(&[args, &["--json"]].concat()).await).unwrap()
    }

    async fn refused(&self, args: &[&str], input: &str, expected: &str) {
        check_refused(&[args, &["--data", self.path()]].concat(), input, 1, expected).await;
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.data.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_clear_whose_things_a_command_speaks_of() {
    let world = World::new().await;
    serve(&world.origin, "news", || 1);
    let url = world.origin.url("/news.xml");
    for args in [&["subscriptions"][..], &["posts", "--unread"], &["export"], &["add", &url, "--folder", "News"]] {
        world.refused(args, "", "no account yet: make one with `feedmill user add --admin").await;
    }
    assert!(world.call(&["add", &url]).await.contains("polled for nobody in particular"));

    world.account(ADA).await;
    assert!(world.call(&["add", &url]).await.contains("1 unread"), "the only account");
    world.account("bob@example.org").await;
    for args in [&["subscriptions"][..], &["posts"], &["add", &url], &["read", "--all"], &["import", "-"]] {
        world.refused(args, "", "several accounts: say whose with --user EMAIL").await;
    }
    assert_eq!(world.json(&["subscriptions", "--user", ADA]).await.as_array().unwrap().len(), 1);
    assert!(world.call(&["subscriptions", "--user", "bob@example.org"]).await.contains("no subscriptions yet"));
    world.refused(&["posts", "--user", "nobody@example.org"], "", "no user with this id or e-mail address").await;
    world.machine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_is_subscribed_to_by_the_feed_that_is_chosen() {
    let world = World::with_ada().await;
    let links = r#"<link rel="alternate" type="application/rss+xml" title="All" href="/all.xml">
        <link rel="alternate" type="application/rss+xml" title="Sport" href="/sport.xml">"#;
    world
        .origin
        .always("/", Reply::ok(format!("<html><head>{links}</head></html>")).header("content-type", "text/html"));
    serve(&world.origin, "all", || 3);
    serve(&world.origin, "sport", || 2);
    let site = world.origin.url("/");
    let (code, out, err) = feedmill(&["add", &site, "--data", world.path()], "").await;
    assert!(code == 1 && err.contains("several feeds: add one of them by its address"), "{out}{err}");
    assert!(out.contains("/all.xml") && out.contains("/sport.xml"), "{out}");

    let path = world.path().to_owned();
    let chosen = tokio::task::spawn_blocking(move || {
        let args = ["add", &site, "--title", "My sport", "--folder", "News", "--folder", "Fun", "--data", &path];
        (typing(&args, "7\n"), typing(&args, "2\n"))
    });
    let (none, sport) = chosen.await.unwrap();
    assert!(!none.0 && none.1.contains("nothing was added"), "{}", none.1);
    assert!(sport.0 && sport.1.contains("My sport") && sport.1.contains("2 new posts"), "{}", sport.1);
    let listed = world.call(&["subscriptions"]).await;
    assert!(["My sport", "Fun", "News", "/sport.xml", "active"].iter().all(|text| listed.contains(text)), "{listed}");

    let url = world.origin.url("/sport.xml");
    let again = world.call(&["add", &url, "--folder", "Later"]).await;
    assert!(again.contains("before"), "{again}");
    let known = world.json(&["subscriptions"]).await;
    assert_eq!(known[0]["folders"].as_array().unwrap().len(), 3, "{known}");

    let gone = world.origin.url("/missing.xml");
    world.refused(&["add", &gone], "", "").await;
    assert!(world.call(&["unsubscribe", &url]).await.contains("My sport"));
    world.refused(&["unsubscribe", &url], "", "no such subscription").await;
    world.machine.stop().await;
}

/// A list of so many feeds, each on a host of its own, with four rows that cannot be taken: three of them as the list is read, one by the API.
fn list(origin: &Origin, count: usize) -> String {
    let mut rows = String::new();
    for n in 0..count {
        let url = origin.url_at(&format!("h{n}.localhost"), &format!("/{n}.xml"));
        origin.always(&format!("/{n}.xml"), Reply::ok(rss(&format!("feed {n}"), 2)).header("etag", "\"1\""));
        writeln!(rows, "<outline text=\"Folder {}\"><outline text=\"Feed {n}\" xmlUrl=\"{url}\"/></outline>", n % 5)
            .unwrap();
    }
    let bad = "<outline text=\"Nowhere\" type=\"rss\"/>\n<outline text=\"Old\" xmlUrl=\"gopher://example.org/\"/>\n";
    let login = "<outline text=\"Login\" xmlUrl=\"http://a%3Ab:sesame@private.localhost/feed.xml\"/>";
    let nameless = "<outline text=\"No name\" xmlUrl=\"http://nobody:8@/\"/>";
    format!("<opml version=\"2.0\"><body>\n{bad}{rows}{nameless}\n{login}\n</body></opml>\n")
}

fn addresses(opml: &str) -> BTreeSet<String> {
    feed::opml::read(opml.as_bytes()).unwrap().feeds.into_iter().map(|feed| feed.url).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_goes_in_with_its_bad_rows_named_and_comes_out_again() {
    let world = World::with_ada().await;
    let file = world.file("feeds.opml", &list(&world.origin, 60));
    let (code, out, err) = feedmill(&["import", &file, "--data", world.path()], "").await;
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.ends_with("60 added, 0 known before, 4 not taken\n"), "{out}");
    for (line, title) in [("2 ", "Nowhere"), ("3 ", "Old"), ("64 ", "No name"), ("65 ", "Login")] {
        assert!(out.lines().any(|row| row.starts_with(line) && row.contains(title)), "{line} {title}: {out}");
    }
    assert!(err.lines().all(|line| line.ends_with(" of 61")) && err.contains("61 of 61"), "{err}");

    let again = world.json(&["import", &file]).await;
    assert_eq!((&again["added"], &again["known"], &again["refused_count"]), (&json!(0), &json!(60), &json!(4)));
    let exported = world.call(&["export"]).await;
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(!out.contains("sesame") && !again.to_string().contains("sesame"), "{out} {again}");
    let taken: BTreeSet<_> = addresses(&written).into_iter().filter(|url| !url.contains("sesame")).collect();
    assert_eq!(addresses(&exported), taken);
    let copy = world.data.path().join("copy.opml");
    world.call(&["export", "--format", "opml", "-o", copy.to_str().unwrap()]).await;
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), exported);

    world.account("bob@example.org").await;
    let path = world.path().to_owned();
    let args = move || typing(&["import", copy.to_str().unwrap(), "--user", "bob@example.org", "--data", &path], "");
    let (success, shown) = tokio::task::spawn_blocking(args).await.unwrap();
    assert!(success && shown.contains("[####") && shown.contains("] 60/60"), "a bar on a terminal: {shown:?}");
    assert!(shown.contains("60 added") && !shown.contains("60 of 60"), "{shown:?}");
    assert_eq!(world.call(&["export", "--user", "bob@example.org"]).await, exported, "it comes out as it went in");
    world.machine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_taken_along_and_comes_back() {
    let world = World::with_ada().await;
    let file = world.file("feeds.opml", &list(&world.origin, 5));
    world.call(&["import", &file]).await;
    serve(&world.origin, "news", || 3);
    let news = world.json(&["add", &world.origin.url("/news.xml"), "--title", "Mine"]).await;
    let posts = world.json(&["posts", news["id"].as_str().unwrap()]).await;
    let id = |at: usize| posts[at]["id"].as_str().unwrap();
    world.call(&["star", id(0), id(2)]).await;
    let copy = world.data.path().join("account.json");
    let copy = copy.to_str().unwrap();
    world.call(&["export", "--format", "json", "-o", copy]).await;

    world.account("bob@example.org").await;
    let bob = ["--user", "bob@example.org"];
    let told = world.call(&[&["import", copy], &bob[..]].concat()).await;
    assert!(
        told.contains("6 added, 0 known before, 0 not taken") && told.contains("2 posts kept, 0 not taken"),
        "{told}"
    );
    let both = [world.call(&["export", "--user", ADA]).await, world.call(&[&["export"], &bob[..]].concat()).await];
    assert_eq!(both[0], both[1]);
    let starred = world.json(&[&["posts", "--starred"], &bob[..]].concat()).await;
    assert_eq!(starred.as_array().unwrap().len(), 2);
    let again = world.json(&[&["import", copy], &bob[..]].concat()).await;
    assert_eq!((&again["subscriptions"]["added"], &again["subscriptions"]["known"]), (&json!(0), &json!(6)));
    for broken in ["{", "{}"] {
        let (code, out, err) = feedmill(&[&["import", "-", "--data", world.path()], &bob[..]].concat(), broken).await;
        assert!(code == 1 && out.is_empty() && err.contains("account"), "{broken}: {out}{err}");
    }
    world.machine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_moves_to_another_installation_with_what_was_read_and_kept() {
    let (here, there) = (World::with_ada().await, World::with_ada().await);
    serve(&here.origin, "news", || 30);
    let news = here.json(&["add", &here.origin.url("/news.xml")]).await;
    let posts = here.json(&["posts", news["id"].as_str().unwrap(), "--limit", "30"]).await;
    let id = |at: usize| posts[at]["id"].as_str().unwrap();
    here.call(&["read", id(0), id(5)]).await;
    here.call(&["read", "--undo", id(29)]).await;
    here.call(&["star", id(3)]).await;
    let copy = here.data.path().join("account.json");
    let copy = copy.to_str().unwrap();
    here.call(&["export", "--format", "json", "-o", copy]).await;

    let told = there.call(&["import", copy]).await;
    assert!(told.contains("1 added") && told.contains("1 posts kept, 0 not taken"), "{told}");
    assert!(!told.contains("no posts yet"), "it waits for the first fetch: {told}");
    for list in [&["--unread"][..], &["--starred"]] {
        let titles = async |world: &World| -> Vec<Value> {
            let posts = world.json(&[&["posts", "--limit", "100"], list].concat()).await;
            posts.as_array().unwrap().iter().map(|post| post["title"].clone()).collect()
        };
        assert_eq!(titles(&there).await, titles(&here).await, "{list:?}");
    }
    here.machine.stop().await;
    there.machine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_there_is_no_time_for_goes_in_by_turns_and_its_broken_rows_are_named() {
    let stride = Arc::new(AtomicU64::new(0));
    let (passed, strides) = (AtomicU64::new(0), Arc::clone(&stride));
    let world = World::by(Arc::new(move || {
        let passed = passed.fetch_add(strides.load(Ordering::Relaxed), Ordering::Relaxed);
        clock::now() + Duration::from_secs(passed)
    }))
    .await;
    world.account(ADA).await;
    let post = |n: u64| json!({ "post": "AAAAAAAA", "starred": true, "title": format!("post {n}"), "url": format!("https://old.example/{n}") });
    let mut kept: Vec<Value> = (0..1_000).map(post).collect();
    kept.insert(500, json!({ "starred": true, "title": "broken" }));
    let account = json!({ "format": "feedmill-account", "version": 1, "kept": kept });
    // Seconds pass whenever somebody looks at the clock, so that there is never time for two hundred posts.
    stride.store(3, Ordering::Relaxed);
    let sent = world.ada().post("/v1/account/import", &account).await.unwrap();
    assert!(sent["left"].as_u64().unwrap() > 500, "{sent}");
    let file = world.file("account.json", &account.to_string());
    let told = world.call(&["import", &file]).await;
    stride.store(0, Ordering::Relaxed);
    assert!(told.contains("1000 posts kept, 1 not taken") && told.contains("broken"), "{told}");
    let starred = world.json(&["posts", "--starred", "--limit", "1000"]).await;
    assert_eq!(starred.as_array().unwrap().len(), 1_000);
    world.machine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_writes_over_nothing_unless_told_so() {
    let world = World::with_ada().await;
    let file = world.file("feeds.opml", "mine");
    world.refused(&["export", "-o", &file], "", "is there already; --force writes over it").await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    world.call(&["export", "-o", &file, "--force"]).await;
    assert!(std::fs::read_to_string(&file).unwrap().contains("<opml"));
    world.machine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_of_nothing_says_why() {
    let world = World::with_ada().await;
    for (input, expected) in
        [("", "the file is empty"), ("<html></html>", "not OPML"), ("<opml><body></body></opml>", "names no feeds")]
    {
        world.refused(&["import", "-"], input, expected).await;
    }
    world.refused(&["import", "/nowhere/feeds.opml"], "", "cannot read /nowhere/feeds.opml").await;
    let bad = "<opml><body><outline text='x' xmlUrl='gopher://x/'/></body></opml>";
    let (code, out, err) = feedmill(&["import", "-", "--data", world.path()], bad).await;
    assert!(code == 1 && out.contains("0 added") && err.contains("nothing could be taken"), "{out}{err}");
    world.machine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_are_listed_read_and_starred() {
    let world = World::with_ada().await;
    serve(&world.origin, "news", || 3);
    serve(&world.origin, "other", || 2);
    let news = world.json(&["add", &world.origin.url("/news.xml"), "--folder", "Daily"]).await;
    world.json(&["add", &world.origin.url_at("other.localhost", "/other.xml")]).await;
    let news = news["id"].as_str().unwrap();
    let count = async |args: &[&str]| world.json(&[&["posts"], args].concat()).await.as_array().unwrap().len();
    for (args, expected) in [
        (&["--unread"][..], 5),
        (&[news], 3),
        (&["--source", news, "--limit", "2"], 2),
        (&["--folder", "daily", "--unread"], 3),
        (&["--starred"], 0),
    ] {
        assert_eq!(count(args).await, expected, "{args:?}");
    }
    world.refused(&["posts", "--folder", "Weekly"], "", "no such folder; there are: Daily").await;
    let posts = world.json(&["posts", news]).await;
    let id = |at: usize| posts[at]["id"].as_str().unwrap();

    assert!(world.call(&["read", id(0), id(1)]).await.contains("2 posts are read"));
    assert!(world.call(&["star", id(2)]).await.contains("1 post is starred"));
    assert_eq!((count(&["--unread"]).await, count(&["--starred"]).await), (3, 1));
    let starred = world.call(&["posts", "--starred"]).await;
    assert!(starred.contains('★') && starred.contains(id(2)) && starred.contains("news"), "{starred}");
    world.call(&["read", "--undo", id(0)]).await;
    assert_eq!(count(&["--unread"]).await, 4);
    world.call(&["read", "--all", "--folder", "Daily"]).await;
    assert_eq!(count(&["--unread"]).await, 2);
    assert_eq!(world.json(&["read", "--all"]).await, json!({ "unread": 0 }));
    world.call(&["star", "--undo", id(2)]).await;
    assert_eq!((count(&["--unread"]).await, count(&["--starred"]).await), (0, 0));
    world.refused(&["star", "00000000"], "", "").await;
    world.refused(&["star", "../users"], "", "no post id").await;
    assert_eq!(world.ada().get("/v1/counts").await.unwrap()["unread"], 0);
    world.machine.stop().await;
}
