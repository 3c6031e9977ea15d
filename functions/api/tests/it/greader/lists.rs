//! Lists: ids, items, and where they go on.

use http::StatusCode;
use serde_json::{Value, json};

use super::app::{App, long, newest_first};
use crate::world::World;

const READING_LIST: &str = "user/-/state/com.google/reading-list";
const READ: &str = "user/-/state/com.google/read";
const STARRED: &str = "user/-/state/com.google/starred";

#[tokio::test]
async fn ids_are_of_any_stream_narrowed_ordered_and_paged() {
    let world = World::new().await;
    let app = App::of(&world, "ada@example.org").await.with_preset();
    let (one, first) = app.feed("https://a.example/feed?x=1&y=2", 3).await;
    let (two, second) = app.feed("https://b.example/feed", 2).await;
    let folder = format!("ac=edit&s={two}&a=user/-/label/To%20do%2Fnow");
    app.ok("subscription/edit", &folder).await;
    app.ok("edit-tag", &format!("i={}&a={STARRED}&a=user/-/label/Keep", first[0])).await;
    app.ok("edit-tag", &format!("i={}&a={READ}", long(second[1]))).await;
    let all = [newest_first(&second), newest_first(&first)].concat();
    let (first, second) = (newest_first(&first), newest_first(&second));
    let at = 1_800_000_000;
    let cases: [(String, &[u64]); 24] = [
        (String::new(), &all),
        (format!("s={READING_LIST}"), &all),
        (format!("s={READING_LIST}&n=200000&output=json"), &all),
        (format!("s=user/{}/state/com.google/reading-list", app.user.id), &all),
        (format!("s={READING_LIST}&xt={READ}"), &[all[1], all[2], all[3], all[4]]),
        (format!("s={READ}"), &second[..1]),
        (format!("s={READING_LIST}&it={READ}"), &second[..1]),
        ("s=user/-/state/com.google/kept-unread".to_owned(), &all[1..]),
        ("s=user/-/state/com.google/broadcast".to_owned(), &[]),
        (format!("s={STARRED}"), &first[2..]),
        (format!("s={READING_LIST}&it={STARRED}"), &first[2..]),
        (format!("s={STARRED}&xt={READ}"), &first[2..]),
        (format!("s={one}"), &first),
        ("s=feed/https%3A%2F%2Fa.example%2Ffeed%3Fx%3D1%26y%3D2".to_owned(), &first),
        (format!("s={two}&xt={READ}"), &second[1..]),
        ("s=user/-/label/To%20do%2Fnow".to_owned(), &second),
        ("s=user/-/label/to+do/now".to_owned(), &second),
        ("s=user/-/label/Keep".to_owned(), &first[2..]),
        ("s=user/-/label/Nothing".to_owned(), &[]),
        ("s=feed/00000000".to_owned(), &[]),
        (format!("s={READING_LIST}&ot={}&T=&c=", at + 15), &second),
        (format!("s={READING_LIST}&ot={}", at + 10_000), &[]),
        (format!("s={READING_LIST}&nt={}", at + 5), &first),
        (format!("s={READING_LIST}&ot={}&nt={}", at + 5, at + 5), &first),
    ];
    for (query, expected) in cases {
        assert_eq!(app.ids(&query).await, expected, "{query}");
        if expected.len() > 1 {
            let oldest_first: Vec<u64> = expected.iter().rev().copied().collect();
            assert_eq!(app.ids(&format!("{query}&r=o")).await, oldest_first, "{query}");
        }
    }
}

