//! A function's own program under way, and what it takes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use emulator::runtime::{Event, Program};
use serde_json::Value;
use tokio::time::Instant;

use crate::machine::Machine;
use crate::{Outcome, measure};

/// A request's id and trace: nobody looks at them.
const REQUEST: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
const TRACE: &str = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0";
/// Ticks of the process table's clock in a second, on Linux.
const TICKS: f64 = 100.0;

/// A program.
pub(crate) struct Tried {
    function: &'static str,
    program: Program,
    pub(crate) lines: Vec<Line>,
}

/// What one event took.
#[derive(Debug)]
pub(crate) struct Line {
    function: &'static str,
    load: String,
    /// Highest resident memory since the program started, MB.
    peak_mb: f64,
    seconds: f64,
    cpu_seconds: f64,
}

/// Where the program of `function` is: unpacked, as `cargo xtask lambda` leaves it, or as `cargo build` does.
pub(crate) fn path(programs: &Path, function: &str) -> Outcome<PathBuf> {
    let places = [programs.join(function).join("unpacked/bootstrap"), programs.join(function)];
    let found = places.into_iter().find(|place| place.is_file());
    let shown = programs.display();
    found.ok_or_else(|| format!("there is no program {function} in {shown}: make it by `cargo xtask lambda`, or name the folder with --programs").into())
}

impl Tried {
    /// Starts the program of `function` for `machine`; `more` settings go before the usual ones.
    pub(crate) fn start(
        machine: &Machine,
        programs: &Path,
        function: &'static str,
        more: &[(&str, &str)],
    ) -> Outcome<Self> {
        let mut command = Command::new(path(programs, function)?);
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null());
        command.envs(machine.environment()).envs(more.iter().copied()).env("FEEDMILL_LOG", "error");
        Ok(Self { function, program: Program::start(command)?, lines: Vec::new() })
    }

    /// Hands it an event, with `time` to work on it; what it answered.
    pub(crate) async fn invoke(&mut self, load: &str, event: &Value, time: Duration) -> Outcome<Value> {
        let deadline = (boot::clock::now() + time).as_millis();
        let event =
            Event { body: event.to_string().into(), request: REQUEST.to_owned(), trace: TRACE.to_owned(), deadline };
        let (began, before) = (Instant::now(), self.cpu());
        let answer = self.program.invoke(event).await?;
        let line = Line {
            function: self.function,
            load: load.to_owned(),
            peak_mb: measure::status(&self.program.id().to_string(), "VmHWM:").unwrap_or_default() / 1_000.0,
            seconds: began.elapsed().as_secs_f64(),
            cpu_seconds: self.cpu() - before,
        };
        self.lines.push(line);
        match answer {
            Ok(body) => Ok(serde_json::from_slice(&body)?),
            Err(body) => Err(format!("{} failed: {}", self.function, String::from_utf8_lossy(&body)).into()),
        }
    }

    /// CPU seconds so far; zero where the system does not say.
    fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.program.id())).unwrap_or_default();
        // The name in parentheses may hold spaces; user and system time are the 12th and 13th number after it.
        let numbers = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
        numbers.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS
    }

    /// Ends it; what it took.
    pub(crate) async fn stop(self) -> Vec<Line> {
        self.program.stop().await;
        self.lines
    }
}

impl Line {
    /// A row of a table.
    pub(crate) fn row(&self) -> String {
        let Self { function, load, peak_mb, seconds, cpu_seconds } = self;
        format!("| {function} | {load} | {peak_mb:.0} | {cpu_seconds:.2} | {seconds:.1} |\n")
    }
}
