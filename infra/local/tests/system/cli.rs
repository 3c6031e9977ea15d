//! The program as people call it: what it prints, and its exit codes.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use boot::clock;
use origin::Origin;
use serde_json::Value;

use super::world::{folder, serve, start, wait_for_posts};

fn run(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_feedmill"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

pub(super) async fn feedmill(args: &[&str], input: &str) -> (i32, String, String) {
    let (args, input): (Vec<String>, String) = (args.iter().map(|arg| (*arg).to_owned()).collect(), input.to_owned());
    let output = tokio::task::spawn_blocking(move || run(&args.iter().map(String::as_str).collect::<Vec<_>>(), &input))
        .await
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Refused with one line on standard error, which says `expected`.
pub(super) async fn check_refused(args: &[&str], input: &str, code: i32, expected: &str) {
    let (told, out, err) = feedmill(args, input).await;
    assert_eq!((told, out.as_str()), (code, ""), "{args:?}: {err}");
    assert_eq!(err.lines().count(), 1, "{args:?}: {err}");
    assert!(err.contains(expected), "{args:?}: {err}");
}

#[tokio::test]
async fn a_command_without_a_running_feedmill_says_how_to_start_it() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().to_str().unwrap();
    for command in [&["sources"][..], &["stats"], &["jobs"], &["posts"], &["add", "https://example.org/feed"]] {
        check_refused(&[command, &["--data", path]].concat(), "", 2, &format!("`feedmill up --data {path}`")).await;
    }
}

#[tokio::test]
async fn up_refuses_what_it_cannot_have_with_exit_code_three() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("version"), "999\n").unwrap();
    check_refused(
        &["up", "--listen", "127.0.0.1:0", "--data", data.path().to_str().unwrap()],
        "",
        3,
        "version \"999\"",
    )
    .await;
    let free = tempfile::tempdir().unwrap();
    check_refused(&["--listen", "0.0.0.0:4180", "--data", free.path().to_str().unwrap()], "", 3, "plain HTTP").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_or_a_port_that_another_process_has_is_refused_in_one_line() {
    let (data, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let machine = start(folder(data.path()), clock::system()).await;
    let (path, free) = (data.path().to_str().unwrap(), elsewhere.path().to_str().unwrap());
    let taken = machine.address();
    let port = taken.port().to_string();
    for command in ["up", "demo"] {
        let args = [command, "--listen", "127.0.0.1:0", "--data", path];
        check_refused(&args, "", 3, &format!("in use by process {}: stop that one", std::process::id())).await;
        let args = [command, "--listen", &taken.to_string(), "--data", free];
        check_refused(&args, "", 3, "in use by another process; choose another with --listen").await;
    }
    let args = ["emulate", "--port", &port, "--data", free];
    check_refused(&args, "", 3, "in use by another process; choose another with --port").await;
    let args = ["emulate", "--port", "0", "--data", path];
    check_refused(&args, "", 3, "in use by process").await;
    machine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_speak_to_the_running_feedmill() {
    let origin = Origin::start().await.unwrap();
    serve(&origin, "news", || 3);
    let data = tempfile::tempdir().unwrap();
    let machine = start(folder(data.path()), clock::system()).await;
    let path = data.path().to_str().unwrap().to_owned();
    let with_data = |args: &[&str]| -> Vec<String> {
        args.iter().chain(&["--data", &path]).map(|arg| (*arg).to_string()).collect()
    };
    let call = async |args: &[&str]| {
        let args = with_data(args);
        let (code, out, err) = feedmill(&args.iter().map(String::as_str).collect::<Vec<_>>(), "").await;
        assert_eq!((code, err.as_str()), (0, ""), "{args:?}");
        out
    };

    assert!(call(&["sources"]).await.contains("no sources yet"));
    let added: Value = serde_json::from_str(&call(&["add", &origin.url("/news.xml"), "--json"]).await).unwrap();
    let id = added["id"].as_str().unwrap();
    wait_for_posts(&machine.client(), id, 3).await;

    let shown = call(&["sources"]).await;
    assert!(
        shown.contains(id) && shown.contains("active") && !shown.contains('\u{1b}'),
        "no colours in a pipe: {shown}"
    );
    assert!(call(&["posts"]).await.contains("news 2"));
    assert!(call(&["jobs", id]).await.contains("COMPLETED"));
    let posts: Value = serde_json::from_str(&call(&["posts", id, "--json"]).await).unwrap();
    assert_eq!(posts.as_array().unwrap().len(), 3);

    for (url, expected) in
        [("not a url", "not a URL"), ("ftp://example.org/feed", "http"), ("http://u:p@example.org/", "password")]
    {
        check_refused(&["add", url, "--data", &path], "", 1, expected).await;
    }
    check_refused(&["jobs", "../../healthz", "--data", &path], "", 1, "no source id").await;
    machine.stop().await;
    assert!(!Path::new(&path).join("server.json").exists());
}
