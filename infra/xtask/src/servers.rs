//! `cargo xtask servers`: the tests of store, queue and blob against servers that no one here wrote, and against ours.

mod differences;
mod fates;
mod table;
mod verdict;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use servers::{DynamodbLocal, Kind, Ministack, NoServer, SETTING, target_folder};

use self::differences::DIFFERENCES;
use self::fates::Fates;
use self::verdict::Verdict;
use crate::trouble::Trouble;

/// Flags of `servers`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// embedded, ministack, dynamodb-local; all of them if none is named
    #[arg(value_name = "SERVER")]
    servers: Vec<Kind>,
    /// The folder of DynamoDB Local, or its jar; looked for in target/tools/dynamodb-local
    #[arg(long, value_name = "PATH")]
    dynamodb_local: Option<PathBuf>,
}

/// How one server did.
enum Report {
    /// It is not here, because …
    Skipped(String),
    /// A verdict a crate.
    Tested(Vec<Verdict>),
}

/// Runs the tests against each server, one after the other, and tells how it went.
///
/// # Errors
/// [`Trouble::Servers`] when a server does what nobody knows of, or no longer differs as it is said to.
pub(crate) fn run(options: &Options) -> Result<(), Trouble> {
    let kinds = if options.servers.is_empty() { Kind::ALL.to_vec() } else { options.servers.clone() };
    let mut reports = Vec::new();
    for kind in kinds {
        reports.push((kind, report(kind, options)?));
    }
    let told = std::io::stdout().write_all(table::show(&reports).as_bytes());
    told.map_err(|source| Trouble::Io { what: "cannot tell the result", source })?;
    let wrong: Vec<String> = reports.iter().flat_map(|(kind, report)| table::wrong(*kind, report)).collect();
    if wrong.is_empty() { Ok(()) } else { Err(Trouble::Servers { wrong: wrong.join("\n  ") }) }
}

fn report(kind: Kind, options: &Options) -> Result<Report, Trouble> {
    say(&format!("\n== {kind}\n"));
    let running = match Running::start(kind, options) {
        Ok(running) => running,
        Err(NoServer::NotHere(why)) => {
            say(&format!("*** SKIPPED: nothing was tested against {kind}. {why} ***\n"));
            return Ok(Report::Skipped(why));
        }
        Err(broken) => return Err(broken.into()),
    };
    let verdict = |package: &&'static str| {
        let fates = test(package, kind, running.endpoint().as_deref())?;
        Ok(Verdict::of(kind, package, &fates, DIFFERENCES))
    };
    kind.crates().iter().map(verdict).collect::<Result<_, Trouble>>().map(Report::Tested)
}

/// A server while its tests run; dropped, it ends.
enum Running {
    Embedded,
    Ministack(Ministack),
    DynamodbLocal(DynamodbLocal),
}

impl Running {
    fn start(kind: Kind, options: &Options) -> Result<Self, NoServer> {
        let target = target_folder().map_err(|error| NoServer::Broken(error.to_string()))?;
        Ok(match kind {
            Kind::Embedded => Self::Embedded,
            Kind::Ministack => Self::Ministack(Ministack::start(&target, false)?),
            Kind::DynamodbLocal => {
                let place = match &options.dynamodb_local {
                    // It was asked for: that is no reason to skip it.
                    Some(named) if !named.exists() => {
                        return Err(NoServer::Broken(format!("--dynamodb-local: there is no {}", named.display())));
                    }
                    Some(named) => named.clone(),
                    None => DynamodbLocal::usual_place(&target),
                };
                Self::DynamodbLocal(DynamodbLocal::start(&place)?)
            }
        })
    }

    /// Where tests find it, if they do not start it themselves.
    fn endpoint(&self) -> Option<String> {
        let address = match self {
            Self::Embedded => return None,
            Self::Ministack(ministack) => ministack.address(),
            Self::DynamodbLocal(local) => local.address(),
        };
        Some(format!("http://{address}"))
    }
}

/// The tests of one crate, all of them, whatever fails.
fn test(package: &'static str, kind: Kind, endpoint: Option<&str>) -> Result<Fates, Trouble> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    cargo.args(["test", "--package", package, "--tests", "--no-fail-fast", "--color", "never", "--", "--show-output"]);
    cargo.env("RUST_BACKTRACE", "0").env_remove(SETTING).stderr(Stdio::inherit());
    if let Some(endpoint) = endpoint {
        cargo.env(SETTING, format!("{kind}={endpoint}"));
    }
    let done = cargo.output().map_err(|source| Trouble::Io { what: "cannot start cargo", source })?;
    let fates = Fates::read(&String::from_utf8_lossy(&done.stdout));
    // Failed, and no test has: it was not built, or it was ended.
    if fates.is_empty() || !(done.status.success() || fates.any_failed()) {
        return Err(Trouble::NotTested { package });
    }
    Ok(fates)
}

fn say(text: &str) {
    // If nobody hears it, the result is left.
    std::io::stderr().write_all(text.as_bytes()).unwrap_or_default();
}
