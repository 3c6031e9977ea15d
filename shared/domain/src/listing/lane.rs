//! One source within a merged list: its next post, as far as it is known.

use std::collections::VecDeque;

use super::cursor::Entry;
use super::{Ask, Place, Seek, Sought, Stock, Wanted, rank};
use crate::id::{Ordinal, PostNumber};
use crate::reading::{Order, ReadState, Status};

/// A source's place in the list.
#[derive(Clone, Debug)]
pub(super) struct Lane<'a> {
    pub(super) stock: &'a Stock,
    pub(super) at: At,
    read: Option<&'a ReadState>,
    wanted: Wanted,
    /// Posts up to this rank are passed.
    start: u64,
    /// What the index showed and the list has not reached yet, in list order.
    paged: VecDeque<Place>,
    /// The index has nothing behind `paged`.
    dry: bool,
    /// Numbers below this one are so old that the index would show them.
    settled: u64,
}

/// What comes next of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// Nothing.
    End,
    /// This post.
    Known(Place),
    /// The post at this ordinal; its number, which the index knows, has a rank above this one.
    Unknown(Ordinal, u64),
    /// Where the list goes on in this source has to be found first; all of that has a rank above this one.
    Seeking(Seek, u64),
    /// The post at this ordinal, which the index does not show yet.
    Lagging(Ordinal, u64),
}

/// What all lanes of a list have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) wanted: Wanted,
    pub(super) start: u64,
    pub(super) settled: u64,
}

impl<'a> Lane<'a> {
    fn new(frame: Frame, stock: &'a Stock, read: Option<&'a ReadState>) -> Self {
        let Frame { wanted, start, settled } = frame;
        let paged = VecDeque::new();
        Self { stock, at: At::End, read, wanted, start, paged, dry: false, settled }
    }

    /// A source where the list begins at its start; posts of which nothing is known stand behind `beyond`.
    pub(super) fn starting(frame: Frame, stock: &'a Stock, read: Option<&'a ReadState>, beyond: u64) -> Self {
        let mut lane = Self::new(frame, stock, read);
        if frame.start == 0 {
            let first = lane.first();
            lane.settle(first, 0);
            return lane;
        }
        // The number up to which, or from which on, posts are passed.
        let point = match frame.wanted.order {
            Order::NewestFirst => u64::MAX - frame.start,
            Order::OldestFirst => frame.start - 1,
        };
        let point = match frame.wanted.order {
            Order::NewestFirst => point.checked_sub(1).and_then(PostNumber::new),
            Order::OldestFirst => PostNumber::new(point),
        };
        let Some(point) = point else { return lane };
        lane.sought(stock.through(point), beyond.max(frame.start));
        lane
    }

    /// A source that the list had reached at `ordinal`, whose number is this one if it was known.
    pub(super) fn resumed(
        frame: Frame,
        stock: &'a Stock,
        read: Option<&'a ReadState>,
        ordinal: Ordinal,
        number: Option<PostNumber>,
    ) -> Self {
        let mut lane = Self::new(frame, stock, read);
        lane.paged.extend(number.map(|number| (ordinal, number)));
        let candidate = lane.candidate(ordinal);
        lane.settle(candidate, frame.start);
        lane
    }

    /// The first post of the list that stands at `from` or behind.
    fn candidate(&self, from: Ordinal) -> Option<Ordinal> {
        let Wanted { status, order, .. } = self.wanted;
        match self.read {
            Some(read) => read.next(status, order, from, self.stock.shown),
            // Without a read state nothing counts as unread.
            None if status == Status::Unread => None,
            None => self.stock.shown.next(order, from),
        }
    }

    fn first(&self) -> Option<Ordinal> {
        match self.wanted.order {
            Order::NewestFirst => self.candidate(self.stock.shown.last),
            Order::OldestFirst => self.candidate(self.stock.shown.floor.next()),
        }
    }

    fn after(&self, ordinal: Ordinal) -> Option<Ordinal> {
        match self.wanted.order {
            Order::NewestFirst => self.candidate(Ordinal::new(ordinal.get().checked_sub(1)?)),
            Order::OldestFirst => self.candidate(ordinal.next()),
        }
    }

    fn rank(&self, number: PostNumber) -> u64 {
        rank(self.wanted.order, number)
    }

    /// Takes the search for the beginning as far as it is.
    fn sought(&mut self, sought: Sought, beyond: u64) {
        match sought {
            Sought::Found(span) => {
                let candidate = match self.wanted.order {
                    Order::NewestFirst => self.candidate(span.perhaps),
                    Order::OldestFirst => self.candidate(span.surely.next()),
                };
                self.settle(candidate, beyond);
            }
            Sought::Ask(seek) => {
                let (first, last) = match self.wanted.order {
                    Order::NewestFirst => (seek.highest(), seek.lowest()),
                    Order::OldestFirst => (seek.passed().next(), seek.highest()),
                };
                match self.candidate(first) {
                    // Nothing of the list lies where the search would look.
                    Some(ordinal) if self.is_behind(ordinal, last) => self.settle(Some(ordinal), beyond),
                    None => self.at = At::End,
                    Some(_) => self.at = At::Seeking(seek, beyond),
                }
            }
        }
    }

    /// Whether a post at `ordinal` comes later in the list than one at `other`.
    fn is_behind(&self, ordinal: Ordinal, other: Ordinal) -> bool {
        match self.wanted.order {
            Order::NewestFirst => ordinal < other,
            Order::OldestFirst => ordinal > other,
        }
    }

