//! Where feeds are read and posts are cleaned: off the event loop, and as many at a time as there are cores.
//!
//! A hundred answers may come at once. A thread for each would read them no sooner, and hold a hundred documents, and as many threads'
//! own memory, at a time.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;
use tokio::task::{JoinError, spawn_blocking};

/// The places at which work is done; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Desk(Arc<Semaphore>);

impl Default for Desk {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(available_parallelism().map_or(1, usize::from))))
    }
}

impl Desk {
    /// Does `work` when a place is free. What was begun is ended, whether anyone waits for it or not, and keeps its place until then.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        // Nobody closes it; were it closed, there would be no limit.
        let place = Arc::clone(&self.0).acquire_owned().await.ok();
        let done = spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        done.await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use tokio::sync::Barrier;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn no_more_are_at_work_than_there_are_places() {
        let desk = Desk(Arc::new(Semaphore::new(2)));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(0)));
        let together = Arc::new(Barrier::new(2));
        let work = (0..8).map(|_| {
            let (now, most, together) = (Arc::clone(&now), Arc::clone(&most), Arc::clone(&together));
            let handle = tokio::runtime::Handle::current();
            desk.work(move || {
                let here = now.fetch_add(1, Ordering::SeqCst) + 1;
                let mut most = most.lock().unwrap();
                *most = here.max(*most);
                drop(most);
                // Goes on when there are two: so there are, and a third would have been counted.
                handle.block_on(together.wait());
                now.fetch_sub(1, Ordering::SeqCst);
            })
        });
        assert!(join_all(work).await.iter().all(Result::is_ok));
        assert_eq!(*most.lock().unwrap(), 2);
    }
}
