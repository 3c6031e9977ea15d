//! Merged lists against a naive one: every post of every source, sorted, while posts arrive, are marked and expire, and the index lags.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{Ordinal, PostNumber, SourceId, base62};
use domain::listing::{Ask, Cursor, Listed, Merge, Place, Step, Stock, Wanted};
use domain::reading::{First, Mark, Operation, Order, ReadState, Shown, Status};
use domain::source::Recent;
use proptest::prelude::*;

/// A source as it is, and as one person reads it.
#[derive(Clone, Debug)]
struct Feed {
    source: SourceId,
    posts: Vec<u64>,
    floor: u64,
    /// So many of the newest are not in the index yet.
    lag: usize,
    /// Ordinals that the index has lost.
    lost: BTreeSet<u64>,
    read: ReadState,
    subscribed: bool,
}

impl Feed {
    fn new(n: u64) -> Self {
        let id: [u8; 8] = base62::encode(n * 7_654_321);
        Self {
            source: std::str::from_utf8(&id).unwrap().parse().unwrap(),
            posts: Vec::new(),
            floor: 0,
            lag: 0,
            lost: BTreeSet::new(),
            read: ReadState::default(),
            subscribed: true,
        }
    }

    fn shown(&self) -> Shown {
        Shown { floor: Ordinal::new(self.floor), last: Ordinal::new(self.posts.len() as u64) }
    }

    fn stock(&self) -> Stock {
        let mut recent = Recent::default();
        recent.extend(self.posts.iter().map(|number| PostNumber::new(*number).unwrap()));
        Stock { source: self.source, shown: self.shown(), first: First::Through(Ordinal::NONE), recent }
    }

    fn is_in_index(&self, ordinal: u64, settled: u64) -> bool {
        let there = ordinal as usize <= self.posts.len() - self.lag || self.posts[ordinal as usize - 1] < settled;
        there && !self.lost.contains(&ordinal)
    }

    fn answer(&self, ask: &Ask, settled: u64) -> Vec<Place> {
        let from = ask.from.get();
        let place = |ordinal: u64| (Ordinal::new(ordinal), PostNumber::new(self.posts[ordinal as usize - 1]).unwrap());
        let last = self.posts.len() as u64;
        let all: Vec<u64> = match ask.order {
            Order::NewestFirst => (1..=from.min(last)).rev().collect(),
            Order::OldestFirst => (from..=last).collect(),
        };
        all.into_iter().filter(|ordinal| self.is_in_index(*ordinal, settled)).take(ask.limit).map(place).collect()
    }

    /// Numbers of the posts that belong to a list; those that the index has lost may or may not be shown.
    fn wanted(&self, wanted: &Wanted) -> impl Iterator<Item = (u64, bool)> {
        let kept = |ordinal: u64| {
            let read = self.read.is_read(Ordinal::new(ordinal));
            match wanted.status {
                Status::All => true,
                Status::Unread => !read,
                Status::Read => read,
            }
        };
        let within = |number: u64| {
            wanted.above.is_none_or(|above| number > above.get())
                && wanted.below.is_none_or(|below| number < below.get())
        };
        (self.floor + 1..=self.posts.len() as u64)
            .filter(|ordinal| self.subscribed && kept(*ordinal))
            .map(|ordinal| (self.posts[ordinal as usize - 1], !self.lost.contains(&ordinal)))
            .filter(|(number, _)| within(*number))
            .collect::<Vec<_>>()
            .into_iter()
    }
}

#[derive(Clone, Debug)]
struct World {
    feeds: Vec<Feed>,
    now: u64,
}

/// Numbers that pass before the index shows a post for certain.
const SETTLING: u64 = 150;

impl World {
    fn new(feeds: usize) -> Self {
        Self { feeds: (1..=feeds as u64).map(Feed::new).collect(), now: 1_000 }
    }

    fn arrive(&mut self, feed: usize, count: u64) {
        for _ in 0..count {
            self.now += 1;
            self.feeds[feed].posts.push(self.now);
        }
    }

    /// What a person who lists sees: the next page, and how many questions it took.
    fn page(
        &self,
        wanted: Wanted,
        cursor: Option<&Cursor>,
        limit: usize,
        cut: usize,
    ) -> (Vec<Listed>, Option<Cursor>, usize) {
        let stocks: Vec<Stock> = self.feeds.iter().map(Feed::stock).collect();
        let sources = self.feeds.iter().zip(&stocks).filter(|(feed, _)| feed.subscribed);
        let sources = sources.map(|(feed, stock)| (stock, Some(&feed.read)));
        let settled = self.now.saturating_sub(SETTLING);
        let mut merge = Merge::new(wanted, sources, cursor, PostNumber::new(settled), limit);
        let mut asked = 0;
        while let Step::Ask(asks) = merge.advance() {
            asked += asks.len();
            for ask in asks {
                let feed = self.feeds.iter().find(|feed| feed.source == ask.source).unwrap();
                merge.learn(&ask, &feed.answer(&ask, settled));
            }
            assert!(asked < 10_000, "it asks for ever");
        }
        let page: Vec<Listed> = merge.page().take(cut).collect();
        let next = merge.cursor(cut);
        let bytes = next.as_ref().map(Cursor::to_bytes);
        let back = bytes.map(|bytes| Cursor::from_bytes(wanted.order, &bytes).unwrap());
        assert_eq!(back, next, "a cursor comes back as it was made");
        (page, next, asked)
    }

