//! `feedmill parse`: what Feedmill sees in feeds. Needs nothing running and stores nothing.

mod source;

use std::collections::VecDeque;
use std::io::IsTerminal as _;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use boot::clock::Clock;
use domain::parsed::Parsed;
use serde::Serialize;
use tokio::task::JoinHandle;

use crate::cli::ParseArgs;
use crate::show::say;
use crate::trouble::Trouble;
use source::Sources;

/// One of many feeds, as a line: what it says, or why it cannot be read.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Line<'a> {
    Read {
        file: &'a str,
        #[serde(flatten)]
        feed: &'a Parsed,
    },
    Failed {
        file: &'a str,
        error: &'a str,
    },
}

/// A line of the output, and whether it tells of a failure.
type Told = Result<(String, bool), Trouble>;

/// Prints the feeds in `args` as JSON: a single one as an object, many as a line each, in the order in which they were asked for.
///
/// # Errors
/// [`Trouble::Failed`] when one of them cannot be had or is no feed.
pub async fn parse(args: &ParseArgs, clock: &Clock) -> Result<(), Trouble> {
    let sources = Sources::new(args, clock)?;
    match args.feeds.as_slice() {
        [feed] => {
            let is_pretty = std::io::stdout().is_terminal();
            say(&json(&sources.parse(feed).await?, is_pretty)?)
        }
        feeds => many(feeds, &sources, args.jobs).await,
    }
}

/// At most `jobs` feeds are in memory at once: those at work, and those done that wait for an earlier one.
async fn many(feeds: &[String], sources: &Sources, jobs: Option<NonZeroUsize>) -> Result<(), Trouble> {
    let jobs = jobs.or(available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let mut waiting: VecDeque<JoinHandle<Told>> = VecDeque::with_capacity(jobs);
    let mut failures = 0;
    for name in feeds {
        if waiting.len() == jobs {
            failures += next(&mut waiting).await?;
        }
        let (sources, name) = (sources.clone(), name.clone());
        #[expect(clippy::disallowed_methods, reason = "each is waited for, in order, before the command ends")]
        let work = tokio::spawn(async move { line(&sources, &name).await });
        waiting.push_back(work);
    }
    while !waiting.is_empty() {
        failures += next(&mut waiting).await?;
    }
    match failures {
        0 => Ok(()),
        failures => Err(Trouble::Failed(format!("{failures} of {} could not be read as feeds", feeds.len()))),
    }
}

/// Prints the line that is first in order: how many failures it tells of.
async fn next(waiting: &mut VecDeque<JoinHandle<Told>>) -> Result<usize, Trouble> {
    let Some(first) = waiting.pop_front() else { return Ok(0) };
    let (line, is_failure) = ended(first.await)?;
    say(&line)?;
    Ok(usize::from(is_failure))
}

async fn line(sources: &Sources, name: &str) -> Told {
    match sources.parse(name).await {
        Ok(feed) => Ok((json(&Line::Read { file: name, feed: &feed }, false)?, false)),
        Err(trouble) => Ok((json(&Line::Failed { file: name, error: &trouble.to_string() }, false)?, true)),
    }
}

/// A panic of a task is a failure of the command.
fn ended<T>(task: Result<Result<T, Trouble>, tokio::task::JoinError>) -> Result<T, Trouble> {
    task.map_err(|error| Trouble::failed("cannot read it", &error))?
}

/// As JSON in which nothing can steer a terminal: serde_json leaves DEL and what follows it to U+009F as it is.
fn json(value: &impl Serialize, is_pretty: bool) -> Result<String, Trouble> {
    let text = if is_pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    let text = text.map_err(|error| Trouble::failed("cannot write JSON", &error))?;
    let steers = |c: char| matches!(c, '\u{7f}'..='\u{9f}');
    if !text.contains(steers) {
        return Ok(text);
    }
    let escaped = |c: char| if steers(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    Ok(text.chars().map(escaped).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_json_steers_a_terminal() {
        let text = json(&"a\u{1b}[31m\u{9b}0m\u{7f}é", false).unwrap();
        assert_eq!(text, "\"a\\u001b[31m\\u009b0m\\u007fé\"");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), "a\u{1b}[31m\u{9b}0m\u{7f}é");
    }
}
