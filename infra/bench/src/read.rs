//! `bench read`: what reading costs, call by call, through the API, the store and the embedded servers.

use std::io::Write as _;
use std::time::Duration;

use http::Method;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::library::Library;
use crate::machine::Machine;
use crate::{Outcome, measure};

/// Longer than heads of sources are remembered.
const FORGOTTEN: Duration = Duration::from_secs(6);
/// Ids of one mark.
const MARKED: usize = 200;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// To how many sources the reader subscribes.
    #[arg(long, default_value_t = 1_000)]
    subscriptions: u64,
    /// How many posts each has, all unread.
    #[arg(long, default_value_t = 30)]
    posts: u64,
    /// How many of them arrive together.
    #[arg(long, default_value_t = 10)]
    turn: u64,
    /// How often each call is made.
    #[arg(long, default_value_t = 50)]
    calls: usize,
    /// Reach the tables over loopback HTTP.
    #[arg(long)]
    http: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What a call costs, everything in.
#[derive(Debug, Serialize)]
struct Line {
    call: String,
    times: usize,
    p50_ms: f64,
    p99_ms: f64,
    cpu_ms: f64,
    store_calls: f64,
    read_units: f64,
    write_units: f64,
    kilobytes: f64,
}

/// Someone who reads, and what was measured.
struct Session<'a> {
    machine: &'a Machine,
    library: Library,
    calls: usize,
    lines: Vec<Line>,
}

pub(crate) async fn run(options: &Options) -> Outcome<()> {
    let machine = Machine::start(options.http).await?;
    let library = Library::fill(&machine, options.subscriptions, options.posts, options.turn).await?;
    let mut session = Session { machine: &machine, library, calls: options.calls.max(1), lines: Vec::new() };
    session.pages().await?;
    session.marks().await?;
    print(&session.lines, options.json)
}

impl Session<'_> {
    async fn pages(&mut self) -> Outcome<()> {
        self.get("unread counts", "/v1/counts", false).await?;
        self.get("unread counts, heads to be read", "/v1/counts", true).await?;
        let page = "/v1/posts?status=unread&limit=100";
        self.get("page of 100 with content", page, false).await?;
        self.get("page of 100, heads to be read", page, true).await?;
        self.get("page of 50 without content", "/v1/posts?status=unread&limit=50&content=false", false).await?;
        self.get("oldest page of 50", "/v1/posts?status=unread&limit=50&order=oldest", false).await?;
        let deep = self.deep().await?;
        self.get("deep page of 50", &deep, false).await
    }

    /// The page that stands half-way down the list.
    async fn deep(&self) -> Outcome<String> {
        let total = self.ask(Method::GET, "/v1/counts", Value::Null).await?["unread"].as_u64().unwrap_or_default();
        let (path, mut cursor, mut passed) = ("/v1/posts?status=unread&limit=200&content=false", String::new(), 0);
        while passed < total / 2 {
            // The API answers one person 600 times a minute.
            self.machine.pass(FORGOTTEN);
            let page = self.ask(Method::GET, &format!("{path}{cursor}"), Value::Null).await?;
            passed += page["posts"].as_array().map_or(0, Vec::len) as u64;
            let next = page["next"].as_str().ok_or("the list ended too soon")?;
            cursor = format!("&cursor={next}");
        }
        Ok(format!("/v1/posts?status=unread&limit=50{cursor}").replace("limit=50", "limit=50&content=false"))
    }

    async fn marks(&mut self) -> Outcome<()> {
        let mut cursor = String::new();
        let mut ids: Vec<Vec<Value>> = Vec::new();
        while ids.len() < self.calls {
            self.machine.pass(FORGOTTEN);
            let path = format!("/v1/posts?status=unread&content=false&limit={MARKED}{cursor}");
            let page = self.ask(Method::GET, &path, Value::Null).await?;
            let posts = page["posts"].as_array().ok_or("no posts")?;
            ids.push(posts.iter().map(|post| post["id"].clone()).collect());
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let bodies = ids.iter().map(|ids| json!({ "mark": "read", "posts": ids })).collect();
        self.measure("mark 200 read", Method::POST, "/v1/posts/marks", bodies, false).await?;
        let star = ids.iter().map(|ids| json!({ "mark": "star", "posts": ids[..10.min(ids.len())] })).collect();
        self.measure("star 10", Method::POST, "/v1/posts/marks", star, false).await?;
        self.get("page of 50 stars with content", "/v1/posts?starred=true", false).await?;
        let all = vec![json!({ "before": (self.machine.clock)().to_string() })];
        self.measure("mark all read", Method::POST, "/v1/posts/mark-all", all, false).await
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> Outcome<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.machine.ask(&self.library.authorization, method, path, body).await?;
        Ok(if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer)? })
    }

    async fn get(&mut self, call: &str, path: &str, forgotten: bool) -> Outcome<()> {
        let bodies = vec![Value::Null; self.calls];
        self.measure(call, Method::GET, path, bodies, forgotten).await
    }

    async fn measure(
        &mut self,
        call: &str,
        method: Method,
        path: &str,
        bodies: Vec<Value>,
        forgotten: bool,
    ) -> Outcome<()> {
        let (mut walls, mut cpu, mut bytes) = (Vec::new(), Duration::ZERO, 0);
        let text = |body: &Value| if body.is_null() { String::new() } else { body.to_string() };
        if method == Method::GET {
            // What a first call alone pays is no part of it.
            self.machine.ask(&self.library.authorization, method.clone(), path, String::new()).await?;
        }
        self.machine.meter.take();
        for body in &bodies {
            if forgotten {
                self.machine.pass(FORGOTTEN);
            }
            let (start, used) = (Instant::now(), measure::cpu());
            let answer = self.machine.ask(&self.library.authorization, method.clone(), path, text(body)).await?;
            walls.push(start.elapsed());
            cpu += measure::cpu() - used;
            bytes += answer.len();
        }
        let reading = self.machine.meter.take();
        walls.sort_unstable();
        let (times, millis) = (walls.len(), |duration: Duration| duration.as_secs_f64() * 1_000.0);
        let at = |share: f64| walls[(((times - 1) as f64) * share).round() as usize];
        let each = |total: f64| total / times as f64;
        self.lines.push(Line {
            call: call.to_owned(),
            times,
            p50_ms: millis(at(0.5)),
            p99_ms: millis(at(0.99)),
            cpu_ms: each(millis(cpu)),
            store_calls: each(reading.calls as f64),
            read_units: each(reading.read_units),
            write_units: each(reading.write_units),
            kilobytes: each(bytes as f64 / 1_000.0),
        });
        Ok(())
    }
}

fn print(lines: &[Line], json: bool) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(lines)?)?;
        return Ok(());
    }
    if cfg!(debug_assertions) {
        writeln!(out, "This is a debug build: its numbers mean nothing.")?;
    }
    let names = ["p50 ms", "p99 ms", "CPU ms", "calls", "reads", "writes", "KB"];
    writeln!(out, "{:32} {:>6} {}", "call", "times", names.map(|name| format!("{name:>8}")).join(" "))?;
    for line in lines {
        let numbers = [
            line.p50_ms,
            line.p99_ms,
            line.cpu_ms,
            line.store_calls,
            line.read_units,
            line.write_units,
            line.kilobytes,
        ];
        let numbers = numbers.map(|number| format!("{number:>8.1}")).join(" ");
        writeln!(out, "{:32} {:>6} {numbers}", line.call, line.times)?;
    }
    Ok(())
}
