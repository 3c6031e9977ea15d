//! Tables, queues, a bucket, an origin and a clock.

mod delivering;
mod looking;
mod making;
mod mill;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use blob::Bucket;
use boot::aws::{Aws, Service};
use boot::clock::Clock;
use domain::id::{InstallationKey, JobIdMint};
use domain::time::Timestamp;
use domain::timing::Lane;
use domain::wheel::Pace;
use emulator::{ACCOUNT, Emulator, Where};
use fetch::{Fetcher, Lookup, Reach, Settings};
use fetcher::{Context, Rules};
use origin::Origin;
use queue::{Queue, Urls};
use store::{Store, Tables};

pub(crate) use self::looking::{code, counts};
use crate::breaker::Breaker;

/// Noon of 31 January 2026.
pub(crate) const NOON: Timestamp = Timestamp::from_secs(1_769_860_800);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// How long a batch may take.
pub(crate) const BATCH: Duration = Duration::from_secs(28);

pub(crate) struct World {
    pub(crate) origin: Origin,
    pub(crate) store: Store,
    pub(crate) breaker: Breaker,
    emulator: Emulator,
    clock: Arc<AtomicI64>,
    aws: Aws,
    mint: JobIdMint,
    sources: AtomicU64,
}

impl World {
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(AtomicI64::new(NOON.as_millis()));
        let told = Arc::clone(&clock);
        let emulator = Emulator::start(Where::Memory, Arc::new(move || told.load(Ordering::SeqCst))).await.unwrap();
        let ends = emulator.endpoints();
        let aws = Aws::local(&ends.dynamodb, &ends.sqs, &ends.s3);
        let store = Store::new(&aws.config(Service::DynamoDb), Tables::default());
        store.create_tables().await.unwrap();
        for queue in ["fetch", "fetch-slow", "tasks"] {
            emulator.sqs().create_queue(&format!("feedmill-{queue}"), &Default::default()).unwrap();
        }
        Bucket::new(&aws.config(Service::S3), "feedmill").create().await.unwrap();
        Self {
            origin: Origin::start().await.unwrap(),
            store,
            breaker: Breaker::default(),
            emulator,
            clock,
            aws,
            mint: JobIdMint::default(),
            sources: AtomicU64::new(0),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.load(Ordering::SeqCst))
    }

    /// What everyone here reads the time from.
    pub(crate) fn clock(&self) -> Clock {
        let clock = Arc::clone(&self.clock);
        Arc::new(move || Timestamp::from_millis(clock.load(Ordering::SeqCst)))
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.fetch_add(time.as_millis() as i64, Ordering::SeqCst);
        self.emulator.sqs().clock_moved();
    }

    /// Deletes what has expired.
    pub(crate) fn sweep_ttl(&self) -> usize {
        self.emulator.sweep_ttl().unwrap()
    }

    pub(crate) fn rules() -> Rules {
        Rules {
            lane: Lane::Fast,
            pace: Pace::REAL,
            announce_all: false,
            retention: Duration::from_secs(180 * 24 * 3600),
            chunk_bytes: 1 << 20,
        }
    }

    /// A new environment, as after a cold start.
    pub(crate) fn environment(&self) -> Context {
        self.environment_of(Self::rules())
    }

    pub(crate) fn environment_of(&self, rules: Rules) -> Context {
        self.environment_on(self.store_on_wire(), rules, settings())
    }

    /// A store on the wire of the functions, to be counted.
    pub(crate) fn store_on_wire(&self) -> Store {
        self.store_of("Fetcher")
    }

    /// The same for a function of that name.
    pub(crate) fn store_of(&self, function: &str) -> Store {
        Store::new(&self.wire_of(function).config(Service::DynamoDb), Tables::default())
    }

    /// The tables themselves, past the store's own code.
    pub(crate) fn tables(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.aws.config(Service::DynamoDb))
    }

    /// One whose store counts.
    pub(crate) fn environment_with(&self, store: Store) -> Context {
        self.environment_on(store, Self::rules(), settings())
    }

    /// One that keeps to the public internet.
    pub(crate) fn guarded(&self) -> Context {
        let settings = Settings { reach: Reach::default(), ..settings() };
        self.environment_on(self.store_on_wire(), Self::rules(), settings)
    }

    /// One that finds no host by its name.
    pub(crate) fn nameless(&self) -> Context {
        let settings = Settings { lookup: Lookup::Scripted(Arc::new(|_| Vec::new())), ..settings() };
        self.environment_on(self.store_on_wire(), Self::rules(), settings)
    }

    fn environment_on(&self, store: Store, rules: Rules, settings: Settings) -> Context {
        let wire = self.wire();
        let web = Fetcher::new(settings, self.clock()).unwrap();
        let bucket = Bucket::new(&wire.config(Service::S3), "feedmill");
        Context::new(store, self.queue_on(&wire), bucket, web, self.clock(), rules, &key())
    }

    /// The way to the servers that the breaker may break.
    fn wire(&self) -> Aws {
        self.wire_of("Fetcher")
    }

    /// The same for a function of that name, which may do no more than its role allows.
    fn wire_of(&self, function: &str) -> Aws {
        self.aws.through(|inner| blueprint::guard(function, self.breaker.around(inner)))
    }

    fn queue_on(&self, aws: &Aws) -> Queue {
        let url = |queue: &str| format!("{}/{ACCOUNT}/feedmill-{queue}", self.emulator.endpoints().sqs);
        let urls = Urls { fetch: url("fetch"), fetch_slow: url("fetch-slow"), tasks: url("tasks") };
        Queue::new(&aws.config(Service::Sqs), urls)
    }
}

/// The installation's key.
pub(crate) fn key() -> InstallationKey {
    InstallationKey::from_bytes([7; 32])
}

/// A fetcher that may reach loopback.
fn settings() -> Settings {
    Settings { reach: Reach::with_private_networks(), ..Settings::new("1.2.3", "https://feedmill.example/about") }
}
