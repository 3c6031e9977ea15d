//! A whole account as one JSON document, which goes to and comes from the API in parts.

use std::time::Duration;

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::import::{Imported, Refused};
use super::{text, with_query};
use crate::client::{Client, JSON};
use crate::progress::Progress;
use crate::shapes;
use crate::trouble::Trouble;

/// What such a document calls itself.
pub(super) const FORMAT: &str = "feedmill-account";
const PATH: &str = "/v1/account/export";
/// Bytes of one part; the API takes 5 MB, and a single post is less than the rest.
const PART: usize = 2 << 20;
/// Subscriptions or posts of one part.
const ROWS: usize = 200;
/// How often a part is sent that there was no time for.
const TRIES: usize = 50;
/// How often new sources are looked after, whose posts are to be marked as they were.
const PERIOD: Duration = Duration::from_secs(2);
/// For how long that goes on while no more of them come.
const PATIENCE: Duration = Duration::from_secs(60);

/// What became of an account, or of a part.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Came {
    pub(super) subscriptions: Imported,
    pub(super) kept: usize,
    pub(super) kept_refused: Vec<Refused>,
    pub(super) kept_refused_count: usize,
    /// New subscriptions whose posts have not come yet.
    pub(super) waiting: usize,
    /// Rows that there was no time for.
    left: usize,
}

impl Came {
    /// Whether there were rows, and none of them was good.
    pub(super) fn is_for_nothing(&self) -> bool {
        let taken = self.subscriptions.added + self.subscriptions.known + self.kept;
        taken == 0 && self.subscriptions.refused_count + self.kept_refused_count > 0
    }
}

/// All parts of an account, put together.
pub(super) async fn exported(client: &Client) -> Result<Vec<u8>, Trouble> {
    let mut whole = client.get(PATH).await?;
    loop {
        let next = text(&whole, "next").to_owned();
        if next.is_empty() {
            return serde_json::to_vec_pretty(&whole).map_err(|error| Trouble::failed("cannot write JSON", &error));
        }
        let mut part = client.get(&with_query(PATH, [("cursor", next.as_str())])).await?;
        for rows in ["subscriptions", "kept"] {
            if let (Some(all), Some(more)) = (whole[rows].as_array_mut(), part[rows].as_array_mut()) {
                all.append(more);
            }
        }
        whole["next"] = part["next"].take();
    }
}

/// Sends an account, part by part. What is read of a source is taken when its posts are here: without `no_wait` it is waited for them, as long as some come.
pub(super) async fn send(client: &Client, account: Value, is_quiet: bool, no_wait: bool) -> Result<Came, Trouble> {
    let parts = parts(account);
    let mut progress = Progress::new(parts.len(), is_quiet);
    let sent = send_all(client, parts, &mut progress).await;
    progress.clear();
    let (mut done, mut waiting) = sent?;
    if !no_wait {
        look_after(client, &mut waiting, is_quiet).await?;
    }
    done.waiting = waiting.iter().map(|(_, count)| count).sum();
    Ok(done)
}

/// Parts in which so many subscriptions wait for their posts.
type Waiting = Vec<(String, usize)>;

async fn send_all(client: &Client, parts: Vec<Value>, progress: &mut Progress) -> Result<(Came, Waiting), Trouble> {
    let (mut done, mut waiting) = (Came::default(), Vec::new());
    for (at, part) in parts.into_iter().enumerate() {
        let part = part.to_string();
        let count = send_part(client, &part, &mut done).await?;
        if count > 0 {
            waiting.push((part, count));
        }
        progress.show(at + 1);
    }
    Ok((done, waiting))
}

