//! How a polite fetcher behaves, rule by rule, as a publisher's server sees it.

mod support;

use std::time::Duration;

use bytes::Bytes;
use domain::response::Validators;
use origin::{Gate, Origin, Reply};
use support::*;

#[tokio::test]
async fn only_a_fetch_without_validators_is_unconditional() {
    let origin = Origin::start().await.unwrap();
    origin.on("/feed", |seen| Reply::unless_known(seen, "\"v1\"", Reply::ok("<rss/>")));
    let (fetcher, url) = (fetcher(), origin.url("/feed"));
    let first = get(&fetcher, &url).await.unwrap();
    let second = fetcher.get(&request(&url, &first.validators)).await.unwrap();
    // As after a restart: another fetcher, the validators from the store.
    let third = support::fetcher().get(&request(&url, &first.validators)).await.unwrap();
    assert_eq!([first.status, second.status, third.status], [200, 304, 304]);
    let conditional: Vec<bool> = origin.requests("/feed").iter().map(|seen| seen.is_conditional()).collect();
    assert_eq!(conditional, [false, true, true]);
    assert!(second.body.is_empty());
}

#[tokio::test]
async fn validators_come_back_byte_for_byte() {
    let pairs: [(&[u8], &[u8]); 6] = [
        (b"\"plain\"", b"Thu, 01 Jan 2026 12:00:00 GMT"),
        (b"W/\"weak\"", b"Thu, 1 Jan 2026 12:00:00 +0000"),
        (b"unquoted", b"2026-01-01 12:00:00"),
        (b"\"a,b;c\\\" d'\"", b"yesterday, about noon"),
        (b"\"gzip-\xe9\xff\"", b"\xe9t\xe9"),
        (b"w/\"\"", b"0"),
    ];
    for (etag, date) in pairs {
        let origin = Origin::start().await.unwrap();
        origin.script(
            "/feed",
            [Reply::ok("x").header("ETag", etag).header("Last-Modified", date), Reply::not_modified()],
        );
        let (fetcher, url) = (fetcher(), origin.url("/feed"));
        let first = get(&fetcher, &url).await.unwrap();
        assert_eq!(first.validators, validators(Some(etag), Some(date)));
        // Through the store and back.
        let second = fetcher.get(&request(&url, &first.validators)).await.unwrap();
        assert_eq!(second.status, 304);
        let seen = &origin.requests("/feed")[1];
        assert_eq!(seen.header("if-none-match"), Some(etag));
        assert_eq!(seen.header("if-modified-since"), Some(date));
        assert_eq!((seen.count("if-none-match"), seen.count("if-modified-since")), (1, 1));
    }
}

#[tokio::test]
async fn an_answer_tells_its_own_validators_and_invents_none() {
    let origin = Origin::start().await.unwrap();
    origin.script(
        "/feed",
        [
            Reply::ok("x").header("etag", "\"1\"").header("last-modified", "today"),
            Reply::ok("y").header("etag", "\"2\""),
            Reply::ok("z"),
            Reply::not_modified().header("etag", "\"3\""),
            Reply::not_modified(),
        ],
    );
    let (fetcher, url) = (fetcher(), origin.url("/feed"));
    let expected = [
        validators(Some(b"\"1\""), Some(b"today")),
        validators(Some(b"\"2\""), None),
        NONE,
        validators(Some(b"\"3\""), None),
        NONE,
    ];
    let mut known = Validators::default();
    for expected in expected {
        let response = fetcher.get(&request(&url, &known)).await.unwrap();
        assert_eq!(response.validators, expected);
        known = response.validators;
    }
    // What is absent is not sent either.
    let last = origin.requests("/feed").pop().unwrap();
    assert_eq!((last.header("if-none-match"), last.header("if-modified-since")), (Some(&b"\"3\""[..]), None));
}

