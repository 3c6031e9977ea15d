//! A whole account, taken from one installation into another.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::LIST;
use crate::posts::noise;
use crate::subscriptions::Reader;
use crate::world::World;

const PATH: &str = "/v1/account/import";
const THREE: &str = "https://three.example/feed";

impl Reader<'_> {
    /// All parts of the account.
    async fn parts(&self) -> Vec<Value> {
        let (mut parts, mut query) = (Vec::new(), String::new());
        loop {
            let part = self.get(&format!("/v1/account/export{query}")).await;
            assert_eq!(part.status, StatusCode::OK, "{}", part.json);
            assert!(part.bytes < 5 << 20, "it can be sent back");
            query = format!("?cursor={}", part.json["next"].as_str().unwrap_or_default());
            let is_last = part.json["next"].is_null();
            parts.push(part.json);
            if is_last {
                return parts;
            }
        }
    }

    async fn take(&self, part: &Value) -> Value {
        let done = self.ask_raw(Method::POST, PATH, &part.to_string()).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.json);
        done.json
    }

    async fn mark(&self, marks: Value) {
        let marked = self.post("/v1/posts/marks", marks).await;
        assert!(marked.status.is_success(), "{}", marked.json);
    }

    /// The posts of a list.
    async fn posts(&self, query: &str) -> Vec<Value> {
        self.get(&format!("/v1/posts?{query}")).await.json["posts"].as_array().unwrap().clone()
    }

    /// The source at an address.
    async fn source(&self, url: &str) -> String {
        let list = self.get("/v1/subscriptions?limit=200").await.json["subscriptions"].clone();
        let found = list.as_array().unwrap().iter().find(|one| one["url"] == url).cloned();
        found.unwrap()["id"].as_str().unwrap().to_owned()
    }
}

/// Number, title and what became of them, without what differs between installations.
fn told(posts: &[Value]) -> Vec<Value> {
    let told = |post: &Value| {
        json!([post["title"], post["url"], post["content"], post["read"], post["starred"], post["labels"]])
    };
    posts.iter().map(told).collect()
}

/// Counts of an import: added, kept, waiting, left, refused.
fn counts(done: &Value) -> [u64; 5] {
    let count = |path: &str| done.pointer(path).and_then(Value::as_u64).unwrap();
    ["/subscriptions/added", "/kept", "/waiting", "/left", "/kept_refused_count"].map(count)
}

fn contents() -> Vec<String> {
    let short = (0..3).map(|n| format!("<p>short {n}</p>"));
    short.chain([format!("<p>{}</p>", noise(60_000, 7))]).collect()
}

#[tokio::test]
async fn what_was_read_and_kept_comes_over_into_another_installation_and_back_to_its_posts() {
    let (here, there) = (World::new().await, World::new().await);
    let ada = here.reader("ada@example.org").await;
    ada.ask_raw(Method::POST, "/v1/opml", LIST).await;
    here.land(&ada.source(THREE).await, &contents()).await;
    let posts = ada.posts("").await;
    let id = |at: usize| posts[at]["id"].as_str().unwrap();
    // The newest, whose content is long, is starred and unread; the next is read and labelled; the oldest is read.
    ada.mark(json!({ "posts": [id(0)], "mark": "star" })).await;
    ada.mark(json!({ "posts": [id(1)], "mark": "label", "label": "Later" })).await;
    ada.mark(json!({ "posts": [id(1), id(3)], "mark": "read" })).await;
    let [part] = ada.parts().await.try_into().unwrap();

    there.pass(Duration::from_secs(3_600));
    let bob = there.reader("bob@example.org").await;
    assert_eq!(counts(&bob.take(&part).await), [3, 2, 1, 0, 0]);
    let kept = |posts: Vec<Value>| told(&posts).into_iter().map(|post| json!([post[0], post[2], post[5]]));
    for list in ["starred=true", "label=Later"] {
        let (brought, original) = (bob.posts(list).await, ada.posts(list).await);
        assert!(kept(brought).eq(kept(original)), "{list}: it is here with its content before its source is");
    }
    let copy = bob.posts("starred=true").await[0]["id"].clone();
    assert_eq!(counts(&bob.take(&part).await), [0, 2, 1, 0, 0], "the same again changes nothing");
    assert_eq!(bob.posts("starred=true").await[0]["id"], copy);

    // The source begins; what was read of it is marked, and the star is on the post itself.
    there.land(&bob.source(THREE).await, &contents()).await;
    // Lists may look at what they knew a moment ago.
    there.pass(Duration::from_secs(10));
    assert_eq!(told(&bob.posts("status=unread").await).len(), 4);
    assert_eq!(counts(&bob.take(&part).await), [0, 2, 0, 0, 0]);
    assert_eq!(told(&bob.posts("").await), told(&ada.posts("").await));
    let starred = bob.posts("starred=true").await;
    assert_eq!((starred.len(), starred[0]["id"] == copy), (1, false));
    // Whoever reads on is not set back.
    let newest = bob.posts("").await[0]["id"].clone();
    bob.mark(json!({ "posts": [newest], "mark": "read" })).await;
    bob.take(&part).await;
    assert_eq!(bob.posts("status=unread").await.len(), 1);
    assert_eq!(ada.get("/v1/counts").await.json["unread"], 2, "and nothing changed where it came from");
}

