//! What a private source is asked with goes to its origin and nowhere else.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use domain::private::{Hidden, Login};
use fetch::Request;
use origin::{Origin, Reply, Seen};
use support::*;

const SECRET: &str = "Basic YWRhOnNlc2FtZQ==";

fn login() -> Login {
    Login::basic(Hidden::new("ada"), Hidden::new("sesame")).unwrap()
}

async fn ask(url: &str) {
    let login = login();
    let request = Request { login: Some(&login), ..request(url, &NONE) };
    assert_eq!(fetcher().get(&request).await.unwrap().status, 200);
}

fn told(seen: &[Seen]) -> Vec<Option<&str>> {
    seen.iter().map(|seen| seen.header_text("authorization")).collect()
}

#[tokio::test]
async fn a_login_is_one_header_of_the_request() {
    let origin = Origin::start().await.unwrap();
    origin.always("/feed", Reply::ok("x"));
    ask(&origin.url("/feed")).await;
    let seen = origin.requests("/feed");
    assert_eq!((told(&seen), seen[0].count("authorization")), (vec![Some(SECRET)], 1));
    get(&fetcher(), &origin.url("/feed")).await.unwrap();
    assert_eq!(told(&origin.requests("/feed"))[1], None);
}

#[tokio::test]
async fn a_redirect_within_the_origin_keeps_the_login() {
    let origin = Origin::start().await.unwrap();
    origin.always("/old", Reply::redirect(301, "/feed"));
    origin.always("/feed", Reply::ok("x"));
    ask(&origin.url("/old")).await;
    assert_eq!(told(&origin.requests("/feed")), [Some(SECRET)]);
}

#[tokio::test]
async fn no_redirect_takes_the_login_to_another_origin_nor_back_from_there() {
    let (origin, other) = (Origin::start().await.unwrap(), Origin::start().await.unwrap());
    // Another port and another name of the same machine are other origins.
    for away in [other.url("/there"), origin.url_at("other.localhost", "/there")] {
        for at in [&origin, &other] {
            at.always("/there", Reply::redirect(302, origin.url("/feed")));
        }
        origin.always("/away", Reply::redirect(302, &away));
        origin.always("/feed", Reply::ok("x"));
        ask(&origin.url("/away")).await;
    }
    assert_eq!(told(&origin.requests("/away")), [Some(SECRET); 2]);
    assert_eq!(told(&other.requests("/there")), [None]);
    assert_eq!(told(&origin.requests("/there")), [None]);
    assert_eq!(told(&origin.requests("/feed")), [None; 2]);
}
