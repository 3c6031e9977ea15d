//! How post numbers are made: milliseconds since 2025 times 128, plus a slot that tells landings of one millisecond apart.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Entropy, PostNumber};
use crate::time::Timestamp;

/// 2025-01-01T00:00:00Z, the millisecond that post numbers count from.
const EPOCH_MILLIS: i64 = 1_735_689_600_000;
/// Landings that may share a millisecond.
const SLOTS: u64 = 128;
/// The last millisecond that has numbers, some time in 2079.
const LAST_MILLI: u64 = PostNumber::END / SLOTS - 1;

/// There is no number left: a clock stands beyond 2079, or before 2025 by mistake of centuries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no post number is left after this one: check the clock of the machine")]
pub struct NumbersExhausted;

/// Consecutive numbers of one landing, oldest post first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberRun {
    first_milli: u64,
    count: u64,
    slot: u64,
}

impl NumberRun {
    /// The numbers, rising.
    pub fn iter(self) -> impl Iterator<Item = PostNumber> {
        (0..self.count).filter_map(move |n| PostNumber::new((self.first_milli + n) * SLOTS + self.slot))
    }
}

/// Numbers for `count` posts that land at `now`: consecutive milliseconds that end now, or start right after the source's `newest` number if that is later.
///
/// So within a source number order is ordinal order, whatever the clocks of two fetchers do.
///
/// # Errors
/// [`NumbersExhausted`] when the run would pass 62^8.
pub fn number_run(
    now: Timestamp,
    newest: Option<PostNumber>,
    count: u32,
    slot: &SlotLease,
) -> Result<NumberRun, NumbersExhausted> {
    let count = u64::from(count);
    let now = u64::try_from(now.as_millis().saturating_sub(EPOCH_MILLIS)).unwrap_or(0);
    let ends_now = (now + 1).saturating_sub(count);
    let after_newest = newest.map_or(0, |number| number.get() / SLOTS + 1);
    let first_milli = ends_now.max(after_newest);
    if first_milli + count > LAST_MILLI + 1 {
        return Err(NumbersExhausted);
    }
    Ok(NumberRun {
        first_milli,
        count,
        slot: u64::from(slot.slot),
    })
}

/// The 128 slots of a process: two landings in flight never share one.
#[derive(Clone, Debug, Default)]
pub struct SlotPool(Arc<Mutex<u128>>);

/// One slot, given back when dropped.
#[derive(Debug)]
pub struct SlotLease {
    slot: u8,
    pool: SlotPool,
}

impl SlotPool {
    /// A random slot among the free ones; `None` while 128 landings are in flight.
    pub fn lease(&self, entropy: &mut impl Entropy) -> Option<SlotLease> {
        let mut byte = [0];
        entropy.fill(&mut byte);
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let start = byte[0] % 128;
        let slot = (0..128)
            .map(|n| (start + n) % 128)
            .find(|slot| *taken & (1 << slot) == 0)?;
        *taken |= 1 << slot;
        Some(SlotLease {
            slot,
            pool: self.clone(),
        })
    }
}

impl Drop for SlotLease {
    fn drop(&mut self) {
        let mut taken = self.pool.0.lock().unwrap_or_else(PoisonError::into_inner);
        *taken &= !(1 << self.slot);
    }
}
