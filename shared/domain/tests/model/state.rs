//! Everything there is: clock, store, queue, feed, who is at work, and what only an onlooker knows.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;
use std::time::Duration;

use domain::carry::Carry;
use domain::id::{JobId, SourceId};
use domain::job::Reason;
use domain::message::{FetchMessage, VERSION};
use domain::time::Timestamp;
use domain::timing::Lane;
use domain::wheel::{Minute, Pace, Slot};

use crate::dispatcher::Dispatcher;
use crate::fetcher::Fetcher;
use crate::mutations::Protection;
use crate::person::Person;
use crate::store::Store;

/// The source's interval.
pub(crate) const INTERVAL: Duration = Duration::from_secs(3600);
/// Where the source stands on the wheel: its slot was just missed when it was made.
pub(crate) const SLOT: Slot = Slot { period: 61, phase: 0, shard: 0 };
/// How long a dispatcher lives.
pub(crate) const DISPATCHER_TIMEOUT: Duration = Duration::from_secs(55);
pub(crate) const PACE: Pace = Pace::REAL;
/// The minute in which everything begins.
pub(crate) const FIRST: Minute = Minute(61 * 500_000);

/// Entries of the feed, a bit each, the oldest first. As what a body holds it is also its validator.
pub(crate) type Entries = u8;

/// What a job knows from those before it. The body stands for validators and body hash together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Known {
    pub(crate) carry: Carry,
    pub(crate) body: Option<Entries>,
}

/// What all messages of one job say.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Made {
    pub(crate) job: JobId,
    pub(crate) tick: Minute,
    pub(crate) queued_at: Timestamp,
    pub(crate) earliest: Timestamp,
    pub(crate) reason: Reason,
    pub(crate) from: Known,
}

/// A message in the queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Letter {
    pub(crate) id: u8,
    pub(crate) job: JobId,
    pub(crate) again: bool,
    pub(crate) open: bool,
    pub(crate) attempts: u8,
    pub(crate) returned: u8,
    pub(crate) receives: u8,
    pub(crate) visible_at: Timestamp,
}

/// How often what may still go wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    /// A process dies, anywhere.
    pub(crate) crashes: u8,
    /// The queue delivers a message twice.
    pub(crate) doubles: u8,
    /// A write is refused for the moment, or it is done and its answer gets lost.
    pub(crate) errors: u8,
    /// The origin sends a body that is no feed.
    pub(crate) unreadable: u8,
    /// A fetcher has no time for a message and gives it back.
    pub(crate) leftovers: u8,
}

/// What is explored.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) name: &'static str,
    /// The source was polled once; else it was just made, and its first message is to be sent.
    pub(crate) polled: bool,
    /// What the feed holds, one after the other.
    pub(crate) script: &'static [Entries],
    pub(crate) budget: Budget,
    /// How many jobs are made at most, and until when.
    pub(crate) jobs: usize,
    pub(crate) minutes: u64,
    /// How many of each are at work at once.
    pub(crate) dispatchers: usize,
    pub(crate) fetchers: usize,
    /// Somebody may take the source off the schedule.
    pub(crate) leave: Option<Leave>,
    /// And put it back, if it rests.
    pub(crate) returns: bool,
    /// Whoever reads this feed dies.
    pub(crate) deadly: bool,
    /// From every calm state on, all must end well if nothing more goes wrong.
    pub(crate) ends_well: bool,
    /// What is left out, to see that it is missed.
    pub(crate) without: Option<Protection>,
}

/// How a source leaves `active`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Leave {
    Rest,
    Delete,
}

impl Rules {
    pub(crate) fn keeps(&self, protection: Protection) -> bool {
        self.without != Some(protection)
    }
}

