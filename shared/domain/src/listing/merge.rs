//! The merge: the next page of a list, and the questions that stand before it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::cursor::Entry;
use super::lane::{At, Frame, Lane};
use super::{Ask, Cursor, Place, Stock, Wanted, rank};
use crate::id::{Ordinal, PostNumber, SourceId};
use crate::reading::{Order, ReadState};

/// A post of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its source.
    pub source: SourceId,
    /// Its place there.
    pub ordinal: Ordinal,
    /// Its number.
    pub number: PostNumber,
}

/// What a merge needs next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Answers to these questions, in any order; then it goes on.
    Ask(Vec<Ask>),
    /// Nothing: the page is made.
    Done,
}

/// A page in the making.
///
/// Questions to the index: at most as many as the page has room for, once it has a post; where nothing at all is known of the sources (oldest first, or all that the
/// heads know is read) one a source before that, and a few for each whose place must be searched.
pub struct Merge<'a> {
    limit: usize,
    order: Order,
    start: u64,
    /// Posts from this rank on are not part of the list.
    end: u64,
    lanes: Vec<Lane<'a>>,
    by_source: HashMap<SourceId, usize>,
    heap: Heap,
    page: Vec<(usize, Place)>,
    asked: usize,
}

/// Lanes by where they stand; an unknown post after a known one of the same rank.
type Heap = BinaryHeap<Reverse<(u64, bool, usize)>>;

impl<'a> Merge<'a> {
    /// The page of at most `limit` posts that begins at `cursor`, or at the beginning, of the posts of `sources` that are `wanted`. The index shows all posts with
    /// numbers below `settled`, if they are there.
    pub fn new(
        wanted: Wanted,
        sources: impl IntoIterator<Item = (&'a Stock, Option<&'a ReadState>)>,
        cursor: Option<&Cursor>,
        settled: Option<PostNumber>,
        limit: usize,
    ) -> Self {
        let bound = |number: Option<PostNumber>| number.map(|number| rank(wanted.order, number));
        let (start, end) = match wanted.order {
            Order::NewestFirst => (bound(wanted.below), bound(wanted.above)),
            Order::OldestFirst => (bound(wanted.above), bound(wanted.below)),
        };
        let start = start.unwrap_or(0).max(cursor.map_or(0, |cursor| cursor.last));
        let others = cursor.map_or(0, |cursor| cursor.others);
        let settled = settled.map_or(0, PostNumber::get);
        let frame = Frame { wanted, start, settled };
        let places = cursor.map(|cursor| cursor.entries.as_slice()).unwrap_or_default();
        let places: HashMap<SourceId, &Entry> = places.iter().map(|entry| (entry.source, entry)).collect();
        let lane = |(stock, read): (&'a Stock, Option<&'a ReadState>)| match places.get(&stock.source) {
            Some(entry) => Lane::resumed(frame, stock, read, entry.ordinal, entry.number.map(|(number, _)| number)),
            None => Lane::starting(frame, stock, read, others),
        };
        let lanes: Vec<Lane<'a>> = sources.into_iter().map(lane).collect();
        let by_source = lanes.iter().enumerate().map(|(at, lane)| (lane.stock.source, at)).collect();
        let heap = lanes.iter().enumerate().filter_map(|(at, lane)| entry_of(at, lane)).collect();
        let (end, page) = (end.unwrap_or(u64::MAX), Vec::with_capacity(limit.min(1_000)));
        Self { limit: limit.max(1), order: wanted.order, start, end, lanes, by_source, heap, page, asked: 0 }
    }

    /// Goes on as far as what is known allows.
    pub fn advance(&mut self) -> Step {
        while self.page.len() < self.limit
            && let Some(Reverse((rank, unknown, at))) = self.heap.peek().copied()
            && !self.is_over(rank, unknown)
        {
            let lane = &mut self.lanes[at];
            let At::Known(place) = lane.at else {
                return self.questions();
            };
            self.heap.pop();
            self.page.push((at, place));
            lane.step();
            self.heap.extend(entry_of(at, lane));
        }
        Step::Done
    }

