//! The secure way out: what a handshake offers, what is agreed on, and which certificates are refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests")]

mod server;
#[path = "../support/mod.rs"]
mod support;

use domain::failure::ErrorCode;
use fetch::Fetcher;
use hyper::Version;
use rustls::ProtocolVersion;
use server::{Authority, HOST, Identity, Server, Speech};
use support::*;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

const BOTH: Speech<'static> = Speech { protocols: &["h2", "http/1.1"], only_tls_1_2: false };

/// Asks a server that speaks like this twice, the second time conditionally.
async fn check_agreed(speech: Speech<'_>, version: Version, tls: ProtocolVersion) {
    let authority = Authority::new();
    let server = Server::start(authority.certificate(HOST, |_| {}), speech).await;
    let (fetcher, url) = (authority.fetcher(), server.url(HOST));
    let first = get(&fetcher, &url).await.unwrap();
    assert_eq!((first.status, &first.body[..], first.wire_bytes), (200, &b"<rss/>"[..], 6));
    let second = fetcher.get(&request(&url, &first.validators)).await.unwrap();
    assert_eq!(second.status, 304);
    let heard = server.heard();
    let expected: Vec<_> = heard.iter().map(|heard| (heard.version, heard.tls, heard.connection)).collect();
    assert_eq!(expected, [(version, tls, 1), (version, tls, 1)], "on one connection");
    assert_eq!(heard[1].if_none_match.as_deref(), Some(&b"W/\"one\""[..]), "byte for byte");
}

#[tokio::test]
async fn http_2_is_agreed_on_where_the_server_speaks_it() {
    check_agreed(BOTH, Version::HTTP_2, ProtocolVersion::TLSv1_3).await;
}

#[tokio::test]
async fn a_server_that_speaks_only_http_1_1_or_names_no_protocol_is_asked_in_http_1_1() {
    for protocols in [&["http/1.1"][..], &[]] {
        let speech = Speech { protocols, only_tls_1_2: false };
        check_agreed(speech, Version::HTTP_11, ProtocolVersion::TLSv1_3).await;
    }
}

#[tokio::test]
async fn a_server_of_tls_1_2_is_understood() {
    check_agreed(Speech { only_tls_1_2: true, ..BOTH }, Version::HTTP_2, ProtocolVersion::TLSv1_2).await;
}

async fn check_refused(why: &str, fetcher: &Fetcher, identity: Identity) {
    let server = Server::start(identity, BOTH).await;
    let Err(error) = get(fetcher, &server.url(HOST)).await else { panic!("{why} is trusted") };
    assert_eq!(error.code(), ErrorCode::Tls, "{why}");
    let message = error.failure().message;
    assert!(message.contains("certificate") && !message.contains("localhost"), "{message}");
    assert!(server.heard().is_empty(), "nothing is asked of {why}");
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_is_refused() {
    let authority = Authority::new();
    let fetcher = authority.fetcher();
    let good = Server::start(authority.certificate(HOST, |_| {}), BOTH).await;
    assert_eq!(code(&fetcher, &good.url(HOST)).await, Ok(200), "there is nothing else to refuse");
    let year = rcgen::date_time_ymd;
    let expired = authority.certificate(HOST, |params| params.not_after = year(2020, 1, 1));
    check_refused("an expired certificate", &fetcher, expired).await;
    let early = authority.certificate(HOST, |params| params.not_before = year(2999, 1, 1));
    check_refused("a certificate of the future", &fetcher, early).await;
    let other = authority.certificate("elsewhere.localhost", |_| {});
    check_refused("a certificate of another name", &fetcher, other).await;
    let stranger = Authority::new().certificate(HOST, |_| {});
    check_refused("a stranger's certificate", &fetcher, stranger).await;
}

#[tokio::test]
async fn without_being_told_only_the_webs_authorities_are_trusted() {
    let private = Authority::new().certificate(HOST, |_| {});
    check_refused("a private authority's certificate", &fetcher(), private).await;
}

#[test]
fn an_authority_that_is_no_certificate_is_refused() {
    assert!(Fetcher::trusting(settings(), noon(), b"not a certificate").is_err());
}

#[tokio::test]
async fn x25519_is_offered_first_with_its_key_share_in_one_packet() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{HOST}:{}/", listener.local_addr().unwrap().port());
    let (fetcher, server) = (fetcher(), async {
        let (mut socket, _) = listener.accept().await.unwrap();
        record(&mut socket).await
    });
    let (answer, hello) = tokio::join!(code(&fetcher, &url), server);
    assert!(answer.is_err(), "nobody answered");
    // RFC 8446 §4.2.7: X25519, then secp256r1 and secp384r1.
    assert_eq!(extension(&hello, 10), [0, 6, 0, 0x1d, 0, 0x17, 0, 0x18]);
    // §4.2.8: the length of all shares, the group, the length of its key; one share alone.
    let share = extension(&hello, 51);
    assert_eq!((&share[..6], share.len()), (&[0, 36, 0, 0x1d, 0, 32][..], 38));
    // RFC 7301: HTTP/2 before HTTP/1.1.
    assert_eq!(extension(&hello, 16), b"\0\x0c\x02h2\x08http/1.1");
    assert!(hello.len() < 1_200, "{} bytes", hello.len());
}

/// The first record of a connection, without its header (RFC 8446 §5.1).
async fn record(socket: &mut tokio::net::TcpStream) -> Vec<u8> {
    let mut header = [0; 5];
    socket.read_exact(&mut header).await.unwrap();
    assert_eq!(header[0], 22, "a handshake record");
    let mut record = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
    socket.read_exact(&mut record).await.unwrap();
    record
}

/// What a ClientHello says in the extension of this type (RFC 8446 §4.1.2 and §4.2).
fn extension(hello: &[u8], wanted: usize) -> Vec<u8> {
    let number = |at: usize| usize::from(u16::from_be_bytes([hello[at], hello[at + 1]]));
    assert_eq!(hello[0], 1, "a ClientHello");
    // Type and length, version, random, session id, cipher suites, compression methods, length of all extensions.
    let mut at = 4 + 2 + 32;
    at += 1 + usize::from(hello[at]);
    at += 2 + number(at);
    at += 1 + usize::from(hello[at]);
    at += 2;
    while at < hello.len() {
        let (found, length) = (number(at), number(at + 2));
        if found == wanted {
            return hello[at + 4..at + 4 + length].to_vec();
        }
        at += 4 + length;
    }
    panic!("no extension {wanted}");
}
