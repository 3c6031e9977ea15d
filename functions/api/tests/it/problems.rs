//! Bad input gets one clear sentence, a stable code, and no look-up.

use http::{Method, StatusCode};

use crate::world::World;

#[tokio::test]
async fn every_wrong_request_has_its_problem() {
    let world = World::new().await;
    let source = world.add("https://example.org/feed").await;
    let own = format!("/v1/sources/{source}");
    let job = "0199aaaa-0000-7000-8000-000000000000";
    let long = format!("{{\"url\":\"https://example.org/{}\"}}", "x".repeat(70_000));
    let cases: Vec<(Method, String, &str, u16, &str)> = vec![
        (Method::GET, "/nowhere".into(), "", 404, "no_such_path"),
        (Method::PUT, "/v1/sources".into(), "", 405, "wrong_method"),
        (Method::GET, "/v1/sources/short".into(), "", 400, "bad_id"),
        (Method::GET, "/v1/sources/toolongtobeanid".into(), "", 400, "bad_id"),
        (Method::GET, "/v1/sources/%2e%2e%2fabcd".into(), "", 400, "bad_id"),
        (Method::GET, "/v1/sources/%ff%ff".into(), "", 404, "no_such_path"),
        (Method::GET, "/v1/sources/AAAAAAAA".into(), "", 404, "not_found"),
        (Method::PATCH, "/v1/sources/AAAAAAAA".into(), "{}", 404, "not_found"),
        (Method::DELETE, "/v1/sources/AAAAAAAA".into(), "", 404, "not_found"),
        (Method::POST, "/v1/sources/AAAAAAAA/refresh".into(), "", 404, "not_found"),
        (Method::GET, "/v1/sources/AAAAAAAA/jobs".into(), "", 404, "not_found"),
        (Method::GET, "/v1/sources/AAAAAAAA/posts".into(), "", 404, "not_found"),
        (Method::GET, format!("{own}/jobs/not-a-job"), "", 400, "bad_id"),
        (Method::GET, format!("{own}/jobs/{}", job.to_uppercase()), "", 400, "bad_id"),
        (Method::GET, format!("{own}/jobs/{job}"), "", 404, "not_found"),
        (Method::DELETE, format!("{own}/jobs/{job}"), "", 404, "not_found"),
        (Method::GET, "/v1/posts/1".into(), "", 400, "bad_id"),
        (Method::GET, "/v1/posts/AAAAAAAA".into(), "", 404, "not_found"),
        (Method::GET, "/v1/sources?limit=0".into(), "", 400, "bad_query"),
        (Method::GET, "/v1/sources?limit=201".into(), "", 400, "bad_query"),
        (Method::GET, "/v1/sources?page=2".into(), "", 400, "bad_query"),
        (Method::GET, "/v1/sources?cursor=AAAA".into(), "", 400, "bad_cursor"),
        (Method::GET, format!("{own}/posts?cursor=!!"), "", 400, "bad_cursor"),
        (Method::GET, format!("{own}/jobs?cursor=AAAA"), "", 400, "bad_cursor"),
        (Method::POST, "/v1/sources".into(), "", 400, "bad_body"),
        (Method::POST, "/v1/sources".into(), "not json", 400, "bad_body"),
        (Method::POST, "/v1/sources".into(), "{}", 400, "bad_body"),
        (Method::POST, "/v1/sources".into(), &long, 400, "bad_body"),
        (Method::POST, "/v1/sources".into(), r#"{"url":"https://a.example/","admin":true}"#, 400, "bad_body"),
        (Method::POST, "/v1/sources".into(), r#"{"url":"no url"}"#, 422, "bad_url"),
        (Method::POST, "/v1/sources".into(), r#"{"url":"file:///etc/passwd"}"#, 422, "bad_url"),
        (Method::POST, "/v1/sources".into(), r#"{"url":"https://me:secret@a.example/"}"#, 422, "bad_url"),
        (Method::POST, "/v1/sources".into(), r#"{"url":"http://a.example:22/"}"#, 422, "bad_url"),
        (Method::POST, "/v1/sources".into(), r#"{"url":"http://169.254.169.254/latest"}"#, 422, "not_public"),
        (Method::POST, "/v1/sources".into(), r#"{"url":"http://localhost/feed"}"#, 422, "not_public"),
        (Method::POST, "/v1/sources".into(), r#"{"url":"http://0x7f000001/"}"#, 422, "bad_url"),
        (
            Method::POST,
            "/v1/sources".into(),
            r#"{"url":"https://b.example/","timeout_seconds":0}"#,
            422,
            "out_of_range",
        ),
        (Method::PATCH, own.clone(), r#"{"interval_minutes":59}"#, 422, "out_of_range"),
        (Method::PATCH, own.clone(), r#"{"interval_minutes":1441}"#, 422, "out_of_range"),
        (Method::PATCH, own.clone(), r#"{"timeout_seconds":61}"#, 422, "out_of_range"),
        (Method::PATCH, own.clone(), r#"{"state":"gone"}"#, 400, "bad_body"),
    ];
    for (method, path, body, status, code) in cases {
        let answer = world.ask(method.clone(), &path, body).await;
        let told = format!("{method} {path} {}: {}", &body[..body.len().min(80)], answer.json);
        assert_eq!(answer.status.as_u16(), status, "{told}");
        assert_eq!(answer.json["code"], code, "{told}");
        assert_eq!(answer.json["type"], format!("urn:feedmill:problem:{code}"), "{told}");
        assert_eq!(answer.json["status"], status, "{told}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{told}");
        let detail = answer.json["detail"].as_str().unwrap();
        assert!(!detail.is_empty() && !detail.contains("secret") && !detail.contains('\n'), "{told}");
    }
    let sources = world.get("/v1/sources").await;
    assert_eq!(sources.json["sources"].as_array().unwrap().len(), 1, "nothing else was disturbed");
}

#[tokio::test]
async fn health_asks_nothing_of_anyone() {
    let health = World::new().await.get("/healthz").await;
    assert_eq!((health.status, health.json["status"].as_str()), (StatusCode::OK, Some("ok")));
}
