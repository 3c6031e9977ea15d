//! The program as a process: how it ends when it is asked to, what the demo shows, what a follower sees.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::world::PATIENCE;

/// A process that does not outlive its test.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(args: &[&str], data: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_feedmill"));
        command.args(args).arg("--data").arg(data).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// Asks it to end, as a terminal or an init system does.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.0.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Its exit code and all that it still printed, once it has ended.
    pub(crate) async fn end(mut self) -> (Option<i32>, String) {
        let (mut out, mut child) = (self.0.stdout.take(), self.0);
        let ended = tokio::task::spawn_blocking(move || {
            let mut text = String::new();
            if let Some(out) = &mut out {
                out.read_to_string(&mut text).unwrap();
            }
            (child.wait().unwrap().code(), text)
        });
        tokio::time::timeout(PATIENCE, ended).await.unwrap().unwrap()
    }
}

/// The next line that it prints, and not a byte more.
pub(crate) async fn line(running: &mut Running) -> String {
    let mut out = running.0.stdout.take().unwrap();
    let read = tokio::task::spawn_blocking(move || {
        let (mut line, mut byte) = (Vec::new(), [0]);
        while byte != *b"\n" && out.read(&mut byte).unwrap() == 1 {
            line.push(byte[0]);
        }
        (String::from_utf8(line).unwrap(), out)
    });
    let (line, out) = tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
    running.0.stdout = Some(out);
    line
}

#[tokio::test]
async fn asked_to_end_it_ends_in_order_and_starts_again() {
    let data = tempfile::tempdir().unwrap();
    for signal in ["-TERM", "-INT"] {
        let mut running = Running::start(&["up", "--listen", "127.0.0.1:0"], data.path());
        assert!(line(&mut running).await.contains("Feedmill runs"), "{signal}");
        assert!(data.path().join("server.json").exists());
        running.signal(signal);
        let (code, _) = running.end().await;
        assert_eq!(code, Some(0), "{signal}");
        assert!(!data.path().join("server.json").exists(), "{signal}: the others are told that nothing runs");
    }
}

#[tokio::test]
async fn emulate_prints_what_cargo_lambda_needs() {
    let data = tempfile::tempdir().unwrap();
    let mut running = Running::start(&["emulate", "--port", "0"], data.path());
    let first = line(&mut running).await;
    assert!(first.starts_with("export AWS_ENDPOINT_URL='http://127.0.0.1:"), "{first}");
    running.signal("-TERM");
    let (code, rest) = running.end().await;
    assert_eq!(code, Some(0));
    for name in ["FEEDMILL_FETCH_QUEUE_URL", "FEEDMILL_BUCKET", "FEEDMILL_KEY_FILE", "AWS_REGION"] {
        assert!(rest.contains(&format!("export {name}=")), "{name}: {rest}");
    }
}

#[tokio::test]
async fn the_demo_shows_posts_arriving_and_trouble_with_its_reason() {
    let data = tempfile::tempdir().unwrap();
    let (code, out) = Running::start(&["demo", "--seconds", "12"], data.path()).end().await;
    assert_eq!(code, Some(0), "{out}");
    let source = |name: &str| {
        let added = out.lines().find(|line| line.contains(&format!("  http://{name}.localhost:"))).unwrap();
        added.split_once("  ").unwrap().0
    };
    let lines = |name: &str| -> Vec<&str> {
        let id = format!("  {}  ", source(name));
        out.lines().filter(|line| line.contains(&id)).collect()
    };
    // Jobs are told of while they are in hand, and at their end. Whether a certain one is still met as QUEUED is a matter of speed.
    assert!(out.lines().any(|line| line.contains("  QUEUED  http://")), "{out}");
    let slow: Vec<_> = lines("slow").into_iter().filter(|line| !line.contains("  QUEUED  http://")).collect();
    assert_eq!(slow.len(), 2, "{out}");
    assert!(slow[0].contains("  QUEUED → ONGOING  http://slow.localhost:"), "{slow:?}");
    assert!(slow[1].contains("  QUEUED → ONGOING → COMPLETED  The slow feed  2 new posts  in "), "{slow:?}");

    let failed = |name: &str| lines(name).into_iter().find(|line| line.contains("  QUEUED → ONGOING → FAILED  "));
    let told = |name: &str, message: &str, why: &str| {
        let line = failed(name).unwrap_or_else(|| panic!("{name} has not failed: {out}"));
        line.contains(&format!("  {message}  in ")) && line.contains("  next try in ") && line.ends_with(why)
    };
    let page = "not_a_feed: this is a web page, not a feed";
    assert!(
        told("page", page, ": the server sends neither ETag nor Last-Modified, so it is asked less often"),
        "{out}"
    );
    let busy = "too_many_requests: the server asks for fewer requests (HTTP 429)";
    assert!(told("busy", busy, ": the server asked for this pause (Retry-After)"), "{out}");
    let backing_off = [
        ("broken", "server_error: the server failed (HTTP 500)"),
        ("missing", "not_found: the server has no such document (HTTP 404)"),
        ("circles", "redirects: The redirects go in circles."),
        ("cutoff", "protocol: The connection broke, or the answer was not valid HTTP."),
        ("gone", "gone: the server says the feed is gone for good (HTTP 410)"),
    ];
    for (name, message) in backing_off {
        assert!(told(name, message, ": the last fetch failed"), "{name}: {out}");
    }
    assert!(out.lines().filter(|line| line.trim_start().starts_with('+')).count() > 20, "posts are named: {out}");
    assert!(!out.contains('\u{1b}'), "no colours in a pipe");
}
