//! How far the design carries: what was measured of a tick, held against what AWS allows, up to ten million sources. Pure.
//!
//! It assumes, and prints, what is written at [`ASSUMPTIONS`]; everything else is measured.

use std::io::{self, Write};

use serde::Serialize;

use crate::dispatch::Tick;
use crate::prices::LAMBDA_CORES;

/// How many sources are looked at.
const SIZES: [u64; 4] = [10_000, 100_000, 1_000_000, 10_000_000];
/// Each source is polled once in so many seconds.
const INTERVAL_SECONDS: f64 = 3_600.0;
/// Polls of a hundred that bring posts.
const LANDINGS_PERCENT: f64 = 5.0;
/// Write units of a landing: twice the 20 or so that `bench poll` measures for two posts of 4 KB, since there are longer ones.
const LANDING_UNITS: f64 = 40.0;
/// Write units of an unchanged poll in the fetcher, as `bench poll` measures them.
const FINISH_UNITS: f64 = 1.0;
/// How long the fetcher has a batch in hand: its slowest source.
const BATCH_SECONDS: f64 = 8.0;
/// Messages of a full batch.
const BATCH: f64 = 100.0;
/// A dispatcher's run may take so long of its minute.
const RUN_SECONDS: f64 = 50.0;
/// Bytes of a source in the index of the wheel.
const TARGET_BYTES: f64 = 350.0;

const ASSUMPTIONS: [&str; 6] = [
    "each source is polled once an hour, and sources spread evenly over the wheel's minutes",
    "5 % of polls land two posts, at 40 write units more; the others take one in the fetcher",
    "a batch of a hundred lasts 8 s in the fetcher, which is what its slowest source takes",
    "a tick is over within 50 s; with shards they are walked side by side, each by an invocation of its own",
    "a function has 256 MB, and with them 0.145 of a core as fast as this one",
    "an answer of a table or queue takes as long as in the ticks that were measured with waiting",
];

/// One thing that there is only so much of.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Constraint {
    pub(crate) name: &'static str,
    /// As AWS sets it, or as time does; a second, unless the name says otherwise.
    pub(crate) allowed: f64,
    /// The same of what a million sources take.
    pub(crate) taken_by_a_million: f64,
    /// How many sources fill it.
    pub(crate) sources: f64,
    pub(crate) way_out: &'static str,
}

/// What ticks of this many sources come to.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Size {
    pub(crate) sources: u64,
    pub(crate) polls_a_second: f64,
    pub(crate) write_units_a_second: f64,
    pub(crate) read_units_a_second: f64,
    pub(crate) messages_a_second: f64,
    pub(crate) fetchers_at_once: f64,
    pub(crate) shards: f64,
    /// Dispatcher's CPU milliseconds for a poll.
    pub(crate) cpu_ms: f64,
}

/// Assumptions, sizes, and what gives way first.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Simulation {
    pub(crate) assumptions: Vec<String>,
    pub(crate) sizes: Vec<Size>,
    /// The tightest first.
    pub(crate) constraints: Vec<Constraint>,
}

