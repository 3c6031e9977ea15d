//! The key of a deployed installation is changed, as docs/OPERATING.md says: with `feedmill key`, a parameter of Systems Manager, and maintenance.

use std::fs;
use std::process::Command;
use std::time::Duration;

use domain::account::OperatorSecret;
use domain::id::InstallationKey;
use origin::{Reply, Seen};
use serde_json::{Value, json};

use super::gateway::Gateway;
use super::{Stack, parameters, rss};

/// `ada:sesame-open`, as it goes over the wire.
const BASIC: &str = "Basic YWRhOnNlc2FtZS1vcGVu";
const FEED: &str = "/private.xml";

/// The key before its change, and as its owner has put it into the parameter.
pub(super) struct Rotated {
    before: InstallationKey,
    after: InstallationKey,
}

/// What `feedmill key` makes of a key.
fn feedmill_key(command: &str, key: &str) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), key).unwrap();
    let mut feedmill = Command::new(env!("CARGO_BIN_EXE_feedmill"));
    let done = feedmill.args(["key", command, "--key-file"]).arg(file.path()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

impl Stack<'_> {
    /// A subscription whose credentials are kept sealed: its source.
    pub(super) async fn a_private_feed_is_read(&self, reader: &Gateway) -> String {
        self.origin.on(FEED, |seen: &Seen| {
            let may = seen.header_text("authorization") == Some(BASIC);
            if may { Reply::ok(rss("private", 2)) } else { Reply::status(401) }
        });
        let credentials = json!({ "basic": { "user": "ada", "password": "sesame-open" } });
        let wish = json!({ "url": self.origin.url(FEED), "credentials": credentials, "interval_minutes": 15 });
        let made = reader.post("/v1/subscriptions", wish).await;
        let source = made["id"].as_str().unwrap_or_else(|| panic!("no id: {made}")).to_owned();
        let path = format!("/v1/subscriptions/{source}");
        reader.wait(&path, |shown| (shown["unread"] == 2).then_some(())).await;
        source
    }

    /// Twice, so that there is a secret in the middle that nothing needs; environments that run do not know of it yet.
    pub(super) fn the_key_is_rotated(&self) -> Rotated {
        let before = self.cloud.run("key", &[]).as_str().unwrap().to_owned();
        let after = feedmill_key("rotate", &feedmill_key("rotate", &before));
        assert_eq!(after.lines().count(), 3);
        self.cloud.run("put_key", &[&after]);
        assert_eq!(self.sealing("status")["done"], false);
        Rotated { before: before.parse().unwrap(), after: after.parse().unwrap() }
    }

    /// Environments that know the new key have taken the place of the others.
    pub(super) async fn what_is_sealed_comes_under_the_new_key(&self, key: &Rotated, private: &str) {
        assert_eq!(key.before.fingerprint(), key.after.fingerprint());
        let as_operator =
            |key: &InstallationKey| self.operator.with(format!("Operator {}", OperatorSecret::of(key).expose()));
        let path = format!("/v1/sources/{private}");
        assert_eq!(as_operator(&key.before).ask("GET", &path, &Value::Null).await.0, 401, "the old secret still opens");
        let operator = as_operator(&key.after);
        operator.get(&path).await;
        let sealed = self.sealing("now");
        assert_eq!((&sealed["done"], &sealed["resealed"], &sealed["failed"]), (&json!(true), &json!(1), &json!(0)));

        let retired = feedmill_key("retire", &key.after.to_text());
        assert_eq!(retired.lines().count(), 2, "what nothing needs any more is gone");
        self.cloud.run("put_key", &[&retired]);
        self.cloud.run("update", &[&parameters("180").to_string()]);
        assert_eq!(self.sealing("status")["done"], true);
        let polled = self.origin.requests(FEED).len();
        let mut pause = tokio::time::interval(Duration::from_millis(500));
        while self.origin.requests(FEED).len() == polled {
            pause.tick().await;
            self.cloud.run("invoke", &[self.name("Dispatcher"), "{}"]);
        }
        let polls = self.origin.requests(FEED);
        assert!(
            polls.iter().all(|seen| seen.header_text("authorization") == Some(BASIC)),
            "it was asked without its credentials"
        );
        assert_eq!(operator.get(&path).await["state"], "active");
        assert_ne!(self.cloud.run("told", &["the installation's key was made"]), 0, "logs can be looked through");
        for secret in key.after.to_text().lines() {
            assert_eq!(self.cloud.run("told", &[secret]), 0, "a secret is in a log");
        }
    }

    /// What maintenance says of the change of the key.
    fn sealing(&self, what: &str) -> Value {
        let event = json!({ "seal": what }).to_string();
        self.cloud.run("invoke", &[self.name("Maintenance"), &event])["sealed"].clone()
    }
}
