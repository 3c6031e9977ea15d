//! Token buckets: how many requests someone may send. In memory, an environment each, since an approximate limit is worth no write.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::id::UserId;
use domain::time::Timestamp;

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// A person, from wherever.
    User(UserId),
    /// Whoever is behind one address; an IPv6 customer has a whole /64.
    Network(IpAddr),
}

impl Who {
    pub(super) fn network(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => Self::Network(IpAddr::V6((address.to_bits() >> 64 << 64).into())),
            v4 @ IpAddr::V4(_) => Self::Network(v4),
        }
    }
}

/// How far a limit is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    /// Requests a minute, and at once.
    pub(super) quota: u32,
    /// How many more may be sent right now.
    pub(super) left: u32,
    /// When one may be sent, if none is left; else when all of them may.
    pub(super) wait: Duration,
}

/// What a full bucket lasts at an even pace.
pub(super) const WINDOW: Duration = Duration::from_secs(60);
/// The most that are counted at once: about a megabyte.
const CAPACITY: usize = 10_000;

/// Buckets, bounded in number. A bucket is one number: the microsecond at which it will be full again.
pub(super) struct Buckets(Mutex<HashMap<Who, i64>>);

impl Buckets {
    pub(super) fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    /// Takes one of `who`'s `quota` requests a minute.
    ///
    /// # Errors
    /// When none is left; then nothing is taken.
    pub(super) fn take(&self, who: Who, quota: u32, now: Timestamp) -> Result<Level, Level> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = micros(now);
        let full_at = buckets.get(&who).map_or(now, |full_at| (*full_at).max(now));
        let after = full_at + price(quota);
        if after - now > window() {
            return Err(level(full_at - now, quota));
        }
        if buckets.len() >= CAPACITY && !buckets.contains_key(&who) {
            make_room(&mut buckets, now);
        }
        buckets.insert(who, after);
        Ok(level(after - now, quota))
    }

    /// Gives back what was taken.
    pub(super) fn give_back(&self, who: Who, quota: u32) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = buckets.get_mut(&who) {
            *full_at -= price(quota);
        }
    }
}

/// Forgets full buckets, which say nothing; if there are none, the half that is fullest: who has used up most stays counted.
fn make_room(buckets: &mut HashMap<Who, i64>, now: i64) {
    buckets.retain(|_, full_at| *full_at > now);
    if buckets.len() < CAPACITY {
        return;
    }
    let mut all: Vec<i64> = buckets.values().copied().collect();
    let (_, middle, _) = all.select_nth_unstable(CAPACITY / 2);
    let middle = *middle;
    buckets.retain(|_, full_at| *full_at > middle);
}

fn level(missing: i64, quota: u32) -> Level {
    let price = price(quota);
    let left = u32::try_from((window() - missing) / price).unwrap_or(0);
    let wait = if left == 0 { missing + price - window() } else { missing };
    Level { quota, left, wait: Duration::from_micros(u64::try_from(wait).unwrap_or(0)) }
}

/// What one request costs, in microseconds of filling.
fn price(quota: u32) -> i64 {
    (window() / i64::from(quota.max(1))).max(1)
}

const fn window() -> i64 {
    WINDOW.as_micros() as i64
}

fn micros(now: Timestamp) -> i64 {
    now.as_millis().saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::SystemEntropy;

    const NOON: Timestamp = Timestamp::from_secs(1_780_000_000);

    fn someone() -> Who {
        Who::User(UserId::draw(&mut SystemEntropy))
    }

    fn after(millis: u64) -> Timestamp {
        NOON + Duration::from_millis(millis)
    }

    #[test]
    fn a_minutes_worth_may_come_at_once_and_then_at_its_pace() {
        let (buckets, who) = (Buckets::new(), someone());
        for left in (0..60).rev() {
            assert_eq!(buckets.take(who, 60, NOON).map(|level| level.left), Ok(left));
        }
        let refused = buckets.take(who, 60, NOON);
        assert_eq!(refused, Err(Level { quota: 60, left: 0, wait: Duration::from_secs(1) }));
        assert!(buckets.take(who, 60, after(999)).is_err(), "a refusal takes nothing, and a second is a second");
        assert!(buckets.take(who, 60, after(1_000)).is_ok());
        assert!(buckets.take(who, 60, after(1_000)).is_err());
        assert!(buckets.take(someone(), 60, NOON).is_ok(), "others are not affected");
        assert_eq!(buckets.take(who, 60, after(1_000 + 59_000)).map(|level| level.left), Ok(58));
        assert_eq!(
            buckets.take(who, 60, after(600_000)).map(|level| level.left),
            Ok(59),
            "never more than a minute's worth"
        );
    }

    #[test]
    fn what_is_given_back_was_never_taken() {
        let (buckets, who) = (Buckets::new(), someone());
        for _ in 0..100 {
            assert_eq!(buckets.take(who, 7, NOON).map(|level| level.left), Ok(6));
            buckets.give_back(who, 7);
        }
    }

    #[test]
    fn a_clock_that_is_set_back_forgives_nothing_and_locks_nobody_out_for_longer_than_it_was() {
        let (buckets, who) = (Buckets::new(), someone());
        assert!(buckets.take(who, 1, after(5_000)).is_ok());
        assert_eq!(buckets.take(who, 1, NOON).map_err(|level| level.wait), Err(Duration::from_secs(65)));
        assert!(buckets.take(who, 1, after(65_000)).is_ok());
    }

    #[test]
    fn the_table_is_bounded_and_keeps_those_who_used_up_most() {
        let (buckets, greedy) = (Buckets::new(), someone());
        for _ in 0..60 {
            assert!(buckets.take(greedy, 60, NOON).is_ok());
        }
        for _ in 0..3 * CAPACITY {
            assert!(buckets.take(someone(), 60, NOON).is_ok());
        }
        assert!(buckets.take(greedy, 60, NOON).is_err());
        assert!(buckets.0.lock().unwrap().len() <= CAPACITY);
    }

    #[test]
    fn a_customer_of_ipv6_is_one_network_and_a_mapped_address_is_its_own() {
        let network = |address: &str| Who::network(address.parse().unwrap());
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
