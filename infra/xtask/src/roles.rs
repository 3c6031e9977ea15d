//! `cargo xtask roles`: after the tests of the functions, what their roles in the template allow in vain.

use blueprint::{Allowed, Blueprint, Used};
use clap::Args;

use crate::trouble::Trouble;

/// The functions, and under which name their tests run: both lanes are one program.
const FUNCTIONS: [(&str, &str); 5] = [
    ("Api", "Api"),
    ("Dispatcher", "Dispatcher"),
    ("Fetcher", "Fetcher"),
    ("FetcherSlow", "Fetcher"),
    ("Maintenance", "Maintenance"),
];

/// Flags of `roles`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Forget what functions did until now, before their tests run
    #[arg(long)]
    forget: bool,
}

/// Compares roles with what was used.
///
/// # Errors
/// [`Trouble::Roles`] with everything that is allowed in vain, or [`Trouble::Io`] when nothing is known.
pub(crate) fn run(options: &Options) -> Result<(), Trouble> {
    if options.forget {
        return blueprint::forget().map_err(|source| Trouble::Io { what: "cannot forget what functions did", source });
    }
    let template = Blueprint::read().map_err(|error| Trouble::Template { what: error.to_string() })?;
    let mut vain = Vec::new();
    for (function, tested) in FUNCTIONS {
        let used = blueprint::used(tested).map_err(|source| Trouble::Io {
            what: "nobody knows what functions do: run `cargo test --workspace` first",
            source,
        })?;
        let used = at_own_queue(used, function);
        let unused =
            |allowed: &Allowed| !used.iter().any(|need| allowed.covers(need)) && allowed.without_a_call().is_none();
        let role = template.role(function).allowed.into_iter().filter(unused);
        vain.extend(role.map(|allowed| format!("{function}: {} on {}", allowed.action, allowed.resource)));
    }
    if vain.is_empty() { Ok(()) } else { Err(Trouble::Roles { vain: vain.join("\n  ") }) }
}

/// Tests of the fetcher are those of lane fast; the other lane does at its queue what that one does.
fn at_own_queue(used: Used, function: &str) -> Used {
    if function != "FetcherSlow" {
        return used;
    }
    let moved = used.into_iter().map(|mut need| {
        if need.resource == "Fetch" {
            "FetchSlow".clone_into(&mut need.resource);
        }
        need
    });
    moved.collect()
}
