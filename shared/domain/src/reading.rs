//! What a person has read of one source, without a write per post or per subscriber: a line up to which all is read, and the exceptions on both sides of it.
//!
//! Marks are operations, not results: whoever loses a race applies the same operation to what the winner left, so two devices never undo each other.

mod bytes;

use roaring::RoaringTreemap;

use crate::id::Ordinal;

pub use bytes::NotReadState;

/// The posts of a source that can be shown: those above `floor`, `last` included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The highest ordinal that is not shown any more; [`Ordinal::NONE`] while all are.
    pub floor: Ordinal,
    /// The highest ordinal there is.
    pub last: Ordinal,
}

impl Shown {
    /// Whether a post can be shown.
    pub fn holds(self, ordinal: Ordinal) -> bool {
        self.floor < ordinal && ordinal <= self.last
    }

    /// The first post of a list in `order` that begins at `from`, that one included.
    pub fn next(self, order: Order, from: Ordinal) -> Option<Ordinal> {
        let first = match order {
            Order::NewestFirst => from.min(self.last),
            Order::OldestFirst => from.max(self.floor.next()),
        };
        self.holds(first).then_some(first)
    }
}

/// The posts with which a source begins: those of its first landing, which may come in several transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// They are still coming; the highest ordinal so far, [`Ordinal::NONE`] before the first.
    Coming(Ordinal),
    /// All of them are here; the highest ordinal among them.
    Through(Ordinal),
}

/// What becomes of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It counts no more.
    Read,
    /// It counts again.
    Unread,
}

/// One change of a read state, as a person asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Some posts, whether they were read or not.
    Posts(Mark, Vec<Ordinal>),
    /// All posts up to this one are read.
    AllThrough(Ordinal),
}

/// Which way a list goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The newest post first.
    NewestFirst,
    /// The oldest post first.
    OldestFirst,
}

/// Which posts a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Read or not.
    All,
    /// Those that count.
    Unread,
    /// Those that do not.
    Read,
}

/// What a person has read of one source.
///
/// Size: 10 bytes and two Roaring bitmaps, run-optimised; who reads in order keeps both empty. At worst (every other post read) about a bit a post between the first
/// exception and the last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadState {
    /// Everything up to here is read, but for `below`.
    read_through: Ordinal,
    /// Read, though above the line.
    above: RoaringTreemap,
    /// Unread, though not above the line.
    below: RoaringTreemap,
}

impl ReadState {
    /// Posts that are unread at first in a new subscription, unless its user's preferences say otherwise.
    pub const FRESH: u16 = 20;

    /// A new subscription: the last `unread` posts are.
    pub fn fresh(shown: Shown, unread: u64) -> Self {
        let read_through = Ordinal::new(shown.last.get().saturating_sub(unread)).max(shown.floor);
        Self { read_through, ..Self::default() }
    }

    /// All up to `line` is read, but for what somebody marked unread that was under the line before.
    pub(crate) fn begin_after(&mut self, line: Ordinal) {
        if line > self.read_through {
            self.above.remove_range(..=line.get());
            self.read_through = line;
        }
        self.settle(Ordinal::NONE);
    }

    /// Whether a post is read.
    pub fn is_read(&self, ordinal: Ordinal) -> bool {
        if ordinal <= self.read_through {
            !self.below.contains(ordinal.get())
        } else {
            self.above.contains(ordinal.get())
        }
    }

    /// How many of the posts that are shown are unread.
    pub fn unread(&self, shown: Shown) -> u64 {
        let line = self.read_through.max(shown.floor).get();
        let (floor, last) = (shown.floor.get(), shown.last.get());
        let over = last.saturating_sub(line) - count(&self.above, line, last);
        over + count(&self.below, floor, self.read_through.min(shown.last).get())
    }

    /// Applies what a person asked for; says whether that changed anything. Posts that are not shown are left alone.
    pub fn apply(&mut self, operation: &Operation, shown: Shown) -> bool {
        let before = self.clone();
        match operation {
            Operation::Posts(mark, ordinals) => {
                for ordinal in ordinals.iter().filter(|ordinal| shown.holds(**ordinal)) {
                    self.mark(*mark, *ordinal);
                }
            }
            Operation::AllThrough(through) => self.mark_through((*through).min(shown.last)),
        }
        self.settle(shown.floor);
        *self != before
    }

    fn mark(&mut self, mark: Mark, ordinal: Ordinal) {
        let under = ordinal <= self.read_through;
        let ordinal = ordinal.get();
        match mark {
            Mark::Read if under => self.below.remove(ordinal),
            Mark::Read => self.above.insert(ordinal),
            Mark::Unread if under => self.below.insert(ordinal),
            Mark::Unread => self.above.remove(ordinal),
        };
    }

    fn mark_through(&mut self, through: Ordinal) {
        self.below.remove_range(..=through.get());
        if through > self.read_through {
            self.above.remove_range(..=through.get());
            self.read_through = through;
        }
    }