    fn expected(&self, wanted: &Wanted) -> BTreeMap<u64, bool> {
        self.feeds.iter().flat_map(|feed| feed.wanted(wanted)).collect()
    }
}

/// What happens between two pages.
#[derive(Clone, Debug)]
enum Event {
    Arrive { feed: usize, count: u64, lag: usize },
    CatchUp(usize),
    Read { feed: usize, from: u64, count: u64, mark: Mark },
    ReadThrough { feed: usize, through: u64 },
    Retain { feed: usize, floor: u64 },
    Lose { feed: usize, ordinal: u64 },
    Leave(usize),
    Later,
}

impl World {
    fn happen(&mut self, event: &Event) {
        let feeds = self.feeds.len();
        match *event {
            Event::Arrive { feed, count, lag } => {
                self.arrive(feed % feeds, count);
                let feed = &mut self.feeds[feed % feeds];
                feed.lag = lag.min(feed.posts.len());
            }
            Event::CatchUp(feed) => self.feeds[feed % feeds].lag = 0,
            Event::Read { feed, from, count, mark } => {
                let feed = &mut self.feeds[feed % feeds];
                let ordinals = (from..from + count).map(Ordinal::new).collect();
                feed.read.apply(&Operation::Posts(mark, ordinals), feed.shown());
            }
            Event::ReadThrough { feed, through } => {
                let feed = &mut self.feeds[feed % feeds];
                feed.read.apply(&Operation::AllThrough(Ordinal::new(through)), feed.shown());
            }
            Event::Retain { feed, floor } => {
                let feed = &mut self.feeds[feed % feeds];
                feed.floor = feed.floor.max(floor.min(feed.posts.len() as u64));
            }
            Event::Lose { feed, ordinal } => {
                let feed = &mut self.feeds[feed % feeds];
                feed.lost.insert(ordinal);
            }
            Event::Leave(feed) => self.feeds[feed % feeds].subscribed = false,
            Event::Later => self.now += SETTLING * 2,
        }
    }
}

fn event() -> impl Strategy<Value = Event> {
    let mark = prop_oneof![Just(Mark::Read), Just(Mark::Unread)];
    prop_oneof![
        6 => (0usize..8, 1u64..60, 0usize..120).prop_map(|(feed, count, lag)| Event::Arrive { feed, count, lag }),
        2 => (0usize..8).prop_map(Event::CatchUp),
        6 => (0usize..8, 1u64..120, 1u64..40, mark).prop_map(|(feed, from, count, mark)| Event::Read { feed, from, count, mark }),
        2 => (0usize..8, 0u64..90).prop_map(|(feed, through)| Event::ReadThrough { feed, through }),
        1 => (0usize..8, 0u64..50).prop_map(|(feed, floor)| Event::Retain { feed, floor }),
        1 => (0usize..8, 1u64..90).prop_map(|(feed, ordinal)| Event::Lose { feed, ordinal }),
        1 => (0usize..8).prop_map(Event::Leave),
        1 => Just(Event::Later),
    ]
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let status = prop_oneof![Just(Status::All), Just(Status::Unread), Just(Status::Read)];
    let order = prop_oneof![Just(Order::NewestFirst), Just(Order::OldestFirst)];
    let bound = || prop::option::weighted(0.3, (990u64..1_400).prop_map(|n| PostNumber::new(n).unwrap()));
    (status, order, bound(), bound()).prop_map(|(status, order, above, below)| Wanted { status, order, above, below })
}

