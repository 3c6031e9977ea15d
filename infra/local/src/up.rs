//! `feedmill up`.

use std::time::Duration;

use anstyle::AnsiColor;
use boot::clock::Clock;

use crate::cli::UpArgs;
use crate::machine::{Machine, Place, Plan};
use crate::names::Choices;
use crate::show::say;
use crate::signals;
use crate::table::{coloured, dim, plain};
use crate::trouble::Trouble;

/// Runs Feedmill until a signal comes.
///
/// # Errors
/// [`Trouble::CannotStart`] when it cannot start.
pub async fn up(args: &UpArgs, clock: Clock) -> Result<(), Trouble> {
    let mut signals = signals::listen()?;
    let choices = Choices {
        tick: Duration::from_secs(args.tick),
        min_interval_minutes: args.min_interval,
        registration: args.registration,
        allow_private_networks: args.allow_private_networks,
        cors_origins: args.cors_origin.clone(),
    };
    let plan = Plan { place: Place::Folder(args.data.data.clone()), listen: args.listen, choices };
    let machine = Machine::start(plan, clock).await?;
    tell(&greeting(&machine, args))?;
    signals.received().await;
    tell(&dim("stopping; what is under way may end").paint())?;
    tokio::select! {
        () = machine.stop() => {}
        // The second one: whoever is in a hurry loses nothing.
        () = signals.received() => {}
    }
    Ok(())
}

/// A server runs on when nobody reads what it says.
fn tell(text: &str) -> Result<(), Trouble> {
    match say(text) {
        Err(Trouble::Closed) => Ok(()),
        told => told,
    }
}

fn greeting(machine: &Machine, args: &UpArgs) -> String {
    let flag = args.data.flag();
    let line = |name: &str, text: &str| format!("  {} {text}", dim(format!("{name:<6}")).paint());
    let mut lines = vec![
        format!(
            "{} {}",
            coloured(AnsiColor::Green, "Feedmill runs.").paint(),
            dim("Ctrl-C stops it; nothing is lost.").paint()
        ),
        line("API", &plain(format!("http://{}/v1/sources", machine.address())).paint()),
        line("Data", &args.data.data.display().to_string()),
        line("Add", &format!("feedmill add{flag} https://example.org/feed.xml")),
        line("Watch", &format!("feedmill jobs{flag} --follow")),
    ];
    if args.tick != 60 {
        lines.push(line("Pace", &format!("a minute of the schedule takes {} s", args.tick)));
    }
    if args.allow_private_networks {
        lines.push(line("Note", "addresses of private networks are polled too"));
    }
    lines.join("\n")
}
