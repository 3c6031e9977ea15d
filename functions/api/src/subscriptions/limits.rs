//! How much one person may subscribe to: in all, and on one host, so that nobody can turn the fetchers on a server.

use std::collections::HashMap;
use std::time::Duration;

use domain::id::{SourceId, UserId};
use domain::shape::SPACING;
use domain::subscription::Subscription;
use domain::time::Timestamp;
use store::Turn;
use url::Url;

use crate::context::Context;
use crate::problem::Problem;

/// What a person may still subscribe to; read once, then counted along, for one request or one import. It holds for any number of requests at once: a subscription is made at the turn
/// up to which all were counted, or not at all.
pub(crate) struct Quota {
    user: UserId,
    most: usize,
    taken: usize,
    most_per_host: usize,
    /// How many there are on each host; unknown as long as there are too few to matter.
    hosts: Option<HashMap<String, usize>>,
    /// When they were counted, and by other requests so many may have been made since, wherever.
    turn: Turn,
    others: usize,
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
    /// The turn at which the next subscription is to be made.
    pub(crate) fn turn(&self) -> Turn {
        self.turn
    }

    /// How long the first fetch of a new source on `host` is to wait: those of one import are spread, over hosts and in all.
    pub(crate) fn spread(&mut self, host: &str) -> Duration {
        let before = self.begun.entry(host.to_owned()).or_default();
        let wait = (SPACING * *before).max(self.busy + Duration::from_secs(1) * self.all_begun / A_SECOND);
        *before += 1;
        self.all_begun += 1;
        wait.min(LONGEST_WAIT)
    }

    /// One more is there, on `host`, made at the turn.
    pub(crate) fn made(&mut self, host: &str) {
        self.taken += 1;
        self.turn = self.turn.next();
        if let Some(hosts) = &mut self.hosts {
            *hosts.entry(host.to_owned()).or_default() += 1;
        }
    }

    /// The most that there can be on `host`.
    fn on(&self, host: &str) -> usize {
        self.hosts.as_ref().map_or(self.taken, |hosts| hosts.get(host).copied().unwrap_or_default())
    }

    /// Whether all places may be taken, as far as is known.
    fn may_be_full(&self, host: &str) -> bool {
        self.taken + self.others >= self.most || self.on(host) + self.others >= self.most_per_host
    }

    /// Whether that is for sure.
    fn is_exact(&self) -> bool {
        self.others == 0 && (self.hosts.is_some() || self.taken < self.most_per_host)
    }

    /// That there is a place for a source on `host`.
    ///
    /// # Errors
    /// A problem when there is none.
    fn check(&self, host: &str) -> Result<(), Problem> {
        if self.taken >= self.most {
            let detail = format!("there can be {} subscriptions; unsubscribe from something first", self.most);
            return Err(Problem::conflict("too_many_subscriptions", detail));
        }
        if self.on(host) >= self.most_per_host {
            let most = self.most_per_host;
            let detail = format!("there can be {most} subscriptions on one host; unsubscribe from one on {host} first");
            return Err(Problem::conflict("too_many_on_host", detail));
        }
        Ok(())
    }
}

impl Context {
    /// What `user` may still subscribe to, who means to add `planned` subscriptions.
    pub(crate) async fn quota(&self, user: UserId, planned: usize) -> Result<Quota, Problem> {
        let turn = self.store.turn(user).await?;
        let there = self.store.subscriptions(user).await?;
        let begun = || there.iter().map(|subscription| subscription.added_at).collect();
        Ok(Quota {
            user,
            most: self.rules.max_subscriptions,
            taken: there.len(),
            most_per_host: self.rules.max_subscriptions_per_host,
            hosts: self.hosts_of(&there).await?,
            turn,
            others: 0,
            begun: HashMap::new(),
            all_begun: 0,
            // Who adds a single one waits for it, and not behind a list.
            busy: if planned > 1 { busy(begun(), self.now()) } else { Duration::ZERO },
        })
    }

    /// That there is a place for a source on `host`; where it may matter, all are counted again.
    ///
    /// # Errors
    /// A problem when there is none.
    pub(super) async fn check_place(&self, quota: &mut Quota, host: &str) -> Result<(), Problem> {
        if quota.may_be_full(host) && !quota.is_exact() {
            self.count_again(quota).await?;
        }
        quota.check(host)
    }

    /// After somebody was faster: how many more there may be by now.
    pub(super) async fn overtaken(&self, quota: &mut Quota) -> Result<(), Problem> {
        let turn = self.store.turn(quota.user).await?;
        quota.others += turn.since(quota.turn);
        quota.turn = turn;
        Ok(())
    }

    async fn count_again(&self, quota: &mut Quota) -> Result<(), Problem> {
        (quota.turn, quota.others) = (self.store.turn(quota.user).await?, 0);
        let there = self.store.subscriptions(quota.user).await?;
        (quota.taken, quota.hosts) = (there.len(), self.hosts_of(&there).await?);
        Ok(())
    }

    /// How many subscriptions there are on each host, unless they are too few to matter.
    async fn hosts_of(&self, there: &[Subscription]) -> Result<Option<HashMap<String, usize>>, Problem> {
        if there.len() < self.rules.max_subscriptions_per_host {
            return Ok(None);
        }
        let sources: Vec<SourceId> = there.iter().map(|subscription| subscription.source).collect();
        let mut hosts = HashMap::new();
        for head in self.store.heads(&sources).await? {
            if let Ok(url) = Url::parse(&head.url) {
                *hosts.entry(fetch::host_key(&url)).or_default() += 1;
            }
        }
        Ok(Some(hosts))
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
    use domain::id::SystemEntropy;

    use super::*;

    fn quota(most: usize, taken: usize, most_per_host: usize) -> Quota {
        Quota {
            user: UserId::draw(&mut SystemEntropy),
            most,
            taken,
            most_per_host,
            hosts: Some(HashMap::new()),
            turn: Turn::default(),
            others: 0,
            begun: HashMap::new(),
            all_begun: 0,
            busy: Duration::ZERO,
        }
    }

    #[test]
    fn first_fetches_of_one_import_are_spread_over_hosts_and_in_all() {
        let mut quota = quota(10_000, 0, 10_000);
        let mut wait = |host: &str| quota.spread(host).as_millis();
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
        assert_eq!(["a", "b"].map(|host| later.spread(host).as_millis()), [10_000, 10_050]);
    }

    #[test]
    fn places_end_in_all_and_on_each_host() {
        let mut quota = Quota { hosts: Some(HashMap::from([("a".to_owned(), 1)])), ..quota(5, 1, 2) };
        for (host, fits) in
            [("a", true), ("a", false), ("b", true), ("b", true), ("b", false), ("c", true), ("d", false)]
        {
            let place = quota.check(host).map(|()| quota.made(host));
            assert_eq!(place.is_ok(), fits, "{host}");
        }
    }

    #[test]
    fn what_others_may_have_taken_counts_until_it_is_known() {
        for (hosts, taken, others, full, exact) in [
            (None, 4, 0, false, true),
            (None, 4, 1, true, false),
            (None, 5, 0, true, false),
            (Some(4), 8, 0, false, true),
            (Some(4), 8, 1, true, false),
            (Some(5), 8, 0, true, true),
            (Some(0), 10, 0, true, true),
            (Some(0), 7, 3, true, false),
        ] {
            let hosts = hosts.map(|there| HashMap::from([("a".to_owned(), there)]));
            let quota = Quota { hosts, others, ..quota(10, taken, 5) };
            assert_eq!((quota.may_be_full("a"), quota.is_exact()), (full, exact), "{taken} {others}");
        }
    }
}
