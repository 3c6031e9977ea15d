//! The commands that ask the running Feedmill: tables for people, JSON for programs.

mod follow;

use std::io::Write as _;

use boot::clock::Clock;
use serde_json::Value;

use crate::cli::{JobsArgs, ListArgs};
use crate::client::Client;
use crate::shapes::{self, Job, Post, Source};
use crate::signals;
use crate::table::{Cell, dim, plain, render};
use crate::trouble::Trouble;
use crate::words;

pub use follow::{Follower, follow};

/// More sources than this are not for a terminal.
const MANY: usize = 100_000;

/// `feedmill sources`.
///
/// # Errors
/// [`Trouble`] with the API's own sentence.
pub async fn sources(args: &ListArgs, clock: &Clock) -> Result<(), Trouble> {
    let objects = Client::of(&args.data)?.list("/v1/sources", "sources", MANY).await?;
    if args.json {
        return print_json(&Value::Array(objects));
    }
    let sources: Vec<Source> = shapes::read(&objects)?;
    if sources.is_empty() {
        return say("no sources yet: feedmill add https://example.org/feed.xml");
    }
    let row = |source: &Source| {
        let fetched = source.last_finished_job.as_ref().and_then(|job| job.ended_at.as_deref());
        vec![
            plain(&source.id),
            words::state(&source.state, source.last_finished_job.as_ref()),
            plain(source.post_count.to_string()),
            dim(fetched.map_or_else(|| "never".to_owned(), |at| words::relative(at, clock()))),
            plain(words::title(source)),
            words::next(source.next_fetch.as_ref(), clock()),
        ]
    };
    let rows: Vec<_> = sources.iter().map(row).collect();
    table(&["ID", "STATE", "POSTS", "FETCHED", "TITLE", "NEXT FETCH"], &rows)
}

/// `feedmill jobs`.
///
/// # Errors
/// As [`sources`].
pub async fn jobs(args: &JobsArgs, clock: &Clock) -> Result<(), Trouble> {
    let client = Client::of(&args.data)?;
    if args.follow {
        let mut signals = signals::listen()?;
        return tokio::select! {
            ended = follow(&client, args.source.as_deref(), args.json) => ended,
            () = signals.received() => Ok(()),
        };
    }
    let limit = usize::try_from(args.limit).unwrap_or(MANY);
    let objects = match &args.source {
        Some(source) => client.list(&format!("/v1/sources/{}/jobs", segment(source)?), "jobs", limit).await?,
        None => latest_jobs(&client, limit).await?,
    };
    if args.json {
        return print_json(&Value::Array(objects));
    }
    let jobs: Vec<Job> = shapes::read(&objects)?;
    let row = |job: &Job| {
        let took = words::between(job.started_at.as_ref(), job.ended_at.as_ref());
        vec![
            dim(words::relative(&job.queued_at, clock())),
            plain(&job.source),
            words::status(job),
            dim(&job.reason),
            dim(took.map(words::span).unwrap_or_default()),
            words::result(job),
        ]
    };
    let rows: Vec<_> = jobs.iter().map(row).collect();
    table(&["QUEUED", "SOURCE", "STATUS", "REASON", "TOOK", "RESULT"], &rows)
}

/// The latest job of each source, newest first.
async fn latest_jobs(client: &Client, limit: usize) -> Result<Vec<Value>, Trouble> {
    let sources = client.list("/v1/sources", "sources", MANY).await?;
    let mut jobs: Vec<Value> = sources
        .into_iter()
        .filter_map(|mut source| Some(source.get_mut("latest_job")?.take()))
        .filter(|job| !job.is_null())
        .collect();
    // The text order of UUIDv7 is the order of time.
    let id = |job: &Value| job.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    jobs.sort_by_key(|job| std::cmp::Reverse(id(job)));
    jobs.truncate(limit);
    Ok(jobs)
}

/// `feedmill posts` where nobody has an account: of one source or of all.
///
/// # Errors
/// As [`sources`].
pub(crate) async fn posts_of_all(
    client: &Client,
    source: Option<&str>,
    limit: usize,
    json: bool,
    clock: &Clock,
) -> Result<(), Trouble> {
    let objects = match source {
        Some(source) => client.list(&format!("/v1/sources/{}/posts", segment(source)?), "posts", limit).await?,
        None => newest_posts(client, limit).await?,
    };
    if json {
        return print_json(&Value::Array(objects));
    }
    let posts: Vec<Post> = shapes::read(&objects)?;
    let row = |post: &Post| -> Vec<Cell> {
        vec![
            plain(&post.id),
            plain(&post.source),
            dim(words::relative(&post.published, clock())),
            plain(words::post_title(post)),
            dim(post.url.as_deref().unwrap_or_default()),
        ]
    };
    let rows: Vec<_> = posts.iter().map(row).collect();
    table(&["ID", "SOURCE", "PUBLISHED", "TITLE", "URL"], &rows)
}

/// The newest posts of all sources, by arrival.
async fn newest_posts(client: &Client, limit: usize) -> Result<Vec<Value>, Trouble> {
    let sources: Vec<Source> = shapes::read(&client.list("/v1/sources", "sources", MANY).await?)?;
    let mut posts = Vec::new();
    for source in sources.iter().filter(|source| source.post_count > 0) {
        posts.extend(client.list(&format!("/v1/sources/{}/posts", source.id), "posts", limit).await?);
    }
    let arrived = |post: &Value| post.get("arrived").and_then(Value::as_str).unwrap_or_default().to_owned();
    posts.sort_by_key(|post| std::cmp::Reverse(arrived(post)));
    posts.truncate(limit);
    Ok(posts)
}

/// An id as a person typed it, before it becomes part of a path.
pub(crate) fn segment(id: &str) -> Result<&str, Trouble> {
    if !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(id);
    }
    Err(Trouble::Failed(
        "that is no source id: it is eight letters and digits, as `feedmill sources` shows it".to_owned(),
    ))
}

/// Rows below their headings, as wide as the terminal.
pub(crate) fn table(headings: &[&str], rows: &[Vec<Cell>]) -> Result<(), Trouble> {
    if rows.is_empty() {
        return say("nothing yet");
    }
    let mut out = anstream::stdout();
    // A pipe gets whole lines.
    let width = terminal_size::terminal_size_of(std::io::stdout()).map_or(0, |(width, _)| usize::from(width.0));
    out.write_all(render(headings, rows, width).as_bytes())?;
    Ok(out.flush()?)
}

/// Prints lines for a person.
///
/// # Errors
/// [`Trouble::Closed`] when nobody reads them.
pub fn say(text: &str) -> Result<(), Trouble> {
    let mut out = anstream::stdout();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Prints JSON, indented.
///
/// # Errors
/// [`Trouble::Closed`] when nobody reads it.
pub fn print_json(value: &impl serde::Serialize) -> Result<(), Trouble> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Trouble::failed("cannot write JSON", &error))?;
    say(&text)
}
