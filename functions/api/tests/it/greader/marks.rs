//! Marks: what apps do to items, one, many or all.

use std::time::Duration;

use domain::id::PostNumber;
use http::StatusCode;

use super::app::{App, ITEM, long, newest_first};
use crate::world::World;

const READING_LIST: &str = "user/-/state/com.google/reading-list";
const READ: &str = "user/-/state/com.google/read";
const KEPT: &str = "user/-/state/com.google/kept-unread";
const TRACKING: &str = "user/-/state/com.google/tracking-kept-unread";
const STARRED: &str = "user/-/state/com.google/starred";

#[tokio::test]
async fn items_are_read_unread_starred_and_labelled_and_that_is_seen_everywhere() {
    let world = World::new().await;
    let app = App::of(&world, "ada@example.org").await.with_preset();
    let (feed, numbers) = app.feed("https://a.example/feed", 3).await;
    let i = numbers[1];
    // What newsboat sends is not encoded.
    let (raw, encoded) = (long(i), long(i).replace(':', "%3A").replace(',', "%2C").replace('/', "%2F"));
    let steps: [(&str, String, u64, &[&str]); 12] = [
        ("read", format!("i={encoded}&a={READ}&T=x"), 2, &[READ]),
        ("unread", format!("i={i}&r={READ}&T="), 3, &[]),
        ("newsboat reads", format!("i={raw}&a={READ}&r={KEPT}&ac=edit&T=x"), 2, &[READ]),
        ("newsboat unreads", format!("i={raw}&r={READ}&a={KEPT}&a={TRACKING}&ac=edit&T=x"), 3, &[]),
        ("kept unread", format!("i={:016x}&a={READ}", i.get()), 2, &[READ]),
        ("kept unread again", format!("i={i}&a={KEPT}"), 3, &[]),
        ("star", format!("i={i}&a={STARRED}"), 3, &[STARRED]),
        ("star again", format!("i={i}&a={STARRED}"), 3, &[STARRED]),
        (
            "read and label",
            format!("i={i}&a={READ}&a=user%2F-%2Flabel%2FTo%20do%2Fnow"),
            2,
            &[READ, STARRED, "user/-/label/To do/now"],
        ),
        (
            "another label",
            format!("i={i}&a=user/{}/label/x", app.user.id),
            2,
            &[READ, STARRED, "user/-/label/To do/now", "user/-/label/x"],
        ),
        ("no star, no label", format!("i={i}&r={STARRED}&r=user/-/label/x"), 2, &[READ, "user/-/label/To do/now"]),
        ("unread", format!("i={i}&r={READ}&r=user/-/label/To+do/now"), 3, &[]),
    ];
    for (step, form, unread, tags) in steps {
        app.ok("edit-tag", &form).await;
        assert_eq!((app.unread(&feed).await, app.unread(READING_LIST).await), (unread, unread), "{step}");
        let item = app.item(i).await;
        let found: Vec<&str> = item["categories"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
        assert_eq!(found, [&[READING_LIST], tags].concat(), "{step}");
        let starred = app.ids(&format!("s={STARRED}")).await;
        assert_eq!(starred, if tags.contains(&STARRED) { vec![i.get()] } else { vec![] }, "{step}");
    }
}

#[tokio::test]
async fn many_items_are_marked_at_once_in_query_and_form_and_strangers_among_them_are_passed_over() {
    let world = World::new().await;
    let app = App::of(&world, "ada@example.org").await;
    let (feed, numbers) = app.feed("https://a.example/feed", 12).await;
    let ids = |numbers: &[PostNumber]| numbers.iter().map(|number| format!("i={number}")).collect::<Vec<_>>().join("&");
    let strangers = format!("&i=nonsense&i=5&i={ITEM}ffffffffffffffff&i=-1&i=");
    let path = format!("edit-tag?{}", ids(&numbers[..3]));
    app.ok(&path, &format!("{}{strangers}&a={READ}&a={STARRED}", ids(&numbers[3..10]))).await;
    assert_eq!((app.unread(&feed).await, app.ids(&format!("s={STARRED}")).await.len()), (2, 10));
    let thousands: String = (1..9_000).map(|n| format!("i={ITEM}{n:016x}&")).collect();
    app.ok("edit-tag", &format!("{thousands}{}&r={READ}", ids(&numbers))).await;
    assert_eq!(app.unread(&feed).await, 12);
}

#[tokio::test]
async fn all_of_a_stream_is_read_at_once_now_or_as_of_a_time() {
    let world = World::new().await;
    let app = App::of(&world, "ada@example.org").await.with_preset();
    let (one, first) = app.feed("https://a.example/feed?x=1", 3).await;
    let (two, second) = app.feed("https://b.example/feed", 3).await;
    app.ok("subscription/edit", &format!("ac=edit&s={two}&a=user/-/label/News")).await;
    app.ok("edit-tag", &format!("i={}&a={STARRED}&a=user/-/label/Later", second[0])).await;
    let micros = |number: PostNumber| number.minted_at().as_millis() * 1000;
    let unread_all = format!(
        "{}&r={READ}",
        first.iter().chain(&second).map(|number| format!("i={number}")).collect::<Vec<_>>().join("&")
    );
    let cases = [
        ("newsboat, without a time", format!("s={one}&T=x"), (0, 3)),
        ("a feed by its URL", "s=feed/https%3A%2F%2Fa.example%2Ffeed%3Fx%3D1".to_owned(), (0, 3)),
        ("a folder", "s=user/-/label/News&T=".to_owned(), (3, 0)),
        ("everything", format!("s={READING_LIST}&ts="), (0, 0)),
        ("unread ones", format!("s={KEPT}"), (0, 0)),
        ("starred ones", format!("s={STARRED}"), (3, 2)),
        ("labelled ones", "s=user/-/label/Later".to_owned(), (3, 2)),
        ("read ones", format!("s={READ}"), (3, 3)),
        ("shared ones, of which there are none", "s=user/-/state/com.google/broadcast".to_owned(), (3, 3)),
        ("up to an item, in microseconds", format!("s={READING_LIST}&ts={}", micros(first[1])), (1, 3)),
        ("up to another", format!("s={READING_LIST}&ts={}", micros(second[0])), (0, 2)),
        ("up to a second", format!("s={READING_LIST}&ts={}", 1_800_000_005), (0, 3)),
        ("up to long ago", format!("s={READING_LIST}&ts=1000"), (3, 3)),
    ];
    for (name, form, expected) in cases {
        app.ok("mark-all-as-read", &form).await;
        assert_eq!((app.unread(&one).await, app.unread(&two).await), expected, "{name}");
        app.ok("edit-tag", &unread_all).await;
    }
}

#[tokio::test]
async fn what_was_not_done_is_not_answered_with_ok() {
    let world = World::new().await;
    let app = App::of(&world, "ada@example.org").await;
    let (feed, numbers) = app.feed("https://a.example/feed", 1).await;
    let i = numbers[0];
    for (path, form, status) in [
        ("edit-tag", format!("i={i}"), StatusCode::BAD_REQUEST),
        ("edit-tag", format!("a={READ}"), StatusCode::BAD_REQUEST),
        ("edit-tag", format!("i={i}&a=user/-/state/com.google/broadcast"), StatusCode::BAD_REQUEST),
        ("edit-tag", format!("i={i}&a=user/-/label/{}", "x".repeat(101)), StatusCode::BAD_REQUEST),
        ("edit-tag", format!("{}&a={READ}", "i=1&".repeat(10_001)), StatusCode::PAYLOAD_TOO_LARGE),
        ("edit-tag", format!("a={READ}&i={}", "1".repeat(4 << 20)), StatusCode::PAYLOAD_TOO_LARGE),
        ("mark-all-as-read", String::new(), StatusCode::BAD_REQUEST),
        ("mark-all-as-read", format!("s={feed}&ts=now"), StatusCode::BAD_REQUEST),
        ("mark-all-as-read", "s=feed/00000000".to_owned(), StatusCode::NOT_FOUND),
        ("mark-all-as-read", "s=feed/https%3A%2F%2Fc.example%2F".to_owned(), StatusCode::NOT_FOUND),
        ("mark-all-as-read", "s=user/-/label/None".to_owned(), StatusCode::NOT_FOUND),
    ] {
        let answer = app.post(path, &form).await;
        assert_eq!(answer.status, status, "{path} {}", &form[..form.len().min(100)]);
        assert_ne!(answer.text, "OK");
    }
    assert_eq!(app.unread(&feed).await, 1);
}

#[tokio::test]
async fn a_post_that_is_numbered_before_a_visit_and_seen_after_it_is_not_missed() {
    let world = World::new().await;
    let app = App::of(&world, "ada@example.org").await;
    // Its numbers are minted, and then it takes nine seconds until they can be seen.
    let visit = world.now();
    let (_, numbers) = app.feed("https://a.example/feed", 2).await;
    let later = (visit + Duration::from_secs(9)).as_secs();
    assert_eq!(
        app.ids(&format!("s={READING_LIST}&ot={later}")).await,
        newest_first(&numbers),
        "Date of the last answer"
    );
    assert_eq!(app.ids(&format!("s={READING_LIST}&ot={}", later + 2)).await, Vec::<u64>::new());
}
