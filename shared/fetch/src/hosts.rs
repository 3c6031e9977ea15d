//! One request per host at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

type Table = Mutex<HashMap<String, Arc<Semaphore>>>;

/// The hosts that are being asked, or waited for, right now.
#[derive(Default)]
pub(crate) struct Hosts {
    table: Arc<Table>,
}

/// The right to ask one host, until it is dropped.
pub(crate) struct Turn {
    // Before the place, so that the next in line has its permit before the table is tidied.
    _permit: OwnedSemaphorePermit,
    _place: Place,
}

/// A place in a host's line; leaving the line tidies the table, also when the wait was given up.
struct Place {
    table: Arc<Table>,
    host: String,
    lock: Option<Arc<Semaphore>>,
}

impl Hosts {
    /// Waits until nobody else is asking `host`, first come, first served.
    pub(crate) async fn turn(&self, host: &str) -> Turn {
        let lock =
            Arc::clone(entries(&self.table).entry(host.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(1))));
        let place = Place { table: Arc::clone(&self.table), host: host.to_owned(), lock: Some(Arc::clone(&lock)) };
        let permit = crate::budget::acquire(lock, 1).await;
        Turn { _permit: permit, _place: place }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        entries(&self.table).len()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = entries(&self.table);
        self.lock = None;
        // Only the table holds it: nobody is waiting, and nobody can join while the table is locked.
        if table.get(&self.host).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            table.remove(&self.host);
        }
    }
}

fn entries(table: &Table) -> MutexGuard<'_, HashMap<String, Arc<Semaphore>>> {
    // Nothing panics while it is locked; a poisoned table is as good as any.
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn a_host_is_asked_by_one_at_a_time_and_forgotten_afterwards() {
        let hosts = Hosts::default();
        let first = hosts.turn("a.example").await;
        assert!(hosts.turn("b.example").now_or_never().is_some(), "another host is free");
        let mut second = Box::pin(hosts.turn("a.example"));
        assert!(second.as_mut().now_or_never().is_none(), "the same host is not");
        // Giving up a place in the middle of the line disturbs nobody.
        assert!(hosts.turn("a.example").now_or_never().is_none());
        drop(first);
        let second = second.now_or_never().expect("the next in line");
        assert_eq!(hosts.len(), 1);
        drop(second);
        assert_eq!(hosts.len(), 0);
    }

    #[tokio::test]
    async fn giving_up_the_last_place_forgets_the_host() {
        let hosts = Hosts::default();
        let first = hosts.turn("a.example").await;
        let mut second = Box::pin(hosts.turn("a.example"));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        drop(second);
        assert_eq!(hosts.len(), 0);
    }
}
