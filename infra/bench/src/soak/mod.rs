//! `bench soak`: hours in which everything goes wrong that can, at once and by chance, and what is left of them.
//!
//! Services throttle, fail, answer too late or not at all; messages come twice, late and out of order; functions are killed at any call;
//! clocks step; publishers misbehave; people subscribe, mark and leave meanwhile. Then it is over, and the books must balance: the
//! publishers know what they published, a naive model of each person what they must see.
//!
//! The seed says what goes wrong: the weather of each hour, what happens to the nth call of an operation in the nth life of a function, what each
//! publisher answers to its nth request, who does what in each minute. Ids are random, and what runs at once takes turns as it comes, so
//! that a seed replays its weather, not each step.

mod books;
mod feed;
mod function;
mod mill;
mod person;
mod report;
mod round;
mod size;
mod time;
mod weather;
mod world;
mod write;

use std::time::Duration;

use local::progress::Progress;
use tokio::time::Instant;

use crate::Outcome;
use report::Told;
use round::Round;
use size::Size;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Begin no new round after so many minutes; 0: one round.
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// Of the first round; each further one has the next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many feeds.
    #[arg(long, default_value_t = 60)]
    sources: u64,
    /// How many people, besides one who keeps everything.
    #[arg(long, default_value_t = 5)]
    people: u64,
    /// Hours of bad weather in a round; they pass as fast as the work is done.
    #[arg(long, default_value_t = 12)]
    hours: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(options: &Options) -> Outcome<()> {
    let size = Size { sources: options.sources.max(1), people: options.people.max(1), hours: options.hours.max(1) };
    let end = Instant::now() + Duration::try_from_secs_f64(options.minutes * 60.0)?;
    let mut rounds = Vec::new();
    for seed in options.seed.. {
        rounds.push(Box::pin(round(seed, size)).await?);
        let last = rounds.last().is_some_and(|told: &Told| !told.broken.is_empty());
        if last || Instant::now() >= end {
            break;
        }
    }
    report::print(&rounds, options.json)?;
    let broken = rounds.iter().find(|told| !told.broken.is_empty());
    broken.map_or(Ok(()), |told| Err(complaint(told, size).into()))
}

/// One round, with its progress on standard error.
async fn round(seed: u64, size: Size) -> Outcome<Told> {
    let named = |error| format!("seed {seed}: {error}");
    let mut progress = Progress::new(usize::try_from(size.hours * 60)?, true);
    let mut round = Box::pin(Round::begin(seed, size)).await.map_err(named)?;
    let suffered = Box::pin(round.suffer(|minutes| progress.show(usize::try_from(minutes).unwrap_or(0)))).await;
    progress.clear();
    suffered.map_err(named)?;
    Ok(Box::pin(round.recover()).await.map_err(named)?)
}

fn complaint(told: &Told, Size { sources, people, hours }: Size) -> String {
    let seed = told.seed;
    format!(
        "seed {seed}: {} of the books do not balance\n{}\nthe same weather again: bench -- soak --minutes 0 --seed {seed} --sources {sources} --people {people} --hours {hours}",
        told.broken.len(),
        told.broken.join("\n"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn after_hours_in_which_everything_goes_wrong_the_books_balance() {
        let size = Size { sources: 4, people: 2, hours: 2 };
        let told = Box::pin(round(1, size)).await.unwrap();
        assert_eq!(told.broken, Vec::<String>::new());
        assert!(told.landed >= 2 * size.sources && told.faults.len() > 2 && !told.kills.is_empty(), "{told:?}");
    }
}
