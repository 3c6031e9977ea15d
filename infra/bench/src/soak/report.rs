//! What a round went through and what came of it, for people and for programs.

use std::collections::BTreeMap;
use std::io::Write as _;

use serde::Serialize;

use crate::Outcome;

/// What a round went through, and which books do not balance.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Told {
    pub(super) seed: u64,
    pub(super) sources: u64,
    /// Of bad weather, by the told clock.
    pub(super) hours: u64,
    /// Of fair weather until the books balanced, looked at each half an hour from two and a half hours on.
    pub(super) settled_hours: f64,
    pub(super) wall_seconds: f64,
    /// Entries that publishers published.
    pub(super) published: u64,
    /// Posts that are there in the end; those of deleted sources are not.
    pub(super) landed: u64,
    /// Requests to publishers.
    pub(super) requests: u64,
    /// Requests of people.
    pub(super) asked: u64,
    /// Of those, made again.
    pub(super) repeated: u64,
    /// Sources that were deleted.
    pub(super) deleted: u64,
    /// Dead letters that were sent to work again.
    pub(super) redriven: u64,
    pub(super) clock_steps: u64,
    /// Calls to store, queues and blobs.
    pub(super) calls: u64,
    pub(super) faults: BTreeMap<&'static str, u64>,
    pub(super) kills: BTreeMap<&'static str, u64>,
    pub(super) messages: BTreeMap<&'static str, u64>,
    pub(super) publishers: BTreeMap<&'static str, u64>,
    /// A sentence for each.
    pub(super) broken: Vec<String>,
}

/// Prints what the rounds went through, together.
pub(super) fn print(rounds: &[Told], json: bool) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(rounds)?)?;
        return Ok(());
    }
    writeln!(
        out,
        "{:>6} {:>8} {:>6} {:>8} {:>10} {:>8} {:>8} {:>8} {:>8} {:>7}",
        "seed", "sources", "hours", "seconds", "published", "there", "deleted", "calls", "faults", "broken"
    )?;
    for told in rounds {
        let faults: u64 = told.faults.values().sum();
        writeln!(
            out,
            "{:>6} {:>8} {:>6} {:>8.0} {:>10} {:>8} {:>8} {:>8} {faults:>8} {:>7}",
            told.seed,
            told.sources,
            told.hours,
            told.wall_seconds,
            told.published,
            told.landed,
            told.deleted,
            told.calls,
            told.broken.len()
        )?;
    }
    let sum = |of: fn(&Told) -> u64| rounds.iter().map(of).sum::<u64>();
    writeln!(out)?;
    line(&mut out, "calls", &[("made", sum(|told| told.calls))].into(), rounds, |told| &told.faults)?;
    line(&mut out, "functions killed", &BTreeMap::new(), rounds, |told| &told.kills)?;
    line(&mut out, "messages", &[("redriven", sum(|told| told.redriven))].into(), rounds, |told| &told.messages)?;
    line(&mut out, "publishers", &[("requests", sum(|told| told.requests))].into(), rounds, |told| &told.publishers)?;
    let people = [("requests", sum(|told| told.asked)), ("made again", sum(|told| told.repeated))];
    line(&mut out, "people", &people.into(), &[], |told| &told.kills)?;
    line(&mut out, "clock", &[("steps", sum(|told| told.clock_steps))].into(), &[], |told| &told.kills)
}

/// Counts of one kind, all rounds together.
fn line(
    out: &mut impl std::io::Write,
    kind: &str,
    first: &BTreeMap<&'static str, u64>,
    rounds: &[Told],
    of: fn(&Told) -> &BTreeMap<&'static str, u64>,
) -> Outcome<()> {
    let mut all = BTreeMap::new();
    for (name, count) in rounds.iter().flat_map(of) {
        *all.entry(*name).or_insert(0) += count;
    }
    let each: Vec<String> = first.iter().chain(&all).map(|(name, count)| format!("{name} {count}")).collect();
    writeln!(out, "{kind:18}{}", each.join(", "))?;
    Ok(())
}
