//! What must never be reached: the guard against server-side request forgery, for every way there is to name an address.

mod support;

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::failure::ErrorCode;
use fetch::{Answer, FetchError, Reach, check_url, is_public};
use origin::{Origin, Reply};
use support::*;

/// Both ends of every range that is refused.
const REFUSED: &str = "
    0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.100.100.200 100.127.255.255 127.0.0.1
    127.255.255.255 168.63.129.16 169.254.0.0 169.254.169.254 169.254.255.255 172.16.0.0 172.31.255.255 192.0.0.0
    192.0.0.255 192.0.2.1 192.88.99.1 192.168.0.0 192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.1 203.0.113.1
    224.0.0.0 239.255.255.255 240.0.0.0 255.255.255.255 :: ::1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:8.8.8.8
    64:ff9b::8.8.8.8 64:ff9b:1::1 100::1 2001::1 2001:0:ffff::1 2001:20::1 2001:1ff:ffff::1 2001:db8::1 2002::1
    2002:7f00:1:: 2002:ffff::1 3fff::1 3fff:fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254 fdff::1 fe80::1 febf::1
    fec0::1 ff02::1 ffff::1
";

/// The neighbours of those ranges, and some that everyone knows.
const PUBLIC_ONES: &str = "
    1.0.0.0 8.8.8.8 9.255.255.255 11.0.0.0 93.184.216.34 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
    168.63.129.15 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0
    192.88.98.1 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.1 203.0.112.1 223.255.255.255
    2000::1 2001:200::1 2001:4860:4860::8888 2001:db7::1 2001:db9::1 2003::1 2606:4700::1111 2a00::1 3ffe::1
    3fff:1000::1
";

/// `[::1]` or `127.0.0.1`.
fn in_url(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

#[test]
fn every_reserved_range_is_refused_and_its_neighbours_are_not() {
    for text in REFUSED.split_whitespace() {
        assert!(!is_public(ip(text)), "{text}");
        let url = format!("http://{}/feed", in_url(ip(text)));
        let error = check_url(&url, &Reach::default()).unwrap_err();
        assert!(matches!(error, FetchError::NotPublic { ip: Some(_), .. }), "{url}: {error:?}");
        assert!(check_url(&url, &Reach::with_private_networks()).is_ok(), "{url}");
    }
    for text in PUBLIC_ONES.split_whitespace() {
        assert!(is_public(ip(text)), "{text}");
        assert!(check_url(&format!("http://{}/", in_url(ip(text))), &Reach::default()).is_ok(), "{text}");
    }
}

#[tokio::test]
async fn a_name_is_judged_by_its_addresses_where_the_socket_connects() {
    let origin = Origin::start().await.unwrap();
    let port = origin.address().port();
    origin.always("/feed", Reply::ok("x"));
    for text in REFUSED.split_whitespace() {
        let fetcher = guarded(&origin, |_| vec![ip(text).into()]);
        let error = get(&fetcher, &format!("http://feeds.example:{port}/feed")).await.unwrap_err();
        assert!(matches!(error, FetchError::NotPublic { ip: Some(_), .. }), "{text}: {error:?}");
    }
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn private_addresses_among_public_ones_are_left_out() {
    let origin = Origin::start().await.unwrap();
    origin.always("/feed", Reply::ok("x"));
    // The private address would answer too: nothing listens at the stand-in of the public one, so nothing answers.
    let nothing = Answer { address: ip(PUBLIC), stand_in: Some(ip("127.0.0.9")) };
    let fetcher = guarded(&origin, move |_| vec![ip("127.0.0.1").into(), nothing]);
    let url = format!("http://feeds.example:{}/feed", origin.address().port());
    assert_eq!(code(&fetcher, &url).await, Err(ErrorCode::Connect));
    assert_eq!(origin.connections(), 0);
    let mixed = guarded(&origin, |_| [vec![ip("10.0.0.1").into()], public()].concat());
    assert_eq!(code(&mixed, &url).await, Ok(200));
}

#[tokio::test]
async fn a_name_that_turns_private_later_is_refused_then() {
    let origin = Origin::start().await.unwrap();
    origin.always("/feed", Reply::ok("x").close());
    let lookups = AtomicUsize::new(0);
    let fetcher = guarded(&origin, move |_| match lookups.fetch_add(1, Ordering::Relaxed) {
        0 => public(),
        _ => vec![ip("127.0.0.1").into()],
    });
    let url = format!("http://feeds.example:{}/feed", origin.address().port());
    assert_eq!(code(&fetcher, &url).await, Ok(200));
    assert_eq!(code(&fetcher, &url).await, Err(ErrorCode::NotPublic));
    assert_eq!(origin.connections(), 1);
}

#[tokio::test]
async fn every_hop_is_judged_like_the_first() {
    let origin = Origin::start().await.unwrap();
    let port = origin.address().port();
    let fetcher = guarded(&origin, |name| match name {
        "feeds.example" | "other.example" => public(),
        "inside.example" => vec![ip("10.1.2.3").into()],
        _ => Vec::new(),
    });
    let mut cases: Vec<(String, ErrorCode)> = vec![
        (format!("http://inside.example:{port}/secret"), ErrorCode::NotPublic),
        (format!("//inside.example:{port}/secret"), ErrorCode::NotPublic),
        (format!("http://localhost:{port}/secret"), ErrorCode::NotPublic),
        ("http://other.example:6379/".to_owned(), ErrorCode::BadUrl),
        ("//127.1/".to_owned(), ErrorCode::BadUrl),
        ("https://nowhere.example/".to_owned(), ErrorCode::Dns),
    ];
    cases.extend(
        REFUSED
            .split_whitespace()
            .map(|text| (format!("http://{}:{port}/secret", in_url(ip(text))), ErrorCode::NotPublic)),
    );
    for refused in [
        "file:///etc/passwd",
        "ftp://other.example/",
        "gopher://other.example/",
        "data:text/xml,<rss/>",
        "http://u:p@other.example/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://134744072/",
        "http://%31%32%37.0.0.1/",
        "http://[",
    ] {
        cases.push((refused.to_owned(), ErrorCode::BadUrl));
    }
    for (target, expected) in cases {
        origin.always("/feed", Reply::redirect(301, &target));
        let got = code(&fetcher, &format!("http://feeds.example:{port}/feed")).await;
        assert_eq!(got, Err(expected), "{target}");
    }
    assert_eq!(origin.requests("/secret").len(), 0);
    origin.always("/feed", Reply::redirect(301, format!("http://other.example:{port}/there")));
    assert_eq!(code(&fetcher, &format!("http://feeds.example:{port}/feed")).await, Ok(404));
}

#[tokio::test]
async fn the_setting_for_private_networks_lifts_only_addresses_and_ports() {
    let origin = Origin::start().await.unwrap();
    let fetcher = fetcher();
    origin.always("/here", Reply::ok("x"));
    assert_eq!(code(&fetcher, &origin.url("/here")).await, Ok(200));
    for target in ["file:///etc/passwd", "http://u:p@127.0.0.1/", "http://2130706433/", "ftp://127.0.0.1/"] {
        origin.always("/feed", Reply::redirect(301, target));
        assert_eq!(code(&fetcher, &origin.url("/feed")).await, Err(ErrorCode::BadUrl), "{target}");
    }
}
