//! What keeps Feedmill from starting.

use boot::clock;
use local::trouble::Trouble;

use super::cli::{check_refused, feedmill};
use super::world::{folder, start, try_start};

async fn check(place: local::machine::Place, listen: &str, expected: &str) {
    match try_start(place, listen.parse().unwrap(), clock::system()).await {
        Err(Trouble::CannotStart(sentence)) => assert!(sentence.contains(expected), "{sentence}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_a_folder_or_an_address_that_cannot_be_had_is_one_sentence() {
    let (data, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let machine = start(folder(data.path()), clock::system()).await;
    let any = "127.0.0.1:0";
    check(folder(other.path()), &machine.address().to_string(), "it is in use by another process").await;
    check(folder(data.path()), any, &format!("in use by process {}", std::process::id())).await;
    check(folder(other.path()), "0.0.0.0:0", "plain HTTP").await;
    check(folder(other.path()), "192.0.2.1:80", "plain HTTP").await;
    assert_eq!(std::fs::read_dir(other.path()).unwrap().count(), 0, "a refused start leaves nothing behind");
    machine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_key_is_refused_before_anything_happens() {
    let data = tempfile::tempdir().unwrap();
    start(folder(data.path()), clock::system()).await.stop().await;
    let key = data.path().join("key");
    let kept = std::fs::read_to_string(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    check(folder(data.path()), "127.0.0.1:0", "made under another key").await;
    std::fs::write(&key, kept).unwrap();
    start(folder(data.path()), clock::system()).await.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_is_migrated_while_nothing_else_runs_on_it() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().to_str().unwrap();
    let machine = start(folder(data.path()), clock::system()).await;
    check_refused(&["migrate", "status", "--data", path], "", 3, "in use by process").await;
    machine.stop().await;
    for (what, said) in [
        (&["status"][..], "the tables have schema 1, the one of this Feedmill"),
        (&["run", "--dry-run"], "nothing would change"),
        (&["run"], "the tables have schema 1, the one of this Feedmill"),
    ] {
        let (code, out, err) = feedmill(&[&["migrate"], what, &["--data", path]].concat(), "").await;
        assert_eq!((code, out.lines().next_back()), (0, Some(said)), "{what:?}: {out} {err}");
    }
    let (_, json, _) = feedmill(&["migrate", "status", "--json", "--data", path], "").await;
    let told: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&told["schema"], &told["migrations"][0]["name"]), (&1.into(), &"the baseline".into()));
    start(folder(data.path()), clock::system()).await.stop().await;
}
