//! How many bytes of bodies may be in memory at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes are counted in pieces of this size.
const PIECE: usize = 16 * 1024;

/// What a body may take before it has to ask for more; most feeds fit.
const FIRST: usize = 256 * 1024;

/// The bytes that all bodies share.
pub(crate) struct Budget {
    pieces: Arc<Semaphore>,
    /// One body at a time may go over the budget: else bodies that are all half read and all wait for more would wait for ever.
    over: Arc<Semaphore>,
    first: u32,
}

/// One body's part of the budget, given back on drop.
pub(crate) struct Share {
    held: OwnedSemaphorePermit,
    over: Option<OwnedSemaphorePermit>,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        let total = pieces_of(bytes).max(1);
        Self {
            pieces: Arc::new(Semaphore::new(total as usize)),
            over: Arc::new(Semaphore::new(1)),
            first: pieces_of(FIRST).min(total),
        }
    }

    /// Waits for what a body starts with.
    pub(crate) async fn share(&self) -> Share {
        Share { held: acquire(Arc::clone(&self.pieces), self.first).await, over: None }
    }

    /// Waits until `share` covers `bytes`.
    pub(crate) async fn grow(&self, share: &mut Share, bytes: usize) {
        let held = u32::try_from(share.held.num_permits()).unwrap_or(u32::MAX);
        let more = pieces_of(bytes).saturating_sub(held);
        if more == 0 || share.over.is_some() {
            return;
        }
        tokio::select! {
            biased;
            permit = acquire(Arc::clone(&self.pieces), more) => share.held.merge(permit),
            permit = acquire(Arc::clone(&self.over), 1) => share.over = Some(permit),
        }
    }
}

impl Share {
    /// Gives back what is not needed for `bytes`.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        let surplus = self.held.num_permits().saturating_sub(pieces_of(bytes) as usize);
        drop(self.held.split(surplus));
        if pieces_of(bytes) as usize <= self.held.num_permits() {
            self.over = None;
        }
    }
}

fn pieces_of(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX).min(u32::MAX >> 3)
}

/// Acquires from a semaphore that is never closed.
pub(crate) async fn acquire(semaphore: Arc<Semaphore>, permits: u32) -> OwnedSemaphorePermit {
    match semaphore.acquire_many_owned(permits).await {
        Ok(permit) => permit,
        // Nobody closes it; were it closed, waiting for ever is the safe side of sending too much.
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn a_full_budget_lets_one_body_through_at_a_time() {
        let budget = Budget::new(4 * FIRST);
        let mut bodies = Vec::new();
        for _ in 0..4 {
            bodies.push(budget.share().await);
        }
        assert!(budget.share().now_or_never().is_none(), "a fifth has to wait");
        budget.grow(&mut bodies[0], 2 * FIRST).now_or_never().expect("the first to need more goes over");
        budget.grow(&mut bodies[0], 8 * FIRST).now_or_never().expect("and stays over");
        assert!(budget.grow(&mut bodies[1], 2 * FIRST).now_or_never().is_none(), "the next one waits");
        drop(bodies.remove(0));
        budget.grow(&mut bodies[0], 2 * FIRST).now_or_never().expect("what was given back serves the next");
    }

    #[tokio::test]
    async fn a_small_body_gives_back_what_it_did_not_need() {
        let budget = Budget::new(FIRST);
        let mut body = budget.share().await;
        assert!(budget.share().now_or_never().is_none());
        body.shrink(1);
        assert_eq!(budget.pieces.available_permits(), pieces_of(FIRST) as usize - 1);
        drop(body);
        assert!(budget.share().now_or_never().is_some());
    }
}
