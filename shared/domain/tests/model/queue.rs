//! The queue: at least once, in no order, as late as it likes.

use std::time::Duration;

use domain::id::JobId;
use domain::job::Pointer;
use domain::time::Timestamp;

use crate::state::{Letter, World, lane};

/// What whoever sends a message decides about it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Outgoing {
    pub(crate) job: JobId,
    pub(crate) again: bool,
    pub(crate) open: bool,
    pub(crate) attempts: u8,
    pub(crate) returned: u8,
    pub(crate) visible_at: Timestamp,
}

impl Outgoing {
    /// The first message of the job in hand.
    pub(crate) fn of(pointer: &Pointer) -> Self {
        let Pointer { job, open, attempts, earliest, .. } = *pointer;
        Self { job, again: false, open, attempts, returned: 0, visible_at: earliest }
    }

    /// The message goes back as a new one.
    pub(crate) fn resent(letter: &Letter, now: Timestamp, delay: Duration) -> Self {
        let Letter { job, open, attempts, returned, .. } = *letter;
        Self { job, again: true, open, attempts, returned, visible_at: now + delay }
    }
}

impl World {
    pub(crate) fn send(&mut self, message: Outgoing) {
        let Outgoing { job, again, open, attempts, returned, visible_at } = message;
        let visible_at = visible_at.max(self.now);
        self.queue.push(Letter { id: self.letters, job, again, open, attempts, returned, receives: 0, visible_at });
        self.letters += 1;
    }

    /// Delivers the `n`-th message, if it is visible. `double`: and leaves it where it is, as if it had not.
    pub(crate) fn receive(&mut self, n: usize, double: bool) -> Option<Letter> {
        let now = self.now;
        let made = self.made(self.queue.get(n)?.job);
        let visibility = lane(made.reason).visibility();
        let letter = self.queue.get_mut(n).filter(|letter| letter.visible_at <= now)?;
        let delivered = Letter { receives: (letter.receives + 1).min(2), ..letter.clone() };
        if !double {
            (letter.receives, letter.visible_at) = (delivered.receives, now + visibility);
        }
        Some(delivered)
    }

    pub(crate) fn acknowledge(&mut self, id: u8) {
        self.queue.retain(|letter| letter.id != id);
    }

    pub(crate) fn hold(&mut self, id: u8, until: Timestamp) {
        if let Some(letter) = self.queue.iter_mut().find(|letter| letter.id == id) {
            letter.visible_at = until;
        }
    }
}
