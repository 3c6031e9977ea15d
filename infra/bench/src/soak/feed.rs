//! A feed and its publisher, who misbehaves: and what Feedmill owes to its readers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::time::Timestamp;
use faults::Dice;
use origin::{Origin, Reply, Seen};

use super::world::SHORTEST;
use super::write::{self, Entry, Format, Naming};

/// Of so many requests in 1,000, the publisher does something wrong.
const TROUBLE: u16 = 140;
/// Of so many requests in 1,000, the feed changes in the next moment: who asks at the same time sees another edition.
const RESTLESS: u16 = 150;
/// Entries that a feed keeps at least.
const KEPT: usize = 12;

/// What a feed is like, drawn by the seed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits {
    format: Format,
    naming: Naming,
    /// It has an `ETag`, and answers 304 to who knows it.
    validates: bool,
    /// It sometimes never answers; it is given a second.
    pub(super) is_tar_pit: bool,
    /// How often it is polled.
    pub(super) interval_minutes: u32,
    /// Nobody subscribes to it for good: it comes to rest at times.
    pub(super) is_orphan: bool,
}

pub(super) struct Feed {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) traits: Traits,
    seed: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    entries: Vec<Entry>,
    /// Rises with each change.
    edition: u64,
    requests: u64,
    /// Titles that each `ETag` stood for.
    shown: HashMap<String, Vec<String>>,
    /// Titles that Feedmill has said it knows, by asking with an `ETag`: it does so only when all of them have landed.
    claimed: BTreeSet<String>,
    published: u64,
    keeps_all: bool,
    is_calm: bool,
    is_gone: bool,
    trouble: BTreeMap<&'static str, u64>,
    last_was_gone: bool,
}

impl State {
    fn publish(&mut self, feed: &str, bytes: usize, now: Timestamp) {
        self.published += 1;
        self.edition += 1;
        let title = format!("{feed}-{}", self.published);
        self.entries.push(Entry { title, published: now, form: 1, bytes });
    }

    fn edit(&mut self, dice: &mut Dice) {
        let at = usize::try_from(dice.below(self.entries.len() as u64)).unwrap_or(0);
        if let Some(entry) = self.entries.get_mut(at) {
            entry.form += 1;
            self.edition += 1;
        }
    }

    /// One more entry, as old as the last, or another form of one.
    fn change(&mut self, feed: &str, dice: &mut Dice) {
        match self.entries.last().map(|last| last.published) {
            Some(now) if dice.per_mille(700) => self.publish(feed, 400, now),
            _ => self.edit(dice),
        }
    }
}

/// What must be there in the end, and what may be.
pub(super) struct Owed {
    /// Titles.
    pub(super) must: BTreeSet<String>,
    /// What is in the feed now.
    pub(super) now: Vec<Entry>,
    pub(super) is_gone: bool,
}

