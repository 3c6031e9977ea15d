//! One message of a host at a time within a batch, spaced: what a host says to one (that it wants a pause, for example) reaches the next.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, sleep_until};

/// The hosts of one batch.
pub(crate) struct Turns {
    hosts: HashMap<String, Arc<Mutex<Option<Instant>>>>,
    spacing: Duration,
}

/// The right to ask one host, until it is dropped.
pub(crate) struct Turn(OwnedMutexGuard<Option<Instant>>);

impl Turns {
    pub(crate) fn new<'a>(hosts: impl IntoIterator<Item = &'a str>, spacing: Duration) -> Self {
        Self { hosts: hosts.into_iter().map(|host| (host.to_owned(), Arc::default())).collect(), spacing }
    }

    /// Waits until nobody else of the batch asks `host`, and its spacing has gone by.
    pub(crate) async fn take(&self, host: &str) -> Option<Turn> {
        let turn = Arc::clone(self.hosts.get(host)?).lock_owned().await;
        if let Some(ended) = *turn {
            sleep_until(ended + self.spacing).await;
        }
        Some(Turn(turn))
    }
}

impl Turn {
    /// The host has answered, or did not.
    pub(crate) fn end(mut self) {
        *self.0 = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[tokio::test(start_paused = true)]
    async fn a_host_is_asked_by_one_at_a_time_with_a_pause_between() {
        let turns = Turns::new(["a.example", "b.example"], Duration::from_secs(1));
        let first = turns.take("a.example").await.unwrap();
        assert!(turns.take("b.example").now_or_never().is_some(), "another host is free");
        let second = turns.take("a.example");
        tokio::pin!(second);
        assert!(second.as_mut().now_or_never().is_none(), "the same host is not");
        let before = Instant::now();
        first.end();
        second.await.unwrap();
        assert!(before.elapsed() >= Duration::from_secs(1), "and it is given time to breathe");
    }
}