#[tokio::test]
async fn a_list_goes_on_where_it_ended_and_says_when_it_is_at_its_end() {
    let world = World::new().await;
    let app = App::of(&world, "ada@example.org").await;
    let (feed, mut numbers) = app.feed("https://a.example/feed", 5).await;
    numbers.extend(app.feed("https://b.example/feed", 2).await.1);
    let all = newest_first(&numbers);
    for call in ["stream/items/ids", "stream/contents"] {
        for stream in [READING_LIST, &feed] {
            let (mut found, mut continuation) = (Vec::new(), String::new());
            loop {
                let page = app.get(&format!("{call}?s={stream}&n=2&c={continuation}")).await.json;
                let items = page.get("itemRefs").or(page.get("items")).unwrap().as_array().unwrap();
                assert!((1..=2).contains(&items.len()), "{page}");
                found.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
                match page.get("continuation") {
                    Some(next) => continuation = next.as_str().unwrap().to_owned(),
                    None => break,
                }
            }
            let expected: Vec<String> = match call {
                "stream/items/ids" => all.iter().map(u64::to_string).collect(),
                _ => numbers.iter().rev().map(|number| long(*number)).collect(),
            };
            let expected = if stream == feed { &expected[2..] } else { &expected };
            assert_eq!(found, expected, "{call} {stream}");
        }
    }
    let page = app.get("stream/items/ids?n=1").await.json;
    let mut edited = page["continuation"].as_str().unwrap().to_owned();
    edited.insert(3, 'x');
    let refused = app.try_get(&format!("stream/items/ids?n=1&c={edited}")).await;
    assert_eq!((refused.status, &refused.json["code"]), (StatusCode::BAD_REQUEST, &json!("bad_cursor")));
}

