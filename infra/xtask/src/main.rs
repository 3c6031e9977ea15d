//! Chores of this repository, started as `cargo xtask`. It must never be needed to build or to test anything.

mod fuzz;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Chores of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Look for inputs that break what crate `feed` promises
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    let Chore::Fuzz(options) = Arguments::parse().chore;
    match fuzz::run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            // If nobody hears it, the exit code is left.
            writeln!(std::io::stderr(), "xtask: {trouble}").unwrap_or_default();
            ExitCode::FAILURE
        }
    }
}
