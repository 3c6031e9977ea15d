//! What a fetcher works with: clients, settings, and the little that one environment remembers between batches.

use std::sync::Arc;
use std::time::Duration;

use blob::Bucket;
use boot::aws::{Aws, Service};
use boot::clock::Clock;
use boot::metrics::Metrics;
use boot::settings::Settings;
use domain::id::{InstallationKey, SlotPool};
use domain::private::Vault;
use domain::time::Timestamp;
use domain::timing::Lane;
use domain::wheel::Pace;
use queue::{Queue, Urls};
use store::{Store, Tables};

use crate::desk::Desk;
use crate::pauses::Pauses;

/// Everything one fetcher needs; made once per process. Clones share it.
#[derive(Clone)]
pub struct Context {
    pub(crate) store: Store,
    pub(crate) queue: Queue,
    pub(crate) blobs: Bucket,
    pub(crate) web: fetch::Fetcher,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Clock,
    pub(crate) rules: Rules,
    pub(crate) metrics: Metrics,
    pub(crate) pauses: Arc<Pauses>,
    pub(crate) slots: SlotPool,
    pub(crate) desk: Desk,
}

/// What of the installation's settings concerns a fetcher.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The queue that it serves.
    pub lane: Lane,
    /// How long a wheel minute lasts.
    pub pace: Pace,
    /// Announce every landing, watched or not.
    pub announce_all: bool,
    /// How long posts are kept.
    pub retention: Duration,
    /// The most bytes of one landing transaction.
    pub chunk_bytes: usize,
}

impl From<&Settings> for Rules {
    fn from(settings: &Settings) -> Self {
        Self {
            lane: settings.lane,
            pace: settings.pace,
            announce_all: settings.announce_all,
            retention: settings.retention,
            chunk_bytes: settings.chunk_bytes,
        }
    }
}

impl Context {
    /// A fetcher made of these parts. The key opens what is sealed of private sources.
    pub fn new(
        store: Store,
        queue: Queue,
        blobs: Bucket,
        web: fetch::Fetcher,
        clock: Clock,
        rules: Rules,
        key: &InstallationKey,
    ) -> Self {
        let vault = Arc::new(Vault::new(key));
        let (metrics, pauses, slots) = (Metrics::none(), Arc::default(), SlotPool::default());
        let desk = Desk::default();
        Self { store, queue, blobs, web, vault, clock, rules, metrics, pauses, slots, desk }
    }

    /// The same, with a line of metrics for each batch.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// A fetcher as the installation's settings describe it.
    ///
    /// # Errors
    /// [`fetch::SettingsError`] when the way out cannot be built.
    pub fn of_settings(
        settings: &Settings,
        aws: &Aws,
        clock: Clock,
        key: &InstallationKey,
    ) -> Result<Self, fetch::SettingsError> {
        let tables = Tables {
            sources: settings.sources_table.clone(),
            posts: settings.posts_table.clone(),
            readers: settings.readers_table.clone(),
        };
        let urls = Urls {
            fetch: settings.fetch_queue.clone(),
            fetch_slow: settings.fetch_slow_queue.clone(),
            tasks: settings.tasks_queue.clone(),
        };
        let mut web = fetch::Settings::new(env!("CARGO_PKG_VERSION"), settings.contact_url.clone());
        web.reach.allow_private_networks = settings.allow_private_networks;
        Ok(Self::new(
            Store::new(&aws.config(Service::DynamoDb), tables),
            Queue::new(&aws.config(Service::Sqs), urls),
            Bucket::new(&aws.config(Service::S3), settings.bucket.clone()),
            fetch::Fetcher::new(web, Arc::clone(&clock))?,
            clock,
            Rules::from(settings),
            key,
        ))
    }

    /// Its store, which it must be admitted to before its first batch.
    pub fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }
}
