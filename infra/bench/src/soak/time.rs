//! Time as it is, and as the functions are told it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use boot::clock::Clock;
use domain::time::Timestamp;

/// Noon of 31 January 2026: before any day on which this runs, so that blobs, which the file system dates, are never old.
const NOON: i64 = 1_769_860_800_000;

/// The time. It stands still but for [`Time::pass`]; the functions' clock may be wrong. Clones are one time.
#[derive(Clone)]
pub(super) struct Time {
    millis: Arc<AtomicI64>,
    error: Arc<AtomicI64>,
}

impl Time {
    pub(super) fn new() -> Self {
        Self { millis: Arc::new(AtomicI64::new(NOON)), error: Arc::default() }
    }

    /// What it really is: the queues and the tables go by this.
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::SeqCst))
    }

    pub(super) fn pass(&self, time: Duration) {
        self.millis.fetch_add(i64::try_from(time.as_millis()).unwrap_or(0), Ordering::SeqCst);
    }

    /// From now on the functions' clock is wrong by so many milliseconds.
    pub(super) fn err_by(&self, millis: i64) {
        self.error.store(millis, Ordering::SeqCst);
    }

    /// What the functions' machines take it for.
    pub(super) fn told(&self) -> Timestamp {
        Timestamp::from_millis(self.now().as_millis() + self.error.load(Ordering::SeqCst))
    }

    /// The clock of a function whose machine is `skew` milliseconds ahead of the others.
    pub(super) fn clock(&self, skew: i64) -> Clock {
        let this = self.clone();
        Arc::new(move || Timestamp::from_millis(this.told().as_millis() + skew))
    }
}
