//! The numbers, for people and for programs.

use crate::Outcome;
use crate::measure::Cost;
use std::io::Write as _;

pub(crate) fn print(costs: &[Cost], json: bool) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(costs)?)?;
        return Ok(());
    }
    if cfg!(debug_assertions) {
        writeln!(out, "This is a debug build: its numbers mean nothing.")?;
    }
    writeln!(
        out,
        "{:24} {:>7} {:>8} {:>9} {:>11} {:>9} {:>11} {:>11} {:>12}",
        "phase", "polls", "wall s", "polls/s", "CPU ms/poll", "peak MB", "calls/poll", "reads/poll", "writes/poll"
    )?;
    for cost in costs {
        let memory = cost.peak_rss_mb.map_or_else(|| "-".to_owned(), |mb| format!("{mb:.0}"));
        writeln!(
            out,
            "{:24} {:>7} {:>8.2} {:>9.0} {:>11.3} {:>9} {:>11.2} {:>11.2} {:>12.2}",
            cost.phase,
            cost.polls,
            cost.wall_seconds,
            cost.polls_per_second,
            cost.cpu_ms_per_poll,
            memory,
            cost.store_calls_per_poll,
            cost.read_units_per_poll,
            cost.write_units_per_poll
        )?;
    }
    Ok(())
}

/// Says on standard error what ended the run.
pub(crate) fn complain(error: &(dyn std::error::Error + 'static)) {
    let line = boot::logs::causes(error);
    // If nobody hears it, the exit code is left.
    writeln!(std::io::stderr(), "bench: {line}").unwrap_or_default();
}
