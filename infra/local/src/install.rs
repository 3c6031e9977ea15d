//! What the deployment template does in the cloud, done here at each start: tables, queues with their dead-letter queues, the bucket,
//! and the stamp that keeps a foreign key away. All of it may be there already.

use boot::aws::{Aws, Service};
use boot::settings::Settings;
use domain::id::InstallationKey;
use domain::time::Timestamp;
use domain::timing::{DEAD_RETENTION, Lane, MAX_RECEIVES, QUEUE_RETENTION};
use emulator::sqs::{Attributes, Sqs, SqsError};
use store::{NotAdmitted, Stamp, Store};

use crate::names::{self, TASKS};
use crate::trouble::Trouble;

/// How long a receiver of announcements has them: as a function of one minute would.
const TASKS_VISIBILITY_SECONDS: u64 = 6 * 60;

/// What is told of a key that was changed since.
const OLD_KEY: &str = "the file `key` of the data folder is from before `feedmill key rotate`: put the key back as it is now, from a newer backup";

/// Makes what is not there yet.
///
/// # Errors
/// [`Trouble::CannotStart`] when a server refuses, or the store was made by newer code or under another key.
pub async fn install(
    aws: &Aws,
    sqs: &Sqs,
    settings: &Settings,
    key: &InstallationKey,
    now: Timestamp,
) -> Result<(), Trouble> {
    queues(sqs).map_err(|error| Trouble::cannot_start("cannot make the queues", &error))?;
    let store = Store::new(&aws.config(Service::DynamoDb), names::tables(settings));
    store.create_tables().await.map_err(|error| Trouble::cannot_start("cannot make the tables", &error))?;
    let stamp = store.stamp(&key.fingerprint(), now).await;
    judge(&stamp.map_err(|error| Trouble::cannot_start("cannot read the tables", &error))?)?;
    match store.admit_with(key, now).await {
        Ok(()) => {}
        Err(NotAdmitted::OldKey) => return Err(Trouble::CannotStart(OLD_KEY.to_owned())),
        Err(error) => return Err(Trouble::cannot_start("cannot read the tables", &error)),
    }
    let bucket = blob::Bucket::new(&aws.config(Service::S3), settings.bucket.clone());
    bucket.create().await.map_err(|error| Trouble::cannot_start("cannot make the bucket", &error))
}

fn judge(stamp: &Stamp) -> Result<(), Trouble> {
    match stamp {
        Stamp::Ok => Ok(()),
        Stamp::WrongKey { stored } => Err(Trouble::CannotStart(format!(
            "the data was made under another key (fingerprint {stored}): put that key back into the file `key` of the data folder"
        ))),
        Stamp::NewerSchema { version } => Err(Trouble::CannotStart(format!(
            "the tables have version {version}, this Feedmill knows versions up to {}: use the newer Feedmill",
            store::SCHEMA_VERSION
        ))),
    }
}

fn queues(sqs: &Sqs) -> Result<(), SqsError> {
    let lane = |lane: Lane| (names::queue(lane), lane.visibility().as_secs());
    for (name, visibility) in [lane(Lane::Fast), lane(Lane::Slow), (TASKS, TASKS_VISIBILITY_SECONDS)] {
        let dead = format!("{name}-dead");
        make(sqs, &dead, [("MessageRetentionPeriod", DEAD_RETENTION.as_secs().to_string())])?;
        let redrive =
            serde_json::json!({ "deadLetterTargetArn": emulator::sqs::arn(&dead), "maxReceiveCount": MAX_RECEIVES });
        let attributes = [
            ("VisibilityTimeout", visibility.to_string()),
            ("MessageRetentionPeriod", QUEUE_RETENTION.as_secs().to_string()),
            ("RedrivePolicy", redrive.to_string()),
        ];
        make(sqs, name, attributes)?;
    }
    Ok(())
}

/// Makes a queue, or brings the attributes of an old one up to date.
fn make<const N: usize>(sqs: &Sqs, queue: &str, attributes: [(&str, String); N]) -> Result<(), SqsError> {
    let attributes: Attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    match sqs.create_queue(queue, &attributes) {
        Err(SqsError::QueueNameExists(_)) => sqs.set_queue_attributes(queue, &attributes),
        other => other,
    }
}
