//! Who goes first, and who waits: hosts are spaced, people go before the wheel, and the backlog has a limit. Pure.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use crate::time::Timestamp;
use crate::wheel::{Minute, Pace, spread};

/// Requests to one host lie at least this far apart where a wheel minute has sixty seconds.
pub const SPACING: Duration = Duration::from_secs(1);

/// A source that may be queued now.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate<T> {
    /// Its host.
    pub host: String,
    /// Not to be started before.
    pub earliest: Timestamp,
    /// A person waits for it.
    pub personal: bool,
    /// How long it could have been fetched already.
    pub lateness: Duration,
    /// Its interval.
    pub interval: Duration,
    /// Its subscribers.
    pub subscribers: u32,
    /// Its mean fetch time: slow hosts are spaced wider.
    pub fetch_ms: u32,
    /// Whatever the caller needs to act on it.
    pub item: T,
}

impl<T> Candidate<T> {
    /// Lateness relative to the interval, times the weight: the logarithm of its subscribers.
    fn urgency(&self) -> f64 {
        let weight = 1.0 + f64::from(self.subscribers).ln_1p();
        self.lateness.as_secs_f64() / self.interval.as_secs_f64().max(1.0) * weight
    }
}

/// What goes now (with its start), and what is looked at again later, in order of priority.
#[derive(Clone, Debug, PartialEq)]
pub struct Shaped<T> {
    /// In order of priority.
    pub now: Vec<(Timestamp, T)>,
    /// The minute in which its turn comes.
    pub later: Vec<(Minute, T)>,
}

/// Orders and spaces `candidates` of `minute`, and lets at most `allowance` of them go now; the rest get their turn at `rate` a minute.
///
/// Nobody starts before his earliest start, two of one host never start closer than the spacing, and everyone is either sent or put off: none is forgotten.
pub fn shape<T>(
    mut candidates: Vec<Candidate<T>>,
    now: Timestamp,
    minute: Minute,
    pace: Pace,
    allowance: usize,
    rate: usize,
) -> Shaped<T> {
    candidates.sort_by(|a, b| b.personal.cmp(&a.personal).then(b.urgency().total_cmp(&a.urgency())));
    let mut hosts: HashMap<String, Host> = HashMap::new();
    for candidate in &candidates {
        let host = hosts.entry(candidate.host.clone()).or_default();
        host.waiting += 1;
        host.spacing = host.spacing.max(spacing(candidate.fetch_ms, pace));
    }
    let mut shaped = Shaped { now: Vec::new(), later: Vec::new() };
    let mut turned_away = 0;
    for candidate in candidates {
        let Some(host) = hosts.get_mut(&candidate.host) else { continue };
        // A person does not wait for the jitter, only for his turn at the host.
        let jitter = if candidate.personal { Duration::ZERO } else { host.jitter(&candidate.host, minute, pace) };
        let wanted = candidate.earliest.max(now + jitter);
        match host.turn(wanted, pace) {
            Turn::Later(minutes) => shaped.later.push((minute.plus(minutes), candidate.item)),
            Turn::At(_) if shaped.now.len() >= allowance => {
                let minutes = 1 + turned_away / rate.max(1);
                turned_away += 1;
                shaped.later.push((minute.plus(u64::try_from(minutes).unwrap_or(u64::MAX)), candidate.item));
            }
            Turn::At(start) => {
                host.starts.insert(start);
                shaped.now.push((start, candidate.item));
            }
        }
    }
    shaped
}

/// What is known of a host while its minute is shaped.
#[derive(Default)]
struct Host {
    waiting: u32,
    spacing: Duration,
    starts: BTreeSet<Timestamp>,
    put_off: u64,
}

enum Turn {
    At(Timestamp),
    Later(u64),
}

impl Host {
    /// The first start from `wanted` on that keeps the spacing to all others, if it lies within a minute; else the minute in which its turn comes.
    fn turn(&mut self, wanted: Timestamp, pace: Pace) -> Turn {
        let mut start = wanted;
        let last = wanted + pace.tick();
        while start < last {
            let close = self.starts.range(start - self.spacing..start + self.spacing);
            match close.copied().find(|other| other.since(start).max(start.since(*other)) < self.spacing) {
                Some(other) => start = other + self.spacing,
                None => return Turn::At(start),
            }
        }
        let a_minute = (pace.tick().as_millis() / self.spacing.as_millis().max(1)).max(1);
        let minutes = 1 + self.put_off / u64::try_from(a_minute).unwrap_or(u64::MAX);
        self.put_off += 1;
        Turn::Later(minutes)
    }

    /// Where in the minute a host's messages begin: anywhere, as long as all of them fit, so that nothing bunches at its start.
    fn jitter(&self, name: &str, minute: Minute, pace: Pace) -> Duration {
        let room = pace.tick().saturating_sub(self.spacing * self.waiting);
        match u64::try_from(room.as_millis()).unwrap_or(0) {
            0 => Duration::ZERO,
            room => Duration::from_millis(spread(&format!("{name} {}", minute.0)) % room),
        }
    }
}

/// A second, or twice what the host usually takes.
fn spacing(fetch_ms: u32, pace: Pace) -> Duration {
    pace.scaled(SPACING).max(pace.scaled(Duration::from_millis(u64::from(fetch_ms) * 2)))
}

/// How fast the fetchers work, as the dispatcher sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Messages waiting when it last looked.
    pub depth: u64,
    /// Messages sent since.
    pub sent: u64,
    /// When it last looked.
    pub at: Minute,
    /// Messages a minute that the fetchers took, smoothed.
    pub rate: u64,
}

impl Backlog {
    /// Looks at the queue again: `depth` messages wait at `minute`.
    #[must_use]
    pub fn look(self, depth: u64, minute: Minute) -> Self {
        let minutes = minute.0.saturating_sub(self.at.0);
        if minutes == 0 {
            return Self { depth, ..self };
        }
        let taken = (self.depth + self.sent).saturating_sub(depth) / minutes;
        // An empty queue says only that the fetchers are at least this fast.
        let rate = if depth == 0 { self.rate.max(taken) } else { (self.rate + taken) / 2 };
        Self { depth, sent: 0, at: minute, rate }
    }

    /// How many more messages may be sent: what the fetchers take in two minutes (at least `floor` a minute), less what waits already.
    pub fn allowance(self, floor: u64) -> u64 {
        (self.rate.max(floor) * 2).saturating_sub(self.depth + self.sent)
    }
}
