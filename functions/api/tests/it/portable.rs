//! Lists of feeds, in and out.

mod account;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::id::Ordinal;
use domain::reading::{Operation, ReadState, Shown};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::subscriptions::Reader;
use crate::world::{Answer, World};

impl Reader<'_> {
    async fn import(&self, list: &str) -> Answer {
        self.ask_raw(Method::POST, "/v1/opml", list).await
    }

    /// Titles and the names of their folders, by title.
    async fn shelf(&self) -> Vec<(String, Vec<String>)> {
        let folders = self.get("/v1/folders").await.json["folders"].clone();
        let name = |id: &Value| {
            let found = folders.as_array().unwrap().iter().find(|folder| folder["id"] == *id).unwrap();
            found["name"].as_str().unwrap().to_owned()
        };
        let list = self.get("/v1/subscriptions?limit=200").await.json["subscriptions"].clone();
        let each = |one: &Value| {
            let title = one["title"].as_str().unwrap().to_owned();
            (title, one["folders"].as_array().unwrap().iter().map(name).collect())
        };
        let mut all: Vec<(String, Vec<String>)> = list.as_array().unwrap().iter().map(each).collect();
        all.sort();
        all
    }
}

const LIST: &str = r#"<opml version="1.1"><body>
<outline text="Tech"><outline text="Rust"><outline text="One" xmlUrl="https://one.example/feed"/></outline>
<outline text="Two" XMLURL="https://two.example/feed"/>
<outline text="No address" type="rss"/>
<outline text="Inside" xmlUrl="http://10.0.0.1/feed"/>
</outline><outline text="Three" xmlUrl="https://three.example/feed"/><outline text="Cut" xmlUrl="https://cu"#;

#[tokio::test]
async fn good_rows_go_in_and_bad_ones_are_named() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let done = ada.import(LIST).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.json);
    assert_eq!((&done.json["added"], &done.json["known"], &done.json["left"]), (&json!(3), &json!(0), &json!(0)));
    let refused: Vec<_> =
        done.json["refused"].as_array().unwrap().iter().map(|row| (&row["title"], &row["code"])).collect();
    let (inside, empty, cut) = (json!("Inside"), json!("No address"), json!("Cut"));
    let codes = [json!("not_public"), json!("no_address"), json!("cut_off")];
    assert_eq!(refused, [(&inside, &codes[0]), (&empty, &codes[1]), (&cut, &codes[2])]);
    let text =
        |title: &str, folders: &[&str]| (title.to_owned(), folders.iter().map(|name| (*name).to_owned()).collect());
    let expected = [text("One", &["Tech / Rust"]), text("Three", &[]), text("Two", &["Tech"])];
    assert_eq!(ada.shelf().await, expected);
    world.pass(std::time::Duration::from_secs(1));
    assert_eq!(world.messages("fetch-slow").await.len(), 3, "the first fetches are under way");

    let again = ada.import(LIST).await.json;
    assert_eq!((&again["added"], &again["known"]), (&json!(0), &json!(3)));
    assert_eq!(ada.shelf().await, expected);
}

#[tokio::test]
async fn what_is_exported_comes_back_as_it_was_and_tells_no_secret() {
    let world = World::new().await;
    let (ada, bob) = (world.reader("ada@example.org").await, world.reader("bob@example.org").await);
    ada.import(LIST).await;
    let private = json!({ "url": "https://ada:sesame@private.example/feed", "discover": false });
    assert_eq!(ada.post("/v1/subscriptions", private).await.status, StatusCode::CREATED);
    let exported = ada.get("/v1/opml").await.text;
    assert!(!exported.contains("sesame") && !exported.contains("private.example"), "{exported}");
    assert_eq!(bob.import(&exported).await.json["added"], 3);
    let without_private: Vec<_> =
        ada.shelf().await.into_iter().filter(|(title, _)| title != "private.example").collect();
    assert_eq!(bob.shelf().await, without_private);
    assert_eq!(bob.get("/v1/opml").await.text, exported);
}

