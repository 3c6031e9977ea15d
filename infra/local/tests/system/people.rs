//! `feedmill user` and `feedmill key`, as the operator types them.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Command;

use boot::clock;
use domain::account::OperatorSecret;
use local::client::Client;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use serde_json::{Value, json};

use super::cli::{check_refused, feedmill};
use super::world::{folder, start};

const PASSWORD: &str = "correct horse battery";

/// `feedmill user …` on that folder, which works.
async fn user(data: &Path, args: &[&str], input: &str) -> String {
    let all = [&["user"], args, &["--data", data.to_str().unwrap()]].concat();
    let (code, out, err) = feedmill(&all, input).await;
    assert_eq!((code, err.as_str()), (0, ""), "{args:?}: {out}");
    out
}

async fn user_json(data: &Path, args: &[&str], input: &str) -> Value {
    serde_json::from_str(&user(data, &[args, &["--json"]].concat(), input).await).unwrap()
}

/// Whether somebody can sign in.
async fn signs_in(client: &Client, email: &str, password: &str) -> bool {
    client.post("/v1/sessions", &json!({ "email": email, "password": password })).await.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_are_made_invited_given_a_way_back_and_deleted() {
    let data = tempfile::tempdir().unwrap();
    let (path, machine) = (data.path(), start(folder(data.path()), clock::system()).await);
    let (client, flag) = (machine.client(), ["--data", path.to_str().unwrap()]);
    assert!(user(path, &["list"], "").await.contains("no users yet: feedmill user add"));
    check_refused(&[&["user", "invite"], &flag[..]].concat(), "", 1, "make one with `feedmill user add --admin").await;

    let root =
        user_json(path, &["add", "root@example.org", "--admin", "--password-stdin"], &format!("{PASSWORD}\r\n")).await;
    assert_eq!(root["role"], "administrator");
    assert!(signs_in(&client, "root@example.org", PASSWORD).await);
    let second = user_json(path, &["add", "second@example.org", "--admin", "--generate"], "").await;
    assert_eq!((&second["role"], second["password"].as_str().unwrap().len()), (&json!("administrator"), 20));
    let ada = user(path, &["add", "Käthe@example.org", "--generate"], "").await;
    let password = ada.lines().nth(1).unwrap().strip_prefix("Password, shown this once: ").unwrap();
    assert!(ada.contains("  member\n") && signs_in(&client, "käthe@example.org", password).await);
    let list = user(path, &["list"], "").await;
    assert!(["root@example.org", "Käthe@example.org"].iter().all(|email| list.contains(email)), "{list}");

    for (args, input, sentence) in [
        (&["add", "ROOT@example.org", "--generate"][..], "", "somebody has an account"),
        (&["add", "x@example.org", "--password-stdin"], "short\n", "at least 8 bytes"),
        (&["add", "x@example.org"], "", "pipe it to --password-stdin, or let one be made up with --generate"),
        (&["add", "x", "--generate"], "", "not an e-mail address"),
        (&["reset", "nobody@example.org"], "", "no user with this id or e-mail address"),
        (&["delete", "root@example.org"], "", "say --yes"),
        (&["invite"], "", "several administrators: say who invites with --as"),
        (&["token", "root@example.org", ""], "", "not a name"),
    ] {
        check_refused(&[&["user"], args, &flag].concat(), input, 1, sentence).await;
    }

    assert_eq!(user_json(path, &["demote", "second@example.org"], "").await["role"], "member");
    let invitation = user(path, &["invite"], "").await;
    let register = json!({ "email": "bob@example.org", "password": PASSWORD, "invitation": invitation.lines().last() });
    client.post("/v1/users", &register).await.unwrap();
    assert_eq!(user_json(path, &["promote", "bob@example.org"], "").await["role"], "administrator");

    let reset = user_json(path, &["reset", "bob@example.org"], "").await;
    let redeem = json!({ "secret": reset["secret"], "password": "another password" });
    client.post("/v1/password-resets", &redeem).await.unwrap();
    assert!(signs_in(&client, "bob@example.org", "another password").await);
    let token = user(path, &["token", "käthe@example.org", "my phone"], "").await;
    assert_eq!(token.lines().last().unwrap().len(), 43);

    let (id, gone) = (root["id"].as_str().unwrap(), user(path, &["delete", "bob@example.org", "--yes"], "").await);
    assert!(gone.contains("bob@example.org gets in no more"), "{gone}");
    assert!(!signs_in(&client, "bob@example.org", "another password").await);
    assert_eq!(user_json(path, &["demote", id], "").await["role"], "member", "an id names a user, too");
    machine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_asked_for_twice_on_a_terminal_and_never_shown() {
    let data = tempfile::tempdir().unwrap();
    let machine = start(folder(data.path()), clock::system()).await;
    let path = data.path().to_str().unwrap().to_owned();
    for (typed, worked, told) in [
        (format!("{PASSWORD}\n{PASSWORD}\n"), true, "member"),
        (format!("{PASSWORD}\nsomething else\n"), false, "two different passwords"),
        ("short\n".to_owned(), false, "at least 8 bytes"),
    ] {
        let path = path.clone();
        let done =
            tokio::task::spawn_blocking(move || typing(&["user", "add", "ada@example.org", "--data", &path], &typed));
        let (success, shown, echo) = done.await.unwrap();
        assert_eq!(success, worked, "{shown}");
        assert!(shown.contains("Password: ") && shown.contains(told), "{shown}");
        assert!(
            !shown.contains("correct") && !shown.contains("something else") && !shown.contains("short\r"),
            "{shown}"
        );
        assert!(echo, "the terminal shows again what is typed");
    }
    assert!(signs_in(&machine.client(), "ada@example.org", PASSWORD).await);
    machine.stop().await;
}

/// Runs it on a terminal where somebody types a line at each question: whether it worked, what was shown, and whether the terminal echoes afterwards.
fn typing(args: &[&str], typed: &str) -> (bool, String, bool) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
    let theirs = || File::options().read(true).write(true).open(&name).unwrap();
    let kept = theirs();
    let mut child = Command::new(env!("CARGO_BIN_EXE_feedmill"))
        .args(args)
        .stdin(theirs())
        .stdout(theirs())
        .stderr(theirs())
        .spawn()
        .unwrap();
    let (mut ours, mut shown, mut part) = (File::from(ours), String::new(), [0; 4096]);
    for line in typed.split_inclusive('\n') {
        let before = shown.matches(": ").count();
        while shown.matches(": ").count() == before {
            let read = ours.read(&mut part).unwrap();
            shown.push_str(std::str::from_utf8(&part[..read]).unwrap());
        }
        ours.write_all(line.as_bytes()).unwrap();
    }
    let success = child.wait().unwrap().success();
    let echo = tcgetattr(&kept).unwrap().local_modes.contains(LocalModes::ECHO);
    drop(kept);
    while let Ok(read @ 1..) = ours.read(&mut part) {
        shown.push_str(std::str::from_utf8(&part[..read]).unwrap());
    }
    (success, shown, echo)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_backed_up_once_and_works_again_when_it_is_put_back() {
    let (data, safe) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (path, copy) = (data.path().to_str().unwrap(), safe.path().join("key.backup"));
    check_refused(&["key", "show-fingerprint", "--data", path], "", 1, "there is no key file").await;
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0, "no key is made");
    start(folder(data.path()), clock::system()).await.stop().await;
    let run = async |args: &[&str]| {
        let (code, out, err) = feedmill(&[args, &["--data", path]].concat(), "").await;
        assert_eq!((code, err.as_str()), (0, ""), "{args:?}");
        out
    };
    let fingerprint = run(&["key", "show-fingerprint"]).await;
    assert_eq!(fingerprint.trim().len(), 16);
    let key = fs::read_to_string(data.path().join("key")).unwrap();
    let told = run(&["key", "backup", copy.to_str().unwrap()]).await;
    assert!(told.contains(fingerprint.trim()) && !told.contains(key.trim()), "{told}");
    assert_eq!(run(&["key", "backup", "-"]).await.trim(), key.trim());
    check_refused(&["key", "backup", copy.to_str().unwrap(), "--data", path], "", 1, "nothing is overwritten").await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let secret = run(&["key", "operator-secret"]).await;
    assert_eq!(secret.trim(), OperatorSecret::of(&key.trim().parse().unwrap()).expose());
    assert_eq!(run(&["key", "operator-secret", "--key-file", copy.to_str().unwrap()]).await, secret);
    let (code, piped, _) = feedmill(&["key", "operator-secret", "--key-file", "-"], &key).await;
    assert_eq!((code, piped), (0, secret));
    check_refused(&["key", "operator-secret", "--key-file", "-"], "junk", 1, "not an installation key").await;
    fs::remove_file(data.path().join("key")).unwrap();
    fs::copy(&copy, data.path().join("key")).unwrap();
    start(folder(data.path()), clock::system()).await.stop().await;
    assert_eq!(run(&["key", "show-fingerprint"]).await, fingerprint);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_changed_while_feedmill_is_stopped_and_copies_from_before_are_refused() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().to_str().unwrap();
    check_refused(&["key", "rotate", "--data", path], "", 1, "there is no key file").await;
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0, "no key is made");
    let machine = start(folder(data.path()), clock::system()).await;
    user(data.path(), &["add", "ada@example.org", "--generate"], "").await;
    let feed = ["add", "https://127.0.0.1:1/feed?token=sesame", "--no-wait", "--data", path];
    let (code, out, err) = feedmill(&feed, "").await;
    assert_eq!(code, 0, "{out} {err}");
    check_refused(&["key", "rotate", "--data", path], "", 3, "is in use by process").await;
    machine.stop().await;

    let key = || fs::read_to_string(data.path().join("key")).unwrap();
    let (before, secret) = (key(), OperatorSecret::of(&key().parse().unwrap()));
    for lines in [2, 2] {
        let last = key();
        let (code, out, err) = feedmill(&["key", "rotate", "--data", path], "").await;
        assert_eq!(code, 0, "{err}");
        assert!(!err.contains(&key()[..64]), "{err}");
        assert!(out.contains("1 private source sealed again") && !out.contains(key().trim()), "{out}");
        assert_eq!((key().lines().count(), key() == last), (lines, false), "the one in between is dropped");
        assert!(key().starts_with(&before), "ids and links depend on the first");
    }
    let after = key();
    let machine = start(folder(data.path()), clock::system()).await;
    assert!(user(data.path(), &["list"], "").await.contains("ada@example.org"), "the new key's operator is let in");
    assert_ne!(OperatorSecret::of(&after.parse().unwrap()).expose(), secret.expose());
    machine.stop().await;
    fs::write(data.path().join("key"), &before).unwrap();
    check_refused(&["up", "--data", path], "", 3, "is from before `feedmill key rotate`").await;
}

#[tokio::test]
async fn a_key_of_the_cloud_is_changed_on_its_way_from_and_to_its_parameter() {
    let key = "0".repeat(64);
    let (code, twice, _) = feedmill(&["key", "rotate", "--key-file", "-"], &key).await;
    assert_eq!((code, twice.lines().count()), (0, 2));
    let (_, thrice, _) = feedmill(&["key", "rotate", "--key-file", "-"], &twice).await;
    let (code, settled, _) = feedmill(&["key", "retire", "--key-file", "-"], &thrice).await;
    let lines: Vec<&str> = thrice.lines().collect();
    assert_eq!((code, settled), (0, format!("{}\n{}\n", lines[0], lines[2])));
    check_refused(&["key", "retire", "--key-file", "-"], "junk", 1, "not an installation key").await;
}
