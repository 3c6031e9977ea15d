//! `feedmill migrate`: the same function as in the cloud, asked the same, on the folder's own servers while nothing else runs there.

use std::sync::Arc;

use boot::aws::{Aws, Service};
use boot::clock::Clock;
use domain::timing::MAINTENANCE_TIMEOUT;
use emulator::{Emulator, Where};
use maintenance::{Answer, Migrate, Migrated, Start};
use queue::Queue;
use store::Store;

use crate::cli::{MigrateArgs, MigrateCommand};
use crate::data::DataFolder;
use crate::install;
use crate::names::{self, Choices};
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
    let data = DataFolder::open(&options.data.data).await?;
    let key = boot::key::load_or_create(&data.key_file()).map_err(|error| Trouble::CannotStart(error.to_string()))?;
    let millis = Arc::clone(&clock);
    let emulator = Emulator::start(Where::Folder(data.path().to_owned()), Arc::new(move || millis().as_millis())).await;
    let emulator = emulator.map_err(|error| Trouble::CannotStart(error.to_string()))?;
    let ends = emulator.endpoints();
    let aws = Aws::local(&ends.dynamodb, &ends.sqs, &ends.s3).through(|http| emulator.direct(http));
    let settings =
        names::settings(&ends.sqs, &Choices::default()).map_err(|error| Trouble::CannotStart(error.to_string()))?;
    install::install(&aws, emulator.sqs(), &settings, &key, clock()).await?;
    let context = maintenance::Context::new(maintenance::Parts {
        store: Store::new(&aws.config(Service::DynamoDb), names::tables(&settings)),
        queue: Queue::new(&aws.config(Service::Sqs), names::urls(&settings)),
        bucket: blob::Bucket::new(&aws.config(Service::S3), settings.bucket.clone()),
        clock: Arc::clone(&clock),
        rules: maintenance::Rules::from(&settings),
    });
    let migrated = ask(&context, what, &clock).await;
    drop(context);
    emulator.shutdown().await;
    let migrated = migrated?;
    if options.json {
        let json = serde_json::to_value(&migrated).map_err(|error| Trouble::failed("this cannot be shown", &error))?;
        return print_json(&json);
    }
    say(&shown(&migrated, what))
}

/// Asks until nothing is left to do, since one run has the time of a function only.
async fn ask(context: &maintenance::Context, what: Migrate, clock: &Clock) -> Result<Migrated, Trouble> {
    loop {
        let start = Start { migrate: Some(what) };
        let answer = maintenance::handle(context, start, clock() + MAINTENANCE_TIMEOUT).await;
        let answer = answer.map_err(|error| Trouble::failed("the migrations could not go on", &error))?;
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
