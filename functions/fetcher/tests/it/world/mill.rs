//! The other half of the mill: the dispatcher, and the queue between it and the fetchers.

use std::time::Duration;

use dispatcher::{Report, Rules, Start};
use domain::wheel::Pace;
use fetcher::Context;
use store::Store;

use super::World;

/// The most messages that a fetcher is handed at once.
const FULL: usize = 100;

impl World {
    /// A dispatcher that works on this store, and on the queues by the same wire as the fetchers.
    pub(crate) fn dispatcher(&self, store: Store) -> dispatcher::Context {
        let rules = Rules { pace: Pace::REAL, shards: 1, rate_floor: 2_000, announce_all: false };
        dispatcher::Context::new(store, self.queue_on(&self.wire_of("Dispatcher")), self.clock(), rules)
    }

    /// A run of it, as its schedule starts it.
    pub(crate) async fn turn(&self, dispatcher: &dispatcher::Context) -> Report {
        let deadline = self.now() + Duration::from_secs(50);
        Box::pin(dispatcher::handle(dispatcher, Start::default(), deadline)).await.unwrap()
    }

    /// Hands what may be received now to a fetcher, in batches as full as can be, and deletes what it does not report: how many there
    /// were.
    pub(crate) async fn pump(&self, fetcher: &Context) -> usize {
        let bodies = self.taken("fetch").await;
        for batch in bodies.chunks(FULL) {
            let batch = batch.iter().map(|body| (body.clone(), 1)).collect();
            assert_eq!(self.deliver_bodies(fetcher, batch).await, Vec::<usize>::new(), "a message is reported");
        }
        bodies.len()
    }
}
