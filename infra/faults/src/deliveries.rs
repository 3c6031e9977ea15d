//! Messages as a standard queue may deliver them: twice, late, out of order.

use crate::dice::Dice;

/// How often messages are delivered otherwise than they were sent; each in so many of 1,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mischief {
    /// Delivered twice.
    pub twice: u16,
    /// Of those that are delivered twice, both times in the same round; the others the second time when chance says.
    pub together: u16,
    /// Held back for a few rounds.
    pub late: u16,
    /// Delivered before one that was there earlier.
    pub shuffled: u16,
}

impl Mischief {
    /// Every third message is treated badly in each way; of those that come twice, every second comes twice at once.
    pub const BAD_DAY: Self = Self { twice: 300, together: 500, late: 300, shuffled: 300 };
}

/// Messages on their way. Nothing is ever lost: in the end all of them are delivered at least once.
#[derive(Clone, Debug)]
pub struct Deliveries<T> {
    dice: Dice,
    mischief: Mischief,
    /// With the round from which on each may be delivered.
    waiting: Vec<(u64, T)>,
    round: u64,
    done: Done,
}

/// How many messages were delivered otherwise than they were sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Delivered twice.
    pub twice: u64,
    /// Of those, both times in the same round.
    pub together: u64,
    /// Held back.
    pub late: u64,
    /// Put before others.
    pub shuffled: u64,
}

/// The most rounds that a message is held back.
const LATEST: u64 = 5;

impl<T: Clone> Deliveries<T> {
    /// None on the way yet.
    pub fn new(dice: Dice, mischief: Mischief) -> Self {
        Self { dice, mischief, waiting: Vec::new(), round: 0, done: Done::default() }
    }

    /// `message` was received from the queue.
    pub fn take(&mut self, message: T) {
        let is_late = self.dice.per_mille(self.mischief.late);
        self.done.late += u64::from(is_late);
        let after = if is_late { 1 + self.dice.below(LATEST) } else { 0 };
        if self.dice.per_mille(self.mischief.twice) {
            let second = if self.dice.per_mille(self.mischief.together) { after } else { self.dice.below(LATEST) };
            self.done.twice += 1;
            self.done.together += u64::from(second == after);
            self.place(second, message.clone());
        }
        self.place(after, message);
    }

    /// From now on, messages that are taken are treated so.
    pub fn behave(&mut self, mischief: Mischief) {
        self.mischief = mischief;
    }

    /// What was done to messages so far.
    pub fn done(&self) -> Done {
        self.done
    }

    /// The next round: up to `limit` messages that are delivered together.
    pub fn next_batch(&mut self, limit: usize) -> Vec<T> {
        let mut batch = Vec::new();
        let mut rest = Vec::new();
        for (from, message) in self.waiting.drain(..) {
            if from <= self.round && batch.len() < limit {
                batch.push(message);
            } else {
                rest.push((from, message));
            }
        }
        self.waiting = rest;
        self.round += 1;
        batch
    }

    /// Whether nothing is on the way.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn place(&mut self, after: u64, message: T) {
        let at = if self.dice.per_mille(self.mischief.shuffled) {
            self.done.shuffled += 1;
            self.dice.below(self.waiting.len() as u64 + 1)
        } else {
            self.waiting.len() as u64
        };
        self.waiting.insert(usize::try_from(at).unwrap_or(0), (self.round + after, message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deliver(mischief: Mischief) -> Vec<u32> {
        let mut deliveries = Deliveries::new(Dice::seeded(5), mischief);
        (0..200).for_each(|message| deliveries.take(message));
        let mut delivered = Vec::new();
        while !deliveries.is_empty() {
            delivered.extend(deliveries.next_batch(10));
        }
        delivered
    }

    #[test]
    fn a_well_behaved_queue_delivers_each_once_in_order() {
        assert_eq!(deliver(Mischief::default()), (0..200).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_to_come_twice_at_once_does() {
        let mischief = Mischief { twice: 1_000, together: 1_000, late: 500, shuffled: 0 };
        let mut deliveries = Deliveries::new(Dice::seeded(5), mischief);
        (0..20).for_each(|message| deliveries.take(message));
        while !deliveries.is_empty() {
            let batch = deliveries.next_batch(100);
            assert!(batch.iter().all(|one| batch.iter().filter(|other| *other == one).count() == 2), "{batch:?}");
        }
        let done = deliveries.done();
        assert_eq!((done.twice, done.together), (20, 20));
    }

    #[test]
    fn a_bad_day_delivers_all_some_twice_and_out_of_order() {
        let delivered = deliver(Mischief::BAD_DAY);
        assert!((0..200).all(|message| delivered.contains(&message)), "none is lost");
        assert!(delivered.len() > 230, "some come twice");
        assert!(!delivered.is_sorted(), "some come out of order");
        assert_eq!(delivered, deliver(Mischief::BAD_DAY), "the same seed, the same day");
    }
}