impl Feed {
    /// Feed `n`; every fifth shares its host with another.
    pub(super) fn open(origin: &Origin, seed: u64, n: u64) -> Arc<Self> {
        let name = format!("feed{n}");
        let mut dice = Dice::of(seed, &[b"traits", name.as_bytes()]);
        let traits = Traits {
            format: [Format::Rss, Format::Atom, Format::Json][usize::try_from(dice.below(3)).unwrap_or(0)],
            naming: [Naming::Stable, Naming::Stable, Naming::Tracking, Naming::Volatile]
                [usize::try_from(dice.below(4)).unwrap_or(0)],
            validates: dice.per_mille(650),
            is_tar_pit: n % 20 == 3,
            interval_minutes: [SHORTEST, SHORTEST, 30, 60][usize::try_from(n % 4).unwrap_or(0)],
            is_orphan: n % 8 == 5,
        };
        let host = if n % 5 == 4 { n - 1 } else { n };
        let path = format!("/{name}");
        let url = origin.url_at(&format!("host{host}.localhost"), &path);
        let feed = Arc::new(Self { name, url, traits, seed, state: Mutex::default() });
        let publisher = Arc::clone(&feed);
        origin.on(&path, move |seen| publisher.answer(seen));
        feed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more entry.
    pub(super) fn publish(&self, bytes: usize, now: Timestamp) {
        self.state().publish(&self.name, bytes, now);
    }

    /// Changes an entry.
    pub(super) fn edit(&self, dice: &mut Dice) {
        self.state().edit(dice);
    }

    /// Takes old entries out, as far as Feedmill has claimed to know them.
    pub(super) fn shrink(&self) {
        let mut state = self.state();
        while state.entries.len() > KEPT && !state.keeps_all && state.claimed.contains(&state.entries[0].title) {
            state.entries.remove(0);
            state.edition += 1;
        }
    }

    /// Its source was deleted: what is owed from now on is what it has now.
    pub(super) fn begin_anew(&self) {
        let mut state = self.state();
        state.claimed.clear();
        state.keeps_all = true;
    }

    /// From now on it is 410.
    pub(super) fn end(&self) {
        self.state().is_gone = true;
    }

    /// From now on it does as it should.
    pub(super) fn calm(&self) {
        self.state().is_calm = true;
    }

    pub(super) fn owed(&self) -> Owed {
        let state = self.state();
        let mut must = state.claimed.clone();
        if !state.is_gone {
            must.extend(state.entries.iter().map(|entry| entry.title.clone()));
        }
        Owed { must, now: state.entries.clone(), is_gone: state.is_gone }
    }

    /// Entries so far, requests, and what was done wrong.
    pub(super) fn told(&self) -> (u64, u64, BTreeMap<&'static str, u64>) {
        let state = self.state();
        (state.published, state.requests, state.trouble.clone())
    }

    fn answer(&self, seen: &Seen) -> Reply {
        let mut state = self.state();
        state.requests += 1;
        let mut dice = Dice::of(self.seed, &[self.name.as_bytes(), &state.requests.to_le_bytes()]);
        if let Some(titles) = seen.header_text("if-none-match").and_then(|etag| state.shown.get(etag)).cloned() {
            state.claimed.extend(titles);
        }
        if state.is_gone {
            return Reply::status(410).close();
        }
        let reply = self.reply(&mut state, seen, &mut dice);
        if !state.is_calm && dice.per_mille(RESTLESS) {
            state.change(&self.name, &mut dice);
        }
        reply.close()
    }

    fn reply(&self, state: &mut State, seen: &Seen, dice: &mut Dice) -> Reply {
        let was_redirected = seen.query().is_some();
        let trouble = (!state.is_calm && !was_redirected && dice.per_mille(TROUBLE)).then(|| dice.below(14));
        let trouble = trouble.or((!state.is_calm && self.traits.is_tar_pit && dice.per_mille(250)).then_some(14));
        match trouble {
            Some(kind) => self.misbehave(kind, state, seen, dice),
            None => {
                state.last_was_gone = false;
                self.serve(state, seen, usize::MAX, dice)
            }
        }
    }

    /// One way of doing it wrong.
    fn misbehave(&self, kind: u64, state: &mut State, seen: &Seen, dice: &mut Dice) -> Reply {
        let gone_before = std::mem::take(&mut state.last_was_gone);
        let few = 1 + usize::try_from(dice.below(4)).unwrap_or(0);
        let (what, reply) = match kind {
            0 => ("500", Reply::status(500)),
            1 => ("503", Reply::status(503).header("retry-after", (60 + dice.below(3_600)).to_string())),
            2 => ("429", Reply::status(429).header("retry-after", (60 + dice.below(3_600)).to_string())),
            3 => ("cut", self.serve(state, seen, usize::MAX, dice).header("x-cut", "").truncated(150)),
            4 => ("reset", Reply::raw("")),
            5 => ("no HTTP", Reply::raw("hello")),
            6 => ("empty", Reply::ok("")),
            7 => (
                "a page",
                Reply::ok("<!doctype html><title>Sorry</title><p>Back soon.").header("content-type", "text/html"),
            ),
            8 => ("redirect", Reply::redirect(302, format!("{}?again", self.url))),
            9 => ("permanent redirect", Reply::redirect(301, format!("{}?again", self.url))),
            10 | 11 => ("few entries", self.serve(state, seen, few, dice)),
            12 if gone_before => ("404", Reply::status(404)),
            12 => {
                state.last_was_gone = true;
                ("410 once", Reply::status(410))
            }
            13 => ("slow", self.serve(state, seen, usize::MAX, dice).after(Duration::from_millis(1_100))),
            _ => ("no answer", Reply::never()),
        };
        *state.trouble.entry(what).or_default() += 1;
        reply
    }

    /// The feed with its newest `most` entries.
    fn serve(&self, state: &mut State, seen: &Seen, most: usize, dice: &mut Dice) -> Reply {
        let from = state.entries.len().saturating_sub(most);
        let etag = format!("\"{}-{from}\"", state.edition);
        if self.traits.validates && seen.header_text("if-none-match") == Some(&etag) {
            return Reply::not_modified().header("etag", &etag);
        }
        let mut entries: Vec<&Entry> = state.entries[from..].iter().rev().collect();
        if dice.per_mille(100) {
            entries.reverse();
        }
        let (kind, body) = write::feed(self.traits.format, self.traits.naming, &self.name, &entries, state.requests);
        let reply = Reply::ok(body).header("content-type", kind);
        if !self.traits.validates {
            return reply;
        }
        let titles = state.entries[from..].iter().map(|entry| entry.title.clone()).collect();
        state.shown.insert(etag.clone(), titles);
        reply.header("etag", &etag)
    }
}
