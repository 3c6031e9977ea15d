//! The program as people call it: what it prints, and its exit codes.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use boot::clock;
use origin::Origin;
use serde_json::{Value, json};

use super::process::{Running, line};
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

#[tokio::test]
async fn what_speaks_of_a_folder_makes_none_and_says_what_is_not_there() {
    let elsewhere = tempfile::tempdir().unwrap();
    let (none, file) = (elsewhere.path().join("none"), elsewhere.path().join("file"));
    std::fs::write(&file, "x").unwrap();
    let (path, file) = (none.to_str().unwrap(), file.to_str().unwrap());
    for (command, expected) in [
        (&["migrate", "status"][..], "no data folder of Feedmill"),
        (&["migrate", "run"], "no data folder of Feedmill"),
        (&["key", "rotate"], "there is no key file"),
        (&["key", "show-fingerprint"], "there is no key file"),
        (&["key", "backup", "-"], "there is no key file"),
    ] {
        check_refused(&[command, &["--data", path]].concat(), "", 1, expected).await;
        assert!(!none.exists(), "{command:?}");
    }
    check_refused(&["key", "retire", "--key-file", path], "", 1, "there is no key file").await;
    check_refused(&["sources", "--data", file], "", 1, "cannot look into the data folder").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_feed_is_listed_and_followed_without_its_address() {
    let origin = Origin::start().await.unwrap();
    serve(&origin, "news", || 1);
    let data = tempfile::tempdir().unwrap();
    let machine = start(folder(data.path()), clock::system()).await;
    let account = json!({ "email": "ada@example.org", "password": "correct horse" });
    machine.client().post("/v1/users", &account).await.unwrap();
    let path = data.path().to_str().unwrap();
    let url = origin.url("/news.xml").replacen("http://", "http://me:sesame@", 1);
    let (code, _, err) = feedmill(&["add", &url, "--data", path], "").await;
    assert_eq!(code, 0, "{err}");
    for what in ["sources", "jobs", "posts", "subscriptions"] {
        for json in [&[][..], &["--json"]] {
            let (code, out, err) = feedmill(&[&[what, "--data", path], json].concat(), "").await;
            assert_eq!((code, err.as_str()), (0, ""), "{what}");
            assert!(!out.contains("sesame") && !out.contains("/news.xml"), "{what}: {out}");
            assert_eq!(out.contains("(private)"), json.is_empty() && what.starts_with('s'), "{what}: {out}");
        }
    }
    let mut follower = Running::start(&["jobs", "--follow"], data.path());
    assert!(line(&mut follower).await.contains("(private)"));
    follower.signal("-INT");
    assert_eq!(follower.end().await.0, Some(0));
    machine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_no_account_is_refused_and_one_without_a_good_row_is_an_error() {
    let data = tempfile::tempdir().unwrap();
    let machine = start(folder(data.path()), clock::system()).await;
    let account = json!({ "email": "ada@example.org", "password": "correct horse" });
    machine.client().post("/v1/users", &account).await.unwrap();
    let import = ["import", "-", "--data", data.path().to_str().unwrap()];
    let of = |fields: &str| format!("{{\"format\": \"feedmill-account\", \"version\": 1, {fields}}}");
    for (text, expected) in [
        ("{".to_owned(), "standard input is no exported account: EOF"),
        ("{}".to_owned(), "standard input is no exported account of Feedmill"),
        (of("\"kept\": \"all\""), "this is no exported account"),
        (of("\"folders\": [7]"), "this is no exported account"),
    ] {
        check_refused(&import, &text, 1, expected).await;
    }
    for rows in ["\"subscriptions\": [7]", "\"kept\": [{\"post\": \"AAAAAAAA\"}]"] {
        let (code, out, err) = feedmill(&import, &of(rows)).await;
        assert_eq!((code, err.lines().last()), (1, Some("feedmill: nothing could be taken")), "{out}");
    }
    let (code, out, err) = feedmill(&import, &of("\"folders\": [\"News\"]")).await;
    assert_eq!(code, 0, "what has no rows is whole: {out}{err}");
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
