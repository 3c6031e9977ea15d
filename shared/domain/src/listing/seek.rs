//! Finding a number among the ordinals of a source, by asking the index.

use super::{Ask, Place};
use crate::id::{Ordinal, PostNumber, SourceId};
use crate::reading::Order;

/// Entries of one answer: what is sought is mostly near the top, where the first question goes.
const LIMIT: usize = 32;

/// A search, by halving, for the highest ordinal whose number is not above a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seek {
    point: PostNumber,
    /// The highest ordinal that the index showed with a number up to the point; or the floor.
    surely: Ordinal,
    /// Nothing that the index shows from here down has a number above the point.
    low: Ordinal,
    /// From here on numbers are above the point.
    high: Ordinal,
    begun: bool,
}

/// What a search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The highest ordinal whose number is certainly not above the point.
    pub surely: Ordinal,
    /// The highest that may be: between the two the index has no posts, or has none yet.
    pub perhaps: Ordinal,
}

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought {
    /// At its end.
    Found(Span),
    /// The index has to be asked.
    Ask(Seek),
}

impl Seek {
    /// A search above `floor` and below `high`, whose number is above `point`.
    pub(super) fn between(point: PostNumber, floor: Ordinal, high: Ordinal) -> Sought {
        Self { point, surely: floor, low: floor, high: high.max(floor.next()), begun: false }.judged()
    }

    fn judged(self) -> Sought {
        if self.high <= self.low.next() {
            Sought::Found(Span { surely: self.surely, perhaps: self.low })
        } else {
            Sought::Ask(self)
        }
    }

    /// The next question.
    pub fn ask(&self, source: SourceId) -> Ask {
        Ask { source, from: self.from(), order: Order::NewestFirst, limit: LIMIT }
    }

    fn from(&self) -> Ordinal {
        let (low, high) = (self.low.get(), self.high.get());
        Ordinal::new(if self.begun { low + (high - low) / 2 } else { high - 1 })
    }

    /// The highest ordinal that is certainly not above the point.
    pub(super) fn passed(&self) -> Ordinal {
        self.surely
    }

    /// The lowest ordinal that is still in question.
    pub(super) fn lowest(&self) -> Ordinal {
        self.low.next()
    }

    /// The highest ordinal that is still in question.
    pub(super) fn highest(&self) -> Ordinal {
        Ordinal::new(self.high.get().saturating_sub(1))
    }

    /// Goes on with the answer to [`Seek::ask`].
    pub fn learn(mut self, entries: &[Place]) -> Sought {
        let from = self.from();
        self.begun = true;
        let entries: Vec<&Place> = entries.iter().filter(|(ordinal, _)| *ordinal <= from).collect();
        let complete = entries.len() < LIMIT;
        match entries.iter().position(|(_, number)| *number <= self.point) {
            Some(0) => {
                self.surely = entries[0].0.max(self.surely);
                self.low = from;
            }
            Some(at) => {
                self.surely = entries[at].0.max(self.surely);
                self.high = entries[at - 1].0;
                self.low = Ordinal::new(self.high.get().saturating_sub(1)).max(self.low);
            }
            None => match entries.last() {
                Some((last, _)) => {
                    self.high = (*last).max(self.low.next());
                    if complete {
                        self.low = Ordinal::new(self.high.get() - 1);
                    }
                }
                None => self.low = from,
            },
        }
        self.judged()
    }
}
