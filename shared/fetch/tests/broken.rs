//! What goes wrong on the way has its own code, and is told without repeating what an origin sent.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::sync::Arc;

use domain::failure::ErrorCode;
use fetch::{Fetcher, Lookup, Settings};
use origin::{Origin, Reply};
use support::*;

#[tokio::test]
async fn broken_compression_breaks_the_protocol() {
    let fetcher = fetcher();
    let (gz, br) = (gzip(&noise(5_000)).await, brotli(&noise(5_000)).await);
    let mut flipped = gz.clone();
    let last = flipped.len() - 6;
    flipped[last] ^= 1;
    for (coding, body) in [
        ("gzip", gz[..gz.len() - 1].to_vec()),
        ("gzip", gz[..gz.len() / 2].to_vec()),
        ("gzip", gz[..5].to_vec()),
        ("gzip", flipped),
        ("gzip", noise(500)),
        ("br", br[..br.len() - 1].to_vec()),
        ("br", br[..br.len() / 2].to_vec()),
        ("deflate", noise(500)),
        ("gzip, br", gz.clone()),
    ] {
        check(&fetcher, Reply::ok(body).header("content-encoding", coding), Err(ErrorCode::Protocol)).await;
    }
}

#[tokio::test]
async fn a_broken_answer_breaks_the_protocol() {
    let fetcher = fetcher();
    for reply in [
        Reply::raw("220 mail.example ESMTP\r\n"),
        Reply::raw("\0\u{1}\u{2}"),
        Reply::raw(""),
        Reply::raw("HTTP/1.1 200 OK\r\ncontent-length: 5"),
        Reply::raw("HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\nx"),
        Reply::raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab"),
        Reply::ok("abcdef").truncated(3),
    ] {
        check(&fetcher, reply, Err(ErrorCode::Protocol)).await;
    }
}

#[tokio::test]
async fn what_keeps_a_connection_from_being_made_has_its_own_code() {
    let fetcher = fetcher();
    let origin = Origin::start().await.unwrap();
    assert_eq!(plain_text_over_tls().await, Err(ErrorCode::Tls));
    let gone = origin.url("/feed");
    origin.stop().await;
    assert_eq!(code(&fetcher, &gone).await, Err(ErrorCode::Connect));
    let nowhere = Settings { lookup: Lookup::Scripted(Arc::new(|_| Vec::new())), ..settings() };
    let nowhere = Fetcher::new(nowhere, noon()).unwrap();
    assert_eq!(code(&nowhere, "http://nowhere.example/").await, Err(ErrorCode::Dns));
}

/// A server that answers a TLS hello in plain text.
async fn plain_text_over_tls() -> Result<u16, ErrorCode> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://127.0.0.1:{}/", listener.local_addr().unwrap().port());
    let fetcher = fetcher();
    let server = async {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut hello = [0; 5];
        socket.read_exact(&mut hello).await.unwrap();
        assert_eq!(hello[0], 22, "a TLS handshake record");
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        socket
    };
    let (answer, _socket) = tokio::join!(code(&fetcher, &url), server);
    answer
}

#[tokio::test]
async fn what_people_read_repeats_nothing_that_an_origin_sent() {
    let origin = Origin::start().await.unwrap();
    let fetcher = fetcher();
    for reply in [
        Reply::redirect(301, "http://u:p@marker.example/marker"),
        Reply::redirect(301, "marker:marker"),
        Reply::redirect(301, "http://marker.example:1/\"<marker>"),
        Reply::raw("marker\r\n\r\n"),
        Reply::ok("marker").header("content-encoding", "gzip"),
        Reply::ok("x").header("content-encoding", "br, marker"),
    ] {
        origin.always("/feed", reply);
        let url = origin.url("/feed?secret");
        let Err(error) = get(&fetcher, &url).await else { panic!("an error") };
        let message = error.failure().message;
        assert!(!message.contains("marker") && !message.contains("secret"), "{message}");
        let mut chain = format!("{error}");
        let mut next = std::error::Error::source(&error);
        while let Some(cause) = next {
            chain += &format!(": {cause}");
            next = cause.source();
        }
        assert!(!chain.contains("secret") && !chain.contains('<'), "{chain}");
    }
}
