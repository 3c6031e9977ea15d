//! Which URLs are fetched at all, and which of them are the same.

use domain::failure::ErrorCode;
use fetch::{Reach, check_url, host_key, normalise};
use proptest::prelude::*;
use url::Url;

/// What no setting allows, one a line.
const NEVER: &str = r"
feed
//example.org/feed
http://
https:///
http://[
http://exa mple.org/
http://example.org:99999/
file:///etc/passwd
ftp://example.org/
gopher://example.org/
data:text/xml,<rss/>
javascript:alert(1)
feed:https://example.org/
unix:/run/x.sock
http://user@example.org/
http://user:secret@example.org/
http://:secret@example.org/
http://example.org@127.0.0.1/
http://2130706433/
http://0x7f000001/
http://0x7f.1/
http://0177.0.0.1/
http://127.1/
http://127.0.0.1./
http://0/
http://0x8.0x8.0x8.0x8/
http://134744072/
http://010.8.8.8/
http://%31%32%37.0.0.1/
http://１２７.0.0.1/
http://127。0。0。1/
http:127.0.0.1/
http:\\127.0.0.1\
";

#[test]
fn odd_urls_are_refused_whatever_the_settings() {
    for text in NEVER.lines() {
        for reach in [Reach::default(), Reach::with_private_networks()] {
            let error = check_url(text, &reach).unwrap_err();
            assert_eq!(error.code(), ErrorCode::BadUrl, "{text}: {error:?}");
            assert!(!error.failure().message.contains("secret"));
        }
    }
    let long = format!("http://example.org/{}", "x".repeat(fetch::MAX_URL_LENGTH));
    assert_eq!(check_url(&long, &Reach::default()).unwrap_err().code(), ErrorCode::BadUrl);
}

#[test]
fn localhost_and_ports_off_the_list_need_the_setting() {
    let cases = [
        ("http://localhost/", ErrorCode::NotPublic),
        ("http://LOCALHOST./", ErrorCode::NotPublic),
        ("http://feeds.localhost:8080/", ErrorCode::NotPublic),
        ("http://example.org:22/", ErrorCode::BadUrl),
        ("https://example.org:6379/", ErrorCode::BadUrl),
        ("http://example.org:0/", ErrorCode::BadUrl),
    ];
    for (url, expected) in cases {
        assert_eq!(check_url(url, &Reach::default()).unwrap_err().code(), expected, "{url}");
        assert!(check_url(url, &Reach::with_private_networks()).is_ok(), "{url}");
    }
    for port in ["", ":80", ":443", ":8080", ":8443"] {
        assert!(check_url(&format!("http://example.org{port}/"), &Reach::default()).is_ok());
    }
}

#[test]
fn a_url_is_left_as_it_is_except_for_its_fragment() {
    for (text, expected) in [
        ("https://Example.ORG/Feed?b=2&a=1&&x=%7e#top", "https://example.org/Feed?b=2&a=1&&x=%7e"),
        ("http://example.org:80", "http://example.org/"),
        ("http://example.org./a//b/", "http://example.org./a//b/"),
        ("https://bücher.example/é", "https://xn--bcher-kva.example/%C3%A9"),
    ] {
        assert_eq!(check_url(text, &Reach::default()).unwrap().as_str(), expected);
    }
}

#[test]
fn urls_that_differ_in_spelling_only_have_one_normal_form() {
    let form = |text: &str| normalise(&check_url(text, &Reach::default()).unwrap());
    for same in ["http://example.org/f", "HTTP://EXAMPLE.org/f", "http://example.org:80/f", "http://example.org./f#x"] {
        assert_eq!(form(same), "http://example.org/f");
        assert_eq!(host_key(&Url::parse(same).unwrap()), "example.org");
    }
    for other in [
        "https://example.org/f",
        "http://example.org/F",
        "http://example.org/f/",
        "http://example.org/f?",
        "http://example.org:8080/f",
    ] {
        assert_ne!(form(other), "http://example.org/f");
    }
}

proptest! {
    #[test]
    fn what_passes_the_check_passes_it_again_unchanged(
        text in prop_oneof![
            any::<String>(),
            "[hH]ttps?:[/\\\\]{0,3}[a-z0-9.%@:\\[\\]]{0,20}[/?#]?[ -~]{0,20}",
            "https?://[0-9a-fx.]{1,16}(:[0-9]{1,5})?/\\PC{0,9}",
        ],
        private in any::<bool>(),
    ) {
        let reach = Reach { allow_private_networks: private, ..Reach::default() };
        if let Ok(url) = check_url(&text, &reach) {
            prop_assert_eq!(&check_url(url.as_str(), &reach).unwrap(), &url);
            prop_assert!(url.fragment().is_none() && url.username().is_empty());
            let normal = normalise(&url);
            let again = Url::parse(&normal).unwrap();
            prop_assert_eq!(normalise(&again), normal);
        }
    }
}
