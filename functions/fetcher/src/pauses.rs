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

impl Known {
    /// What was read is eventually consistent, and what was heard here may not have been stored: of two ends the later counts.
    fn merge(&mut self, read: HashMap<String, Timestamp>, now: Timestamp) {
        self.read_at = Some(now);
        self.until.retain(|_, until| *until > now);
        for (host, read) in read {
            let until = self.until.entry(host).or_insert(read);
            *until = read.max(*until);
        }
    }
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
            Ok(read) => self.with(|known| known.merge(read, now)),
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_secs(1_769_860_800);

    #[test]
    fn what_was_just_heard_outlives_a_read_that_does_not_show_it_yet() {
        let at = |seconds: u64| NOON + Duration::from_secs(seconds);
        let pauses = |all: &[(&str, u64)]| -> HashMap<String, Timestamp> {
            all.iter().map(|(host, seconds)| ((*host).to_owned(), at(*seconds))).collect()
        };
        let mut known =
            Known { read_at: None, until: pauses(&[("own", 90), ("longer", 90), ("shorter", 30), ("over", 5)]) };
        known.merge(pauses(&[("longer", 60), ("shorter", 60), ("new", 60)]), at(5));
        assert_eq!(known.until, pauses(&[("own", 90), ("longer", 90), ("shorter", 60), ("new", 60)]));
        assert_eq!(known.read_at, Some(at(5)));
    }
}
