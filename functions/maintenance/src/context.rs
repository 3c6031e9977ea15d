//! What every run needs, made once a process.

use blob::Bucket;
use boot::clock::Clock;
use boot::key::{Keeper, KeyError};
use boot::settings::Settings;
use domain::id::JobIdMint;
use domain::private::Vault;
use domain::time::Timestamp;
use domain::wheel::Pace;
use queue::Queue;
use store::{Retention, Store};

/// What an installation sets, as far as maintenance goes by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long a wheel minute lasts: passes over everything come once a day of such minutes.
    pub pace: Pace,
    /// Which posts of a source are shown.
    pub retention: Retention,
}

impl From<&Settings> for Rules {
    fn from(settings: &Settings) -> Self {
        let retention = Retention { age: settings.retention, count: settings.retention_posts };
        Self { pace: settings.pace, retention }
    }
}

/// What a context is put together from.
pub struct Parts {
    /// Tables.
    pub store: Store,
    /// For what is announced late.
    pub queue: Queue,
    /// Contents of long posts.
    pub bucket: Bucket,
    /// The time.
    pub clock: Clock,
    /// Settings.
    pub rules: Rules,
}

/// The clients and settings of one process.
pub struct Context {
    pub(crate) store: Store,
    pub(crate) queue: Queue,
    pub(crate) bucket: Bucket,
    pub(crate) rules: Rules,
    pub(crate) ids: JobIdMint,
    clock: Clock,
    key: Keeper,
}

impl Context {
    /// Put together from its parts.
    pub fn new(parts: Parts) -> Self {
        let Parts { store, queue, bucket, clock, rules } = parts;
        Self { store, queue, bucket, rules, ids: JobIdMint::default(), clock, key: Keeper::Nobody }
    }

    /// The same, which also sees to what is sealed under another key than the present one.
    #[must_use]
    pub fn with_key(self, key: Keeper) -> Self {
        Self { key, ..self }
    }

    /// What opens and seals; `None` where it has no key.
    pub(crate) async fn vault(&self) -> Result<Option<Vault>, KeyError> {
        Ok(self.key.key(&self.clock).await?.map(|key| Vault::new(&key)))
    }

    /// Its store, which it must be admitted to before its first run.
    pub fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }
}
