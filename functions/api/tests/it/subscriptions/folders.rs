//! Folders.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::FEED;
use crate::world::World;

#[tokio::test]
async fn a_folder_is_there_once_whatever_the_case_of_its_name() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let made = ada.post("/v1/folders", json!({ "name": " Far  Away " })).await;
    assert_eq!((made.status, made.json["name"].as_str()), (StatusCode::CREATED, Some("Far Away")));
    let again = ada.post("/v1/folders", json!({ "name": "FAR AWAY" })).await;
    assert_eq!((again.status, &again.json), (StatusCode::OK, &made.json));
    let other = ada.post("/v1/folders", json!({ "name": "Near" })).await.json["id"].clone();
    let path = format!("/v1/folders/{}", other.as_str().unwrap());
    ada.check(Method::PATCH, &path, json!({ "name": "far away" }), 409, "name_taken").await;
    ada.check(Method::PATCH, &path, json!({ "name": "" }), 422, "bad_name").await;
    ada.check(Method::POST, "/v1/folders", json!({ "name": "a\nb\u{7}" }), 422, "bad_name").await;
    assert_eq!(ada.patch(&path, json!({ "name": "NEAR" })).await.json["name"], "NEAR");
    let all = ada.get("/v1/folders").await.json;
    assert_eq!(all, json!({ "folders": [made.json, { "id": other, "name": "NEAR" }], "next": null }));
}

#[tokio::test]
async fn subscriptions_are_in_folders_until_these_are_deleted() {
    let world = World::new().await;
    let ada = world.reader("ada@example.org").await;
    let mut ids = Vec::new();
    for name in ["One", "Two"] {
        ids.push(ada.post("/v1/folders", json!({ "name": name })).await.json["id"].clone());
    }
    let body = json!({ "url": FEED, "folders": [ids[0], ids[0]], "discover": false });
    let made = ada.post("/v1/subscriptions", body).await.json;
    let path = format!("/v1/subscriptions/{}", made["id"].as_str().unwrap());
    let changed = ada.patch(&path, json!({ "folders": [ids[1], ids[0], ids[1]] })).await.json;
    assert_eq!(changed["folders"], json!([ids[1], ids[0]]), "each once, in the order that was asked for");
    let two = format!("/v1/folders/{}", ids[1].as_str().unwrap());
    assert_eq!(ada.delete(&two).await, StatusCode::NO_CONTENT);
    ada.check(Method::DELETE, &two, Value::Null, 404, "not_found").await;
    assert_eq!(ada.get(&path).await.json["folders"], json!([ids[0]]));
    ada.check(Method::PATCH, &path, json!({ "folders": [ids[1]] }), 404, "not_found").await;
    assert_eq!(ada.patch(&path, json!({ "folders": [] })).await.json["folders"], json!([]));
    let source = made["id"].as_str().unwrap().parse().unwrap();
    let reader = world.store.user_by_email(&"ada@example.org".parse().unwrap()).await.unwrap().unwrap();
    let kept = world.store.subscription(reader.id, source).await.unwrap().unwrap();
    assert!(kept.folders.is_empty(), "nothing of it is left");
}
