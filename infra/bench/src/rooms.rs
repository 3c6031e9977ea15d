//! What an api function is made of: as many of them as one likes, of which none knows what another has read.

use std::sync::Arc;

use axum::Router;
use blob::Bucket;
use boot::clock::Clock;
use domain::id::InstallationKey;
use queue::Queue;
use store::{Journal, Store};

pub(crate) struct Rooms {
    pub(crate) store: Store,
    pub(crate) journal: Option<Journal>,
    pub(crate) queue: Queue,
    pub(crate) bucket: Bucket,
    pub(crate) key: InstallationKey,
    pub(crate) web: fetch::Fetcher,
    pub(crate) clock: Clock,
    pub(crate) passwords: Arc<api::Passwords>,
    pub(crate) rules: api::Rules,
}

impl Rooms {
    /// The API of one machine, just started.
    pub(crate) fn api(&self) -> Router {
        self.with(self.journal.clone())
    }

    /// The API of the cloud, just started: nobody tells it what others write.
    pub(crate) fn cloud_api(&self) -> Router {
        self.with(None)
    }

    fn with(&self, journal: Option<Journal>) -> Router {
        api::router(Arc::new(api::Context::new(api::Parts {
            store: self.store.clone(),
            journal,
            queue: self.queue.clone(),
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            web: self.web.clone(),
            clock: Arc::clone(&self.clock),
            passwords: Arc::clone(&self.passwords),
            rules: self.rules.clone(),
        })))
    }
}
