//! Subscriptions, folders and labels, as apps see and change them.

use http::StatusCode;
use serde_json::{Value, json};

use super::app::App;
use crate::world::World;

const STARRED: &str = "user/-/state/com.google/starred";

impl App<'_> {
    async fn subscriptions(&self) -> Vec<Value> {
        let answer = self.get("subscription/list?output=json").await.json;
        answer["subscriptions"].as_array().unwrap().clone()
    }

    async fn tags(&self) -> Vec<String> {
        let answer = self.get("tag/list?output=json").await.json;
        answer["tags"].as_array().unwrap().iter().map(|tag| tag["id"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn subscriptions_are_begun_named_filed_and_ended() {
    let world = World::new().await;
    let app = App::of(&world, "ada@example.org").await.with_preset();
    assert_eq!(app.subscriptions().await, Vec::<Value>::new());
    let url = "https://a.example/feed?x=1&y=2";
    let (source, encoded) = (world.add(url).await, "https%3A%2F%2Fa.example%2Ffeed%3Fx%3D1%26y%3D2");
    let feed = format!("feed/{source}");
    let label = |name: &str| json!({ "id": format!("user/-/label/{name}"), "label": name });
    let by_url = format!("feed/{encoded}");
    let steps: [(&str, String, &str, Vec<Value>); 9] = [
        (
            "begun, with folder and title",
            format!("ac=subscribe&s={by_url}&t=A&a=user/-/label/News&T=x"),
            "A",
            vec![label("News")],
        ),
        ("begun again", format!("ac=subscribe&s={by_url}"), "A", vec![label("News")]),
        (
            "begun again by id, with another folder",
            format!("ac=subscribe&s={feed}&a=user/-/label/news"),
            "A",
            vec![label("News")],
        ),
        ("renamed", format!("ac=edit&s={feed}&t=B%20%26%20C&T="), "B & C", vec![label("News")]),
        ("renamed by URL", format!("ac=edit&s={by_url}&t=D"), "D", vec![label("News")]),
        ("an empty title is none", format!("ac=edit&s={feed}&t="), "D", vec![label("News")]),
        (
            "moved",
            format!("ac=edit&s={feed}&a=user/-/label/To%20do%2Fnow&r=user/-/label/News"),
            "D",
            vec![label("To do/now")],
        ),
        (
            "in another folder too",
            format!("ac=edit&s={feed}&a=user/{}/label/News", app.user.id),
            "D",
            vec![label("To do/now"), label("News")],
        ),
        (
            "in none",
            format!("ac=edit&s={feed}&r=user/-/label/News&r=user/-/label/To+do/now&r=user/-/label/None"),
            "D",
            vec![],
        ),
    ];
    for (step, form, title, categories) in steps {
        app.ok("subscription/edit", &form).await;
        let expected = json!([{
            "id": feed, "title": title, "categories": categories,
            "url": url, "htmlUrl": url, "iconUrl": "",
        }]);
        assert_eq!(Value::from(app.subscriptions().await), expected, "{step}");
    }
    for form in [format!("ac=unsubscribe&s={feed}&T=x"), format!("ac=unsubscribe&s={by_url}")] {
        app.ok("subscription/edit", &form).await;
        assert_eq!(app.subscriptions().await, Vec::<Value>::new(), "also when it is gone already");
    }
}

#[tokio::test]
async fn a_feed_is_added_by_its_url_and_a_bad_one_is_none() {
    let world = World::new().await;
    let app = App::of(&world, "ada@example.org").await;
    let source = world.add("https://a.example/feed?x=1").await;
    for query in ["https%3A%2F%2Fa.example%2Ffeed%3Fx%3D1", "feed%2Fhttps%3A%2F%2Fa.example%2Ffeed%3Fx%3D1"] {
        for (path, form) in [
            ("subscription/quickadd".to_owned(), format!("quickadd={query}&T=x")),
            (format!("subscription/quickadd?quickadd={query}"), String::new()),
        ] {
            let added = app.post(&path, &form).await.json;
            assert_eq!(
                (&added["numResults"], &added["streamId"]),
                (&json!(1), &json!(format!("feed/{source}"))),
                "{query}"
            );
            assert!(added["query"].is_string() && added["streamName"] == "a.example", "{added}");
        }
    }
    for query in ["http%3A%2F%2F127.0.0.1%2Ffeed", "ftp%3A%2F%2Fa.example", "feed/00000000"] {
        let refused = app.post("subscription/quickadd", &format!("quickadd={query}")).await;
        assert_eq!((refused.status, &refused.json["numResults"]), (StatusCode::OK, &json!(0)), "{query}");
        assert!(refused.json["error"].is_string() && refused.json.get("streamId").is_none(), "{query}");
    }
    assert_eq!(app.subscriptions().await.len(), 1);
    assert_eq!(app.post("subscription/quickadd", "").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn tags_are_listed_renamed_and_deleted_be_they_folders_or_labels() {
    let world = World::new().await;
    let app = App::of(&world, "ada@example.org").await;
    assert_eq!(app.tags().await, [STARRED]);
    let (feed, numbers) = app.feed("https://a.example/feed", 2).await;
    app.ok("subscription/edit", &format!("ac=edit&s={feed}&a=user/-/label/News")).await;
    app.ok("edit-tag", &format!("i={}&a=user/-/label/Later", numbers[0])).await;
    assert_eq!(app.tags().await, [STARRED, "user/-/label/News", "user/-/label/Later"]);
    app.ok("rename-tag", "s=user/-/label/News&dest=user/-/label/World%20%26%20all&T=x").await;
    app.ok("rename-tag", "s=user/-/label/Later&dest=user/-/label/Some%2Fday").await;
    assert_eq!(app.tags().await, [STARRED, "user/-/label/World & all", "user/-/label/Some/day"]);
    assert_eq!(app.subscriptions().await[0]["categories"][0]["label"], "World & all");
    assert_eq!(app.ids("s=user/-/label/Some/day").await, [numbers[0].get()]);
    assert_eq!(app.unread("user/-/label/World & all").await, 2);
    app.ok("disable-tag", "s=user/-/label/World+%26+all").await;
    app.ok("disable-tag", "t=user/-/label/Some%2Fday&T=").await;
    assert_eq!(app.tags().await, [STARRED]);
    assert_eq!(app.subscriptions().await[0]["categories"], json!([]), "its subscriptions stay");
    assert_eq!(app.ids("").await.len(), 2, "its posts stay");
}

#[tokio::test]
async fn unread_is_counted_by_feed_by_folder_and_in_all() {
    let world = World::new().await;
    let app = App::of(&world, "ada@example.org").await;
    let list = "user/-/state/com.google/reading-list";
    let empty = app.get("unread-count").await.json;
    assert_eq!(empty["unreadcounts"], json!([{ "id": list, "count": 0, "newestItemTimestampUsec": "0" }]));
    let (one, first) = app.feed("https://a.example/feed", 3).await;
    let (two, second) = app.feed("https://b.example/feed", 2).await;
    for feed in [&one, &two] {
        app.ok("subscription/edit", &format!("ac=edit&s={feed}&a=user/-/label/News")).await;
    }
    app.ok("edit-tag", &format!("i={}&a=user/-/state/com.google/read", first[2])).await;
    let counts = app.get("unread-count?output=json").await.json;
    let micros = |at: usize, of: &[domain::id::PostNumber]| format!("{}000", of[at].minted_at().as_millis());
    for (id, count, newest) in [
        (one.as_str(), 2, micros(2, &first)),
        (&two, 2, micros(1, &second)),
        ("user/-/label/News", 4, micros(1, &second)),
        (list, 4, micros(1, &second)),
    ] {
        let found = counts["unreadcounts"].as_array().unwrap().iter().find(|found| found["id"] == id).unwrap();
        assert_eq!(*found, json!({ "id": id, "count": count, "newestItemTimestampUsec": newest }));
    }
    assert_eq!(counts["max"], 4);
}

#[tokio::test]
async fn what_does_not_exist_cannot_be_changed() {
    let world = World::new().await;
    let app = App::of(&world, "ada@example.org").await;
    let foreign = world.add("https://a.example/feed").await;
    for (path, form, status) in [
        ("subscription/edit", format!("ac=edit&s=feed/{foreign}&t=x"), StatusCode::NOT_FOUND),
        ("subscription/edit", format!("ac=subscribe&s=feed/{foreign}"), StatusCode::NOT_FOUND),
        ("subscription/edit", "ac=edit&s=feed/https%3A%2F%2Fa.example%2Ffeed&t=x".to_owned(), StatusCode::NOT_FOUND),
        (
            "subscription/edit",
            "ac=subscribe&s=feed/http%3A%2F%2F10.0.0.1%2F".to_owned(),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        ("subscription/edit", String::new(), StatusCode::BAD_REQUEST),
        ("rename-tag", "s=user/-/label/None&dest=user/-/label/x".to_owned(), StatusCode::NOT_FOUND),
        ("rename-tag", format!("s={STARRED}&dest=user/-/label/x"), StatusCode::BAD_REQUEST),
        ("disable-tag", "s=user/-/label/None".to_owned(), StatusCode::NOT_FOUND),
        ("disable-tag", String::new(), StatusCode::BAD_REQUEST),
    ] {
        let answer = app.post(path, &form).await;
        assert_eq!(answer.status, status, "{path} {form}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_list_of_feeds_goes_out_and_in_again() {
    let world = World::new().await;
    let (ada, bob) = (App::of(&world, "ada@example.org").await.with_preset(), App::of(&world, "bob@example.org").await);
    let (feed, _) = ada.feed("https://a.example/feed?x=1", 1).await;
    ada.ok("subscription/edit", &format!("ac=edit&s={feed}&t=A%20%26%20B&a=user/-/label/To+do")).await;
    let list = ada.get("subscription/export").await;
    assert!(list.headers["content-type"].to_str().unwrap().starts_with("text/x-opml"));
    bob.ok("subscription/import", &list.text).await;
    assert_eq!(bob.subscriptions().await, ada.subscriptions().await);
    bob.ok("subscription/import", &list.text).await;
    let mixed =
        "<opml><body><outline text='bad' xmlUrl='nonsense'/><outline xmlUrl='https://b.example/feed'/></body></opml>";
    bob.ok("subscription/import", mixed).await;
    assert_eq!(bob.subscriptions().await.len(), 2, "good rows in");
    let bad = "<opml><body><outline text='bad' xmlUrl='nonsense'/></body></opml>";
    for (list, status) in [
        ("", StatusCode::UNPROCESSABLE_ENTITY),
        ("no list", StatusCode::UNPROCESSABLE_ENTITY),
        (bad, StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(bob.post("subscription/import", list).await.status, status, "{list}");
    }
}
