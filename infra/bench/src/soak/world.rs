//! What outlives every crash: the servers, the queues, the publishers' web server, the key, and the time.

use std::sync::Arc;
use std::time::Duration;

use blob::Bucket;
use boot::aws::{Aws, Service};
use boot::clock::Clock;
use boot::settings::Settings;
use domain::account::OperatorSecret;
use domain::id::{InstallationKey, PostFace, SystemEntropy};
use domain::timing::Lane;
use emulator::sqs::{Message, Outgoing, Receive};
use emulator::{Emulator, Where};
use faults::{CrashPoint, Faults};
use fetch::Fetcher;
use local::names::{self, Choices};
use origin::Origin;
use queue::Queue;
use serde_json::{Value, json};
use store::{Journal, Store};

use super::time::Time;
use crate::Outcome;

/// The lanes, in the order in which this bench keeps what there is of each.
pub(super) const LANES: [Lane; 2] = [Lane::Fast, Lane::Slow];

/// The shortest interval of a source, in minutes.
pub(super) const SHORTEST: u32 = 15;

pub(super) struct World {
    pub(super) seed: u64,
    pub(super) time: Time,
    pub(super) settings: Settings,
    pub(super) origin: Origin,
    /// The ways out of two machines: each asks a host one thing at a time, and knows nothing of the other.
    pub(super) webs: [Fetcher; 2],
    pub(super) key: InstallationKey,
    pub(super) face: PostFace,
    pub(super) operator: OperatorSecret,
    /// To look at what is there: nothing goes wrong on this way.
    pub(super) store: Store,
    /// The most bytes of a landing's transaction.
    pub(super) chunk_bytes: usize,
    /// Every other seed remembers as one machine does, where each write is told of; the others as the cloud.
    pub(super) journal: Option<Journal>,
    emulator: Emulator,
    aws: Aws,
}

/// What a function is made of.
pub(super) struct Parts {
    pub(super) store: Store,
    pub(super) queue: Queue,
    pub(super) bucket: Bucket,
    pub(super) clock: Clock,
}

impl World {
    pub(super) async fn start(seed: u64) -> Outcome<Self> {
        let time = Time::new();
        let told = time.clone();
        let emulator = Emulator::start(Where::Memory, Arc::new(move || told.now().as_millis())).await?;
        let ends = emulator.endpoints();
        let aws = Aws::local(&ends.dynamodb, &ends.sqs, &ends.s3).through(|http| emulator.direct(http));
        let choices = Choices { allow_private_networks: true, min_interval_minutes: SHORTEST, ..Choices::default() };
        let settings = Settings { announce_all: true, ..names::settings(&ends.sqs, &choices)? };
        let key = InstallationKey::generate(&mut SystemEntropy);
        local::install::install(&aws, emulator.sqs(), &settings, &key, time.now()).await?;
        let mut out = fetch::Settings::new(env!("CARGO_PKG_VERSION"), settings.contact_url.clone());
        out.reach = fetch::Reach::with_private_networks();
        Ok(Self {
            seed,
            webs: [Fetcher::new(out.clone(), time.clock(0))?, Fetcher::new(out, time.clock(0))?],
            store: Store::new(&aws.config(Service::DynamoDb), names::tables(&settings)),
            origin: Origin::start().await?,
            face: PostFace::new(&key),
            operator: OperatorSecret::of(&key),
            // Every other seed lands nearly everything in several transactions.
            chunk_bytes: if seed.is_multiple_of(2) { settings.chunk_bytes } else { 4_000 },
            journal: seed.is_multiple_of(2).then(|| local::journal::of(&emulator)).flatten(),
            time,
            settings,
            key,
            emulator,
            aws,
        })
    }

    /// What a function is made of whose calls go through `faults` and end at `crash`, on a machine whose clock is `skew` milliseconds ahead.
    pub(super) fn parts(&self, skew: i64, faults: &Faults, crash: Option<&CrashPoint>) -> Parts {
        let aws = self.aws.through(|http| {
            let http = faults.wrap(http);
            match crash {
                Some(crash) => crash.wrap(http),
                None => http,
            }
        });
        Parts {
            store: Store::new(&aws.config(Service::DynamoDb), names::tables(&self.settings)),
            queue: Queue::new(&aws.config(Service::Sqs), names::urls(&self.settings)),
            bucket: Bucket::new(&aws.config(Service::S3), self.settings.bucket.clone()),
            clock: self.time.clock(skew),
        }
    }

    pub(super) fn pass(&self, time: Duration) {
        self.time.pass(time);
        self.emulator.sqs().clock_moved();
    }

    /// The visible messages of a queue, up to a hundred.
    pub(super) async fn receive(&self, queue: &str) -> Outcome<Vec<Message>> {
        let ask = Receive { max_messages: 100, wait_seconds: Some(0), visibility_seconds: None };
        Ok(self.emulator.sqs().receive(queue, ask).await?)
    }

    pub(super) fn delete(&self, queue: &str, receipts: &[String]) -> Outcome<()> {
        self.emulator.sqs().delete(queue, receipts)?;
        Ok(())
    }

    /// Sends the dead letters of both lanes to work again, as an operator does when the trouble is over; how many there were.
    pub(super) async fn redrive(&self) -> Outcome<u64> {
        let mut count = 0;
        for lane in LANES {
            let (queue, dead) = (names::queue(lane), format!("{}-dead", names::queue(lane)));
            loop {
                let messages = self.receive(&dead).await?;
                if messages.is_empty() {
                    break;
                }
                let again = |message: &Message| Outgoing { body: message.body.clone(), delay_seconds: None };
                self.emulator.sqs().send(queue, &messages.iter().map(again).collect::<Vec<_>>())?;
                let receipts: Vec<String> = messages.into_iter().map(|message| message.receipt_handle).collect();
                count += receipts.len() as u64;
                self.delete(&dead, &receipts)?;
            }
        }
        Ok(count)
    }

    /// Messages of a queue, those in flight and those that are delayed too.
    pub(super) fn messages(&self, queue: &str) -> Outcome<u64> {
        let attributes = self.emulator.sqs().queue_attributes(queue)?;
        let count = |which: &str| {
            let count = attributes.get(&format!("ApproximateNumberOfMessages{which}")).map(String::as_str);
            count.unwrap_or("0").parse::<u64>()
        };
        Ok(count("")? + count("NotVisible")? + count("Delayed")?)
    }

    /// All items of a table as they are on the wire, with nothing of Feedmill between.
    pub(super) fn items(&self, table: &str) -> Outcome<Vec<Value>> {
        let (mut items, mut from) = (Vec::new(), Value::Null);
        loop {
            let mut ask = json!({ "TableName": table, "ConsistentRead": true });
            if !from.is_null() {
                ask["ExclusiveStartKey"] = from;
            }
            let (status, answer) = self.emulator.ask_tables("Scan", &ask.to_string());
            if !status.is_success() {
                return Err(format!("table {table} cannot be read: {answer}").into());
            }
            let mut page: Value = serde_json::from_str(&answer)?;
            if let Value::Array(page) = page["Items"].take() {
                items.extend(page);
            }
            from = page["LastEvaluatedKey"].take();
            if from.is_null() {
                return Ok(items);
            }
        }
    }

    /// Lets tables forget what is past its time.
    pub(super) fn forget(&self) -> Outcome<()> {
        self.emulator.sweep_ttl()?;
        Ok(())
    }
}
