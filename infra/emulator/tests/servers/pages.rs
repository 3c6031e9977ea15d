//! What is refused because a web page may have sent it, and what is no request at all.

use crate::clients;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const LIST_TABLES: [&str; 2] =
    ["Content-Type: application/x-amz-json-1.0", "X-Amz-Target: DynamoDB_20120810.ListTables"];

/// Sends a request to the server at `address`, with `{}` as the body, and gives the whole answer.
async fn ask(address: &str, request: &str, headers: &[&str]) -> String {
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let headers = headers.join("\r\n");
    let text = format!("{request} HTTP/1.1\r\nContent-Length: 2\r\nConnection: close\r\n{headers}\r\n\r\n{{}}");
    socket.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

fn check(answer: &str, status: u16, why: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{why}: {answer}");
    assert!(!answer.to_lowercase().contains("access-control-"), "no page is let in: {answer}");
}

#[tokio::test]
async fn a_web_page_gets_nothing_from_any_server() {
    let (emulator, _) = clients::in_memory().await;
    let ends = emulator.endpoints();
    for url in [&ends.dynamodb, &ends.sqs, &ends.s3] {
        let address = url.strip_prefix("http://").unwrap();
        let own = format!("Host: {address}");
        for method in ["GET /", "POST /", "OPTIONS /"] {
            for origin in ["https://page.test", "null", "http://localhost:4180"] {
                let origin = format!("Origin: {origin}");
                let headers = [&[own.as_str(), &origin, "Access-Control-Request-Method: POST"], &LIST_TABLES[..]];
                let answer = ask(address, method, &headers.concat()).await;
                check(&answer, 403, &format!("{method} {origin}"));
            }
            for host in ["page.test", "localhost.page.test:1", "127.0.0.1.page.test", "192.168.0.2", "[::2]:80", ""] {
                let host = format!("Host: {host}");
                let headers = [&[host.as_str()], &LIST_TABLES[..]].concat();
                check(&ask(address, method, &headers).await, 403, &format!("{method} {host}"));
            }
        }
    }
    emulator.shutdown().await;
}

#[tokio::test]
async fn the_machines_own_programs_are_answered_under_each_of_its_names() {
    let (emulator, _) = clients::in_memory().await;
    let address = emulator.endpoints().dynamodb.strip_prefix("http://").unwrap().to_owned();
    for host in [&address, "localhost", "LocalHost:80", "[::1]:80", "127.8.9.1"] {
        let host = format!("Host: {host}");
        let answer = ask(&address, "POST /", &[&[host.as_str()], &LIST_TABLES[..]].concat()).await;
        check(&answer, 200, &host);
        assert!(answer.ends_with(r#"{"TableNames":[]}"#), "{answer}");
    }
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_request_that_is_none_is_told_so_in_dynamodbs_types() {
    let (emulator, _) = clients::in_memory().await;
    let address = emulator.endpoints().dynamodb.strip_prefix("http://").unwrap().to_owned();
    let cases = [
        ("POST /", "DynamoDB_20120810.PutItem", 400, "validate#ValidationException"),
        ("POST /", "DynamoDB_20120810.RestoreTableToPointInTime", 400, "service#UnknownOperationException"),
        ("POST /", "DynamoDB_20111205.ListTables", 400, "service#UnknownOperationException"),
        ("POST /", "", 400, "service#UnknownOperationException"),
        ("GET /", "DynamoDB_20120810.ListTables", 405, ""),
        ("POST /elsewhere", "DynamoDB_20120810.ListTables", 404, ""),
    ];
    for (request, target, status, kind) in cases {
        let target = format!("X-Amz-Target: {target}");
        let answer = ask(&address, request, &["Host: localhost", &target]).await;
        check(&answer, status, &target);
        assert!(answer.contains(kind), "{answer}");
    }
    emulator.shutdown().await;
}
