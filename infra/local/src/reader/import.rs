//! `feedmill import`.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;

use feed::opml::{self, Opml};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::account::Came;
use super::parts::{part_of, parts};
use super::{account, who};
use crate::cli::reading::ImportArgs;
use crate::client::Client;
use crate::progress::Progress;
use crate::shapes;
use crate::show::{print_json, say, table};
use crate::table::{Cell, dim, plain};
use crate::trouble::Trouble;

/// A larger file is not read.
const MOST_BYTES: u64 = 64 << 20;
/// The media type of a list.
const OPML: &str = "text/x-opml";

/// What became of a file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Imported {
    pub(super) added: usize,
    pub(super) known: usize,
    pub(super) refused: Vec<Refused>,
    pub(super) refused_count: usize,
    /// Rows that there was no time for.
    #[serde(default, skip_serializing)]
    pub(super) left: usize,
}

/// A row that could not be taken.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Refused {
    line: Option<usize>,
    title: Option<String>,
    url: Option<String>,
    code: String,
    reason: String,
}

/// Takes in a list of feeds or an account, whichever the file is.
///
/// # Errors
/// [`Trouble::Failed`] if nothing could be taken.
pub async fn import(args: &ImportArgs) -> Result<(), Trouble> {
    let client = who(&args.who).await?;
    let bytes = contents(&args.file)?;
    let is_object = bytes.trim_ascii_start().first() == Some(&b'{');
    if is_object { import_account(&client, &bytes, args).await } else { import_list(&client, &bytes, args).await }
}

fn contents(file: &Path) -> Result<Vec<u8>, Trouble> {
    let unreadable = |error: std::io::Error| Trouble::failed(format!("cannot read {}", name(file)), &error);
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
    };
    let length = u64::try_from(read.map_err(unreadable)?).unwrap_or(u64::MAX);
    if length > MOST_BYTES {
        return Err(Trouble::Failed(format!("{} has more than 64 MB: that is no such file", name(file))));
    }
    Ok(bytes.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec).unwrap_or(bytes))
}

async fn import_list(client: &Client, bytes: &[u8], args: &ImportArgs) -> Result<(), Trouble> {
    let (list, lines) = opml::read_with_lines(bytes).map_err(|error| Trouble::failed(name(&args.file), &error))?;
    if list.feeds.is_empty() && list.refused.is_empty() {
        return Err(Trouble::Failed(format!("{} names no feeds", name(&args.file))));
    }
    let lines: HashMap<&str, usize> = list.feeds.iter().map(|feed| feed.url.as_str()).zip(lines).collect();
    let mut progress = Progress::new(list.feeds.len(), args.who.json);
    let mut done = Imported::default();
    for part in parts(&list) {
        if let Err(trouble) = send(client, part, &lines, &mut done, &mut progress).await {
            progress.clear();
            let dealt = done.added + done.known + done.refused_count;
            return Err(match dealt {
                0 => trouble,
                _ => Trouble::Failed(format!(
                    "{trouble}. {} of {} rows are done; the same file again goes on with the others",
                    dealt,
                    list.feeds.len()
                )),
            });
        }
    }
    progress.clear();
    for row in &list.refused {
        let code = serde_json::to_value(row.reason).ok().and_then(|code| code.as_str().map(str::to_owned));
        done.refused_count += 1;
        done.refused.push(Refused {
            line: Some(row.line),
            title: row.title.clone(),
            url: None,
            code: code.unwrap_or_default(),
            reason: row.reason.to_string(),
        });
    }
    done.refused.sort_by_key(|row| row.line);
    tell(&done, args)
}

