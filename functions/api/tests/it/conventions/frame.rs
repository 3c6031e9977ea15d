//! Every answer names its request and tells browsers what to keep to; so does every line in the log.

use axum::body::Body;
use http::{Method, Request};

use super::logs::Logs;
use crate::world::World;

/// Requests of every sort: good, refused, unknown, of a wrong method.
const SORTS: [(Method, &str, &str, u16); 7] = [
    (Method::GET, "/healthz", "", 200),
    (Method::GET, "/v1/sources", "", 200),
    (Method::POST, "/v1/sources", "no json", 400),
    (Method::GET, "/v1/posts/AAAAAAAA", "", 404),
    (Method::GET, "/nowhere", "", 404),
    (Method::PUT, "/v1/sources", "", 405),
    (Method::GET, "/openapi.json", "", 200),
];

#[tokio::test]
async fn every_answer_names_its_request_and_so_does_every_problem() {
    let world = World::new().await;
    let mut met = Vec::new();
    for (method, path, body, status) in SORTS {
        let answer = world.ask(method.clone(), path, body).await;
        let told = format!("{method} {path}: {}", answer.json);
        assert_eq!(answer.status.as_u16(), status, "{told}");
        let id = answer.headers["x-request-id"].to_str().unwrap().to_owned();
        assert_eq!((id.len(), id.as_bytes()[14]), (36, b'7'), "{told}");
        if status >= 400 {
            assert_eq!(answer.json["instance"], format!("urn:uuid:{id}"), "{told}");
        }
        met.push(id);
    }
    met.sort();
    met.dedup();
    assert_eq!(met.len(), SORTS.len(), "each has its own");
}

#[tokio::test]
async fn nobody_names_a_request_but_the_platform() {
    let world = World::new().await;
    let forged = "0199aaaa-0000-7000-8000-000000000000";
    let request = Request::get("/healthz").header("x-request-id", forged).body(Body::empty()).unwrap();
    assert_ne!(world.answer(request).await.headers["x-request-id"], forged);

    let mut request = Request::get("/healthz").body(Body::empty()).unwrap();
    let mut lambda = lambda_http::Context::default();
    lambda.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned();
    request.extensions_mut().insert(lambda);
    assert_eq!(world.answer(request).await.headers["x-request-id"], "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
}

#[tokio::test]
async fn every_answer_tells_browsers_to_run_and_frame_nothing_and_to_keep_it_from_others() {
    let world = World::new().await;
    for (method, path, body, _) in SORTS {
        let answer = world.ask(method.clone(), path, body).await;
        let header = |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap());
        assert_eq!(header("x-content-type-options"), Some("nosniff"), "{method} {path}");
        assert_eq!(header("referrer-policy"), Some("no-referrer"), "{method} {path}");
        let policy = header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{method} {path}");
        let caching = if method == Method::GET { "private, no-cache" } else { "no-store" };
        assert_eq!(header("cache-control"), Some(caching), "{method} {path}");
        assert_eq!(header("vary"), Some("authorization, cookie"), "{method} {path}");
    }
}

#[tokio::test]
async fn every_line_that_a_request_logs_names_it_and_none_tells_its_path() {
    let world = World::new().await;
    world.narrow_queues();
    let (logs, _guard) = Logs::start();
    let url = format!("https://example.org/{}", "secret-feed".repeat(100));
    let answer = world.ask(Method::POST, "/v1/sources", &serde_json::json!({ "url": url }).to_string()).await;
    let id = answer.headers["x-request-id"].to_str().unwrap();
    let logs = logs.text();
    let lines: Vec<_> = logs.lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect();
    assert!(!lines.is_empty(), "{logs}");
    for line in lines {
        assert!(line.contains(id) && line.contains("\"http.route\":\"/v1/sources\""), "{line}");
        assert!(!line.contains("secret-feed"), "{line}");
    }
}
