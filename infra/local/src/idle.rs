//! A data folder on which nothing runs, opened for maintenance alone: for what must not be done beside a running Feedmill.

use std::path::Path;
use std::sync::Arc;

use boot::aws::{Aws, Service};
use boot::clock::Clock;
use boot::key::{Home, Keeper};
use domain::timing::MAINTENANCE_TIMEOUT;
use emulator::{Emulator, Where};
use maintenance::{Answer, Start};
use queue::Queue;
use store::Store;

use crate::data::DataFolder;
use crate::install;
use crate::names::{self, Choices};
use crate::trouble::Trouble;

/// The folder, and the function that the cloud has for it, too.
pub(crate) struct Idle {
    context: maintenance::Context,
    emulator: Emulator,
    clock: Clock,
    data: DataFolder,
}

impl Idle {
    /// Opens the folder, which has to be there, and which nobody else has then.
    pub(crate) async fn open(folder: &Path, clock: Clock) -> Result<Self, Trouble> {
        let data = DataFolder::open_made(folder).await?;
        let key =
            boot::key::load_or_create(&data.key_file()).map_err(|error| Trouble::CannotStart(error.to_string()))?;
        let millis = Arc::clone(&clock);
        let place = Where::Folder(data.path().to_owned());
        let emulator = Emulator::start(place, Arc::new(move || millis().as_millis())).await;
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
        let context = context.with_key(Keeper::Home(Home::File(data.key_file()), Box::new(aws)));
        Ok(Self { context, emulator, clock, data })
    }

    /// Its folder.
    pub(crate) fn data(&self) -> &DataFolder {
        &self.data
    }

    /// One run of maintenance.
    pub(crate) async fn ask(&self, start: Start) -> Result<Answer, Trouble> {
        let answer = maintenance::handle(&self.context, start, (self.clock)() + MAINTENANCE_TIMEOUT).await;
        answer.map_err(|error| Trouble::failed("maintenance could not go on", &error))
    }

    /// Lets go of the folder.
    pub(crate) async fn close(self) {
        drop(self.context);
        self.emulator.shutdown().await;
    }
}
