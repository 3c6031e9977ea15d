//! What calls cost, measured and told.

use std::io::Write as _;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use http::{Method, Request};
use serde::Serialize;
use store::Reading;
use tokio::time::Instant;
use tower::ServiceExt as _;

use crate::machine::Machine;
use crate::{Outcome, measure};

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: String,
}

impl Ask {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), body: String::new() }
    }

    pub(super) fn post(path: impl Into<String>, body: impl Into<String>) -> Self {
        Self { method: Method::POST, path: path.into(), body: body.into() }
    }

    /// Asks as whoever `authorization` shows; a refusal ends the run.
    pub(super) async fn of(&self, api: &Router, authorization: &str) -> Outcome<Bytes> {
        let request = Request::builder().method(&self.method).uri(&self.path).header("authorization", authorization);
        let answer = api.clone().oneshot(request.body(Body::from(self.body.clone()))?).await?;
        let status = answer.status();
        let body = to_bytes(answer.into_body(), api::MAX_ANSWER_BYTES + 1_000).await?;
        if status.is_success() {
            return Ok(body);
        }
        // A cursor is long, and tells nobody anything.
        let path = self.path.split('?').next().unwrap_or_default();
        Err(format!("{path}: {status} {}", String::from_utf8_lossy(&body)).into())
    }
}

/// What a call costs, everything in.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    call: String,
    times: usize,
    p50_ms: f64,
    p99_ms: f64,
    cpu_ms: f64,
    store_calls: f64,
    read_units: f64,
    write_units: f64,
    kilobytes: f64,
    /// Highest resident memory of the process meanwhile.
    peak_mb: Option<f64>,
}

/// What was measured of one kind of call so far.
#[derive(Default)]
pub(super) struct Tally {
    walls: Vec<Duration>,
    cpu: Duration,
    bytes: usize,
    store: Reading,
}

impl Tally {
    pub(super) fn start() -> Self {
        measure::forget_peak();
        Self::default()
    }

    /// Makes a call and counts what it costs, and nothing that happens between calls.
    pub(super) async fn call(&mut self, machine: &Machine, api: &Router, who: &str, ask: &Ask) -> Outcome<Bytes> {
        machine.meter.take();
        let (start, used) = (Instant::now(), measure::cpu());
        let answer = ask.of(api, who).await?;
        self.add(&[(start.elapsed(), answer.len())], measure::cpu() - used, machine.meter.take());
        Ok(answer)
    }

    /// Adds calls that were made: how long each took and how long its answer was, and what they cost together.
    pub(super) fn add(&mut self, calls: &[(Duration, usize)], cpu: Duration, store: Reading) {
        self.walls.extend(calls.iter().map(|(wall, _)| *wall));
        self.bytes += calls.iter().map(|(_, bytes)| bytes).sum::<usize>();
        self.cpu += cpu;
        self.store.calls += store.calls;
        self.store.read_units += store.read_units;
        self.store.write_units += store.write_units;
    }

    pub(super) fn line(mut self, call: &str) -> Line {
        self.walls.sort_unstable();
        let (times, millis) = (self.walls.len(), |duration: Duration| duration.as_secs_f64() * 1_000.0);
        let at = |share: f64| self.walls.get(((times.max(1) - 1) as f64 * share).round() as usize).copied();
        let each = |total: f64| total / times.max(1) as f64;
        Line {
            call: call.to_owned(),
            times,
            p50_ms: millis(at(0.5).unwrap_or_default()),
            p99_ms: millis(at(0.99).unwrap_or_default()),
            cpu_ms: each(millis(self.cpu)),
            store_calls: each(self.store.calls as f64),
            read_units: each(self.store.read_units),
            write_units: each(self.store.write_units),
            kilobytes: each(self.bytes as f64 / 1_000.0),
            peak_mb: measure::peak_mb(),
        }
    }
}

/// The lines of a scene.
#[derive(Serialize)]
pub(super) struct Table {
    pub(super) title: String,
    pub(super) lines: Vec<Line>,
}

pub(super) fn print(tables: &[Table], json: bool) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(tables)?)?;
        return Ok(());
    }
    if cfg!(debug_assertions) {
        writeln!(out, "This is a debug build: its numbers mean nothing.")?;
    }
    let names = ["p50 ms", "p99 ms", "CPU ms", "calls", "reads", "writes", "KB"].map(|name| format!("{name:>8}"));
    for Table { title, lines } in tables {
        writeln!(out, "\n{title}\n{:44} {:>6} {} {:>8}", "call", "times", names.join(" "), "peak MB")?;
        for line in lines {
            let store = [line.store_calls, line.read_units, line.write_units, line.kilobytes];
            let numbers = [line.p50_ms, line.p99_ms, line.cpu_ms].into_iter().chain(store);
            let numbers: Vec<String> = numbers.map(|number| format!("{number:>8.1}")).collect();
            let peak = line.peak_mb.map_or_else(|| "-".to_owned(), |peak| format!("{peak:.0}"));
            writeln!(out, "{:44} {:>6} {} {peak:>8}", line.call, line.times, numbers.join(" "))?;
        }
    }
    writeln!(
        out,
        "\nCPU is that of the whole process, embedded servers included; calls and units are those of the store."
    )?;
    Ok(())
}