/// Sends a part until all of it is dealt with. `lines` are those of its addresses in the whole file.
async fn send(
    client: &Client,
    mut part: Opml,
    lines: &HashMap<&str, usize>,
    done: &mut Imported,
    progress: &mut Progress,
) -> Result<(), Trouble> {
    loop {
        let written = opml::write(&part);
        // As the API reads it: in this order, on these lines.
        let (read, read_lines) = opml::read_with_lines(written.as_bytes()).unwrap_or_default();
        let (_, answer) = client.ask(Method::POST, "/v1/opml", OPML, written).await?;
        let came: Imported = shapes::read_one(&answer)?;
        done.added += came.added;
        done.known += came.known;
        done.refused_count += came.refused_count;
        done.refused.extend(came.refused.into_iter().map(|mut row| {
            let feed = row.line.and_then(|line| read_lines.iter().position(|known| *known == line));
            row.line = feed.and_then(|at| lines.get(read.feeds.get(at)?.url.as_str()).copied());
            row
        }));
        progress.show(done.added + done.known + done.refused_count);
        if came.left == 0 {
            return Ok(());
        }
        if came.left >= read.feeds.len() {
            return Err(Trouble::Failed("Feedmill is too busy to take in more now".to_owned()));
        }
        part = part_of(&read, read.feeds[read.feeds.len() - came.left..].to_vec());
    }
}

async fn import_account(client: &Client, bytes: &[u8], args: &ImportArgs) -> Result<(), Trouble> {
    let unreadable = |error| Trouble::failed(format!("{} is no exported account", name(&args.file)), &error);
    let account: Value = serde_json::from_slice(bytes).map_err(unreadable)?;
    if account["format"] != account::FORMAT {
        return Err(Trouble::Failed(format!("{} is no exported account of Feedmill", name(&args.file))));
    }
    let came = account::send(client, account, args.who.json, args.no_wait).await?;
    tell_account(&came, args)?;
    if came.is_for_nothing() { Err(nothing_taken()) } else { Ok(()) }
}

fn tell_account(came: &Came, args: &ImportArgs) -> Result<(), Trouble> {
    if args.who.json {
        let subscriptions = &came.subscriptions;
        return print_json(&json!({
            "subscriptions": subscriptions, "kept": came.kept, "kept_refused": came.kept_refused,
            "kept_refused_count": came.kept_refused_count, "waiting": came.waiting,
        }));
    }
    show(&came.subscriptions)?;
    name_rows("POST", &came.kept_refused, came.kept_refused_count)?;
    say(&format!("{} posts kept, {} not taken", came.kept, came.kept_refused_count))?;
    if came.waiting > 0 {
        let what =
            "new feeds have no posts yet: import the same file again once they have, so that what was read is marked";
        say(&format!("{} {what}", came.waiting))?;
    }
    Ok(())
}

/// As a person calls it.
fn name(file: &Path) -> String {
    if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() }
}

fn tell(done: &Imported, args: &ImportArgs) -> Result<(), Trouble> {
    if args.who.json {
        print_json(done)?
    } else {
        show(done)?
    }
    match done.added + done.known {
        0 => Err(nothing_taken()),
        _ => Ok(()),
    }
}

fn nothing_taken() -> Trouble {
    Trouble::Failed("nothing could be taken".to_owned())
}

fn show(done: &Imported) -> Result<(), Trouble> {
    name_rows("FEED", &done.refused, done.refused_count)?;
    say(&format!("{} added, {} known before, {} not taken", done.added, done.known, done.refused_count))
}

/// Rows that could not be taken.
fn name_rows(kind: &str, refused: &[Refused], count: usize) -> Result<(), Trouble> {
    if !refused.is_empty() {
        let rows: Vec<_> = refused.iter().map(row).collect();
        table(&["LINE", kind, "NOT TAKEN, BECAUSE"], &rows)?;
    }
    let not_told = count.saturating_sub(refused.len());
    if not_told > 0 {
        say(&format!("and {not_told} more"))?;
    }
    Ok(())
}

fn row(refused: &Refused) -> Vec<Cell> {
    let name = refused.title.as_deref().or(refused.url.as_deref()).unwrap_or("(untitled)");
    let line = refused.line.map(|line| line.to_string()).unwrap_or_default();
    vec![dim(line), plain(name), plain(&refused.reason)]
}
