//! What a head says of its source's posts.

use super::{Place, Seek, Sought, Span};
use crate::id::{Ordinal, PostNumber, SourceId};
use crate::reading::{First, Shown};
use crate::source::{Head, Recent};

/// The posts of a source, as far as its head knows them: how many there are, and the numbers of the last few.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stock {
    /// Whose.
    pub source: SourceId,
    /// Which of them can be shown.
    pub shown: Shown,
    /// The posts with which the source begins.
    pub first: First,
    /// The numbers of the last ones.
    pub recent: Recent,
}

impl From<&Head> for Stock {
    fn from(head: &Head) -> Self {
        let shown = Shown { floor: head.floor_ordinal, last: head.post_count };
        Self { source: head.source, shown, first: head.first(), recent: head.recent.clone() }
    }
}

impl Stock {
    /// The newest post's number.
    pub fn newest(&self) -> Option<PostNumber> {
        self.recent.newest()
    }

    /// The oldest of the posts whose numbers the head knows.
    pub(super) fn oldest_recent(&self) -> Option<Place> {
        self.recent.numbers().first().map(|number| (self.first_recent(), *number))
    }

    /// The ordinal behind the last one whose number the head does not know.
    fn first_recent(&self) -> Ordinal {
        let known = self.recent.numbers().len() as u64;
        Ordinal::new((self.shown.last.get() + 1).saturating_sub(known))
    }

    /// The number of the post at `ordinal`, if the head knows it.
    pub fn number(&self, ordinal: Ordinal) -> Option<PostNumber> {
        let place = ordinal.get().checked_sub(self.first_recent().get())?;
        self.recent.numbers().get(usize::try_from(place).ok()?).copied()
    }

    /// The highest ordinal whose number is not above `point`.
    pub fn through(&self, point: PostNumber) -> Sought {
        let passed = self.recent.numbers().partition_point(|number| *number <= point) as u64;
        let first = self.first_recent();
        if passed > 0 {
            let last = Ordinal::new(first.get() + passed - 1).max(self.shown.floor);
            return Sought::Found(Span { surely: last, perhaps: last });
        }
        Seek::between(point, self.shown.floor, first)
    }
}
