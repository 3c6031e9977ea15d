//! Redirects are seen one by one.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use domain::failure::ErrorCode;
use domain::response::Redirect;
use fetch::{FetchError, RedirectTrouble};
use origin::{Origin, Reply};
use support::*;

/// `/0` leads to `/1`, and so on until `/hops`, which answers.
async fn chain(hops: usize, status: u16) -> Origin {
    let origin = Origin::start().await.unwrap();
    for hop in 0..hops {
        origin.always(&format!("/{hop}"), Reply::redirect(status, format!("/{}", hop + 1)));
    }
    origin.always(&format!("/{hops}"), Reply::ok("there"));
    origin
}

#[tokio::test]
async fn five_redirects_are_followed_and_told() {
    for status in [301, 302, 303, 307, 308] {
        let origin = chain(5, status).await;
        let response = get(&fetcher(), &origin.url("/0")).await.unwrap();
        assert_eq!((response.status, &response.body[..]), (200, &b"there"[..]));
        assert_eq!(response.final_url, origin.url("/5"));
        let told: Vec<_> = (1..=5).map(|hop| Redirect { status, target: origin.url(&format!("/{hop}")) }).collect();
        assert_eq!(response.redirects, told);
    }
}

#[tokio::test]
async fn a_sixth_redirect_is_one_too_many() {
    let origin = chain(6, 302).await;
    let error = get(&fetcher(), &origin.url("/0")).await.unwrap_err();
    assert!(matches!(error, FetchError::Redirects { reason: RedirectTrouble::TooMany }), "{error:?}");
    assert_eq!(origin.all_requests().len(), 6);
}

#[tokio::test]
async fn circles_and_redirects_to_nowhere_are_refused() {
    let origin = Origin::start().await.unwrap();
    origin.always("/self", Reply::redirect(301, "/self#again"));
    origin.always("/a", Reply::redirect(301, "/b"));
    origin.always("/b", Reply::redirect(301, "/a"));
    origin.always("/nowhere", Reply::status(301));
    origin.always("/bytes", Reply::redirect(301, b"/\xff\xfe"));
    origin.always("/broken", Reply::redirect(301, "http://["));
    let fetcher = fetcher();
    for (path, expected) in [
        ("/self", ErrorCode::Redirects),
        ("/a", ErrorCode::Redirects),
        ("/nowhere", ErrorCode::Redirects),
        ("/bytes", ErrorCode::Redirects),
        ("/broken", ErrorCode::BadUrl),
    ] {
        assert_eq!(code(&fetcher, &origin.url(path)).await, Err(expected), "{path}");
    }
    assert_eq!((origin.requests("/a").len(), origin.requests("/b").len()), (1, 1));
}

#[tokio::test]
async fn a_304_behind_a_redirect_is_understood() {
    let origin = Origin::start().await.unwrap();
    origin.always("/moved", Reply::redirect(301, "/feed").header("etag", "\"of the redirect\""));
    origin.on("/feed", |seen| Reply::unless_known(seen, "\"v1\"", Reply::ok("x")));
    let (fetcher, url) = (fetcher(), origin.url("/moved"));
    let first = get(&fetcher, &url).await.unwrap();
    assert_eq!(first.validators, validators(Some(b"\"v1\""), None));
    let second = fetcher.get(&request(&url, &first.validators)).await.unwrap();
    assert_eq!((second.status, second.redirects.len()), (304, 1));
}

#[tokio::test]
async fn what_is_no_redirect_is_an_answer() {
    let origin = Origin::start().await.unwrap();
    let fetcher = fetcher();
    for status in [300, 304, 305, 404, 410, 500] {
        origin.always("/x", Reply::redirect(status, "/elsewhere").body("never read"));
        let response = get(&fetcher, &origin.url("/x")).await.unwrap();
        assert_eq!((response.status, response.redirects.len(), response.body.len()), (status, 0, 0));
    }
}