/// What only an onlooker knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Onlooker {
    /// The last GET of each job.
    pub(crate) gets: Vec<(JobId, Timestamp)>,
    /// GETs that repeated one of the same job.
    pub(crate) repeats: u8,
    /// Deaths and errors of fetchers: each may cost the origin one more GET.
    pub(crate) mishaps: u8,
    /// GETs by a message that looked fresh, of a job that somebody had taken or ended.
    pub(crate) strays: u8,
    /// Messages that the dispatcher sent again, because it could not know better.
    pub(crate) again: u8,
    /// Deaths alone since a job last ended in order.
    pub(crate) deaths: u8,
    /// Ordinals that were announced, a bit each.
    pub(crate) announced: u8,
    /// What is wrong.
    pub(crate) broken: Option<&'static str>,
}

/// One state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) store: Store,
    pub(crate) made: Vec<Made>,
    pub(crate) queue: Vec<Letter>,
    pub(crate) letters: u8,
    /// Which line of the script the feed is at.
    pub(crate) feed: u8,
    pub(crate) dispatchers: [Dispatcher; 2],
    pub(crate) fetchers: [Fetcher; 2],
    pub(crate) person: Person,
    pub(crate) budget: Budget,
    pub(crate) seen: Onlooker,
}

/// The `n`-th job that is made.
pub(crate) fn job(n: usize) -> JobId {
    static JOBS: LazyLock<Vec<JobId>> = LazyLock::new(|| {
        let id = |n: usize| format!("019a4c3e-7b5d-7c21-8f00-0000000000{n:02x}").parse().unwrap();
        (0..32).map(id).collect()
    });
    JOBS[n]
}

pub(crate) fn source() -> SourceId {
    static SOURCE: LazyLock<SourceId> = LazyLock::new(|| "3kTMd9aZ".parse().unwrap());
    *SOURCE
}

/// The lane of a job.
pub(crate) fn lane(reason: Reason) -> Lane {
    match reason {
        Reason::First => Lane::Slow,
        Reason::Scheduled | Reason::Refresh => Lane::Fast,
    }
}

impl World {
    pub(crate) fn made(&self, job: JobId) -> &Made {
        self.made.iter().find(|made| made.job == job).unwrap()
    }

    /// The message as a fetcher reads it.
    pub(crate) fn message(&self, letter: &Letter) -> FetchMessage {
        let made = self.made(letter.job);
        FetchMessage {
            v: VERSION,
            job: made.job,
            source: source(),
            url: None,
            host: String::new(),
            timeout_ms: 20_000,
            interval_ms: 3_600_000,
            subscribers: 1,
            watched: true,
            lane: lane(made.reason),
            queued_at: made.queued_at,
            tick: made.tick,
            earliest: made.earliest,
            reason: made.reason,
            carry: made.from.carry.clone(),
            open: letter.open,
            again: letter.again,
            attempts: letter.attempts,
            returned: letter.returned,
        }
    }

    pub(crate) fn body(&self, rules: &Rules) -> Entries {
        rules.script[usize::from(self.feed)]
    }

    /// Nobody is at work.
    pub(crate) fn is_calm(&self) -> bool {
        self.dispatchers.iter().all(|dispatcher| *dispatcher == Dispatcher::Idle)
            && self.fetchers.iter().all(|fetcher| *fetcher == Fetcher::Idle)
            && self.person == Person::Done
    }

    /// Says what is wrong, once.
    pub(crate) fn break_with(&mut self, what: &'static str) {
        self.seen.broken.get_or_insert(what);
    }

    /// Which of two of a kind is which does not matter.
    pub(crate) fn in_order(mut self) -> Self {
        if print(&self.fetchers[0]) > print(&self.fetchers[1]) {
            self.fetchers.swap(0, 1);
        }
        if print(&self.dispatchers[0]) > print(&self.dispatchers[1]) {
            self.dispatchers.swap(0, 1);
            self.store.cursor.holder = self.store.cursor.holder.map(|holder| 1 - holder);
        }
        self
    }
}

/// By which states are told apart.
pub(crate) fn print(state: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}
