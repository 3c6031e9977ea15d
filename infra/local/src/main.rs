//! Feedmill on one machine: `feedmill --help` says what it can do.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    local::run::run().await
}