#[tokio::test]
async fn first_fetches_of_one_list_are_spread() {
    let world = World::with(|rules| rules.max_subscriptions_per_host = 100).await;
    let ada = world.reader("ada@example.org").await;
    let rows: String =
        (0..60).map(|n| format!(r#"<outline text="{n}" xmlUrl="https://one.example/{n}.xml"/>"#)).collect();
    assert_eq!(ada.import(&format!("<opml><body>{rows}</body></opml>")).await.json["added"], 60);
    let mut starts: Vec<u64> = Vec::new();
    for second in 0..61 {
        world.pass(std::time::Duration::from_secs(u64::from(second > 0)));
        starts.push(world.messages("fetch-slow").await.len() as u64);
    }
    assert_eq!(starts, (1..=60).chain([60]).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_login_that_cannot_be_one_is_refused_with_its_row_and_not_told() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let list = r#"<opml><body><outline text="Half" xmlUrl="http://:sesame@one.example/feed"/>
<outline text="Whole" xmlUrl="https://ada:sesame@two.example/feed"/></body></opml>"#;
    let done = ada.import(list).await;
    assert_eq!((&done.json["added"], &done.json["refused_count"]), (&json!(1), &json!(1)), "{}", done.json);
    let refused = &done.json["refused"][0];
    assert_eq!(
        (&refused["title"], &refused["code"], &refused["url"]),
        (&json!("Half"), &json!("bad_address"), &Value::Null)
    );
    assert!(!done.text.contains("sesame"), "{}", done.text);
    let list = ada.get("/v1/subscriptions").await;
    assert!(list.json["subscriptions"][0]["private"] == true && !list.text.contains("sesame"), "{}", list.text);
    let body = json!({ "url": "http://:sesame@one.example/feed" });
    for (path, code) in [("/v1/subscriptions", "bad_credentials"), ("/v1/discover", "bad_credentials")] {
        let refused = ada.post(path, body.clone()).await;
        assert_eq!((refused.status.as_u16(), refused.json["code"].as_str()), (422, Some(code)), "{path}");
        assert!(!refused.text.contains("sesame"), "{}", refused.text);
    }
    let refused = world.ask(Method::POST, "/v1/sources", &body.to_string()).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && !refused.text.contains("sesame"), "{}", refused.text);
}

#[tokio::test]
async fn first_fetches_of_a_list_that_comes_in_parts_are_spread_like_one() {
    let world = World::with(|rules| rules.max_subscriptions = 200).await;
    let ada = world.reader("ada@example.org").await;
    let list = |from: usize| -> String {
        let rows = (from..from + 45).map(|n| format!(r#"<outline text="{n}" xmlUrl="https://{n}.example/feed"/>"#));
        format!("<opml><body>{}</body></opml>", rows.collect::<String>())
    };
    for from in [0, 45] {
        assert_eq!(ada.import(&list(from)).await.json["added"], 45);
    }
    // Who adds a single one does not wait behind a list.
    ada.subscribe("https://single.example/feed").await;
    let mut starts: Vec<usize> = Vec::new();
    for second in 0..7 {
        world.pass(std::time::Duration::from_secs(u64::from(second > 0)));
        starts.push(world.messages("fetch-slow").await.len());
    }
    assert!(starts.windows(2).all(|pair| pair[1] - pair[0] <= 21), "twenty a second: {starts:?}");
    assert_eq!((starts[0], starts[6]), (2, 91), "{starts:?}");
}

#[tokio::test]
async fn a_list_that_is_none_too_long_or_too_much_is_refused_with_what_to_do() {
    let world = World::with(|rules| rules.max_subscriptions = 2).await;
    let ada = world.reader("ada@example.org").await;
    for (list, status, code) in [("", 422, "not_opml"), ("<html>", 422, "not_opml"), ("{}", 422, "not_opml")] {
        let refused = ada.import(list).await;
        assert_eq!((refused.status.as_u16(), refused.json["code"].as_str()), (status, Some(code)), "{list}");
    }
    let huge = ada.import(&" ".repeat((5 << 20) + 1)).await;
    assert_eq!((huge.status.as_u16(), huge.json["code"].as_str()), (413, Some("too_large")));
    let done = ada.import(LIST).await.json;
    assert_eq!(done["added"], 2);
    let codes: Vec<_> = done["refused"].as_array().unwrap().iter().map(|row| row["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"too_many_subscriptions"), "{codes:?}");
    assert_eq!(world.ask_with(&[], Method::GET, "/v1/opml", "").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_account_comes_back_whole_and_tells_no_secret() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    ada.import(LIST).await;
    let private = json!({ "url": "https://ada:sesame@private.example/feed", "discover": false });
    assert_eq!(ada.post("/v1/subscriptions", private).await.status, StatusCode::CREATED);
    let three = ada.get("/v1/subscriptions?limit=200").await.json["subscriptions"].clone();
    let three = three.as_array().unwrap().iter().find(|one| one["title"] == "Three").unwrap();
    let source = three["source"].as_str().unwrap().to_owned();
    // Somebody else keeps the source from resting.
    world.reader("bob@example.org").await.import(LIST).await;
    world.land(&source, &["one".to_owned(), "two".to_owned(), "three".to_owned()]).await;
    let posts = ada.get("/v1/posts").await.json["posts"].clone();
    let id = |at: usize| posts[at]["id"].as_str().unwrap().to_owned();
    for marks in [json!({ "posts": [id(0)], "mark": "read" }), json!({ "posts": [id(1)], "mark": "star" })] {
        let marked = ada.post("/v1/posts/marks", marks).await;
        assert!(marked.status.is_success(), "{}", marked.json);
    }
    assert_eq!(ada.patch("/v1/preferences", json!({ "theme": "dark" })).await.status, StatusCode::OK);
    let exported = ada.get("/v1/account/export").await;
    assert_eq!(exported.json["next"], Value::Null);
    assert!(!exported.text.contains("sesame") && !exported.text.contains("ada@example.org"), "{}", exported.text);

    let eve = world.reader("eve@example.org").await;
    for again in [false, true] {
        let done = eve.ask_raw(Method::POST, "/v1/account/import", &exported.text).await;
        let told = (&done.json["subscriptions"]["added"], &done.json["kept"], &done.json["kept_refused_count"]);
        assert_eq!(told, (&json!(if again { 0 } else { 3 }), &json!(1), &json!(0)), "{}", done.json);
    }
    let without_private: Vec<_> =
        ada.shelf().await.into_iter().filter(|(title, _)| title != "private.example").collect();
    assert_eq!(eve.shelf().await, without_private);
    let shown = |posts: Value| -> Vec<(Value, Value, Value)> {
        let posts = posts["posts"].as_array().unwrap().clone();
        posts.iter().map(|post| (post["id"].clone(), post["read"].clone(), post["starred"].clone())).collect()
    };
    assert_eq!(shown(eve.get("/v1/posts").await.json), shown(ada.get("/v1/posts").await.json));
    assert_eq!(eve.get("/v1/preferences").await.json["theme"], "dark");
    for (bad, status) in [("{}", 400), ("[]", 400), (r#"{"format":"x","version":1}"#, 422), ("x", 400)] {
        assert_eq!(eve.ask_raw(Method::POST, "/v1/account/import", bad).await.status.as_u16(), status, "{bad}");
    }
}

#[tokio::test]
async fn an_account_made_up_to_do_harm_does_none() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let same: Vec<&str> = vec!["a"; 5_000];
    let url = "https://one.example/feed";
    let account = json!({
        "format": "feedmill-account", "version": 1, "folders": same,
        "subscriptions": [{ "source": "AAAAAAAA", "url": url, "folders": same }],
        "kept": [{ "post": "AAAAAAAA", "starred": true }, { "post": "AAAAAAAA", "starred": true }, { "post": "x", "starred": true }],
    });
    let done = ada.ask_raw(Method::POST, "/v1/account/import", &account.to_string()).await;
    assert_eq!(
        (&done.json["subscriptions"]["added"], &done.json["kept_refused_count"]),
        (&json!(1), &json!(3)),
        "{}",
        done.json
    );
    assert_eq!(ada.shelf().await[0].1, ["a"]);

    // A read state that has read all that will ever come.
    let source = ada.get("/v1/subscriptions").await.json["subscriptions"][0]["source"].clone();
    let all_ever = {
        let empty = Shown { floor: Ordinal::NONE, last: Ordinal::new(u64::MAX) };
        let mut state = ReadState::default();
        state.apply(&Operation::AllThrough(Ordinal::new(u64::MAX)), empty);
        STANDARD.encode(state.to_bytes().unwrap())
    };
    let account = json!({
        "format": "feedmill-account", "version": 1,
        "subscriptions": [{ "source": source, "url": url, "read": all_ever }],
    });
    ada.ask_raw(Method::POST, "/v1/account/import", &account.to_string()).await;
    world.land(source.as_str().unwrap(), &["one".to_owned(), "two".to_owned()]).await;
    let unread = ada.get("/v1/posts?status=unread").await.json;
    assert_eq!(unread["posts"].as_array().map(Vec::len), Some(2), "{unread}");

    let kept: Vec<Value> = (0..10_001).map(|_| json!({ "post": "AAAAAAAA", "starred": true })).collect();
    let account = json!({ "format": "feedmill-account", "version": 1, "kept": kept });
    let refused = ada.ask_raw(Method::POST, "/v1/account/import", &account.to_string()).await;
    assert_eq!(refused.json["code"], "out_of_range");
}
