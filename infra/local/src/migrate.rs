//! `feedmill migrate`: the same function as in the cloud, asked the same, on the folder's own servers while nothing else runs there.

use boot::clock::Clock;
use maintenance::{Answer, Migrate, Migrated, Start};

use crate::cli::{MigrateArgs, MigrateCommand};
use crate::idle::Idle;
use crate::show::{print_json, say};
use crate::table::{dim, plain, render};
use crate::trouble::Trouble;

/// Tells what there is to migrate in a folder, or migrates it.
///
/// # Errors
/// [`Trouble::CannotStart`] when the folder is in use or of another version, [`Trouble::Failed`] when a migration could not go on.
pub async fn migrate(args: &MigrateArgs, clock: Clock) -> Result<(), Trouble> {
    let (what, options) = match &args.what {
        MigrateCommand::Status(options) => (Migrate::Status, options),
        MigrateCommand::Run(run) if run.dry_run => (Migrate::DryRun, &run.options),
        MigrateCommand::Run(run) => (Migrate::Run, &run.options),
    };
    let idle = Idle::open(&options.data.data, clock).await?;
    let migrated = ask(&idle, what).await;
    idle.close().await;
    let migrated = migrated?;
    if options.json {
        let json = serde_json::to_value(&migrated).map_err(|error| Trouble::failed("this cannot be shown", &error))?;
        return print_json(&json);
    }
    say(&shown(&migrated, what))
}

/// Asks until nothing is left to do, since one run has the time of a function only.
async fn ask(idle: &Idle, what: Migrate) -> Result<Migrated, Trouble> {
    loop {
        let answer = idle.ask(Start { migrate: Some(what), ..Start::default() }).await?;
        let Answer::Migrated(migrated) = answer else {
            return Err(Trouble::Failed("the migrations said nothing".to_owned()));
        };
        if let Some(until) = &migrated.held_until {
            return Err(Trouble::Failed(format!("someone else migrates this folder, until {until} at the longest")));
        }
        if migrated.done || what != Migrate::Run {
            return Ok(migrated);
        }
    }
}

fn shown(migrated: &Migrated, what: Migrate) -> String {
    let row = |one: &maintenance::Migration| {
        let ended = one.ended.clone().unwrap_or_default();
        let counts = if one.seen > 0 { format!("{} of {}", one.changed, one.seen) } else { String::new() };
        vec![plain(one.number.to_string()), plain(one.state), plain(one.name), plain(counts), dim(ended)]
    };
    let rows: Vec<_> = migrated.migrations.iter().map(row).collect();
    let table = render(&["SCHEMA", "STATE", "WHAT", "CHANGED", "ENDED"], &rows, 0);
    let table = if rows.is_empty() { String::new() } else { format!("{table}\n") };
    let last = match (what, migrated.done) {
        (Migrate::DryRun, _) if rows.is_empty() => "nothing would change".to_owned(),
        (Migrate::DryRun, _) => "nothing was changed: this was a dry run".to_owned(),
        (_, true) => format!("the tables have schema {}, the one of this Feedmill", migrated.schema),
        (_, false) => "run them with: feedmill migrate run".to_owned(),
    };
    format!("{}{last}", table.trim_start())
}