/// Sends parts again until none waits, or for a while no more posts have come.
async fn look_after(client: &Client, waiting: &mut Waiting, is_quiet: bool) -> Result<(), Trouble> {
    let all: usize = waiting.iter().map(|(_, count)| count).sum();
    let mut progress = Progress::new(all, is_quiet);
    let (mut left, mut end) = (all, Instant::now() + PATIENCE);
    while left > 0 && Instant::now() < end {
        sleep(PERIOD).await;
        for (part, count) in &mut *waiting {
            let sent = send_part(client, part, &mut Came::default()).await;
            if sent.is_err() {
                progress.clear();
            }
            *count = sent?;
        }
        waiting.retain(|(_, count)| *count > 0);
        let now: usize = waiting.iter().map(|(_, count)| count).sum();
        if now < left {
            end = Instant::now() + PATIENCE;
        }
        left = now;
        progress.show(all - left.min(all));
    }
    progress.clear();
    Ok(())
}

/// Sends a part until there was time for all of it; says how many subscriptions of it wait for their posts.
async fn send_part(client: &Client, part: &str, done: &mut Came) -> Result<usize, Trouble> {
    let mut added = 0;
    for _ in 0..TRIES {
        let answer = client.ask(Method::POST, "/v1/account/import", JSON, part.to_owned()).await?.1;
        let came: Came = shapes::read_one(&answer)?;
        added += came.subscriptions.added;
        if came.left > 0 {
            continue;
        }
        done.subscriptions.added += added;
        // What an earlier try added is known to this one.
        done.subscriptions.known += (came.subscriptions.added + came.subscriptions.known).saturating_sub(added);
        done.subscriptions.refused_count += came.subscriptions.refused_count;
        done.subscriptions.refused.extend(came.subscriptions.refused);
        done.kept += came.kept;
        done.kept_refused_count += came.kept_refused_count;
        done.kept_refused.extend(came.kept_refused);
        return Ok(came.waiting);
    }
    Err(Trouble::Failed("Feedmill is too busy to take in more now; the same file again goes on".to_owned()))
}

/// An account in parts that the API takes: first all that is small, then subscriptions, then posts.
fn parts(mut account: Value) -> Vec<Value> {
    // What is no list stays where it is: the API says so.
    let mut rows = |field: &str| match account.get_mut(field).filter(|rows| rows.is_array()).map(Value::take) {
        Some(Value::Array(rows)) => rows,
        _ => Vec::new(),
    };
    let (subscriptions, kept) = (rows("subscriptions"), rows("kept"));
    let about = json!({ "format": account["format"], "version": account["version"] });
    if let Some(account) = account.as_object_mut() {
        account.retain(|_, value| !value.is_null());
    }
    let mut parts = vec![account];
    for (field, rows) in [("subscriptions", subscriptions), ("kept", kept)] {
        parts.extend(cut(rows).into_iter().map(|rows| {
            let mut part = about.clone();
            part[field] = rows.into();
            part
        }));
    }
    parts
}

fn cut(rows: Vec<Value>) -> Vec<Vec<Value>> {
    let (mut parts, mut part, mut bytes) = (Vec::new(), Vec::new(), 0);
    for row in rows {
        let length = row.to_string().len();
        if !part.is_empty() && (bytes + length > PART || part.len() == ROWS) {
            parts.push(std::mem::take(&mut part));
            bytes = 0;
        }
        bytes += length;
        part.push(row);
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_cut_by_rows_and_by_bytes_and_nothing_is_lost() {
        let large = "x".repeat(PART / 2);
        let account = json!({
            "format": "feedmill-account", "version": 1, "folders": ["News"], "next": null,
            "subscriptions": (0..ROWS + 1).collect::<Vec<_>>(), "kept": [large, large, "small"],
        });
        let parts = parts(account);
        let lengths = |field: &str| -> Vec<usize> {
            parts.iter().filter_map(|part| part.get(field)?.as_array()).map(Vec::len).collect()
        };
        assert_eq!((lengths("subscriptions"), lengths("kept")), (vec![ROWS, 1], vec![1, 2]));
        assert_eq!(parts[0], json!({ "format": "feedmill-account", "version": 1, "folders": ["News"] }));
        assert!(parts.iter().all(|part| part["version"] == 1 && part.to_string().len() < 5 << 20));
    }
}
