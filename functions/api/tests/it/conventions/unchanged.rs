//! What somebody has already is not sent again.

use http::{Method, StatusCode};
use serde_json::Value;

use super::document::operations;
use crate::world::{Answer, World};

async fn ask(world: &World, method: Method, path: &str, known: &str) -> Answer {
    world.ask_with(&[("authorization", &world.operator()), ("if-none-match", known)], method, path, "").await
}

#[tokio::test]
async fn an_answer_that_has_not_changed_is_not_sent_again() {
    let world = World::new().await;
    let source = world.add("https://example.org/feed").await;
    for path in [format!("/v1/sources/{source}"), "/v1/sources".into(), "/openapi.json".into(), "/healthz".into()] {
        let first = world.get(&path).await;
        let tag = first.headers["etag"].to_str().unwrap();
        for known in [tag.to_owned(), format!("\"other\", {tag}"), tag.replace("W/", ""), "*".to_owned()] {
            let again = ask(&world, Method::GET, &path, &known).await;
            assert_eq!((again.status, again.bytes), (StatusCode::NOT_MODIFIED, 0), "{path} {known}");
            assert_eq!(again.headers["etag"], tag);
            assert!(!again.headers.contains_key("content-type") && again.headers.contains_key("cache-control"));
        }
        assert_eq!(ask(&world, Method::GET, &path, "W/\"other\"").await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn what_has_changed_is_sent_and_only_reads_are_asked() {
    let world = World::new().await;
    let source = world.add("https://example.org/feed").await;
    let path = format!("/v1/sources/{source}");
    let before = world.get(&path).await.headers["etag"].to_str().unwrap().to_owned();
    let changed = world.ask(Method::PATCH, &path, r#"{"interval_minutes":240}"#).await;
    assert!(!changed.headers.contains_key("etag"));
    let after = ask(&world, Method::GET, &path, &before).await;
    assert_eq!((after.status, after.json["interval_minutes"].as_u64()), (StatusCode::OK, Some(240)));
    assert_eq!(ask(&world, Method::GET, "/v1/posts/AAAAAAAA", "*").await.status, StatusCode::NOT_FOUND);
    assert_eq!(ask(&world, Method::DELETE, &path, "*").await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn each_list_and_each_page_is_told_by_its_tag() {
    let world = World::new().await;
    let root = world.root().await;
    let document = world.get("/openapi.json").await.json;
    let by = format!("Bearer {}", root.secret);
    let mut tried = 0;
    for (path, method, _) in operations(&document) {
        if method != Method::GET || path.contains('{') {
            continue;
        }
        let first = world.by(&root.secret, Method::GET, &path, Value::Null).await;
        assert_eq!(first.status, StatusCode::OK, "{path}: {}", first.json);
        let tag = first.headers["etag"].to_str().unwrap();
        let again = world.ask_with(&[("authorization", &by), ("if-none-match", tag)], Method::GET, &path, "").await;
        assert_eq!((again.status, again.bytes), (StatusCode::NOT_MODIFIED, 0), "{path}");
        assert!(again.headers.contains_key("x-request-id") && again.headers.contains_key("ratelimit"), "{path}");
        tried += 1;
    }
    assert!(tried >= 20, "{tried}");
}
