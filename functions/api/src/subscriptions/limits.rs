//! How much one person may subscribe to: in all, and on one host, so that nobody can turn the fetchers on a server.

use std::collections::HashMap;
use std::time::Duration;

use domain::id::{SourceId, UserId};
use domain::shape::SPACING;
use domain::time::Timestamp;
use url::Url;

use crate::context::Context;
use crate::problem::Problem;

/// What a person may still subscribe to; read once, then counted along, for one request or one import.
pub(crate) struct Quota {
    most: usize,
    taken: usize,
    most_per_host: usize,
    hosts: HashMap<String, usize>,
    begun: HashMap<String, u32>,
    all_begun: u32,
    /// When the first fetches are over that earlier requests of the same person put off.
    busy: Duration,
}

/// First fetches of one import begin at most so many a second.
const A_SECOND: u32 = 20;
/// No first fetch is put off for longer: a queue holds no message back for more than 15 minutes.
const LONGEST_WAIT: Duration = Duration::from_secs(14 * 60);

impl Quota {
    /// Takes a place for a source on `host`, and says how long its first fetch is to wait if it is a new one: those of one import are spread, over hosts and in all.
    ///
    /// # Errors
    /// A problem when there is none.
    pub(crate) fn take(&mut self, host: &str) -> Result<Duration, Problem> {
        if self.taken >= self.most {
            let detail = format!("there can be {} subscriptions; unsubscribe from something first", self.most);
            return Err(Problem::conflict("too_many_subscriptions", detail));
        }
        let there = self.hosts.entry(host.to_owned()).or_default();
        if *there >= self.most_per_host {
            let most = self.most_per_host;
            let detail = format!("there can be {most} subscriptions on one host; unsubscribe from one on {host} first");
            return Err(Problem::conflict("too_many_on_host", detail));
        }
        *there += 1;
        self.taken += 1;
        let before = self.begun.entry(host.to_owned()).or_default();
        let wait = (SPACING * *before).max(self.busy + Duration::from_secs(1) * self.all_begun / A_SECOND);
        *before += 1;
        self.all_begun += 1;
        Ok(wait.min(LONGEST_WAIT))
    }
}

impl Context {
    /// What `user` may still subscribe to, who means to add `planned` subscriptions. Two requests at once may both get the last place.
    pub(crate) async fn quota(&self, user: UserId, planned: usize) -> Result<Quota, Problem> {
        let (most, most_per_host) = (self.rules.max_subscriptions, self.rules.max_subscriptions_per_host);
        let there = self.store.subscriptions(user).await?;
        let begun = || there.iter().map(|subscription| subscription.added_at).collect();
        // Who adds a single one waits for it, and not behind a list.
        let busy = if planned > 1 { busy(begun(), self.now()) } else { Duration::ZERO };
        let mut quota = Quota {
            most,
            taken: there.len(),
            most_per_host,
            hosts: HashMap::new(),
            begun: HashMap::new(),
            all_begun: 0,
            busy,
        };
        // So few cannot be too many on one host, wherever they are.
        if there.len() + planned > most_per_host {
            let sources: Vec<SourceId> = there.iter().map(|subscription| subscription.source).collect();
            for head in self.store.heads(&sources).await? {
                if let Ok(url) = Url::parse(&head.url) {
                    *quota.hosts.entry(fetch::host_key(&url)).or_default() += 1;
                }
            }
        }
        Ok(quota)
    }
}

/// How long the first fetches take that subscriptions begun at these times may have brought: a long list comes in parts, and its parts are to be spread like one.
fn busy(mut begun: Vec<Timestamp>, now: Timestamp) -> Duration {
    begun.retain(|at| now.since(*at) < LONGEST_WAIT);
    begun.sort_unstable();
    let each = Duration::from_secs(1) / A_SECOND;
    let free = begun.into_iter().fold(Timestamp::EPOCH, |free, at| free.max(at) + each);
    free.since(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(most: usize, taken: usize, most_per_host: usize) -> Quota {
        Quota {
            most,
            taken,
            most_per_host,
            hosts: HashMap::new(),
            begun: HashMap::new(),
            all_begun: 0,
            busy: Duration::ZERO,
        }
    }

    #[test]
    fn first_fetches_of_one_import_are_spread_over_hosts_and_in_all() {
        let mut quota = quota(10_000, 0, 10_000);
        let mut wait = |host: &str| quota.take(host).unwrap().as_millis();
        assert_eq!([wait("a"), wait("a"), wait("b"), wait("a")], [0, 1_000, 100, 2_000]);
        assert_eq!((wait("c"), wait("d")), (200, 250));
        let last = (0..2_000).map(|_| wait("a")).last().unwrap();
        assert_eq!(last, LONGEST_WAIT.as_millis());
    }

    #[test]
    fn what_an_earlier_part_put_off_is_waited_for() {
        let now = Timestamp::from_secs(10_000);
        let ago = |seconds: u64, count: usize| vec![now - Duration::from_secs(seconds); count];
        for (begun, expected) in [
            (Vec::new(), 0),
            (ago(0, 20), 1_000),
            (ago(0, 200), 10_000),
            (ago(5, 200), 5_000),
            (ago(10, 200), 0),
            ([ago(5, 200), ago(1, 100)].concat(), 10_000),
            ([ago(30, 200), ago(1, 100)].concat(), 4_000),
            (ago(15 * 60, 3_000), 0),
        ] {
            let count = begun.len();
            assert_eq!(busy(begun, now).as_millis(), expected, "{count}");
        }
        let mut later = Quota { busy: Duration::from_secs(10), ..quota(10, 0, 10) };
        assert_eq!(["a", "b"].map(|host| later.take(host).unwrap().as_millis()), [10_000, 10_050]);
    }

    #[test]
    fn places_end_in_all_and_on_each_host() {
        let mut quota = Quota { hosts: HashMap::from([("a".to_owned(), 1)]), ..quota(5, 1, 2) };
        for (host, fits) in
            [("a", true), ("a", false), ("b", true), ("b", true), ("b", false), ("c", true), ("d", false)]
        {
            assert_eq!(quota.take(host).is_ok(), fits, "{host}");
        }
    }
}
