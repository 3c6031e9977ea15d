//! `bench memory`: the functions' own programs at their heaviest. What the template gives them follows from it.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use domain::carry::Carry;
use domain::id::JobIdMint;
use domain::job::{Ending, Finished};
use domain::message::FetchMessage;
use domain::wheel::{Pace, Slot};
use http::Method;
use origin::{Origin, Reply};
use serde_json::{Value, json};
use store::Creating;

use crate::library::{self, Library, Size};
use crate::machine::Machine;
use crate::program::{self, Line, Tried};
use crate::web::Web;
use crate::{Outcome, articles};

/// So long ago everything was made.
const BEFORE: Duration = Duration::from_secs(24 * 3_600);
/// Messages of one batch.
const BATCH: u64 = 100;
/// Far more than any of it takes on a quiet machine: memory is what is asked.
const TIME: Duration = Duration::from_secs(600);
/// A feed just below the longest that is taken.
const LONGEST: usize = 9_500_000;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where the programs are: as `cargo xtask lambda` leaves them, or as `cargo build` does.
    #[arg(long, value_name = "DIR", default_value = "target/lambda")]
    programs: PathBuf,
    /// Sources that are due in one minute.
    #[arg(long, default_value_t = 10_000)]
    due: u64,
    /// Subscriptions of the person who reads, exports, imports and is deleted.
    #[arg(long, default_value_t = 1_000)]
    subscriptions: u64,
    /// Posts that each of them has.
    #[arg(long, default_value_t = 30)]
    posts: u64,
}

pub(crate) async fn run(options: &Options) -> Outcome<()> {
    // Before minutes are spent on what they are to work on.
    for function in ["dispatcher", "fetcher", "api", "maintenance"] {
        program::path(&options.programs, function)?;
    }
    let mut lines = due(options).await?;
    lines.extend(fetching(options).await?);
    lines.extend(people(options).await?);
    let mut table = "| Function | Load | peak MB | CPU s | s |\n|---|---|---|---|---|\n".to_owned();
    table.extend(lines.iter().map(Line::row));
    std::io::stdout().write_all(table.as_bytes())?;
    Ok(())
}

async fn yesterday() -> Outcome<Machine> {
    let now = boot::clock::now().as_millis() - i64::try_from(BEFORE.as_millis())?;
    Machine::start_at(domain::time::Timestamp::from_millis(now), true).await
}

/// The dispatcher, when all that it has is due in one minute.
async fn due(options: &Options) -> Outcome<Vec<Line>> {
    let machine = yesterday().await?;
    // The wheel turns already.
    machine.minute().await?;
    let (mint, mut ended) = (JobIdMint::default(), Vec::new());
    let phase = u32::try_from(Pace::REAL.minute_of((machine.clock)()).plus(30).0 % 61)?;
    for n in 0..options.due {
        let mut new = library::source(&machine, &mint, n);
        new.target.slot = Slot { period: 61, phase, shard: 0 };
        if machine.store.create(&new).await? != Creating::Created {
            return Err("a source could not be made".into());
        }
        ended.push(fetched(&machine, &new));
    }
    for some in ended.chunks(100) {
        machine.store.finish(some).await;
    }
    let mut dispatcher =
        Tried::start(&machine, &options.programs, "dispatcher", &[("FEEDMILL_RATE_FLOOR", "1000000")])?;
    let report = dispatcher.invoke(&format!("{} due in one minute", options.due), &json!({}), TIME).await?;
    if report["queued"] != options.due {
        return Err(format!("not all were queued: {report}").into());
    }
    dispatcher.invoke("nothing is due", &json!({}), TIME).await?;
    Ok(dispatcher.stop().await)
}

/// Its first job, as it ended.
fn fetched(machine: &Machine, new: &store::NewSource) -> Finished {
    let now = (machine.clock)();
    Finished {
        source: new.head.source,
        job: new.pointer.job,
        reason: new.pointer.reason,
        queued_at: new.pointer.queued_at,
        started_at: Some(now),
        ended_at: now,
        ending: Ending::Completed { posts_count: 0, edits_count: 0, landed: None },
        http_status: Some(200),
        bytes: 30_000,
        carry: Carry { last_get: Some(now), fetch_ms: 200, ..Carry::default() },
    }
}

/// The fetcher, with batches of new sources: ordinary ones, and such as it has just room for.
async fn fetching(options: &Options) -> Outcome<Vec<Line>> {
    let web = Web::start()?;
    let long = Origin::start().await?;
    let feed = longest();
    long.otherwise(move |_| Reply::ok(feed.clone()).header("content-type", "application/rss+xml"));
    let port = long.address().port();
    let mut lines = Vec::new();
    let ordinary = |n: u64| web.url(n);
    lines.extend(batch(options, "ordinary feeds (30 KB), for the first time", &ordinary).await?);
    let longest = |n: u64| format!("http://f{n}.localhost:{port}/feed");
    lines.extend(batch(options, "feeds of 9.5 MB, for the first time", &longest).await?);
    Ok(lines)
}

