//! What stands before the API on one machine: only this machine's own programs may speak to it, and web
//! pages of strangers, which a browser lets reach loopback, may not even try. And answers are as small as Lambda would have them.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HOST, HeaderMap, ORIGIN};
use http::{Method, StatusCode};
use serde_json::json;

/// The largest answer of a Lambda function.
const MAX_ANSWER_BYTES: usize = 6 * 1024 * 1024;

/// `router` behind the gate. Pages of `origins` may come as far as the API, which then asks for a token.
pub fn guarded(router: Router, origins: &[String]) -> Router {
    let origins = Arc::<[String]>::from(origins);
    router.layer(middleware::from_fn(small_answers)).layer(middleware::from_fn_with_state(origins, own_machine))
}

async fn own_machine(State(origins): State<Arc<[String]>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    // A stranger's name that resolves to loopback (DNS rebinding) is still a stranger's name.
    if !is_this_machine(host) {
        let detail = "this server answers to localhost and loopback addresses only";
        return problem(StatusCode::MISDIRECTED_REQUEST, "wrong_host", "Not this host", detail);
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !reads && is_foreign(request.headers(), host) && !is_listed(request.headers(), &origins) {
        let detail = "a page of another origin may not change anything here";
        return problem(StatusCode::FORBIDDEN, "foreign_origin", "Foreign origin", detail);
    }
    next.run(request).await
}

/// Whether a `Host` header names this machine: `localhost`, a name below it, or a loopback address, with any port.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    if let Ok(ip) = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return ip.is_loopback();
    }
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// Whether a browser says that the request comes from another origin than the one it goes to.
fn is_foreign(headers: &HeaderMap, host: &str) -> bool {
    let cross_site = headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none");
    let origin = headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
    cross_site || origin.is_some_and(|origin| origin.strip_prefix("http://") != Some(host))
}

/// Whether the owner lets pages of that origin in. The cookie of a session does not come with them: it is for this origin alone.
fn is_listed(headers: &HeaderMap, origins: &[String]) -> bool {
    headers.get(ORIGIN).is_some_and(|origin| origins.iter().any(|listed| origin == listed.as_str()))
}

async fn small_answers(request: Request, next: Next) -> Response {
    let (head, body) = next.run(request).await.into_parts();
    match to_bytes(body, MAX_ANSWER_BYTES).await {
        Ok(bytes) => Response::from_parts(head, Body::from(bytes)),
        Err(error) => {
            tracing::error!(%error, "an answer is larger than 6 MB, or broke off");
            let detail = "the answer is larger than the 6 MB that it may have";
            problem(StatusCode::BAD_GATEWAY, "answer_too_large", "Answer too large", detail)
        }
    }
}

fn problem(status: StatusCode, code: &str, title: &str, detail: &str) -> Response {
    let body = json!({ "type": format!("urn:feedmill:problem:{code}"), "title": title, "status": status.as_u16(), "detail": detail, "code": code });
    (status, [(CONTENT_TYPE, "application/problem+json")], Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::{get, post};
    use tower::ServiceExt as _;

    async fn check(method: &str, headers: &[(&str, &str)], expected: u16) {
        let router = Router::new()
            .route("/", get(|| async { "read" }).post(|| async { "changed" }))
            .route("/large", get(|| async { vec![b'x'; MAX_ANSWER_BYTES + 1] }))
            .route("/just", post(|| async { vec![b'x'; MAX_ANSWER_BYTES] }));
        let (method, path) = method.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = guarded(router, &["https://reader.example".to_owned()])
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(answer.status(), expected, "{method} {path} {headers:?}");
    }

    #[tokio::test]
    async fn only_names_of_this_machine_are_answered() {
        for good in ["127.0.0.1:4180", "localhost", "LOCALHOST.:80", "[::1]:4180", "feed.localhost:1", "127.8.9.1"] {
            check("GET /", &[("host", good)], 200).await;
        }
        for bad in
            ["evil.example", "localhost.evil.example:4180", "127.0.0.1.evil.example", "192.168.0.2", "", "[::2]:1"]
        {
            check("GET /", &[("host", bad)], 421).await;
        }
    }

    #[tokio::test]
    async fn a_page_of_another_origin_changes_nothing() {
        let host = ("host", "127.0.0.1:4180");
        check("POST /", &[host], 200).await;
        check("POST /", &[host, ("origin", "http://127.0.0.1:4180"), ("sec-fetch-site", "same-origin")], 200).await;
        for foreign in ["https://evil.example", "http://127.0.0.1:9999", "null", "http://localhost:4180"] {
            check("POST /", &[host, ("origin", foreign)], 403).await;
        }
        check("POST /", &[host, ("sec-fetch-site", "cross-site")], 403).await;
        check("POST /", &[host, ("origin", "https://reader.example"), ("sec-fetch-site", "cross-site")], 200).await;
    }

    #[tokio::test]
    async fn an_answer_over_six_megabytes_is_none() {
        let host = ("host", "localhost");
        check("GET /large", &[host], 502).await;
        check("POST /just", &[host], 200).await;
    }
}
