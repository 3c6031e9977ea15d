//! The page on which the API can be tried.

use http::{Method, StatusCode};

use crate::world::World;

#[tokio::test]
async fn the_page_is_for_everybody_and_loads_nothing_from_elsewhere() {
    let world = World::new().await;
    let mut whole = String::new();
    for (path, kind) in [
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/page.css", "text/css; charset=utf-8"),
        ("/docs/page.js", "text/javascript; charset=utf-8"),
    ] {
        let answer = world.ask_with(&[], Method::GET, path, "").await;
        assert_eq!((answer.status, answer.headers["content-type"].to_str().unwrap()), (StatusCode::OK, kind), "{path}");
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains('*'), "{policy}");
        whole.push_str(&answer.text);
    }
    for needed in ["/docs/page.css", "/docs/page.js", "/openapi.json"] {
        assert!(whole.contains(needed), "{needed}");
    }
    // What the policy would stop: addresses elsewhere, code and looks within the page, and text taken for HTML.
    for stopped in ["//", "<style", "style=", "onclick", "innerHTML", "eval("] {
        let found = whole.lines().find(|line| line.contains(stopped) && !line.trim_start().starts_with("//"));
        assert_eq!(found, None, "{stopped}");
    }
}