async fn batch(options: &Options, what: &str, url: &dyn Fn(u64) -> String) -> Outcome<Vec<Line>> {
    let machine = yesterday().await?;
    machine.pass(BEFORE);
    let (mint, mut records) = (JobIdMint::default(), Vec::new());
    for n in 0..BATCH {
        let mut new = library::source(&machine, &mint, n);
        new.head.url = url(n);
        new.head.url_keys = vec![url(n)];
        new.target.url = Some(url(n));
        new.target.host = format!("f{n}.localhost");
        if machine.store.create(&new).await? != Creating::Created {
            return Err("a source could not be made".into());
        }
        let message = FetchMessage::of(&new.target, &new.pointer, Carry::default(), Pace::REAL);
        records.push(json!({
            "messageId": n.to_string(),
            "receiptHandle": n.to_string(),
            "body": serde_json::to_string(&message)?,
            "attributes": { "ApproximateReceiveCount": "1" },
        }));
    }
    let mut fetcher = Tried::start(&machine, &options.programs, "fetcher", &[("FEEDMILL_LANE", "slow")])?;
    let answer = fetcher.invoke(&format!("{BATCH} {what}"), &json!({ "Records": records }), TIME).await?;
    let again = answer["batchItemFailures"].as_array().map_or(0, Vec::len);
    let (posts, lines) = (machine.posts().await?, fetcher.stop().await);
    writeln!(std::io::stderr(), "{what}: {again} of {BATCH} come again, {posts} posts landed")?;
    Ok(lines)
}

/// An RSS feed of articles, as long as a feed may be.
fn longest() -> String {
    let mut feed = "<rss version=\"2.0\"><channel><title>Long</title>".to_owned();
    for n in 0.. {
        let html = articles::html(n).replace('&', "&amp;").replace('<', "&lt;");
        let item = format!("<item><guid>{n}</guid><title>{n}</title><description>{html}</description></item>");
        if feed.len() + item.len() > LONGEST {
            break;
        }
        feed.push_str(&item);
    }
    feed + "</channel></rss>"
}

/// The API for someone with many subscriptions, and maintenance when that person goes.
async fn people(options: &Options) -> Outcome<Vec<Line>> {
    let machine = yesterday().await?;
    let size = Size { readers: 1, sources: options.subscriptions, posts: options.posts, turn: 10 };
    let library = Library::fill(&machine, size).await?;
    let user = library.readers.first().ok_or("nobody reads")?.as_str();
    let mut api = Tried::start(&machine, &options.programs, "api", &[])?;
    ask(&mut api, "nothing: health", user, Method::GET, "/healthz", "", None).await?;
    ask(&mut api, "a page of 100 with content", user, Method::GET, "/v1/posts", "status=unread&limit=100", None)
        .await?;
    ask(&mut api, "unread counts", user, Method::GET, "/v1/counts", "", None).await?;
    let account = ask(&mut api, "an account's export", user, Method::GET, "/v1/account/export", "", None).await?;
    let load = format!("its import, {} subscriptions", options.subscriptions);
    ask(&mut api, &load, user, Method::POST, "/v1/account/import", "", Some(&account)).await?;
    let wrong = json!({ "email": "nobody@example.org", "password": "a wrong password" });
    let hashed = ask(&mut api, "a password (argon2)", "", Method::POST, "/v1/sessions", "", Some(&wrong)).await;
    if hashed.is_ok() {
        return Err("a wrong password was taken".into());
    }
    let id = ask(&mut api, "an account", user, Method::GET, "/v1/account", "", None).await?["id"].clone();
    let path = format!("/v1/users/{}", id.as_str().ok_or("the account has no id")?);
    ask(&mut api, "a deletion", &machine.operator(), Method::DELETE, &path, "", None).await?;
    let mut lines = api.stop().await;
    let mut maintenance = Tried::start(&machine, &options.programs, "maintenance", &[])?;
    let load = format!("a deleted person's {} subscriptions; floors of as many sources", options.subscriptions);
    maintenance.invoke(&load, &json!({}), TIME).await?;
    lines.extend(maintenance.stop().await);
    Ok(lines)
}

/// A request as API Gateway hands it over; the answer's body.
async fn ask(
    api: &mut Tried,
    load: &str,
    authorization: &str,
    method: Method,
    path: &str,
    query: &str,
    body: Option<&Value>,
) -> Outcome<Value> {
    let http = json!({ "method": method.as_str(), "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "bench" });
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": { "host": "feedmill.example.org", "authorization": authorization, "content-type": "application/json" },
        "requestContext": { "http": http, "routeKey": "$default", "stage": "$default", "requestId": "1", "accountId": "1", "apiId": "a", "timeEpoch": 0 },
        "body": body.map(Value::to_string),
        "isBase64Encoded": false,
    });
    let answer = api.invoke(load, &event, TIME).await?;
    let (status, text) =
        (answer["statusCode"].as_u64().unwrap_or_default(), answer["body"].as_str().unwrap_or_default());
    if !(200..300).contains(&status) {
        return Err(format!("{path}: {status} {text}").into());
    }
    Ok(if text.is_empty() { Value::Null } else { serde_json::from_str(text)? })
}
