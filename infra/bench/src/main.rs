//! What Feedmill costs, measured: `cargo run --release -p bench -- poll --sources 1000`, `dispatch`, `parse`, `read` and `memory`;
//! and `soak`, which measures nothing: it lets everything go wrong, and looks whether the books balance.
//!
//! Polling: the functions, the store and the servers of one machine run in this process, as `feedmill up` runs them; the web
//! that they poll is a child process, so that its work is not counted. Time is told, not waited for: rounds follow each
//! other at once.
//!
//! It must never be measured in a debug build and believed, contact anything outside loopback, or leave anything behind.

mod articles;
mod dispatch;
mod farm;
mod floor;
mod hostile;
mod library;
mod machine;
mod measure;
mod memory;
mod meters;
mod parse;
mod poll;
mod prices;
mod program;
mod read;
mod report;
mod rooms;
mod simulate;
mod soak;
mod split;
mod tap;
mod web;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// An error ends the run; it is printed as it is.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures what Feedmill costs.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Polls synthetic feeds: for the first time, unchanged, and with some of them changed.
    Poll(poll::Options),
    /// Turns the wheel once over very many sources, and says how far that carries.
    Dispatch(dispatch::Options),
    /// Reads synthetic feeds, ordinary and hostile ones, and measures that against bare feed-rs.
    Parse(parse::Options),
    /// Reads as people do: counts, pages, marks, of many subscriptions.
    Read(read::Options),
    /// Runs the functions' own programs at their heaviest, and tells the memory that they took.
    Memory(memory::Options),
    /// Lets everything go wrong that can, for a while, and looks whether the books balance.
    Soak(soak::Options),
    /// Serves the synthetic feeds; started by the other commands.
    #[command(hide = true)]
    Farm,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = match listen(&arguments.command) {
        Ok(()) => run(arguments.command).await,
        Err(error) => Err(error),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::complain(&*error);
            ExitCode::FAILURE
        }
    }
}

/// Starts the log. Whose CPU it was is told by spans, to which these two listen besides.
fn listen(command: &Command) -> Outcome<()> {
    let vars = boot::settings::Vars::of_process();
    if matches!(command, Command::Poll(_) | Command::Dispatch(_)) {
        return split::listen(vars.get("FEEDMILL_LOG"));
    }
    // A soak's log would be one failure after the other, all of them meant: it is for who asks for it.
    if !matches!(command, Command::Soak(_)) || vars.get("FEEDMILL_LOG").is_some() {
        boot::logs::start(boot::logs::Format::Text { colour: false }, &vars);
    }
    Ok(())
}

async fn run(command: Command) -> Outcome<()> {
    match command {
        Command::Poll(options) => poll::run(&options).await,
        Command::Dispatch(options) => dispatch::run(&options).await,
        Command::Parse(options) => parse::run(&options),
        Command::Read(options) => read::run(&options).await,
        Command::Memory(options) => memory::run(&options).await,
        Command::Soak(options) => soak::run(&options).await,
        Command::Farm => farm::serve().await,
    }
}
