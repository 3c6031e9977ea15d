//! What a person at a terminal sees: jobs as they move, and colours where there is a terminal or someone wants them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use boot::clock;
use origin::Origin;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;

use super::process::{Running, line};
use super::world::{add, folder, serve, start, wait_for_posts};

const ESCAPE: char = '\u{1b}';

/// How far a job is, by its status.
fn stage(status: &str) -> usize {
    ["QUEUED", "ONGOING", "COMPLETED"].iter().position(|known| known.eq_ignore_ascii_case(status)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_sees_jobs_move_forward_to_their_end_once_each_and_ends_on_ctrl_c() {
    let origin = Origin::start().await.unwrap();
    let data = tempfile::tempdir().unwrap();
    let machine = start(folder(data.path()), clock::system()).await;
    let client = machine.client();
    let mut follower = Running::start(&["jobs", "--follow", "--json"], data.path());
    let mut sources = Vec::new();
    for name in ["one", "two", "three"] {
        serve(&origin, name, || 2);
        sources.push(add(&client, &origin.url(&format!("/{name}.xml"))).await);
    }
    let (mut seen, mut completed) = (HashMap::<String, usize>::new(), Vec::new());
    while !sources.iter().all(|source| completed.contains(source)) {
        let job: Value = serde_json::from_str(&line(&mut follower).await).unwrap();
        let text = |field: &str| job[field].as_str().unwrap().to_owned();
        let now = stage(&text("status"));
        if let Some(before) = seen.insert(text("id"), now) {
            assert!(before < now, "told again or backwards: {job}");
        }
        if now == stage("COMPLETED") {
            assert!(job["posts_count"].as_u64().is_some() && job["started_at"].is_string(), "{job}");
            completed.push(text("source"));
        }
    }
    follower.signal("-INT");
    let (code, _) = follower.end().await;
    assert_eq!(code, Some(0), "it was asked to end");
    machine.stop().await;
}

/// `feedmill` with its standard output in a pipe.
fn in_a_pipe(args: &[&str], variables: &[(&str, &str)]) -> String {
    let output = command(args, variables).stdout(Stdio::piped()).output().unwrap();
    assert!(output.status.success(), "{args:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// `feedmill` with its standard output on a terminal.
fn on_a_terminal(args: &[&str], variables: &[(&str, &str)]) -> String {
    let (success, shown) = shown(command(args, variables), None);
    assert!(success, "{args:?}: {shown}");
    shown
}

/// `feedmill` all on a terminal, where somebody types that: whether it worked, and what was shown.
pub(super) fn typing(args: &[&str], typed: &str) -> (bool, String) {
    shown(command(args, &[]), Some(typed))
}

fn shown(mut command: Command, typed: Option<&str>) -> (bool, String) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
    let theirs = || File::options().read(true).write(true).open(&name).unwrap();
    command.stdout(theirs());
    let mut ours = File::from(ours);
    if let Some(typed) = typed {
        command.stdin(theirs()).stderr(theirs());
        ours.write_all(typed.as_bytes()).unwrap();
    }
    let mut child = command.spawn().unwrap();
    // Our copy of its end goes: else there would be no end to read to.
    drop(command);
    let (mut text, mut part) = (Vec::new(), [0; 4096]);
    // A terminal whose other end is closed says so by an error.
    while let Ok(read @ 1..) = ours.read(&mut part) {
        text.extend_from_slice(&part[..read]);
    }
    (child.wait().unwrap().success(), String::from_utf8(text).unwrap())
}

fn command(args: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_feedmill"));
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
        command.env_remove(name);
    }
    command.args(args).env("TERM", "xterm").envs(variables.iter().copied());
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn colours_are_for_a_terminal_and_for_who_wants_them_and_never_in_json() {
    let origin = Origin::start().await.unwrap();
    serve(&origin, "news", || 1);
    let data = tempfile::tempdir().unwrap();
    let machine = start(folder(data.path()), clock::system()).await;
    let client = machine.client();
    let source = add(&client, &origin.url("/news.xml")).await;
    wait_for_posts(&client, &source, 1).await;
    let path = data.path().to_owned();
    tokio::task::spawn_blocking(move || check_colours(&path)).await.unwrap();
    machine.stop().await;
}

fn check_colours(data: &Path) {
    let data = data.to_str().unwrap();
    let (none, force) = (("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1"));
    for what in ["sources", "jobs", "posts"] {
        let (plain, json) = ([what, "--data", data], [what, "--json", "--data", data]);
        for (shown, coloured, where_) in [
            (on_a_terminal(&plain, &[]), true, "terminal"),
            (on_a_terminal(&plain, &[none]), false, "terminal, NO_COLOR"),
            (on_a_terminal(&json, &[]), false, "terminal, --json"),
            (in_a_pipe(&plain, &[]), false, "pipe"),
            (in_a_pipe(&plain, &[force]), true, "pipe, CLICOLOR_FORCE"),
            (in_a_pipe(&json, &[force]), false, "pipe, CLICOLOR_FORCE, --json"),
        ] {
            assert_eq!(shown.contains(ESCAPE), coloured, "{what}, {where_}: {shown:?}");
        }
    }
}