    fn is_over(&self, rank: u64, unknown: bool) -> bool {
        rank.saturating_add(u64::from(unknown)) >= self.end
    }

    /// What has to be asked for the rest of the page, as far as can be foreseen: a trial run, in which what is not known has no posts.
    fn questions(&mut self) -> Step {
        let mut budget = self.limit.saturating_sub(self.asked);
        if budget == 0 && self.page.is_empty() {
            // A page without a post would lead nowhere.
            budget = self.limit;
        }
        let mut heap = self.heap.clone();
        let mut trial: HashMap<usize, Lane<'a>> = HashMap::new();
        let (mut missing, mut asking) = (self.limit - self.page.len(), Vec::new());
        while missing > 0
            && asking.len() < budget
            && let Some(Reverse((rank, unknown, at))) = heap.pop()
            && !self.is_over(rank, unknown)
        {
            let lane = trial.entry(at).or_insert_with(|| self.lanes[at].clone());
            match lane.at {
                At::Known(_) => {
                    missing -= 1;
                    lane.step();
                    heap.extend(entry_of(at, lane));
                }
                At::Unknown(..) | At::Seeking(..) => asking.push(at),
                // The list does not pass it.
                At::Lagging(..) | At::End => break,
            }
        }
        let each = self.entries_each(asking.len());
        let asks: Vec<Ask> = asking.iter().filter_map(|at| trial[at].ask(each)).collect();
        self.asked += asks.len();
        if asks.is_empty() { Step::Done } else { Step::Ask(asks) }
    }

    /// How many posts each of several sources is asked for: twice what it would have to give if all gave the same, and a few that are read.
    fn entries_each(&self, sources: usize) -> usize {
        let missing = self.limit - self.page.len();
        (2 * missing / sources.max(1) + 4).min(missing + 4)
    }

    /// Takes the answer to a question: ordinals and numbers, in the order that was asked for.
    pub fn learn(&mut self, ask: &Ask, entries: &[Place]) {
        let Some(at) = self.by_source.get(&ask.source).copied() else { return };
        self.lanes[at].learn(ask, entries);
        let lanes = &self.lanes;
        self.heap.retain(|Reverse((_, _, other))| *other != at);
        self.heap.extend(entry_of(at, &lanes[at]));
    }

    /// The posts of the page.
    pub fn page(&self) -> impl ExactSizeIterator<Item = Listed> + '_ {
        self.page.iter().map(|(at, (ordinal, number))| Listed {
            source: self.lanes[*at].stock.source,
            ordinal: *ordinal,
            number: *number,
        })
    }

    /// Where the list goes on behind the first `shown` posts of this page; `None` where nothing follows.
    pub fn cursor(&self, shown: usize) -> Option<Cursor> {
        let (shown, left) = self.page.split_at(shown.min(self.page.len()));
        let more = |Reverse((rank, unknown, _)): &Reverse<(u64, bool, usize)>| !self.is_over(*rank, *unknown);
        if left.is_empty() && !self.heap.peek().is_some_and(more) {
            return None;
        }
        let last = shown.last().map_or(self.start, |(_, (_, number))| rank(self.order, *number));
        let mut first_left: HashMap<usize, Place> = HashMap::new();
        left.iter().for_each(|(at, place)| _ = first_left.entry(*at).or_insert(*place));
        let (mut entries, mut others) = (Vec::new(), u64::MAX);
        for (at, lane) in self.lanes.iter().enumerate() {
            let next = first_left.get(&at).copied();
            match (lane.entry(last, next), next) {
                (Some(entry), _) => entries.push(entry),
                (None, Some((_, number))) => others = others.min(rank(self.order, number) - 1),
                (None, None) => {
                    let standing = lane.standing().map(|(rank, unknown)| rank - u64::from(!unknown));
                    others = others.min(standing.unwrap_or(u64::MAX));
                }
            }
        }
        Some(Cursor::of(last, others, entries))
    }
}

fn entry_of(at: usize, lane: &Lane<'_>) -> Option<Reverse<(u64, bool, usize)>> {
    lane.standing().map(|(rank, unknown)| Reverse((rank, unknown, at)))
}
