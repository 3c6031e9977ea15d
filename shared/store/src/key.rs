//! Every key format of all tables, and how to read it back.

mod readers;

use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{JobId, PostNumber, SourceId};
use domain::parsed::NaturalKey;
use domain::time::Timestamp;
use domain::wheel::{Minute, Slot};

use crate::row::Item;
use crate::tasks::Task;

pub(crate) use readers::*;

/// Partition key of `sources` and `readers`.
pub(crate) const PK: &str = "pk";
/// Sort key of `sources` and `readers`.
pub(crate) const SK: &str = "sk";
/// Partition key of `posts`.
pub(crate) const NUMBER: &str = "number";

/// Sort key of the public part of a source.
pub(crate) const HEAD: &str = "HEAD";
/// Sort key of the fetcher's part of a source.
pub(crate) const POLL: &str = "POLL";
/// Sort key of the pointer: `~` sorts after `#`, so one reverse query shows pointer and newest finished job.
pub(crate) const POINTER: &str = "J~";
/// What sort keys of finished jobs begin with.
pub(crate) const JOB_PREFIX: &str = "J#";
/// What sort keys of natural keys begin with.
pub(crate) const NATURAL_PREFIX: &str = "K#";
/// Partition of paused hosts.
pub(crate) const PAUSED: &str = "PAUSED";
/// Partition of deletions under way.
pub(crate) const SWEEP: &str = "SWEEP";
/// Partition of the sources that rest, in the order in which they began to.
pub(crate) const RESTING: &str = "RESTING";
/// What the slot of a source begins with that is not active: lists see it, the wheel does not.
pub(crate) const PARKED_PREFIX: &str = "parked#";

/// One item's key; it says which table the item lives in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// In `sources`.
    Source {
        /// Partition.
        pk: String,
        /// Sort key.
        sk: String,
    },
    /// In `posts`.
    Post(PostNumber),
    /// In `readers`.
    Reader {
        /// Partition.
        pk: String,
        /// Sort key.
        sk: String,
    },
}

impl Key {
    fn pair(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self::Source { pk: pk.into(), sk: sk.into() }
    }

    pub(crate) fn head(source: SourceId) -> Self {
        Self::pair(partition(source), HEAD)
    }

    pub(crate) fn poll(source: SourceId) -> Self {
        Self::pair(partition(source), POLL)
    }

    pub(crate) fn pointer(source: SourceId) -> Self {
        Self::pair(partition(source), POINTER)
    }

    pub(crate) fn job(source: SourceId, job: JobId) -> Self {
        Self::pair(partition(source), format!("{JOB_PREFIX}{job}"))
    }

    pub(crate) fn natural(source: SourceId, key: NaturalKey) -> Self {
        Self::pair(partition(source), format!("{NATURAL_PREFIX}{}", key.to_hex()))
    }

    /// Of a normalised URL: hashed, since URLs may be longer than keys.
    pub(crate) fn url(normalised: &str) -> Self {
        let hash = blake3::hash(normalised.as_bytes()).to_hex();
        Self::pair(format!("URL#{}", &hash[..32]), "-")
    }

    pub(crate) fn due(shard: u8, minute: Minute, source: SourceId) -> Self {
        Self::pair(due_partition(shard, minute), source.to_string())
    }

    pub(crate) fn cursor(shard: u8) -> Self {
        Self::pair(format!("WHEEL#{shard}"), "CURSOR")
    }

    pub(crate) fn paused(host: &str) -> Self {
        Self::pair(PAUSED, host)
    }

    pub(crate) fn sweep(source: SourceId) -> Self {
        Self::pair(SWEEP, source.to_string())
    }

    /// Of a source that rests since then.
    pub(crate) fn resting(since: Timestamp, source: SourceId) -> Self {
        Self::pair(RESTING, format!("{}#{source}", resting_since(since)))
    }

    pub(crate) fn meta() -> Self {
        Self::pair("META", "SCHEMA")
    }

    pub(crate) fn task(task: Task) -> Self {
        Self::pair("META", format!("TASK#{}", task.as_str()))
    }

    /// Of the migration that leads to that schema.
    pub(crate) fn migration(schema: u32) -> Self {
        Self::pair("META", format!("MIGRATION#{schema:04}"))
    }

    pub(crate) fn post(number: PostNumber) -> Self {
        Self::Post(number)
    }

    /// The key attributes.
    pub(crate) fn item(&self) -> Item {
        match self {
            Self::Source { pk, sk } | Self::Reader { pk, sk } => Item::from([
                (PK.to_owned(), AttributeValue::S(pk.clone())),
                (SK.to_owned(), AttributeValue::S(sk.clone())),
            ]),
            Self::Post(number) => Item::from([(NUMBER.to_owned(), AttributeValue::N(number.get().to_string()))]),
        }
    }

