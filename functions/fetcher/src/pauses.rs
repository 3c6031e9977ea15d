//! Hosts that asked to be left alone, as this environment knows them: read once a minute, and what it heard itself at once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use boot::logs::causes;
use domain::time::Timestamp;
use store::Store;

/// How long what was read counts.
const FRESH_FOR: Duration = Duration::from_secs(60);

/// What is known of paused hosts.
#[derive(Debug, Default)]
pub(crate) struct Pauses(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    read_at: Option<Timestamp>,
    until: HashMap<String, Timestamp>,
}

impl Pauses {
    /// Reads the store again if what is known is older than a minute.
    ///
    /// A store that does not answer changes nothing: the dispatcher has looked at the pauses too when it queued the job.
    pub(crate) async fn refresh(&self, store: &Store, now: Timestamp) {
        let known_at = self.with(|known| known.read_at);
        if known_at.is_some_and(|at| now < at + FRESH_FOR) {
            return;
        }
        match store.paused_hosts(now).await {
            Ok(until) => self.with(|known| *known = Known { read_at: Some(now), until }),
            Err(error) => tracing::warn!(error = causes(&error), "the paused hosts could not be read"),
        }
    }

    /// Until when `host` is to be left alone, if that is not over.
    pub(crate) fn of(&self, host: &str, now: Timestamp) -> Option<Timestamp> {
        self.with(|known| known.until.get(host).copied()).filter(|until| *until > now)
    }

    /// `host` has just asked for a pause.
    pub(crate) async fn pause(&self, store: &Store, host: &str, until: Timestamp, now: Timestamp) {
        self.with(|known| {
            let known = known.until.entry(host.to_owned()).or_insert(until);
            *known = until.max(*known);
        });
        // If the store does not take it, the source itself waits all the same, and this environment knows.
        if let Err(error) = store.pause_host(host, until, "HTTP 429", now).await {
            tracing::warn!(host, error = causes(&error), "a host's pause could not be stored");
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Known) -> T) -> T {
        // Nothing panics while it is locked; what is known is whole at any moment.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
