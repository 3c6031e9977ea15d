//! Which web pages of other origins may ask.

use axum::body::Body;
use http::{Method, Request};

use crate::world::{Answer, World};

async fn ask(world: &World, method: Method, origin: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri("/healthz")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type,idempotency-key");
    world.answer(request.body(Body::empty()).unwrap()).await
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn no_page_of_another_origin_may_ask_unless_a_setting_says_so() {
    let world = World::new().await;
    for method in [Method::GET, Method::OPTIONS] {
        let answer = ask(&world, method.clone(), "https://reader.example").await;
        assert_eq!(header(&answer, "access-control-allow-origin"), None, "{method}");
    }
}

#[tokio::test]
async fn the_pages_that_are_listed_may_ask_with_a_token_and_never_with_cookies() {
    let world = World::with(|rules| rules.cors_origins = vec!["https://reader.example".to_owned()]).await;
    let preflight = ask(&world, Method::OPTIONS, "https://reader.example").await;
    assert_eq!(header(&preflight, "access-control-allow-origin"), Some("https://reader.example"));
    for name in ["authorization", "content-type", "idempotency-key"] {
        assert!(header(&preflight, "access-control-allow-headers").unwrap().contains(name), "{name}");
    }
    let answer = ask(&world, Method::GET, "https://reader.example").await;
    assert_eq!(header(&answer, "access-control-allow-origin"), Some("https://reader.example"));
    for name in ["etag", "x-request-id", "ratelimit", "retry-after", "location"] {
        assert!(header(&answer, "access-control-expose-headers").unwrap().contains(name), "{name}");
    }
    for answer in [&preflight, &answer] {
        assert_eq!(header(answer, "access-control-allow-credentials"), None);
        let vary: Vec<_> = answer.headers.get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
        assert!(vary.iter().any(|names| names.contains("origin")), "{vary:?}");
    }
    for stranger in ["https://evil.example", "https://reader.example.evil.example", "http://reader.example", "null"] {
        let answer = ask(&world, Method::GET, stranger).await;
        assert_eq!(header(&answer, "access-control-allow-origin"), None, "{stranger}");
    }
}
