//! Lists: by status, source, folder and time, in both orders, a page at a time.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::titles;
use crate::world::World;

#[tokio::test]
async fn posts_of_all_subscriptions_come_in_the_order_of_their_arrival() {
    let world = World::new().await;
    let (a, b, other) = (world.feed("a").await, world.feed("b").await, world.feed("c").await);
    let ada = world.who_reads("ada@example.org").await;
    for source in [a, b] {
        ada.subscribe(source, 20).await;
    }
    let mut expected = Vec::new();
    for turn in 1..=3 {
        for source in [a, b, other] {
            world.pass(Duration::from_secs(60));
            world.arrive(source, 1).await;
            expected.splice(0..0, (source != other).then(|| titles(source, [turn])).into_iter().flatten());
        }
    }
    world.pass(Duration::from_secs(5));
    for limit in [1, 2, 5, 6, 7, 200] {
        assert_eq!(ada.list(&format!("limit={limit}")).await, expected, "{limit}");
        assert_eq!(ada.list(&format!("limit={limit}&status=unread")).await, expected, "{limit}");
        assert!(ada.list(&format!("limit={limit}&status=read")).await.is_empty());
        let mut oldest = ada.list(&format!("limit={limit}&order=oldest")).await;
        oldest.reverse();
        assert_eq!(oldest, expected, "{limit}");
    }
    assert_eq!(ada.list(&format!("source={b}")).await, titles(b, [3, 2, 1]));
    let folder = ada.file(a).await;
    assert_eq!(ada.list(&format!("folder={folder}")).await, titles(a, [3, 2, 1]));
}

#[tokio::test]
async fn a_post_says_whether_it_was_read_starred_and_labelled_and_comes_with_its_content() {
    let world = World::new().await;
    let source = world.feed("a").await;
    let ada = world.who_reads("ada@example.org").await;
    ada.subscribe(source, 20).await;
    world.arrive(source, 2).await;
    let ids = ada.ids("").await;
    ada.mark("read", &ids[..1]).await;
    ada.mark("star", &ids[..1]).await;
    ada.label("label", "blue", &ids[..1]).await;
    let posts = ada.get("/v1/posts").await["posts"].clone();
    let told = |post: &Value| (post["read"].clone(), post["starred"].clone(), post["labels"].clone());
    assert_eq!(told(&posts[0]), (json!(true), json!(true), json!(["blue"])));
    assert_eq!(told(&posts[1]), (json!(false), json!(false), json!([])));
    assert_eq!(posts[1]["content"], format!("<p>post 0 of {source}</p>"));
    for post in posts.as_array().unwrap() {
        assert_eq!(&ada.get(&format!("/v1/posts/{}", post["id"].as_str().unwrap())).await, post);
    }
    assert!(ada.get("/v1/posts?content=false").await["posts"][0]["content"].is_null());
}

#[tokio::test]
async fn a_list_between_two_times_holds_what_arrived_from_the_first_to_before_the_second() {
    let world = World::new().await;
    let source = world.feed("a").await;
    let ada = world.who_reads("ada@example.org").await;
    ada.subscribe(source, u64::MAX).await;
    let start = world.now();
    // More than a head remembers: the place has to be searched.
    for _ in 0..90 {
        world.pass(Duration::from_secs(60));
        world.arrive(source, 1).await;
    }
    world.pass(Duration::from_secs(5));
    for (since, before) in [(1, 91), (3, 9), (50, 51), (70, 90), (10, 10), (91, 99)] {
        let at = |minute: u64| start + Duration::from_secs(60 * minute);
        let query = format!("since={}&before={}&limit=7", at(since), at(before));
        assert_eq!(ada.list(&query).await, titles(source, (since..before.min(91)).rev()), "{since} {before}");
        let oldest = ada.list(&format!("{query}&order=oldest")).await;
        assert_eq!(oldest, titles(source, since..before.min(91)), "{since} {before}");
    }
}

#[tokio::test]
async fn a_page_ends_early_rather_than_pass_what_lambda_answers_and_goes_on_there() {
    let world = World::new().await;
    let source = world.feed("a").await;
    let ada = world.who_reads("ada@example.org").await;
    ada.subscribe(source, 20).await;
    let long = "0123456789abcdef".repeat(125_000);
    world.arrive_with(source, &vec![long; 4]).await;
    let page = ada.ask(Method::GET, "/v1/posts", &Value::Null).await;
    assert!(page.bytes <= api::MAX_ANSWER_BYTES + 1_000);
    assert_eq!(page.json["posts"].as_array().unwrap().len(), 2);
    assert_eq!(ada.list("").await, titles(source, (1..=4).rev()));
    assert_eq!(ada.list("order=oldest").await, titles(source, 1..=4));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_what_is_not_yours_is_not_there() {
    let world = World::new().await;
    let source = world.feed("a").await;
    let (ada, bob) = (world.who_reads("ada@example.org").await, world.who_reads("bob@example.org").await);
    ada.subscribe(source, 20).await;
    world.arrive(source, 3).await;
    let folder = ada.file(source).await;
    let (ids, cursor) = (ada.ids("").await, ada.get("/v1/posts?limit=1").await["next"].clone());
    let cursor = cursor.as_str().unwrap();
    for (path, status, code) in [
        ("/v1/posts?limit=0".to_owned(), 400, "bad_query"),
        ("/v1/posts?limit=201".to_owned(), 400, "bad_query"),
        ("/v1/posts?status=new".to_owned(), 400, "bad_query"),
        ("/v1/posts?since=yesterday".to_owned(), 400, "bad_query"),
        ("/v1/posts?starred=true&label=a".to_owned(), 400, "bad_query"),
        (format!("/v1/posts?source={source}&folder={folder}"), 400, "bad_query"),
        ("/v1/posts?label=".to_owned(), 422, "bad_label"),
        (format!("/v1/posts?limit=1&order=oldest&cursor={cursor}"), 400, "bad_cursor"),
        ("/v1/posts?cursor=AAAA".to_owned(), 400, "bad_cursor"),
    ] {
        ada.refused(Method::GET, &path, Value::Null, status, code).await;
    }
    for path in
        [format!("/v1/posts?source={source}"), format!("/v1/posts?folder={folder}"), format!("/v1/posts/{}", ids[0])]
    {
        bob.refused(Method::GET, &path, Value::Null, 404, "not_found").await;
    }
    bob.refused(Method::GET, &format!("/v1/posts?limit=1&cursor={cursor}"), Value::Null, 400, "bad_cursor").await;
    assert!(bob.list("").await.is_empty());
}

#[tokio::test]
async fn what_lies_below_the_floor_is_not_shown_and_what_is_gone_is_passed_over() {
    let world = World::new().await;
    let source = world.feed("a").await;
    let ada = world.who_reads("ada@example.org").await;
    ada.subscribe(source, u64::MAX).await;
    world.arrive(source, 50).await;
    let head = world.store.head(source).await.unwrap().unwrap();
    let retention = store::Retention { age: Duration::from_secs(86_400), count: 40 };
    world.store.raise_floor(&head, &retention, world.now()).await.unwrap();
    world.pass(Duration::from_secs(5));
    assert_eq!(ada.list("limit=30").await, titles(source, (11..=50).rev()));
    assert_eq!(ada.list("limit=30&order=oldest").await, titles(source, 11..=50));
    assert_eq!(ada.get("/v1/counts").await["unread"], 40);
}
