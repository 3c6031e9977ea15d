//! Who goes first, and who waits: hosts are spaced, people go before the wheel, and the backlog has a limit. Pure.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use crate::time::Timestamp;
use crate::timing::{Lane, MAX_DELAY};
use crate::wheel::{Minute, Pace, spread};

/// Requests to one host lie at least this far apart where a wheel minute has sixty seconds.
pub const SPACING: Duration = Duration::from_secs(1);

/// A source that may be queued now.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate<'a, T> {
    /// Its host.
    pub host: &'a str,
    /// Its queue.
    pub lane: Lane,
    /// Not to be started before.
    pub earliest: Timestamp,
    /// A person waits for it.
    pub personal: bool,
    /// It was put off to this minute: its turn has come.
    pub waited: bool,
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

impl<T> Candidate<'_, T> {
    /// Lateness relative to the interval, times the weight: the logarithm of its subscribers.
    fn urgency(&self) -> f64 {
        let weight = 1.0 + f64::from(self.subscribers).ln_1p();
        self.lateness.as_secs_f64() / self.interval.as_secs_f64().max(1.0) * weight
    }
}

/// What goes now (with its start), and what is looked at again later, each in order of priority.
#[derive(Clone, Debug, PartialEq)]
pub struct Shaped<T> {
    /// In order of priority.
    pub now: Vec<(Timestamp, T)>,
    /// The minute in which its turn comes.
    pub later: Vec<(Minute, T)>,
}

/// What one lane takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Messages that may be sent now.
    pub allowance: u64,
    /// Messages a minute that those who are turned away can count on.
    pub rate: u64,
}

/// The limits of both lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Lane fast.
    pub fast: Limit,
    /// Lane slow.
    pub slow: Limit,
}

/// Orders and spaces what one run sends. It remembers the starts it gave away, so that the many minutes that a run may have to
/// catch up on do not all meet at one host, or in one minute to come.
#[derive(Debug)]
pub struct Shaper {
    pace: Pace,
    hosts: HashMap<String, Host>,
    turned_away: [u64; 2],
    round: u64,
}

impl Shaper {
    /// One that gave nothing away yet.
    pub fn new(pace: Pace) -> Self {
        Self { pace, hosts: HashMap::new(), turned_away: [0; 2], round: 0 }
    }

    /// Takes note of a start that was given away before.
    pub fn occupy(&mut self, host: &str, start: Timestamp) {
        let spacing = spacing(0, self.pace);
        let host = self.host(host);
        host.spacing = host.spacing.max(spacing);
        host.starts.insert(start);
    }

    /// Orders and spaces `candidates`, and lets at most what `limits` allow of each lane go now; the others get the minute after
    /// `minute`, the present one, in which their turn comes.
    ///
    /// People go first, then who has waited for this minute, then by lateness and weight. Nobody starts before his earliest start or
    /// more than 15 minutes ahead, two of one host never start closer than the spacing, and everyone is either sent or put off: none
    /// is forgotten.
    pub fn shape<T>(
        &mut self,
        mut candidates: Vec<Candidate<'_, T>>,
        now: Timestamp,
        minute: Minute,
        limits: Limits,
    ) -> Shaped<T> {
        candidates.sort_by(|a, b| {
            let rank = |c: &Candidate<'_, T>| (c.personal, c.waited);
            rank(b).cmp(&rank(a)).then(b.urgency().total_cmp(&a.urgency()))
        });
        self.expect(&candidates, now);
        let mut left = [limits.fast.allowance, limits.slow.allowance];
        let mut shaped = Shaped { now: Vec::new(), later: Vec::new() };
        for candidate in candidates {
            let (lane, limit) = match candidate.lane {
                Lane::Fast => (0, limits.fast),
                Lane::Slow => (1, limits.slow),
            };
            if left[lane] == 0 {
                let minutes = 1 + self.turned_away[lane] / limit.rate.max(1);
                self.turned_away[lane] += 1;
                shaped.later.push((minute.plus(minutes), candidate.item));
                continue;
            }
            let pace = self.pace;
            let host = self.host(candidate.host);
            // A person does not wait for the jitter, only for his turn at the host.
            let jitter = if candidate.personal { Duration::ZERO } else { host.jitter(candidate.host, minute, pace) };
            // Who is to start later starts at his place in that minute, too.
            let wanted = (candidate.earliest.max(now) + jitter).min(candidate.earliest.max(now + MAX_DELAY));
            match host.turn(wanted, now + MAX_DELAY, pace) {
                Turn::At(start) => {
                    left[lane] -= 1;
                    shaped.now.push((start, candidate.item));
                }
                Turn::Later(minutes) => shaped.later.push((minute.plus(minutes), candidate.item)),
            }
        }
        shaped
    }

    /// Counts who is coming, before anyone gets a start: spacing and jitter are a host's, not a source's.
    fn expect<T>(&mut self, candidates: &[Candidate<'_, T>], now: Timestamp) {
        self.round += 1;
        let round = self.round;
        for candidate in candidates {
            let spacing = spacing(candidate.fetch_ms, self.pace);
            let host = self.host(candidate.host);
            if host.round != round {
                host.round = round;
                host.starts = host.starts.split_off(&(now - host.spacing));
                host.waiting = u32::try_from(host.starts.len()).unwrap_or(u32::MAX);
            }
            host.waiting = host.waiting.saturating_add(1);
            host.spacing = host.spacing.max(spacing);
        }
    }

    fn host(&mut self, name: &str) -> &mut Host {
        self.hosts.entry(name.to_owned()).or_default()
    }
}

/// What is known of a host while a run shapes its minutes.
#[derive(Debug, Default)]
struct Host {
    waiting: u32,
    spacing: Duration,
    starts: BTreeSet<Timestamp>,
    put_off: u64,
    round: u64,
}

enum Turn {
    At(Timestamp),
    Later(u64),
}

impl Host {
    /// The first start from `wanted` on that keeps the spacing to all others, if it lies within a minute and before `end`; else the
    /// number of minutes until its turn comes.
    fn turn(&mut self, wanted: Timestamp, end: Timestamp, pace: Pace) -> Turn {
        let mut start = wanted;
        let last = (wanted + pace.tick()).min(end + Duration::from_millis(1));
        while start < last {
            let mut close = self.starts.range(start - self.spacing..start + self.spacing).rev();
            match close.find(|other| other.since(start).max(start.since(**other)) < self.spacing) {
                Some(other) => start = *other + self.spacing,
                None => {
                    self.starts.insert(start);
                    return Turn::At(start);
                }
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
            // A second run within the minute: what it sees includes what the first one sent.
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