proptest! {
    /// Every post that belonged to the list from its first page to its last is on one page, in order; none is there that did not belong to it.
    #[test]
    fn no_page_passes_a_post_that_belongs_to_the_list(
        feeds in 1usize..6,
        before in prop::collection::vec(event(), 0..40),
        between in prop::collection::vec(prop::collection::vec(event(), 0..4), 0..12),
        wanted in wanted(),
        limit in 1usize..30,
        cut in 1usize..30,
    ) {
        let mut world = World::new(feeds);
        before.iter().for_each(|event| world.happen(event));
        let mut always = world.expected(&wanted);
        let mut met: Vec<u64> = Vec::new();
        let mut cursor = None;
        let mut between = between.into_iter();
        for turn in 0.. {
            prop_assert!(turn < 2_000, "the list does not end");
            let now = world.expected(&wanted);
            always.retain(|number, sure| *sure && now.get(number) == Some(&true));
            let (page, next, _) = world.page(wanted, cursor.as_ref(), limit, cut);
            for listed in &page {
                let number = listed.number.get();
                prop_assert!(now.contains_key(&number), "{} does not belong to the list", number);
                let source = world.feeds.iter().find(|feed| feed.source == listed.source).unwrap();
                prop_assert_eq!(source.posts[listed.ordinal.get() as usize - 1], number);
                met.push(number);
            }
            let Some(next) = next else { break };
            if page.is_empty() {
                // It waits for the index.
                prop_assert!(world.feeds.iter().any(|feed| feed.lag > 0 || !feed.lost.is_empty()), "an empty page");
                world.feeds.iter_mut().for_each(|feed| feed.lag = 0);
                world.now += SETTLING * 2;
            }
            cursor = Some(next);
            between.next().unwrap_or_default().iter().for_each(|event| world.happen(event));
        }
        let sorted = match wanted.order {
            Order::NewestFirst => met.windows(2).all(|pair| pair[0] > pair[1]),
            Order::OldestFirst => met.windows(2).all(|pair| pair[0] < pair[1]),
        };
        prop_assert!(sorted, "{:?}", met);
        for number in always.keys() {
            prop_assert!(met.contains(number), "{} was passed", number);
        }
    }

    #[test]
    fn any_bytes_are_a_cursor_or_none_and_lead_to_a_page(bytes in prop::collection::vec(any::<u8>(), 0..80), version in 0u8..2) {
        let bytes = [&[version][..], &bytes].concat();
        if let Ok(cursor) = Cursor::from_bytes(Order::NewestFirst, &bytes) {
            let mut world = World::new(2);
            world.arrive(0, 50);
            let wanted = Wanted { status: Status::All, order: Order::NewestFirst, above: None, below: None };
            world.page(wanted, Some(&cursor), 10, 10);
        }
    }
}

/// Sources in which posts arrive in turn, all unread.
fn in_turn(feeds: usize, each: u64) -> World {
    let mut world = World::new(feeds);
    for _ in 0..each {
        (0..feeds).for_each(|feed| world.arrive(feed, 1));
    }
    world
}

fn unread(order: Order) -> Wanted {
    Wanted { status: Status::Unread, order, above: None, below: None }
}

/// All pages of a list: how many questions each took.
fn questions(world: &World, wanted: Wanted, limit: usize) -> Vec<usize> {
    let (mut cursor, mut asked, mut met) = (None, Vec::new(), 0);
    loop {
        let (page, next, questions) = world.page(wanted, cursor.as_ref(), limit, limit);
        met += page.len();
        asked.push(questions);
        let Some(next) = next else { break };
        assert!(next.to_bytes().len() < 6_500, "a cursor fits into a query");
        cursor = Some(next);
    }
    assert_eq!(met, world.expected(&wanted).len());
    asked
}

#[test]
fn the_newest_pages_ask_nothing_and_deep_ones_no_more_than_one_question_a_post() {
    let asked = questions(&in_turn(300, 60), unread(Order::NewestFirst), 50);
    let newest = 300 * Recent::CAPACITY / 50 - 6;
    assert!(asked[..newest].iter().all(|questions| *questions == 0), "{asked:?}");
    assert!(asked.iter().all(|questions| *questions <= 50), "{asked:?}");
}

#[test]
fn one_source_is_read_in_pages_of_one_question() {
    for order in [Order::NewestFirst, Order::OldestFirst] {
        let asked = questions(&in_turn(1, 500), unread(order), 50);
        assert!(asked.iter().all(|questions| *questions <= 2), "{order:?} {asked:?}");
    }
}

#[test]
fn the_oldest_page_asks_once_a_source_and_the_later_ones_no_more_than_one_question_a_post() {
    let asked = questions(&in_turn(200, 60), unread(Order::OldestFirst), 50);
    assert!(asked[0] <= 200 + 50, "{asked:?}");
    assert!(asked[1..].iter().all(|questions| *questions <= 50), "{asked:?}");
}

#[test]
fn what_the_index_does_not_show_yet_ends_the_page_before_it() {
    let mut world = in_turn(2, 60);
    world.feeds[0].lag = 40;
    let (page, next, _) = world.page(unread(Order::NewestFirst), None, 100, 100);
    // Thirty-two of each: what stands behind may be newer than what does not show yet.
    assert_eq!(page.len(), 64);
    world.feeds[0].lag = 0;
    let (rest, _, _) = world.page(unread(Order::NewestFirst), next.as_ref(), 100, 100);
    assert_eq!(rest.len(), 56);
}