    /// Forgets what is not shown any more, and moves the line over what is read right above it.
    fn settle(&mut self, floor: Ordinal) {
        self.below.remove_range(..=floor.get());
        if floor > self.read_through {
            self.above.remove_range(..=floor.get());
            self.read_through = floor;
        }
        // In one jump: there may be millions, in a few bytes.
        let (first, last) = (self.read_through.next().get(), self.above.max().unwrap_or_default());
        if self.above.contains(first) {
            let through = lowest_absent(&self.above, first, last).map_or(last, |absent| absent - 1);
            self.above.remove_range(..=through);
            self.read_through = Ordinal::new(through);
        }
    }

    /// What of this state can be of a source that shows those posts: whoever got it from elsewhere must not have read what is yet to come.
    pub fn within(mut self, shown: Shown) -> Self {
        let last = shown.last.get();
        self.above.remove_range(last.saturating_add(1)..);
        self.below.remove_range(last.saturating_add(1)..);
        self.read_through = self.read_through.min(shown.last);
        self.settle(shown.floor);
        self
    }

    /// The first unread post of a list in `order` that begins at `from`, that one included; in time that does not grow with the posts it jumps over.
    pub fn next_unread(&self, order: Order, from: Ordinal, shown: Shown) -> Option<Ordinal> {
        let found = match order {
            Order::NewestFirst => self.unread_down(from.min(shown.last).get(), shown.floor.get()),
            Order::OldestFirst => self.unread_up(from.max(shown.floor.next()).get(), shown.last.get()),
        };
        found.map(Ordinal::new)
    }

    /// The first read post of a list in `order` that begins at `from`, that one included; likewise.
    pub fn next_read(&self, order: Order, from: Ordinal, shown: Shown) -> Option<Ordinal> {
        let found = match order {
            Order::NewestFirst => self.read_down(from.min(shown.last).get(), shown.floor.get()),
            Order::OldestFirst => self.read_up(from.max(shown.floor.next()).get(), shown.last.get()),
        };
        found.map(Ordinal::new)
    }

    /// The first post of that status in a list in `order` that begins at `from`, that one included.
    pub fn next(&self, status: Status, order: Order, from: Ordinal, shown: Shown) -> Option<Ordinal> {
        match status {
            Status::All => shown.next(order, from),
            Status::Unread => self.next_unread(order, from, shown),
            Status::Read => self.next_read(order, from, shown),
        }
    }

    /// The highest unread ordinal that is at most `from` and above `floor`.
    fn unread_down(&self, from: u64, floor: u64) -> Option<u64> {
        let line = self.read_through.get();
        let over = if from > line { highest_absent(&self.above, line.max(floor), from) } else { None };
        over.or_else(|| {
            let rank = self.below.rank(from.min(line)).checked_sub(1)?;
            self.below.select(rank).filter(|ordinal| *ordinal > floor)
        })
    }

    /// The lowest unread ordinal that is at least `from` and at most `last`.
    fn unread_up(&self, from: u64, last: u64) -> Option<u64> {
        let line = self.read_through.get();
        let before = self.below.rank(from.saturating_sub(1));
        let under = self.below.select(before).filter(|ordinal| *ordinal <= last);
        under.or_else(|| lowest_absent(&self.above, from.max(line.saturating_add(1)), last))
    }

    /// The highest read ordinal that is at most `from` and above `floor`.
    fn read_down(&self, from: u64, floor: u64) -> Option<u64> {
        let rank = self.above.rank(from).checked_sub(1);
        let over = rank.and_then(|rank| self.above.select(rank)).filter(|ordinal| *ordinal > floor);
        over.or_else(|| highest_absent(&self.below, floor, from.min(self.read_through.get())))
    }

    /// The lowest read ordinal that is at least `from` and at most `last`.
    fn read_up(&self, from: u64, last: u64) -> Option<u64> {
        let under = lowest_absent(&self.below, from, last.min(self.read_through.get()));
        under.or_else(|| {
            let before = self.above.rank(from.saturating_sub(1));
            self.above.select(before).filter(|ordinal| *ordinal <= last)
        })
    }
}

/// How many members lie above `floor`, up to `last`.
fn count(set: &RoaringTreemap, floor: u64, last: u64) -> u64 {
    if last > floor { set.range_cardinality(floor + 1..=last) } else { 0 }
}

/// The highest number above `floor`, up to `last`, that is no member. By halving: a stretch is full when it has as many members as numbers.
fn highest_absent(set: &RoaringTreemap, floor: u64, last: u64) -> Option<u64> {
    let (mut low, mut high) = (floor, last);
    if low >= high || count(set, low, high) == high - low {
        return None;
    }
    // Something is absent in (low, high], nothing above high.
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if count(set, middle, high) < high - middle { low = middle } else { high = middle }
    }
    Some(high)
}

/// The lowest number from `first` to `last` that is no member.
fn lowest_absent(set: &RoaringTreemap, first: u64, last: u64) -> Option<u64> {
    let (mut low, mut high) = (first.saturating_sub(1), last);
    if low >= high || count(set, low, high) == high - low {
        return None;
    }
    // Something is absent in (low, high], nothing from first to low.
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if count(set, low, middle) < middle - low { high = middle } else { low = middle }
    }
    Some(high)
}
