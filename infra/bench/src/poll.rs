//! `bench poll`: the life of many sources, phase by phase.

use crate::farm::{NEW_POSTS, changes, works};
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
    let floor = floor::conditional_gets(&mut web, options.sources).await?;
    let machine = Machine::start(options.http).await?;
    for feed in 0..options.sources {
        machine.add(&web.url(feed)).await?;
    }
    let working = (0..options.sources).filter(|feed| works(*feed));
    let changing = working.clone().filter(|feed| changes(*feed)).count() as u64;
    let mut life = Life { web, machine, working: working.count() as u64, floor: floor.cpu_ms_per_poll };
    let mut costs = vec![floor, life.first().await?];
    let posts = life.machine.posts().await?;
    check(posts > life.working, &format!("{posts} posts after the first fetches"))?;

    for n in 1..=options.unchanged {
        costs.push(life.round(&format!("unchanged, round {n}")).await?);
    }
    let now = life.machine.posts().await?;
    check(now == posts, &format!("{posts} posts before the unchanged rounds and {now} after"))?;

    life.web.publish(1)?;
    costs.push(life.round("changed, 5 %").await?);
    let expected = posts + NEW_POSTS * changing;
    let now = life.machine.posts().await?;
    check(now == expected, &format!("{now} posts after the changed round, not {expected}"))?;
    report::print(&costs, options.json)
}

struct Life {
    web: Web,
    machine: Machine,
    /// Feeds that give an answer.
    working: u64,
    /// CPU milliseconds of a bare GET.
    floor: f64,
}

impl Life {
    async fn first(&mut self) -> Outcome<Cost> {
        let watch = Watch::start(&mut self.web, Some(&self.machine))?;
        let polls = self.machine.drain().await?;
        watch.stop_pipeline("first fetch", polls, &mut self.web, &self.machine, self.floor)
    }

    /// Turns the wheel until each feed that gives an answer has given one.
    async fn round(&mut self, phase: &str) -> Outcome<Cost> {
        let watch = Watch::start(&mut self.web, Some(&self.machine))?;
        let mut polls = 0;
        for _ in 0..LONGEST_ROUND_MINUTES {
            polls += self.machine.minute().await?;
            if self.web.count()?.feeds >= self.working {
                return watch.stop_pipeline(phase, polls, &mut self.web, &self.machine, self.floor);
            }
        }
        let (feeds, working) = (self.web.count()?.feeds, self.working);
        Err(format!("{phase}: only {feeds} of {working} feeds were asked in {LONGEST_ROUND_MINUTES} minutes").into())
    }
}

/// What was measured is worth nothing if the work was not done.
fn check(holds: bool, found: &str) -> Outcome<()> {
    if holds { Ok(()) } else { Err(format!("the measurement is void: {found}").into()) }
}
