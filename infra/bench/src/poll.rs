//! `bench poll`: the life of many sources, phase by phase.

use crate::farm::{NEW_POSTS, changes};
use crate::machine::Machine;
use crate::measure::{Cost, Watch};
use crate::web::Web;
use crate::{Outcome, floor, report};

/// A round is over after so many minutes, or something is wrong: the wheel comes round in 61, overflow follows.
const LONGEST_ROUND_MINUTES: u64 = 300;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many feeds, each a source on a host of its own.
    #[arg(long, default_value_t = 1_000)]
    sources: u64,
    /// How many rounds in which nothing changed.
    #[arg(long, default_value_t = 2)]
    unchanged: u64,
    /// Reach the tables and queues over loopback HTTP.
    #[arg(long)]
    http: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(options: &Options) -> Outcome<()> {
    let mut web = Web::start()?;
    let mut costs = vec![floor::conditional_gets(&web, options.sources).await?];
    let machine = Machine::start(options.http).await?;
    for feed in 0..options.sources {
        machine.add(&web.url(feed)).await?;
    }

    let watch = Watch::start(Some(&machine.meter));
    let polls = machine.drain().await?;
    costs.push(watch.stop("first fetch", polls, Some(&machine.meter)));
    let posts = machine.posts().await?;
    check(posts > options.sources, &format!("{posts} posts after {polls} first fetches"))?;

    for n in 1..=options.unchanged {
        costs.push(round(&machine, &format!("unchanged, round {n}"), options.sources).await?);
    }
    let now = machine.posts().await?;
    check(now == posts, &format!("{posts} posts before the unchanged rounds and {now} after"))?;

    web.publish(1)?;
    costs.push(round(&machine, "changed, 5 %", options.sources).await?);
    let expected = posts + NEW_POSTS * (0..options.sources).filter(|feed| changes(*feed)).count() as u64;
    let now = machine.posts().await?;
    check(now == expected, &format!("{now} posts after the changed round, not {expected}"))?;
    report::print(&costs, options.json)
}

/// Turns the wheel until every source was polled once.
async fn round(machine: &Machine, phase: &str, sources: u64) -> Outcome<Cost> {
    let watch = Watch::start(Some(&machine.meter));
    let mut polls = 0;
    for _ in 0..LONGEST_ROUND_MINUTES {
        polls += machine.minute().await?;
        if polls >= sources {
            return Ok(watch.stop(phase, polls, Some(&machine.meter)));
        }
    }
    Err(format!("{phase}: only {polls} of {sources} sources were polled in {LONGEST_ROUND_MINUTES} minutes").into())
}

/// What was measured is worth nothing if the work was not done.
fn check(holds: bool, found: &str) -> Outcome<()> {
    if holds { Ok(()) } else { Err(format!("the measurement is void: {found}").into()) }
}
