//! What the store consumes: calls and capacity units, counted only where someone asked for it.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// Counters of one metered store and its clones.
#[derive(Debug, Default)]
pub struct Meter {
    calls: AtomicU64,
    read_tenths: AtomicU64,
    write_tenths: AtomicU64,
}

/// What a [`Meter`] shows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    /// Requests that were answered; retries within the SDK count as one.
    pub calls: u64,
    /// Read request units.
    pub read_units: f64,
    /// Write request units, those of indexes included.
    pub write_units: f64,
}

impl Meter {
    /// What was counted since the last call of this method.
    pub fn take(&self) -> Reading {
        let tenths = |counter: &AtomicU64| counter.swap(0, Ordering::Relaxed) as f64 / 10.0;
        Reading {
            calls: self.calls.swap(0, Ordering::Relaxed),
            read_units: tenths(&self.read_tenths),
            write_units: tenths(&self.write_tenths),
        }
    }

    pub(crate) fn reads<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.count(&self.read_tenths, consumed);
    }

    pub(crate) fn writes<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.count(&self.write_tenths, consumed);
    }

    fn count<'a>(&self, counter: &AtomicU64, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let units: f64 = consumed.into_iter().filter_map(ConsumedCapacity::capacity_units).sum();
        counter.fetch_add((units * 10.0).round() as u64, Ordering::Relaxed);
    }
}