/// From what a `tick` took for each of its sources.
pub(crate) fn of(tick: &Tick, latency_ms: u64) -> Simulation {
    let write_units = tick.write_units + FINISH_UNITS + LANDINGS_PERCENT / 100.0 * LANDING_UNITS;
    let per_second = |sources: f64| sources / INTERVAL_SECONDS;
    // Waiting and working overlap at best: who is slower counts.
    let seconds = (tick.seconds_waiting / tick.due).max(tick.cpu_ms / 1_000.0 / LAMBDA_CORES);
    let shards = |sources: f64| (sources / 60.0 * seconds / RUN_SECONDS).ceil().max(1.0);
    let size = |sources: u64| {
        let polls = per_second(sources as f64);
        Size {
            sources,
            polls_a_second: polls,
            write_units_a_second: polls * write_units,
            read_units_a_second: polls * tick.read_units,
            messages_a_second: polls,
            fetchers_at_once: polls / BATCH * BATCH_SECONDS,
            shards: shards(sources as f64),
            cpu_ms: tick.cpu_ms,
        }
    };
    // (name, allowed, taken by one source, way out)
    let limits = [
        (
            "seconds of a dispatcher's run, one shard",
            RUN_SECONDS,
            seconds / 60.0,
            "FEEDMILL_SHARDS: each shard is a run of its own",
        ),
        ("write units of a table", 40_000.0, per_second(write_units), "a default quota: it is raised on request"),
        ("write units of a new table", 4_000.0, per_second(write_units), "warm throughput, or growing step by step"),
        ("read units of a table", 40_000.0, per_second(tick.read_units), "a default quota: it is raised on request"),
        (
            "read units of one slot's partition in a tick",
            3_000.0 * RUN_SECONDS,
            TARGET_BYTES / 8_192.0 / 60.0,
            "FEEDMILL_SHARDS: each shard has slots of its own",
        ),
        (
            "fetchers at once in an account",
            1_000.0,
            per_second(BATCH_SECONDS / BATCH),
            "a default quota: it is raised on request",
        ),
        ("messages in flight in a queue", 120_000.0, per_second(BATCH_SECONDS), "shorter batches, or another queue"),
    ];
    let constraint = |(name, allowed, each, way_out): (&'static str, f64, f64, &'static str)| Constraint {
        name,
        allowed,
        taken_by_a_million: each * 1e6,
        sources: allowed / each,
        way_out,
    };
    let mut constraints: Vec<Constraint> = limits.into_iter().map(constraint).collect();
    constraints.sort_by(|a, b| a.sources.total_cmp(&b.sources));
    let mut assumptions: Vec<String> = ASSUMPTIONS.map(str::to_owned).into();
    assumptions.push(format!("that is {latency_ms} ms here"));
    Simulation { assumptions, sizes: SIZES.map(size).into(), constraints }
}

pub(crate) fn print(out: &mut impl Write, simulation: &Simulation) -> io::Result<()> {
    writeln!(out, "\nUp to ten million sources, simulated; assumed:")?;
    for assumption in &simulation.assumptions {
        writeln!(out, "- {assumption}")?;
    }
    let names = ["polls/s", "writes/s", "reads/s", "messages/s", "fetchers", "shards", "CPU ms"];
    let row = |cells: Vec<String>| cells.iter().map(|cell| format!("{cell:>11}")).collect::<String>();
    writeln!(out, "\n{:>9}{}", "sources", row(names.map(str::to_owned).into()))?;
    for size in &simulation.sizes {
        let numbers = [
            size.polls_a_second,
            size.write_units_a_second,
            size.read_units_a_second,
            size.messages_a_second,
            size.fetchers_at_once,
            size.shards,
        ];
        let mut cells: Vec<String> = numbers.map(|number| format!("{number:.0}")).into();
        cells.push(format!("{:.3}", size.cpu_ms));
        writeln!(out, "{:>9}{}", size.sources, row(cells))?;
    }
    writeln!(out, "\nWhat gives way, the first one first")?;
    for constraint in &simulation.constraints {
        writeln!(
            out,
            "{:46} {:>9.0} allowed, {:>9.0} taken by a million: full at {:>5.1} million; {}",
            constraint.name,
            constraint.allowed,
            constraint.taken_by_a_million,
            constraint.sources / 1e6,
            constraint.way_out
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Tick = Tick {
        sources: 1_000_000,
        due: 16_000.0,
        seconds: 3.0,
        seconds_waiting: 8.0,
        cpu_ms: 0.05,
        servers_cpu_ms: 0.1,
        calls: 0.16,
        sqs_requests: 0.1,
        read_units: 1.0,
        write_units: 1.0,
        memory_mb: None,
    };

    #[test]
    fn what_is_filled_by_the_fewest_sources_is_named_first() {
        let simulation = of(&TICK, 8);
        // (1 + 1 + 5 % of 40) units in 3,600 seconds: 4,000 of them a second are 3.6 million sources.
        let first = &simulation.constraints[0];
        assert_eq!((first.name, (first.sources / 1e5).round()), ("write units of a new table", 36.0));
        assert!(simulation.constraints.is_sorted_by(|a, b| a.sources <= b.sources));
    }

    #[test]
    fn shards_are_as_many_as_a_run_has_time_for() {
        // Half a millisecond a source: a run has time for 100,000, which is an hour's six million.
        let shards: Vec<f64> = of(&TICK, 8).sizes.iter().map(|size| size.shards).collect();
        assert_eq!(shards, [1.0, 1.0, 1.0, 2.0]);
    }
}