#[tokio::test]
async fn a_kept_post_without_its_source_stays_is_marked_and_goes_like_any_other() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let kept = json!({
        "post": "AAAAAAAA", "starred": true, "labels": ["Later"], "title": "Old\t news", "url": "https://old.example/1",
        "content": "<p onclick='x()'>hello<script>alert(1)</script> <a href='javascript:x()'>you</a></p>",
        "arrived": "2026-01-31T12:00:00.123Z", "enclosures": [{ "url": "javascript:x()" }, { "url": "https://old.example/a.mp3" }],
        "source_title": "Old times", "source_url": "https://old.example/feed",
    });
    let part = json!({ "format": "feedmill-account", "version": 1, "kept": [kept, kept] });
    for _ in 0..2 {
        assert_eq!(counts(&ada.take(&part).await), [0, 2, 0, 0, 0]);
    }
    let posts = ada.posts("starred=true").await;
    assert_eq!(posts.len(), 1);
    let post = &posts[0];
    let shown = (&post["title"], &post["labels"], &post["arrived"], &post["read"]);
    assert_eq!(shown, (&json!("Old  news"), &json!(["Later"]), &json!("2026-01-31T12:00:00.123Z"), &json!(true)));
    let html = post["content"].as_str().unwrap();
    assert!(html.contains("hello") && !html.contains("script") && !html.contains("onclick"), "{html}");
    assert_eq!(post["enclosures"].as_array().unwrap().len(), 1, "{post}");
    let id = post["id"].as_str().unwrap().to_owned();
    assert_eq!(ada.get(&format!("/v1/posts/{id}")).await.json["title"], "Old  news");
    assert_eq!(world.reader("bob@example.org").await.get(&format!("/v1/posts/{id}")).await.status.as_u16(), 404);
    // Out and in again it is the same one.
    let [part] = ada.parts().await.try_into().unwrap();
    assert_eq!(counts(&ada.take(&part).await), [0, 1, 0, 0, 0]);
    for (mark, label) in [("unstar", Value::Null), ("unlabel", json!("Later"))] {
        ada.mark(json!({ "posts": [id], "mark": mark, "label": label })).await;
    }
    assert_eq!(ada.posts("starred=true").await.len(), 0);
    assert_eq!(ada.get(&format!("/v1/posts/{id}")).await.status.as_u16(), 404);
}

#[tokio::test]
async fn broken_rows_of_an_account_are_named_and_the_others_go_in() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let account = json!({
        "format": "feedmill-account", "version": 1,
        "subscriptions": [
            7,
            { "source": "AAAAAAAA", "url": "https://one.example/feed", "title": "One" },
            { "source": "AAAAAAAA", "url": "https://two.example/feed", "title": "Two", "folders": "no list" },
            { "source": "AAAAAAAA", "url": "http://10.0.0.1/feed", "title": "Inside" },
            { "source": "AAAAAAAA", "url": "https://:sesame@three.example/feed", "title": "Three", "read": 5 },
        ],
        "kept": [
            { "starred": true, "title": "No id" },
            { "post": "AAAAAAAA", "starred": false, "title": "No flag" },
            { "post": "AAAAAAAA", "starred": true },
            { "post": "AAAAAAAB", "starred": true, "title": "Good" },
        ],
    });
    let done = ada.take(&account).await;
    assert_eq!(counts(&done), [1, 1, 0, 0, 3]);
    let named = |rows: &Value| -> Vec<Value> {
        rows.as_array().unwrap().iter().map(|row| json!([row["title"], row["code"]])).collect()
    };
    let feeds = [
        json!(["Inside", "not_public"]),
        json!([null, "bad_row"]),
        json!(["Two", "bad_row"]),
        json!(["Three", "bad_row"]),
    ];
    assert_eq!(named(&done["subscriptions"]["refused"]), feeds);
    let posts = [json!(["No id", "bad_row"]), json!(["No flag", "no_flag"]), json!([null, "no_content"])];
    assert_eq!(named(&done["kept_refused"]), posts);
    assert!(!done.to_string().contains("sesame"), "{done}");
    let reasons = done.to_string();
    assert!(reasons.contains("expected a subscription") && !reasons.contains("struct"), "in words for people: {done}");
}