/// A `?` alone gets lost: API Gateway cuts the path there.
#[tokio::test]
async fn a_label_of_any_letters_is_found_by_a_path_that_api_gateway_has_decoded() {
    let world = World::new().await;
    let app = App::of(&world, "ada@example.org").await;
    let (_, numbers) = app.feed("https://a.example/feed", 3).await;
    for (label, written) in [
        ("a/b", "a%2Fb"),
        ("C#", "C%23"),
        ("früh 東京", "fr%C3%BCh%20%E6%9D%B1%E4%BA%AC"),
        ("100% & more", "100%25%20%26%20more"),
    ] {
        app.ok("edit-tag", &format!("i={}&a=user/-/label/{written}", numbers[1])).await;
        let answer = app.get_through_gateway(&format!("stream/contents/user/-/label/{label}"), "n=1&output=json").await;
        assert_eq!(answer.status, StatusCode::OK, "{label}: {}", answer.text);
        let found: Vec<_> = answer.json["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
        assert_eq!(found, [json!(long(numbers[1]))], "{label}");
    }
}

#[tokio::test]
async fn items_come_from_a_stream_in_the_path_in_the_query_or_by_default_all() {
    let world = World::new().await;
    let app = App::of(&world, "ada@example.org").await;
    let (feed, numbers) = app.feed("https://a.example/feed", 2).await;
    let encoded = feed.replace('/', "%2F");
    for path in [
        "stream/contents".to_owned(),
        "stream/contents/".to_owned(),
        "stream/contents?output=json&n=50".to_owned(),
        format!("stream/contents?s={feed}"),
        format!("stream/contents?s={encoded}"),
        format!("stream/contents/{feed}"),
        format!("stream/contents/{encoded}?n=50&r=n"),
        "stream/contents/feed/https%3A%2F%2Fa.example%2Ffeed".to_owned(),
        "stream/contents/feed%2Fhttps%3A%2F%2Fa.example%2Ffeed".to_owned(),
        format!("stream/contents/{READING_LIST}"),
        format!("stream/contents/user%2F-%2Fstate%2Fcom.google%2Freading-list?xt={READ}"),
    ] {
        let answer = app.get(&path).await.json;
        let found: Vec<&str> =
            answer["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
        assert_eq!(found, [long(numbers[1]), long(numbers[0])], "{path}");
        assert!(
            answer["id"].is_string() && answer["updated"].is_i64() && answer.get("continuation").is_none(),
            "{path}"
        );
    }
    assert_eq!(app.get(&format!("stream/contents/{feed}")).await.json["id"], feed.as_str());
}

#[tokio::test]
async fn items_are_had_by_their_ids_in_any_form_and_those_that_are_gone_are_passed_over() {
    let world = World::new().await;
    let app = App::of(&world, "ada@example.org").await;
    let (feed, numbers) = app.feed("https://a.example/feed", 4).await;
    let (a, b, c) = (long(numbers[0]).replace(':', "%3A"), numbers[1], format!("{:016x}", numbers[2].get()));
    let form = format!("i={a}&i={b}&i={c}&i={b}&i=5&i=nonsense&i=&output=json&T=x");
    let by_form = app.post("stream/items/contents", &form).await.json;
    let by_query = app.get(&format!("stream/items/contents?{form}")).await.json;
    let by_both = app.post(&format!("stream/items/contents?i={a}"), &format!("i={b}&i={c}")).await.json;
    for answer in [by_form, by_query, by_both] {
        let items = answer["items"].as_array().unwrap();
        let found: Vec<&str> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
        assert_eq!(found, [long(numbers[0]), long(numbers[1]), long(numbers[2])]);
        let content: Vec<&Value> = items.iter().map(|item| &item["summary"]["content"]).collect();
        assert_eq!(content, ["<p>content 1</p>", "<p>content 2</p>", "<p>content 3</p>"]);
        assert_eq!(items[0]["origin"]["streamId"], feed.as_str());
        assert_eq!(items[0]["canonical"][0]["href"], "https://example.org/1");
    }
    assert_eq!(app.post("stream/items/contents", "T=x").await.status, StatusCode::BAD_REQUEST);
    let many = "i=1&".repeat(10_001);
    assert_eq!(app.post("stream/items/contents", &many).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn an_answer_that_would_be_too_large_ends_before_and_says_how_to_go_on() {
    let world = World::new().await;
    let app = App::of(&world, "ada@example.org").await;
    let (source, big) = (world.add("https://a.example/feed").await, "z".repeat(2_500_000));
    world.store.subscribe(app.user.id, source.parse().unwrap(), 20, world.now()).await.unwrap();
    let numbers = world.land(&source, &[big.clone(), "small".to_owned(), big.clone(), big]).await;
    let (mut continuation, mut pages) = (String::new(), Vec::new());
    loop {
        let answer = app.get(&format!("stream/contents?n=10&c={continuation}")).await;
        assert!(answer.bytes <= api::MAX_ANSWER_BYTES, "{}", answer.bytes);
        pages.push(answer.json["items"].as_array().unwrap().len());
        match answer.json.get("continuation") {
            Some(next) => continuation = next.as_str().unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(pages, [3, 1]);
    let all: Vec<String> = numbers.iter().map(|number| format!("i={number}")).collect();
    let answer = app.post("stream/items/contents", &all.join("&")).await;
    assert!(answer.bytes <= api::MAX_ANSWER_BYTES && answer.json["items"].as_array().unwrap().len() == 3);
}

#[tokio::test]
async fn a_stream_is_an_atom_feed_too() {
    let world = World::new().await;
    let app = App::of(&world, "ada@example.org").await.with_preset();
    let (feed, numbers) = app.feed("https://a.example/feed", 3).await;
    app.ok("edit-tag", &format!("i={}&a={READ}", numbers[0])).await;
    let answer = app.atom(&format!("{}?n=2", feed.replace('/', "%2F"))).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["content-type"], "application/atom+xml; charset=utf-8");
    let parsed = feed::parse(answer.text.as_bytes(), Some("application/atom+xml"), "https://b.example/").unwrap();
    let ids: Vec<_> = parsed.items.iter().map(|item| item.id.clone().unwrap()).collect();
    assert_eq!(ids, [long(numbers[2]), long(numbers[1])]);
    let read = app.atom(READ).await.text;
    assert!(read.contains(&long(numbers[0])) && read.contains("label=\"read\""), "{read}");
    assert!(!read.contains(&long(numbers[1])));
}

#[tokio::test]
async fn what_is_no_stream_or_no_time_is_refused_with_words() {
    let world = World::new().await;
    let app = App::of(&world, "ada@example.org").await;
    for path in [
        "stream/items/ids?s=nothing",
        "stream/items/ids?s=user/-/state/com.google/like",
        "stream/items/ids?ot=yesterday",
        "stream/items/ids?xt=feed/3kTMd9aZ",
        "stream/contents/nothing",
        "stream/contents?s=user/-/label/",
        "stream/items/contents",
    ] {
        let answer = app.try_get(path).await;
        assert_eq!((answer.status, &answer.json["code"]), (StatusCode::BAD_REQUEST, &json!("bad_query")), "{path}");
    }
}
