//! The origin does what its scripts say, seen from a bare socket.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use origin::{Gate, Origin, Reply};

/// Sends `request` on a connection of its own and reads until the origin closes or `until` bytes came.
async fn exchange(origin: &Origin, request: &'static str, until: Option<usize>) -> String {
    let address = origin.address();
    tokio::task::spawn_blocking(move || {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        match until {
            Some(bytes) => {
                answer.resize(bytes, 0);
                socket.read_exact(&mut answer).unwrap();
            }
            None => {
                socket.read_to_end(&mut answer).unwrap();
            }
        }
        String::from_utf8(answer).unwrap()
    })
    .await
    .unwrap()
}

const GET: &str = "GET /feed?x=1 HTTP/1.1\r\nHost: h:1\r\nX-Odd:  a  b \r\nx-odd: \"c\"\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_script_plays_its_replies_in_turn_and_repeats_the_last() {
    let origin = Origin::start().await.unwrap();
    origin.script("/feed", [Reply::ok("one").header("etag", "\"1\""), Reply::not_modified()]);
    let first = exchange(&origin, GET, None).await;
    assert_eq!(first, "HTTP/1.1 200 Scripted\r\netag: \"1\"\r\ncontent-length: 3\r\n\r\none");
    for _ in 0..2 {
        assert_eq!(exchange(&origin, GET, None).await, "HTTP/1.1 304 Scripted\r\n\r\n");
    }
    let elsewhere = exchange(&origin, "GET /other HTTP/1.1\r\nConnection: close\r\n\r\n", None).await;
    assert!(elsewhere.starts_with("HTTP/1.1 404 "), "{elsewhere}");
}

#[tokio::test]
async fn requests_are_recorded_byte_for_byte_and_in_order() {
    let origin = Origin::start().await.unwrap();
    exchange(&origin, GET, None).await;
    let [seen] = origin.requests("/feed").try_into().unwrap();
    assert_eq!((seen.method.as_str(), seen.target.as_str(), seen.query()), ("GET", "/feed?x=1", Some("x=1")));
    let lines: Vec<_> = seen.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    let expected: [(&str, &[u8]); 4] =
        [("Host", b"h:1"), ("X-Odd", b"a  b"), ("x-odd", b"\"c\""), ("Connection", b"close")];
    assert_eq!(lines, expected);
    assert_eq!((seen.count("X-ODD"), seen.connection), (2, 1));
}

#[tokio::test]
async fn bad_replies_are_as_bad_as_scripted() {
    let origin = Origin::start().await.unwrap();
    origin.script("/feed", [Reply::raw("220 smtp\r\n"), Reply::ok("abcdef").truncated(2)]);
    assert_eq!(exchange(&origin, GET, None).await, "220 smtp\r\n");
    assert!(exchange(&origin, GET, None).await.ends_with("content-length: 6\r\n\r\nab"));
    assert_eq!(origin.body_bytes("/feed"), 2);
}

#[tokio::test]
async fn a_gate_holds_replies_back_and_the_origin_knows_how_many_are_under_way() {
    let origin = Origin::start().await.unwrap();
    let gate = Gate::new();
    origin.always("/feed", Reply::ok("late").behind(&gate));
    let both = async { tokio::join!(exchange(&origin, GET, None), exchange(&origin, GET, None)) };
    let opener = async {
        origin.wait_for("/feed", 2).await;
        gate.open();
    };
    let ((one, two), ()) = tokio::join!(both, opener);
    assert!(one.ends_with("late") && two.ends_with("late"));
    assert_eq!((origin.most_at_once("h:1"), origin.connections()), (2, 2));
}

#[tokio::test]
async fn stopping_ends_what_would_never_end_by_itself() {
    let origin = Origin::start().await.unwrap();
    origin.always("/feed", Reply::ok("abcdef").stalled(3));
    let head = "HTTP/1.1 200 Scripted\r\ncontent-length: 6\r\n\r\n".len();
    assert!(exchange(&origin, GET, Some(head + 3)).await.ends_with("abc"));
    origin.stop().await;
}
