//! Two people: neither sees, marks or changes what is the other's, whatever ids they send.

use http::StatusCode;
use serde_json::json;

use super::app::{App, long};
use crate::world::World;

const READ: &str = "user/-/state/com.google/read";
const STARRED: &str = "user/-/state/com.google/starred";

#[tokio::test]
async fn nobody_reaches_what_is_another_persons() {
    let world = World::new().await;
    let (ada, bob) = (App::of(&world, "ada@example.org").await, App::of(&world, "bob@example.org").await);
    let (feed, numbers) = ada.feed("https://a.example/feed", 2).await;
    ada.ok("subscription/edit", &format!("ac=edit&s={feed}&a=user/-/label/Mine")).await;
    ada.ok("edit-tag", &format!("i={}&a={STARRED}&a=user/-/label/Kept", numbers[0])).await;
    let id = ada.user.id;
    let streams = [
        feed.clone(),
        "feed/https%3A%2F%2Fa.example%2Ffeed".to_owned(),
        format!("user/{id}/state/com.google/reading-list"),
        format!("user/{id}/state/com.google/starred"),
        format!("user/{id}/label/Mine"),
        format!("user/{id}/label/Kept"),
    ];
    for stream in &streams {
        assert_eq!(bob.ids(&format!("s={stream}")).await, Vec::<u64>::new(), "{stream}");
        assert_eq!(bob.get(&format!("stream/contents?s={stream}")).await.json["items"], json!([]), "{stream}");
        assert!(!bob.atom(&stream.replace('/', "%2F").replace("%25", "%")).await.text.contains("<entry>"), "{stream}");
        bob.post("mark-all-as-read", &format!("s={stream}")).await;
    }
    let i: Vec<String> = numbers.iter().map(|number| format!("i={}", long(*number))).collect();
    let i = i.join("&");
    assert_eq!(bob.post("stream/items/contents", &i).await.json["items"], json!([]));
    bob.ok("edit-tag", &format!("{i}&a={READ}&a={STARRED}&a=user/-/label/Taken")).await;
    assert_eq!(bob.ids(&format!("s={STARRED}")).await, Vec::<u64>::new(), "a post is not seen by being starred");
    for (path, form) in [
        ("subscription/edit", format!("ac=edit&s={feed}&t=x")),
        ("subscription/edit", format!("ac=subscribe&s={feed}")),
        ("mark-all-as-read", format!("s={feed}")),
        ("rename-tag", "s=user/-/label/Mine&dest=user/-/label/Yours".to_owned()),
        ("disable-tag", format!("s=user/{id}/label/Kept")),
    ] {
        assert_eq!(bob.post(path, &form).await.status, StatusCode::NOT_FOUND, "{path} {form}");
    }
    bob.ok("subscription/edit", &format!("ac=unsubscribe&s={feed}")).await;
    assert_eq!((ada.unread(&feed).await, ada.ids(&format!("s={STARRED}")).await), (2, vec![numbers[0].get()]));
    assert_eq!(ada.ids("s=user/-/label/Mine").await.len(), 2);
}
