//! Post numbers: one number that every client API can use, that sorts by arrival and needs no look-up table.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::slot::SLOTS;
use crate::time::Timestamp;

/// A post's number: a millisecond since [`PostNumber::EPOCH`], times 128, plus the slot of the landing that made it.
///
/// Rises with arrival; within a source strictly, in the order of the ordinals. Below 62^8, hence below 2^53, and exact in
/// every client's floating-point numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PostNumber(u64);

impl PostNumber {
    /// One more than the largest number: 62^8.
    pub const END: u64 = 62u64.pow(8);
    /// Where counting starts: 2025-01-01T00:00:00Z.
    pub const EPOCH: Timestamp = Timestamp::from_secs(1_735_689_600);

    /// `number`, if it is below [`PostNumber::END`].
    pub const fn new(number: u64) -> Option<Self> {
        if number < Self::END { Some(Self(number)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Milliseconds since [`PostNumber::EPOCH`].
    const fn millis(self) -> u64 {
        self.0 / SLOTS as u64
    }
}

impl fmt::Display for PostNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for PostNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u64::deserialize(deserializer)?;
        Self::new(number).ok_or_else(|| serde::de::Error::custom("not a post number: it is too large"))
    }
}

/// One more than the last millisecond that can be numbered, in January 2079.
const END_MILLIS: u64 = PostNumber::END / SLOTS as u64;
/// Milliseconds before the end that no clock may claim. So one clock that runs decades ahead cannot use a source up:
/// whatever it has numbered, a year's milliseconds are left for the posts that follow.
const RESERVE_MILLIS: u64 = 365 * 24 * 60 * 60 * 1000;

/// The clock stands behind January 2078, or a source has no number left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no post number for this time: set the clock right")]
pub struct NumbersExhausted;

/// The numbers of one landing, or of one chunk of it: rising, one millisecond apart, in one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberRun {
    first_millis: u64,
    count: u32,
    slot: u8,
}

impl NumberRun {
    /// The numbers, oldest post first.
    pub fn numbers(self) -> impl ExactSizeIterator<Item = PostNumber> {
        (0..self.count)
            .map(move |place| PostNumber((self.first_millis + u64::from(place)) * SLOTS as u64 + u64::from(self.slot)))
    }
}

/// The numbers of the `count` posts that a source gets `now`, when its newest has the number `newest`.
///
/// They take `count` consecutive milliseconds that end now or, if the source is ahead of the clock, start behind its newest
/// number: so number order is ordinal order, whatever the clocks of those who land do. Times before
/// [`PostNumber::EPOCH`] count as that. `slot` is a [`super::SlotLease`]'s, below 128; more wraps round.
///
/// # Errors
/// [`NumbersExhausted`] when `now` is behind January 2078, or `newest` is so near 62^8 that the posts do not fit below.
pub fn number_run(
    now: Timestamp,
    newest: Option<PostNumber>,
    count: u32,
    slot: u8,
) -> Result<NumberRun, NumbersExhausted> {
    let now = u64::try_from(now.as_millis().saturating_sub(PostNumber::EPOCH.as_millis())).unwrap_or(0);
    let ending_now = (now + 1).saturating_sub(u64::from(count));
    let behind_newest = newest.map_or(0, |newest| newest.millis() + 1);
    let first_millis = ending_now.max(behind_newest);
    if now >= END_MILLIS - RESERVE_MILLIS || first_millis + u64::from(count) > END_MILLIS {
        return Err(NumbersExhausted);
    }
    Ok(NumberRun {
        first_millis,
        count,
        slot: slot % SLOTS,
    })
}
