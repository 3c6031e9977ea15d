//! A whole account as one JSON document, which goes to and comes from the API in parts.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::import::Imported;
use super::{text, with_query};
use crate::client::{Client, JSON};
use crate::progress::Progress;
use crate::shapes;
use crate::trouble::Trouble;

const PATH: &str = "/v1/account/export";
/// Bytes of one part; the API takes 5 MB, and a single post is less than the rest.
const PART: usize = 2 << 20;
/// Subscriptions or posts of one part.
const ROWS: usize = 200;
/// How often a part is sent that there was no time for.
const TRIES: usize = 50;

/// What became of an account, or of a part.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Came {
    pub(super) subscriptions: Imported,
    pub(super) kept: usize,
    pub(super) kept_missing: usize,
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
        if let (Some(all), Some(more)) = (whole["kept"].as_array_mut(), part["kept"].as_array_mut()) {
            all.append(more);
        }
        whole["next"] = part["next"].take();
    }
}

/// Sends an account, part by part.
pub(super) async fn send(client: &Client, account: Value, is_quiet: bool) -> Result<Came, Trouble> {
    let parts = parts(account);
    let mut progress = Progress::new(parts.len(), is_quiet);
    let mut done = Came::default();
    for (at, part) in parts.into_iter().enumerate() {
        let sent = send_part(client, &part.to_string(), &mut done).await;
        if sent.is_err() {
            progress.clear();
        }
        sent?;
        progress.show(at + 1);
    }
    progress.clear();
    Ok(done)
}

/// Sends a part until there was time for all of it.
async fn send_part(client: &Client, part: &str, done: &mut Came) -> Result<(), Trouble> {
    let mut added = 0;
    for _ in 0..TRIES {
        let answer = client.ask(Method::POST, "/v1/account/import", JSON, part.to_owned()).await?.1;
        let came: Came = shapes::read_one(&answer)?;
        added += came.subscriptions.added;
        if came.subscriptions.left > 0 {
            continue;
        }
        done.subscriptions.added += added;
        // What an earlier try added is known to this one.
        done.subscriptions.known += (came.subscriptions.added + came.subscriptions.known).saturating_sub(added);
        done.subscriptions.refused_count += came.subscriptions.refused_count;
        done.subscriptions.refused.extend(came.subscriptions.refused);
        done.kept += came.kept;
        done.kept_missing += came.kept_missing;
        return Ok(());
    }
    Err(Trouble::Failed("Feedmill is too busy to take in more now; the same file again goes on".to_owned()))
}

/// An account in parts that the API takes: first all that is small, then subscriptions, then posts.
fn parts(mut account: Value) -> Vec<Value> {
    let mut rows = |field: &str| match account[field].take() {
        Value::Array(rows) => rows,
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
