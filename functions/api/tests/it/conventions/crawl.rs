//! What no answer and no log line ever tells. Every answer of this suite goes through [`tells_nothing`], and every line that is logged while it runs through [`watch_logs`].

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{LazyLock, Mutex, PoisonError};

use domain::account::Role;
use tracing_subscriber::fmt::MakeWriter;

use crate::accounts::PASSWORD;

/// What internal keys begin with: the table's partitions and sorts, as `docs/decisions/0002-keys.md` and `0011-accounts.md` have them.
const KEYS: [&str; 22] = [
    "S",
    "U",
    "J",
    "K",
    "T",
    "SUB",
    "URL",
    "DUE",
    "WHEEL",
    "EMAIL",
    "SIGNIN",
    "IDEM",
    "FOLDER",
    "TOKEN",
    "SESSION",
    "INVITATION",
    "RESET",
    "STAR",
    "LABEL",
    "KEPT",
    "COPY",
    "SHARE",
];

/// The first internal key in `text`.
pub(crate) fn internal_key(text: &str) -> Option<&str> {
    let word = |at: usize| {
        let letters = text[..at].bytes().rev().take_while(u8::is_ascii_alphanumeric).count();
        &text[at - letters..at]
    };
    text.match_indices('#').map(|(at, _)| word(at)).find(|word| KEYS.contains(word))
}

/// Headers and body of an answer, as one text.
pub(crate) fn whole(headers: &http::HeaderMap, body: &str) -> String {
    let lines: Vec<_> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    lines.concat() + body
}

/// What is secret in this suite, wherever it stands: passwords and their hashes, and what feeds are asked with.
const SECRETS: [&str; 3] = [PASSWORD, "$argon2", "sesame"];

/// What `text` must not tell, if it does.
fn told(text: &str) -> Option<&str> {
    internal_key(text).or_else(|| SECRETS.into_iter().find(|secret| text.contains(secret)))
}

/// Who is who in a world.
#[derive(Default)]
pub(crate) struct People {
    emails: BTreeSet<String>,
    /// Members by a secret of theirs.
    members: BTreeMap<String, String>,
}

impl People {
    pub(crate) fn meet(&mut self, email: &str) {
        self.emails.insert(email.to_owned());
    }

    /// Administrators are told of everybody.
    pub(crate) fn hand(&mut self, email: &str, role: Role, secret: &str) {
        if role == Role::Member {
            self.members.insert(secret.to_owned(), email.to_owned());
        }
    }

    /// Fails on an answer that tells an internal key, a secret, or a member who else is here.
    pub(crate) fn hear(&self, asked: &str, by: &str, headers: &http::HeaderMap, body: &str) {
        let text = whole(headers, body);
        assert_eq!(told(&text), None, "{asked}: {text}");
        let secret = by.rsplit([' ', '=']).next().filter(|secret| secret.len() > 20);
        assert!(!secret.is_some_and(|secret| text.contains(secret)), "{asked} tells what it was asked with: {text}");
        // A member may have been made an administrator, who alone is let in there.
        let own = secret.filter(|_| !asked.contains(" /v1/users")).and_then(|secret| self.members.get(secret));
        let Some(own) = own else { return };
        let other = self.emails.iter().find(|email| *email != own && names(&text, email));
        assert_eq!(other, None, "{asked} by {own}: {text}");
    }
}

/// Whether an address stands in `text`, and not as the end of a longer one.
fn names(text: &str, email: &str) -> bool {
    text.match_indices(email).any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || ".-_".contains(c)))
}

/// Lines that told something.
static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// From now on every line that anything in this process logs is looked at, except where a test has a log of its own.
pub(crate) fn watch_logs() {
    static WATCHED: LazyLock<()> = LazyLock::new(|| {
        let lines = tracing_subscriber::fmt().json().with_max_level(tracing::Level::INFO).with_writer(Watch);
        tracing::subscriber::set_global_default(lines.finish()).unwrap();
    });
    LazyLock::force(&WATCHED);
}

/// Fails if a line told something by now.
pub(crate) fn logs_told_nothing() {
    let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(told.is_empty(), "a line of the log tells too much: {told:?}");
}

struct Watch;

impl io::Write for Watch {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        if told(&line).is_some() || line.contains("@example.org") {
            TOLD.lock().unwrap_or_else(PoisonError::into_inner).push(line.into_owned());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Watch {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}

#[test]
fn an_address_is_found_alone_and_not_as_the_end_of_another() {
    for (text, found) in [("to a@b.c.", true), ("\"a@b.c\"", true), ("ada@b.c", false), ("x.a@b.c", false)] {
        assert_eq!(names(text, "a@b.c"), found, "{text}");
    }
}

#[test]
fn a_key_is_found_wherever_it_stands() {
    for told in ["S#3kTMd9aZ", "\"pk\":\"U#9f1c\"", "x: J#0199", "EMAIL#ada", "ä(SUB#1)"] {
        assert!(internal_key(told).is_some(), "{told}");
    }
    for fine in ["", "#", "C# and F#", "\"#/components/x\"", "https://example.org/PLUS#top", "RESETS#", "a1S#"] {
        assert_eq!(internal_key(fine), None, "{fine}");
    }
}
