//! Slots: what keeps landings of the same millisecond apart.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::Entropy;

/// How many slots there are: how many landings one millisecond can number.
pub(super) const SLOTS: u8 = 128;

/// The slots of one process. Clones share them.
///
/// Landings in flight in one process never share a slot, so they cannot make the same number. Those of two processes can,
/// seldom, and so can a landing and one just before it: a post is written on condition that its number is new, and who loses
/// numbers anew.
#[derive(Clone, Debug, Default)]
pub struct SlotPool {
    taken: Arc<Mutex<u128>>,
}

impl SlotPool {
    /// All slots free.
    pub fn new() -> Self {
        Self::default()
    }

    /// One of the free slots, each as likely, until the lease is dropped; `None` while 128 landings are in flight.
    pub fn lease(&self, entropy: &mut (impl Entropy + ?Sized)) -> Option<SlotLease> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let free = (0..SLOTS).filter(|slot| *taken & bit(*slot) == 0);
        let count = u8::try_from(free.clone().count()).unwrap_or(SLOTS);
        let slot = free.clone().nth(usize::from(below(count, entropy)?))?;
        *taken |= bit(slot);
        Some(SlotLease { slot, taken: Arc::clone(&self.taken) })
    }
}

const fn bit(slot: u8) -> u128 {
    1 << slot
}

/// A number below `count`, which is at most 128, each as likely; `None` if there is none.
fn below(count: u8, entropy: &mut (impl Entropy + ?Sized)) -> Option<u8> {
    let biased = u8::MAX.checked_rem(count)?;
    loop {
        let mut byte = [0];
        entropy.fill(&mut byte);
        // Whole rounds of `count` only; the last, partial one would favour the first numbers.
        if byte[0] < u8::MAX - biased {
            return Some(byte[0] % count);
        }
    }
}

/// A slot, held by one landing. Dropping it gives the slot back.
pub struct SlotLease {
    slot: u8,
    taken: Arc<Mutex<u128>>,
}

impl SlotLease {
    /// The slot, below 128: for [`super::number_run`].
    pub const fn slot(&self) -> u8 {
        self.slot
    }
}

impl Drop for SlotLease {
    fn drop(&mut self) {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) &= !bit(self.slot);
    }
}

impl fmt::Debug for SlotLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SlotLease({})", self.slot)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Seeded;
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn landings_in_flight_never_share_a_slot_and_the_129th_gets_none() {
        let (pool, mut entropy) = (SlotPool::new(), Seeded(1));
        let mut leases: Vec<_> = (0..128).map(|_| pool.clone().lease(&mut entropy).unwrap()).collect();
        assert_eq!(leases.iter().map(SlotLease::slot).collect::<BTreeSet<_>>(), (0..128).collect());
        assert!(pool.lease(&mut entropy).is_none());

        let freed = leases.swap_remove(50).slot();
        assert_eq!(pool.lease(&mut entropy).unwrap().slot(), freed);
    }

    #[test]
    fn every_free_slot_is_equally_likely() {
        let (pool, mut entropy) = (SlotPool::new(), Seeded(2));
        let _kept: Vec<_> = (0..28).map(|_| pool.lease(&mut entropy).unwrap()).collect();
        let mut met = [0u32; 128];
        for _ in 0..100_000 {
            met[usize::from(pool.lease(&mut entropy).unwrap().slot())] += 1;
        }
        assert_eq!(met.iter().filter(|n| **n == 0).count(), 28, "those that are held");
        assert!(met.iter().all(|n| *n == 0 || (850..1_150).contains(n)), "{met:?}");
    }
}
