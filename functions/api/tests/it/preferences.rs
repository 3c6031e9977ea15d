//! How people like to read.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::subscriptions::Reader;
use crate::world::World;

const PATH: &str = "/v1/preferences";

async fn check(ada: &Reader<'_>, change: Value, status: u16, code: &str) {
    let answer = ada.patch(PATH, change.clone()).await;
    let found = (answer.status.as_u16(), answer.json["code"].as_str().unwrap_or_default());
    assert_eq!(found, (status, code), "{change}: {}", answer.json);
}

#[tokio::test]
async fn what_is_said_changes_and_the_rest_stays() {
    let world = World::new().await;
    let (ada, bob) = (world.reader("ada@example.org").await, world.reader("bob@example.org").await);
    let defaults = json!({
        "language": null, "time_zone": null, "theme": "system", "view": "list", "order": "newest_first",
        "mark_read": "on_open", "page_size": 50, "unread_on_subscribe": 20,
    });
    assert_eq!(ada.get(PATH).await.json, defaults);
    check(&ada, json!({ "theme": "dark", "language": "de", "page_size": 20 }), 200, "").await;
    check(&ada, json!({ "order": "oldest_first", "time_zone": "Europe/Berlin", "language": null }), 200, "").await;
    let mut expected = defaults.clone();
    expected["theme"] = "dark".into();
    expected["page_size"] = 20.into();
    expected["order"] = "oldest_first".into();
    expected["time_zone"] = "Europe/Berlin".into();
    assert_eq!(ada.get(PATH).await.json, expected);
    assert_eq!(bob.get(PATH).await.json, defaults);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    for bad in [json!({ "colour": "red" }), json!({ "theme": "red" }), json!({ "page_size": "50" }), json!([])] {
        check(&ada, bad, 400, "bad_body").await;
    }
    for bad in [
        json!({ "page_size": 9 }),
        json!({ "unread_on_subscribe": 1_001 }),
        json!({ "language": "de_DE" }),
        json!({ "theme": "dark", "time_zone": "../x" }),
    ] {
        check(&ada, bad, 422, "out_of_range").await;
    }
    assert_eq!(ada.get(PATH).await.json["theme"], "system");
    assert_eq!(world.ask_with(&[], Method::GET, PATH, "").await.status, StatusCode::UNAUTHORIZED);
}
