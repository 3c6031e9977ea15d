//! What the process used: CPU, memory, time.

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use std::time::Duration;
use store::{Meter, Reading};
use tokio::time::Instant;

/// What a number of polls cost, all of this process's threads together.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Cost {
    pub(crate) phase: String,
    pub(crate) polls: u64,
    pub(crate) wall_seconds: f64,
    pub(crate) polls_per_second: f64,
    pub(crate) cpu_ms_per_poll: f64,
    /// Highest resident memory within the phase; none where the system does not say.
    pub(crate) peak_rss_mb: Option<f64>,
    pub(crate) store_calls_per_poll: f64,
    pub(crate) read_units_per_poll: f64,
    pub(crate) write_units_per_poll: f64,
}

/// A phase under way.
pub(crate) struct Watch {
    cpu: Duration,
    wall: Instant,
}

impl Watch {
    /// Starts to count.
    pub(crate) fn start(meter: Option<&Meter>) -> Self {
        forget_peak();
        if let Some(meter) = meter {
            meter.take();
        }
        Self { cpu: cpu(), wall: Instant::now() }
    }

    /// What was used since the start.
    pub(crate) fn stop(self, phase: &str, polls: u64, meter: Option<&Meter>) -> Cost {
        let (cpu, wall) = (cpu() - self.cpu, self.wall.elapsed());
        let read = meter.map_or_else(Reading::default, Meter::take);
        let each = |total: f64| total / polls.max(1) as f64;
        Cost {
            phase: phase.to_owned(),
            polls,
            wall_seconds: wall.as_secs_f64(),
            polls_per_second: polls as f64 / wall.as_secs_f64(),
            cpu_ms_per_poll: each(cpu.as_secs_f64() * 1_000.0),
            peak_rss_mb: peak_mb(),
            store_calls_per_poll: each(read.calls as f64),
            read_units_per_poll: each(read.read_units),
            write_units_per_poll: each(read.write_units),
        }
    }
}

/// CPU time of all threads of this process so far; its children are not in it.
pub(crate) fn cpu() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let part = |n: i64| u64::try_from(n).unwrap_or(0);
    Duration::from_secs(part(used.tv_sec)) + Duration::from_nanos(part(used.tv_nsec))
}

/// Highest resident memory since [`forget_peak`], in megabytes; none where the system does not say.
pub(crate) fn peak_mb() -> Option<f64> {
    status("self", "VmHWM:").map(|kilobytes| kilobytes / 1_000.0)
}

/// Lets the highest mark of memory begin anew, where the system can (Linux); elsewhere it is that of the whole run.
pub(crate) fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap_or_default();
}

/// A line of a process's status, in kilobytes; none where the system does not say.
pub(crate) fn status(process: &str, name: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1.024)
}