#[tokio::test]
async fn freshness_is_read_from_200_and_304_and_cannot_stop_conditional_polls() {
    let date = ("date", "Thu, 01 Jan 2026 11:00:00 GMT");
    type Case<'a> = (&'a [(&'a str, &'a str)], Option<u64>);
    let cases: [Case<'_>; 7] = [
        (&[("cache-control", "max-age=7200"), ("age", "200")], Some(7000)),
        (&[("expires", "Thu, 01 Jan 2026 14:00:00 GMT"), date], Some(3 * 3600)),
        (&[("expires", "0"), date], None),
        (&[("cache-control", "no-cache, max-age=7200")], None),
        (&[("cache-control", "no-store")], None),
        (&[("cache-control", "s-maxage=7200")], None),
        (&[], None),
    ];
    let fetcher = fetcher();
    for (headers, expected) in cases {
        for status in [200, 304] {
            let origin = Origin::start().await.unwrap();
            let reply = headers.iter().fold(Reply::status(status), |reply, (name, value)| reply.header(name, value));
            origin.always("/feed", reply);
            let response = get(&fetcher, &origin.url("/feed")).await.unwrap();
            assert_eq!(response.fresh_for, expected.map(Duration::from_secs), "{status} {headers:?}");
        }
    }
}

#[tokio::test]
async fn retry_after_is_understood_on_every_status_and_nothing_is_retried_at_once() {
    let fetcher = fetcher();
    for status in [429, 503, 403, 200] {
        for (value, seconds) in [("120", 120), ("432000", 432_000), ("Sun, 04 Jan 2026 12:00:00 GMT", 3 * 86_400)] {
            let origin = Origin::start().await.unwrap();
            origin.always("/feed", Reply::status(status).header("retry-after", value).body("go away"));
            let response = get(&fetcher, &origin.url("/feed")).await.unwrap();
            assert_eq!(response.status, status);
            assert_eq!(response.retry_after, Some(Duration::from_secs(seconds)), "{status} {value}");
            assert_eq!(origin.all_requests().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_failed_connection_is_not_retried_at_once() {
    for reply in [Reply::raw(""), Reply::raw("HTTP/1.1 200"), Reply::ok("abc").truncated(1)] {
        let origin = Origin::start().await.unwrap();
        origin.always("/feed", reply);
        assert!(get(&fetcher(), &origin.url("/feed")).await.is_err());
        assert_eq!(origin.all_requests().len(), 1);
    }
}

#[tokio::test]
async fn compression_is_asked_for_and_understood() {
    let origin = Origin::start().await.unwrap();
    let feed = "<rss version='2.0'/>".repeat(500);
    let (gz, br) = (gzip(feed.as_bytes()).await, brotli(feed.as_bytes()).await);
    let two_members = [gz.clone(), gz.clone()].concat();
    let cases = [
        ("gzip", gz.clone(), feed.clone()),
        ("x-gzip", gz.clone(), feed.clone()),
        ("gzip", two_members, feed.repeat(2)),
        ("br", br, feed.clone()),
        ("identity", feed.clone().into_bytes(), feed.clone()),
        ("utf-8", feed.clone().into_bytes(), feed.clone()),
        ("gzip", Vec::new(), String::new()),
    ];
    let fetcher = fetcher();
    for (coding, wire, expected) in cases {
        let length = wire.len() as u64;
        origin.always("/feed", Reply::ok(wire).header("content-encoding", coding));
        let response = get(&fetcher, &origin.url("/feed")).await.unwrap();
        assert_eq!(response.body, expected.as_bytes(), "{coding}");
        assert_eq!(response.wire_bytes, length, "{coding}");
    }
    assert_eq!(origin.all_requests()[0].header_text("accept-encoding"), Some("gzip, br"));
}

#[tokio::test]
async fn accept_lists_the_feed_types() {
    let origin = Origin::start().await.unwrap();
    origin.always("/feed", Reply::ok("x"));
    get(&fetcher(), &origin.url("/feed")).await.unwrap();
    let seen = origin.all_requests().remove(0);
    let accept = seen.header_text("accept").unwrap();
    for kind in ["application/atom+xml", "application/rss+xml", "application/feed+json", "text/xml", "*/*"] {
        assert!(accept.contains(kind), "{accept}");
    }
}

#[tokio::test]
async fn connections_are_reused_whatever_the_answer() {
    let origin = Origin::start().await.unwrap();
    origin.always("/moved", Reply::redirect(301, "/feed").body("<p>moved</p>"));
    origin.always("/feed", Reply::ok("x"));
    origin.always("/same", Reply::not_modified());
    // Its body comes in packets of its own, after the head.
    let open = Gate::new();
    open.open();
    origin.always(
        "/gone",
        Reply::drip([Bytes::from_static(b"<p>gone"), Bytes::from_static(b"</p>")], &open).with_status(410),
    );
    let fetcher = fetcher();
    for path in ["/feed", "/moved", "/same", "/gone", "/busy", "/feed"] {
        get(&fetcher, &origin.url(path)).await.unwrap();
    }
    assert_eq!(origin.connections(), 1);
    assert_eq!(origin.all_requests().len(), 7);
}

#[tokio::test]
async fn the_user_agent_is_honest_and_always_the_same() {
    let origin = Origin::start().await.unwrap();
    origin.always("/moved", Reply::redirect(302, "/feed"));
    origin.always("/feed", Reply::status(403));
    let fetcher = fetcher();
    for path in ["/moved", "/feed"] {
        get(&fetcher, &origin.url(path)).await.unwrap();
    }
    let agent = "Feedmill/1.2.3 (+https://feedmill.example/about; 3 subscribers; source 3kTMd9aZ)";
    for seen in origin.all_requests() {
        assert_eq!(seen.header_text("user-agent"), Some(agent));
    }
}

#[tokio::test]
async fn the_url_is_untouched_and_nothing_but_the_necessary_is_sent() {
    let origin = Origin::start().await.unwrap();
    origin.always("/feed", Reply::redirect(302, "/there?b=2&a=1#part").header("set-cookie", "id=1"));
    origin.always("/there", Reply::ok("x").header("set-cookie", "id=2"));
    let (fetcher, url) = (fetcher(), origin.url("/feed?z=%7e&a=b+c&&=#top"));
    let response = get(&fetcher, &url).await.unwrap();
    get(&fetcher, &url).await.unwrap();
    assert_eq!(response.final_url, origin.url("/there?b=2&a=1"));
    let seen = origin.all_requests();
    let targets: Vec<&str> = seen.iter().map(|seen| seen.target.as_str()).collect();
    assert_eq!(targets, ["/feed?z=%7e&a=b+c&&=", "/there?b=2&a=1", "/feed?z=%7e&a=b+c&&=", "/there?b=2&a=1"]);
    for seen in seen {
        let mut names: Vec<String> = seen.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.sort();
        assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"]);
        assert_eq!(seen.method, "GET");
    }
}

#[tokio::test]
async fn one_host_is_never_asked_twice_at_once_and_others_do_not_wait() {
    let origin = Origin::start().await.unwrap();
    let gate = Gate::new();
    origin.always("/slow", Reply::ok("x").behind(&gate));
    origin.always("/quick", Reply::ok("x"));
    // A redirect stands in line like everyone else.
    let there = origin.url_at("a.localhost", "/quick");
    origin.on("/away", move |_| Reply::redirect(302, &there));
    let fetcher = fetcher();
    let slow = origin.url_at("a.localhost", "/slow");
    let same = origin.url_at("A.LocalHost.", "/quick");
    let away = origin.url_at("b.localhost", "/away");
    let queue = async { tokio::join!(get(&fetcher, &slow), get(&fetcher, &same), get(&fetcher, &away)) };
    let meanwhile = async {
        origin.wait_for("/slow", 1).await;
        origin.wait_for("/away", 1).await;
        get(&fetcher, &origin.url_at("c.localhost", "/quick")).await.unwrap();
        // The host that redirected is free again, though its redirect is still waiting.
        get(&fetcher, &origin.url_at("b.localhost", "/quick")).await.unwrap();
        assert_eq!(origin.requests("/quick").len(), 2);
        gate.open();
    };
    let ((slow, same, away), ()) = tokio::join!(queue, meanwhile);
    assert_eq!([slow.unwrap().status, same.unwrap().status, away.unwrap().status], [200; 3]);
    assert_eq!(origin.requests("/quick").len(), 4);
    assert_eq!(origin.most_at_once(&format!("a.localhost:{}", origin.address().port())), 1);
}

#[tokio::test]
async fn a_request_whose_host_is_not_free_in_time_is_not_sent() {
    let origin = Origin::start().await.unwrap();
    let gate = Gate::new();
    origin.always("/slow", Reply::ok("x").behind(&gate));
    let (fetcher, url) = (fetcher(), origin.url("/slow"));
    let late = async {
        origin.wait_for("/slow", 1).await;
        let start_by = Some(tokio::time::Instant::now() + Duration::from_millis(30));
        let refused = fetcher.get(&fetch::Request { start_by, ..request(&url, &NONE) }).await;
        gate.open();
        refused
    };
    let (first, late) = tokio::join!(get(&fetcher, &url), late);
    assert_eq!(first.unwrap().status, 200);
    assert!(matches!(late, Err(fetch::FetchError::NotStarted)), "{late:?}");
    assert_eq!(origin.all_requests().len(), 1);
}