    /// Makes `candidate` what comes next, or what follows it where it was passed or is gone.
    fn settle(&mut self, mut candidate: Option<Ordinal>, mut beyond: u64) {
        loop {
            let Some(ordinal) = candidate else {
                self.at = At::End;
                return;
            };
            while let Some((front, number)) = self.paged.front().copied()
                && self.is_behind(ordinal, front)
            {
                beyond = beyond.max(self.rank(number));
                self.paged.pop_front();
            }
            let number = match self.stock.number(ordinal) {
                Some(number) => Ok(number),
                None => match self.paged.front() {
                    Some((front, number)) if *front == ordinal => Ok(*number),
                    Some((_, following)) => Err(Some(*following)),
                    None if self.dry => Err(None),
                    None => {
                        self.at = At::Unknown(ordinal, self.beyond(beyond));
                        return;
                    }
                },
            };
            candidate = match number {
                Ok(number) if self.rank(number) > self.start => {
                    self.at = At::Known((ordinal, number));
                    return;
                }
                Ok(_) => self.after(ordinal),
                Err(following) if self.is_gone(following, beyond) => self.behind_gap(ordinal, following),
                Err(_) => {
                    self.at = At::Lagging(ordinal, self.beyond(beyond));
                    return;
                }
            };
        }
    }

    /// The rank behind which a post stands whose number is not known. It is older than those of which the head knows the numbers.
    fn beyond(&self, beyond: u64) -> u64 {
        match (self.wanted.order, self.stock.oldest_recent()) {
            (Order::NewestFirst, Some((_, number))) => beyond.max(self.rank(number)),
            _ => beyond,
        }
    }

    /// Whether a post that the index does not show is gone for good: one that is newer than it has long been there.
    fn is_gone(&self, following: Option<PostNumber>, beyond: u64) -> bool {
        let recent = self.stock.oldest_recent().map(|(_, number)| number);
        let newer = match self.wanted.order {
            Order::NewestFirst => Some(u64::MAX - self.beyond(beyond)),
            Order::OldestFirst => following.or(recent).map(PostNumber::get),
        };
        newer.is_some_and(|newer| newer < self.settled)
    }

    /// What follows a post that is gone; where the index has nothing more, all up to what the head knows is.
    fn behind_gap(&self, ordinal: Ordinal, following: Option<PostNumber>) -> Option<Ordinal> {
        match (following, self.wanted.order) {
            (Some(_), _) => self.after(ordinal),
            (None, Order::NewestFirst) => None,
            (None, Order::OldestFirst) => {
                let (recent, _) = self.stock.oldest_recent()?;
                self.candidate(recent.max(ordinal.next()))
            }
        }
    }

    /// Goes past the post that is next.
    pub(super) fn step(&mut self) {
        if let At::Known((ordinal, number)) = self.at {
            let next = self.after(ordinal);
            self.settle(next, self.rank(number));
        }
    }

    /// Where this lane stands in the merge; an unknown post stands behind a known one of the same rank.
    pub(super) fn standing(&self) -> Option<(u64, bool)> {
        match self.at {
            At::End => None,
            At::Known((_, number)) => Some((self.rank(number), false)),
            At::Unknown(_, beyond) | At::Seeking(_, beyond) | At::Lagging(_, beyond) => Some((beyond, true)),
        }
    }

    /// The question that leads on, if there is one.
    pub(super) fn ask(&self, limit: usize) -> Option<Ask> {
        let source = self.stock.source;
        match &self.at {
            At::Unknown(from, _) => Some(Ask { source, from: *from, order: self.wanted.order, limit }),
            At::Seeking(seek, _) => Some(seek.ask(source)),
            At::End | At::Known(_) | At::Lagging(..) => None,
        }
    }

    /// Takes the answer to a question that this lane, here or further down the list, asked.
    pub(super) fn learn(&mut self, ask: &Ask, entries: &[Place]) {
        match self.at {
            At::Seeking(seek, beyond) => self.sought(seek.learn(entries), beyond),
            At::Unknown(ordinal, beyond) => {
                self.take(ask, entries);
                self.settle(Some(ordinal), beyond);
            }
            At::Known(_) => self.take(ask, entries),
            At::End | At::Lagging(..) => {}
        }
    }

    fn take(&mut self, ask: &Ask, entries: &[Place]) {
        self.paged.extend(entries);
        self.dry = entries.len() < ask.limit;
    }

    /// Where a later page that begins behind the rank `last` cannot find what comes next of this source by what its head says: where it is.
    /// `shown_next` is the first post of it that this page has left for the next.
    pub(super) fn entry(&self, last: u64, shown_next: Option<Place>) -> Option<Entry> {
        let at = shown_next.map_or(self.at, At::Known);
        let (ordinal, number) = match at {
            At::Known((ordinal, number)) => (ordinal, Some((number, self.rank(number)))),
            At::Unknown(ordinal, _) | At::Lagging(ordinal, _) => (ordinal, None),
            At::End if self.wanted.order == Order::NewestFirst => (Ordinal::NONE, None),
            At::End => (self.stock.shown.last.next(), None),
            At::Seeking(..) => return None,
        };
        let frame = Frame { wanted: self.wanted, start: last, settled: self.settled };
        let found = match Lane::starting(frame, self.stock, self.read, last).at {
            At::Seeking(..) => false,
            At::End => at == At::End,
            At::Known(place) => At::Known(place) == at,
            At::Unknown(there, _) | At::Lagging(there, _) => there == ordinal && number.is_none(),
        };
        (!found).then_some(Entry { source: self.stock.source, ordinal, number })
    }
}
