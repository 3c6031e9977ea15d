//! Why a chore ended early.

use std::io;

/// What is said of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("cargo-fuzz is missing: `cargo install cargo-fuzz --locked`")]
    NoCargoFuzz,
    #[error("{target} broke or could not be built: see above, and infra/fuzz/artifacts/{target}/")]
    Broken { target: &'static str },
    #[error("{what}")]
    Template { what: String },
    #[error(
        "roles in infra/template.yaml allow what no test of the function needs; take it out, or test it:\n  {vain}"
    )]
    Roles { vain: String },
    #[error("the functions could not be built; see above; cargo-lambda is needed (`pip install cargo-lambda`)")]
    NotBuilt,
    #[error(
        "{function} needs glibc 2.{newest}, but Lambda has 2.34: build with zig (`pip install ziglang`), or on a system that is no newer"
    )]
    TooNew { function: &'static str, newest: u32 },
    #[error("{function} ended before it asked for an event")]
    NeverAsked { function: &'static str },
    #[error("the tests of {package} did not run: see above")]
    NotTested { package: &'static str },
    #[error("a server is not as `infra/xtask/src/servers/differences.rs` says:\n  {wrong}")]
    Servers { wrong: String },
    #[error("{0}")]
    Server(#[from] ::servers::NoServer),
    #[error("{what}")]
    Io { what: &'static str, source: io::Error },
}