#[tokio::test]
async fn as_much_as_a_feed_may_bring_of_a_post_comes_over() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let start = "https://old.example/";
    let url = format!("{start}{}", "x".repeat(feed::MAX_LINK - start.len()));
    let title = "t".repeat(feed::MAX_LINE);
    let categories: Vec<String> = (0..feed::MAX_MANY).map(|n| format!("c{n}")).collect();
    let kept = json!({ "post": "AAAAAAAA", "starred": true, "title": title, "url": url, "categories": categories });
    let part = json!({ "format": "feedmill-account", "version": 1, "kept": [kept] });
    assert_eq!(counts(&ada.take(&part).await), [0, 1, 0, 0, 0]);
    let post = &ada.posts("starred=true").await[0];
    assert_eq!((&post["title"], &post["url"]), (&json!(title), &json!(url)));
    assert_eq!(post["categories"], json!(categories));
}

#[tokio::test]
async fn thousands_of_rows_go_out_and_in_by_parts_and_where_time_ends_one_the_same_part_goes_on() {
    const FEEDS: usize = 210;
    const POSTS: usize = 2_000;
    let world = World::with(|rules| rules.max_subscriptions = FEEDS).await;
    let ada = world.reader("ada@example.org").await;
    let feed = |n: usize| {
        let url = format!("https://{n}.example/feed");
        json!({ "source": "AAAAAAAA", "url": url, "title": format!("feed {n}"), "folders": [format!("F{}", n % 9)] })
    };
    let post = |n: usize| {
        let content = format!("<p>{n} {}</p>", noise(2_500, n as u64));
        json!({ "post": "AAAAAAAA", "starred": true, "title": format!("post {n}"), "content": content, "arrived": format!("2026-01-31T12:{:02}:{:02}Z", n / 60, n % 60) })
    };
    let rows: Vec<Value> = (0..FEEDS).map(feed).collect();
    let about = json!({ "format": "feedmill-account", "version": 1 });
    let mut sent = [about.clone(), about.clone(), about];
    sent[0]["subscriptions"] = rows.into();
    sent[1]["kept"] = (0..POSTS / 2).map(post).collect();
    sent[2]["kept"] = (POSTS / 2..POSTS).map(post).collect();
    let (mut added, mut rests) = (0, 0);
    // So much time is gone whenever someone looks at the clock.
    for (part, stride) in sent.iter().zip([200, 1_000, 1_000]) {
        world.hurry(Duration::from_millis(stride));
        let mut left = usize::MAX;
        while left > 0 {
            let done = ada.take(part).await;
            added += counts(&done)[0];
            let now = usize::try_from(counts(&done)[3]).unwrap();
            assert!(now < left, "each time something is done: {now} of {left}");
            rests += usize::from(now > 0);
            left = now;
        }
    }
    world.hurry(Duration::ZERO);
    assert!(rests > 5, "time ended some of them");
    assert_eq!(added, FEEDS as u64);
    let parts = ada.parts().await;
    assert!(parts.len() > 3, "{} parts", parts.len());
    let all =
        |field: &str| -> Vec<Value> { parts.iter().flat_map(|part| part[field].as_array().unwrap().clone()).collect() };
    let mut urls: Vec<String> =
        all("subscriptions").iter().map(|one| one["url"].as_str().unwrap().to_owned()).collect();
    urls.sort_unstable();
    urls.dedup();
    assert_eq!((urls.len(), all("subscriptions").len()), (FEEDS, FEEDS));
    let titles: Vec<Value> = all("kept").iter().map(|one| one["title"].clone()).collect();
    let expected: Vec<Value> = (0..POSTS).rev().map(|n| json!(format!("post {n}"))).collect();
    assert!(titles == expected, "each post once, newest first");
}