    /// The key of an item of `sources`; `None` for an item without one.
    pub(crate) fn of(item: &Item) -> Option<Self> {
        Some(Self::pair(item.get(PK)?.as_s().ok()?, item.get(SK)?.as_s().ok()?))
    }
}

/// The partition that holds all of a source.
pub(crate) fn partition(source: SourceId) -> String {
    format!("S#{source}")
}

/// The partition of the sources that are to be looked at in `minute` besides its slots.
pub(crate) fn due_partition(shard: u8, minute: Minute) -> String {
    format!("DUE#{shard}#{}", minute.0)
}

/// The first part of the sort key of a resting source: milliseconds, in as many digits as the year 2286 needs, so that text order is time order.
pub(crate) fn resting_since(since: Timestamp) -> String {
    format!("{:013}", since.as_millis().max(0))
}

/// The source of a sort key made by [`Key::resting`].
pub(crate) fn rested(sk: &str) -> Option<SourceId> {
    sk.split_once('#')?.1.parse().ok()
}

/// The inverse of [`partition`].
pub(crate) fn source_of(pk: &str) -> Option<SourceId> {
    pk.strip_prefix("S#")?.parse().ok()
}

/// The job of a sort key made by [`Key::job`].
pub(crate) fn job_of(sk: &str) -> Option<JobId> {
    sk.strip_prefix(JOB_PREFIX)?.parse().ok()
}

/// The natural key of a sort key made by [`Key::natural`].
pub(crate) fn natural_of(sk: &str) -> Option<NaturalKey> {
    NaturalKey::from_hex(sk.strip_prefix(NATURAL_PREFIX)?)
}

/// A slot as the index `by_slot` keeps it.
pub(crate) fn slot(slot: Slot) -> String {
    format!("{}#{}#{}", slot.period, slot.phase, slot.shard)
}

/// The inverse of [`slot`]; `None` for one that is parked.
pub(crate) fn slot_of(text: &str) -> Option<Slot> {
    let mut parts = text.split('#');
    let slot = Slot { period: digits(parts.next()?)?, phase: digits(parts.next()?)?, shard: digits(parts.next()?)? };
    parts.next().is_none().then_some(slot)
}

/// The slot of sources that are not polled.
pub(crate) fn parked(shard: u8) -> String {
    format!("{PARKED_PREFIX}{shard}")
}

/// A number written as we write it: no sign, no leading zero.
fn digits<T: FromStr + ToString>(text: &str) -> Option<T> {
    text.parse().ok().filter(|number: &T| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::wheel::PERIODS;
    use proptest::prelude::*;

    fn sk(key: &Key) -> &str {
        match key {
            Key::Source { sk, .. } | Key::Reader { sk, .. } => sk,
            Key::Post(_) => panic!("a post has no sort key"),
        }
    }

    fn sources() -> impl Strategy<Value = SourceId> {
        "[0-9A-Za-z]{8}".prop_map(|text| text.parse().expect("eight base62 characters"))
    }

    proptest! {
        #[test]
        fn keys_come_back_as_they_were_made(
            source in sources(), natural in any::<[u8; 16]>(), period in 0..PERIODS.len(), phase in any::<u32>(), shard in any::<u8>()
        ) {
            prop_assert_eq!(source_of(&partition(source)), Some(source));
            let natural = NaturalKey(natural);
            prop_assert_eq!(natural_of(sk(&Key::natural(source, natural))), Some(natural));
            let place = Slot { period: PERIODS[period], phase, shard };
            prop_assert_eq!(slot_of(&slot(place)), Some(place));
            prop_assert_eq!(slot_of(&parked(shard)), None);
            for key in [Key::head(source), Key::pointer(source), Key::natural(source, natural), Key::paused("example.org")] {
                prop_assert_eq!(Key::of(&key.item()), Some(key));
            }
        }

        #[test]
        fn what_is_read_as_a_key_prints_as_it_was(text in "\\PC{0,20}") {
            if let Some(source) = source_of(&text) {
                prop_assert_eq!(partition(source), text.clone());
            }
            if let Some(place) = slot_of(&text) {
                prop_assert_eq!(slot(place), text);
            }
        }
    }

    #[test]
    fn the_pointer_sorts_after_every_finished_job_and_before_natural_keys() {
        let job = format!("{JOB_PREFIX}ffffffff-ffff-7fff-bfff-ffffffffffff");
        assert!(job.as_str() < POINTER);
        assert!(POINTER < NATURAL_PREFIX);
        assert_eq!(job_of(&job).map(|job| job.to_string()), Some(job[2..].to_owned()));
    }
}
