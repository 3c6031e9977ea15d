//! What was written since it was read, where one process answers for all tables: on one machine the embedded server tells here of every write, before its writer hears of it.
//!
//! Whoever notes a moment before they read, and finds the same moment later, knows that what they read is as it was. There is no false comfort: two things may share a place, and then
//! a write to one counts for both. In the cloud nobody tells, and there is no journal.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::id::{SourceId, UserId};

use crate::key::{self, HEAD, SUBSCRIPTION_PREFIX};

/// How many places there are: few enough for little memory, so many that strangers seldom meet.
const PLACES: usize = 1 << 15;
/// Stands for all items of a partition.
const ALL: &str = "*";
/// Stands for which subscriptions a user has.
const LIST: &str = "LIST";

/// Counts writes. Clones count together.
#[derive(Clone, Debug)]
pub struct Journal(Arc<[AtomicU64]>);

/// What one waits for: a write to an item, or to whatever is in its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    item: usize,
    partition: usize,
}

/// A state of what is watched: as long as it is the same, nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(u64);

impl Default for Journal {
    fn default() -> Self {
        Self(std::iter::repeat_with(AtomicU64::default).take(PLACES).collect())
    }
}

impl Journal {
    /// The names of partition key and sort key in the tables whose writes count.
    pub const KEY: [&str; 2] = [key::PK, key::SK];

    /// The item with these keys changed in place.
    pub fn changed(&self, pk: &str, sk: &str) {
        self.count(self.place(pk, sk));
        if sk.starts_with(SUBSCRIPTION_PREFIX) {
            self.count(self.place(pk, SUBSCRIPTION_PREFIX));
        }
    }

    /// The item with these keys came, went, or was replaced.
    pub fn replaced(&self, pk: &str, sk: &str) {
        self.changed(pk, sk);
        if sk.starts_with(SUBSCRIPTION_PREFIX) {
            self.count(self.place(pk, LIST));
        }
    }

    /// Something changed in the partition of this name, if there is one.
    pub fn named(&self, pk: &str) {
        self.count(self.place(pk, ALL));
    }

    /// Nobody knows what changed.
    pub fn anything(&self) {
        (0..PLACES).for_each(|place| self.count(place));
    }

    /// The head of a source.
    pub fn head(&self, source: SourceId) -> Watch {
        self.watch(&key::partition(source), HEAD)
    }

    /// Each of a user's subscriptions.
    pub fn subscriptions(&self, user: UserId) -> Watch {
        self.watch(&key::user_partition(user), SUBSCRIPTION_PREFIX)
    }

    /// To which sources a user subscribes.
    pub fn list(&self, user: UserId) -> Watch {
        self.watch(&key::user_partition(user), LIST)
    }

    /// One subscription.
    pub fn subscription(&self, user: UserId, source: SourceId) -> Watch {
        self.watch(&key::user_partition(user), &key::subscription_sort(source))
    }

    /// The state of what is watched, as of now.
    pub fn moment(&self, watch: Watch) -> Moment {
        let count = |place: usize| self.0[place].load(Ordering::Acquire);
        // Both only rise: the sum is the same only while both are.
        Moment(count(watch.item).wrapping_add(count(watch.partition)))
    }

    fn watch(&self, pk: &str, sk: &str) -> Watch {
        Watch { item: self.place(pk, sk), partition: self.place(pk, ALL) }
    }

    fn place(&self, pk: &str, sk: &str) -> usize {
        // The remainder is below a number that fits.
        (BuildHasherDefault::<DefaultHasher>::default().hash_one((pk, sk)) % PLACES as u64) as usize
    }

    fn count(&self, place: usize) {
        self.0[place].fetch_add(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn a_moment_passes_with_a_write_to_what_is_watched_and_with_no_other() {
        let journal = Journal::default();
        let user: UserId = "5e3ae8d4-1f36-4c5e-9f0a-6a7d1e0f2b3c".parse().unwrap();
        let source: SourceId = "3kTMd9aZ".parse().unwrap();
        let (head, person) = (key::partition(source), key::user_partition(user));
        let subscription = key::subscription_sort(source);
        let one = journal.subscription(user, source);
        let watches = [journal.head(source), one, journal.subscriptions(user), journal.list(user)];
        let check = |write: &dyn Fn(&Journal), passes: [bool; 4]| {
            let before = watches.map(|watch| journal.moment(watch));
            write(&journal);
            let after = watches.map(|watch| journal.moment(watch));
            assert_eq!(std::array::from_fn(|at| before[at] != after[at]), passes);
        };
        check(&|journal| journal.changed(&head, HEAD), [true, false, false, false]);
        check(&|journal| journal.replaced(&head, HEAD), [true, false, false, false]);
        check(&|journal| journal.replaced(&head, "J#1"), [false; 4]);
        check(&|journal| journal.named(&head), [true, false, false, false]);
        check(&|journal| journal.changed(&person, &subscription), [false, true, true, false]);
        check(&|journal| journal.replaced(&person, &subscription), [false, true, true, true]);
        check(&|journal| journal.replaced(&person, "IDEM#1"), [false; 4]);
        check(&|journal| journal.named(&person), [false, true, true, true]);
        check(&|journal| journal.anything(), [true; 4]);
    }
}
