//! Chores of this repository, started as `cargo xtask`. It must never be needed to build or to test anything.

mod fuzz;
mod lambda;
mod roles;
mod sam;
mod servers;
mod trouble;

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
    /// Build the functions as they are deployed, and measure them
    Lambda(lambda::Options),
    /// After all tests: what the roles in the template allow in vain
    Roles(roles::Options),
    /// Run `sam build`, and look at what it built
    Sam(sam::Options),
    /// Run the tests of store, queue and blob against the embedded servers, ministack and DynamoDB Local
    Servers(servers::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Fuzz(options) => fuzz::run(&options),
        Chore::Lambda(options) => lambda::run(&options),
        Chore::Roles(options) => roles::run(&options),
        Chore::Sam(options) => sam::run(&options),
        Chore::Servers(options) => servers::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            // If nobody hears it, the exit code is left.
            writeln!(std::io::stderr(), "xtask: {trouble}").unwrap_or_default();
            ExitCode::FAILURE
        }
    }
}
