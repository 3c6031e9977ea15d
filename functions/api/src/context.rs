//! What every request needs, made once a process.

use std::sync::Arc;

use blob::Bucket;
use boot::clock::Clock;
use boot::settings::Settings;
use domain::account::{OperatorSecret, Registration};
use domain::id::{InstallationKey, JobIdMint, Label, PostFace};
use domain::private::Vault;
use domain::repeat::Repeats;
use domain::share::Links;
use domain::time::Timestamp;
use domain::wheel::Pace;
use fetch::{Fetcher, Reach};
use queue::Queue;
use store::{Journal, Store};

use crate::accounts::Passwords;
use crate::conventions::limits::{Limits, Meters};
use crate::cursor::Cursors;
use crate::reading::{Heads, Places, Shelves, Stocks};

/// What an installation sets, as far as the api goes by it.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How long a wheel minute lasts.
    pub pace: Pace,
    /// The shortest interval that a source may have, in wheel minutes.
    pub min_interval_minutes: u32,
    /// How many shards the wheel has.
    pub shards: u8,
    /// Which URLs may be added.
    pub reach: Reach,
    /// Every landing is announced, watched or not.
    pub announce_all: bool,
    /// How many subscriptions a user may have.
    pub max_subscriptions: usize,
    /// How many of them on one host.
    pub max_subscriptions_per_host: usize,
    /// Web pages of which other origins may ask.
    pub cors_origins: Vec<String>,
    /// How many requests a minute.
    pub limits: Limits,
    /// Who may make an account.
    pub registration: Registration,
    /// Browsers send the cookie over TLS only.
    pub secure_cookies: bool,
}

impl From<&Settings> for Rules {
    fn from(settings: &Settings) -> Self {
        let reach = if settings.allow_private_networks { Reach::with_private_networks() } else { Reach::default() };
        Self {
            pace: settings.pace,
            min_interval_minutes: settings.min_interval_minutes,
            shards: settings.shards,
            reach,
            announce_all: settings.announce_all,
            max_subscriptions: settings.max_subscriptions,
            max_subscriptions_per_host: settings.max_subscriptions_per_host,
            cors_origins: settings.cors_origins.clone(),
            limits: Limits { per_user: settings.requests_per_user, per_address: settings.requests_per_address },
            registration: settings.registration,
            secure_cookies: settings.secure_cookies,
        }
    }
}

/// The way out of an api function, as the installation's settings describe it: to look for feeds, a few requests at a time.
///
/// # Errors
/// [`fetch::SettingsError`] when it cannot be built.
pub fn way_out(settings: &Settings, clock: &Clock) -> Result<Fetcher, fetch::SettingsError> {
    let mut web = fetch::Settings::new(env!("CARGO_PKG_VERSION"), settings.contact_url.clone());
    web.reach.allow_private_networks = settings.allow_private_networks;
    (web.max_requests, web.max_bytes_in_flight) = (20, 30_000_000);
    Fetcher::new(web, Arc::clone(clock))
}

/// What a context is put together from.
pub struct Parts {
    /// Tables.
    pub store: Store,
    /// What is written to them, if all that is written is told in this process.
    pub journal: Option<Journal>,
    /// Queues.
    pub queue: Queue,
    /// Content of long posts.
    pub bucket: Bucket,
    /// The installation's key.
    pub key: InstallationKey,
    /// The way out, to look for feeds.
    pub web: Fetcher,
    /// The time.
    pub clock: Clock,
    /// Hashes and compares passwords.
    pub passwords: Arc<Passwords>,
    /// Settings.
    pub rules: Rules,
}

/// The clients, keys and settings of one process.
pub struct Context {
    pub(crate) store: Store,
    pub(crate) queue: Queue,
    pub(crate) bucket: Bucket,
    pub(crate) rules: Rules,
    pub(crate) face: PostFace,
    pub(crate) vault: Vault,
    pub(crate) web: Fetcher,
    pub(crate) cursors: Cursors,
    pub(crate) ids: JobIdMint,
    pub(crate) operator: OperatorSecret,
    pub(crate) meters: Meters,
    pub(crate) repeats: Repeats,
    pub(crate) links: Links,
    pub(crate) passwords: Arc<Passwords>,
    pub(crate) stocks: Stocks,
    pub(crate) heads: Heads,
    pub(crate) shelves: Shelves,
    pub(crate) places: Places,
    clock: Clock,
}

impl Context {
    /// Put together from its parts.
    pub fn new(parts: Parts) -> Self {
        Self {
            store: parts.store,
            queue: parts.queue,
            bucket: parts.bucket,
            repeats: Repeats::new(&parts.key),
            links: Links::new(&parts.key),
            meters: Meters::new(parts.rules.limits),
            rules: parts.rules,
            face: PostFace::new(&parts.key),
            vault: Vault::new(&parts.key),
            web: parts.web,
            cursors: Cursors::new(parts.key.subkey(Label::Cursor)),
            ids: JobIdMint::default(),
            stocks: Stocks::new(parts.journal.clone()),
            heads: Heads::new(parts.journal.clone()),
            shelves: Shelves::new(parts.journal),
            places: Places::default(),
            operator: OperatorSecret::of(&parts.key),
            passwords: parts.passwords,
            clock: parts.clock,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }
}
