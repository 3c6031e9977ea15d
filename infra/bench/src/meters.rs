//! All that is counted of one machine.

use crate::prices::LAMBDA_CORES;
use crate::tap::Tap;
use boot::metrics::Metrics;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use store::{Meter, Reading};

/// How many messages the platform takes from a queue, or deletes, in one request.
const MESSAGES_A_REQUEST: usize = 10;

/// Counters; what is taken of them begins anew.
#[derive(Default)]
pub(crate) struct Meters {
    pub(crate) tap: Arc<Tap>,
    store: OnceLock<Arc<Meter>>,
    log_bytes: Arc<AtomicU64>,
    invocations: Mutex<Vec<Invocation>>,
}

/// A function's run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Invocation {
    /// Messages of its event.
    messages: usize,
    took: Duration,
}

impl Invocation {
    /// Whether it was for messages: the dispatcher's are not.
    pub(crate) fn is_event(&self) -> bool {
        self.messages > 0
    }
}

impl Meters {
    pub(crate) fn watch(&self, store: Arc<Meter>) {
        self.store.get_or_init(|| store);
    }

    /// Where functions write their lines of metrics: only their bytes are kept.
    pub(crate) fn metrics(&self) -> Metrics {
        let bytes = Arc::clone(&self.log_bytes);
        Metrics::to("Feedmill", move |line| {
            bytes.fetch_add(line.len() as u64 + 1, Ordering::Relaxed);
        })
    }

    pub(crate) fn invoked(&self, messages: usize, took: Duration) {
        self.invocations.lock().unwrap_or_else(PoisonError::into_inner).push(Invocation { messages, took });
    }

    /// Forgets what was counted.
    pub(crate) fn begin_anew(&self) {
        self.units();
        self.tap.take();
        self.log_bytes();
        self.invocations();
    }

    pub(crate) fn units(&self) -> Reading {
        self.store.get().map_or_else(Reading::default, |meter| meter.take())
    }

    pub(crate) fn log_bytes(&self) -> u64 {
        self.log_bytes.swap(0, Ordering::Relaxed)
    }

    pub(crate) fn invocations(&self) -> Vec<Invocation> {
        std::mem::take(&mut *self.invocations.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// SQS requests that the platform makes for these events: it receives messages and deletes them by tens.
pub(crate) fn platform_requests(invocations: &[Invocation]) -> u64 {
    invocations.iter().map(|one| 2 * one.messages.div_ceil(MESSAGES_A_REQUEST) as u64).sum()
}

/// Seconds of functions' time, where a poll takes them `cpu` on a whole core: as long as it took here, but no less than their part of a
/// core needs for it.
pub(crate) fn billed_seconds(invocations: &[Invocation], cpu: Duration) -> f64 {
    let least = |one: &Invocation| one.messages as f64 * cpu.as_secs_f64() / LAMBDA_CORES;
    invocations.iter().map(|one| one.took.as_secs_f64().max(least(one))).sum()
}
