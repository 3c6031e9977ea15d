//! What every run needs, made once a process.

use boot::clock::Clock;
use boot::settings::Settings;
use domain::id::JobIdMint;
use domain::time::Timestamp;
use domain::wheel::Pace;
use queue::Queue;
use store::Store;

/// What an installation sets, as far as the dispatcher goes by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long a wheel minute lasts.
    pub pace: Pace,
    /// How many shards the wheel has; at least 1.
    pub shards: u8,
    /// Messages a minute that the fetchers are trusted with before they are measured.
    pub rate_floor: u64,
    /// Every landing is announced, whether someone watches its source or not.
    pub announce_all: bool,
}

impl From<&Settings> for Rules {
    fn from(settings: &Settings) -> Self {
        Self {
            pace: settings.pace,
            shards: settings.shards,
            rate_floor: settings.rate_floor,
            announce_all: settings.announce_all,
        }
    }
}

/// The clients and settings of one process.
#[derive(Debug)]
pub struct Context {
    pub(crate) store: Store,
    pub(crate) queue: Queue,
    pub(crate) rules: Rules,
    pub(crate) ids: JobIdMint,
    clock: Told,
}

impl Context {
    /// Put together from its parts.
    pub fn new(store: Store, queue: Queue, clock: Clock, rules: Rules) -> Self {
        Self { store, queue, rules, ids: JobIdMint::default(), clock: Told(clock) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock.0)()
    }
}

struct Told(Clock);

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", (self.0)())
    }
}
