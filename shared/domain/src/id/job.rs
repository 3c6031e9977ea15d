//! Ids of jobs: UUIDv7 (RFC 9562, section 5.7), whose text order is their time order.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::{Uuid, Variant};

use super::text::{self, BadId};
use super::{Entropy, SystemEntropy};
use crate::time::Timestamp;

/// The canonical text of `text`'s UUID must be `text` itself: hyphenated, lower-case, of `version`.
pub(super) fn parse_canonical(text: &str, version: usize) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok()?;
    let canonical = &*uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text;
    let ours = uuid.get_variant() == Variant::RFC4122 && uuid.get_version_num() == version;
    (canonical && ours).then_some(uuid)
}

/// Names one job. Ordered by the time it was made, as a value and as text: a sort key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(Uuid);

impl JobId {
    /// When the id was made, by the clock of the process that made it.
    pub fn timestamp(self) -> Timestamp {
        let millis = self.0.as_u128() >> 80;
        Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }
}

impl FromStr for JobId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        parse_canonical(text, 7).map(Self).ok_or(BadId { kind: "job", form: "a lower-case UUID of version 7" })
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job:{self}")
    }
}

impl Serialize for JobId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl<'de> Deserialize<'de> for JobId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::parse(deserializer)
    }
}

/// The largest time that 48 bits can say: the year 10889.
const LAST_MILLIS: u64 = (1 << 48) - 1;
/// What follows the time: 12 bits before the variant and 62 behind it.
const TAIL_BITS: u32 = 74;

/// Makes [`JobId`]s, each greater than the one before: across threads, within one millisecond, and when the clock is set
/// back (they then keep the latest time seen until the clock has caught up). One per process.
pub struct JobIdMint {
    state: Mutex<State>,
}

struct State {
    millis: u64,
    tail: u128,
    entropy: Box<dyn Entropy + Send>,
}

impl JobIdMint {
    /// A mint that draws on `entropy`.
    pub fn new(entropy: impl Entropy + Send + 'static) -> Self {
        Self { state: Mutex::new(State { millis: 0, tail: u128::MAX, entropy: Box::new(entropy) }) }
    }

    /// The next id, of time `now` or, if ids of a later time were made, of that.
    pub fn next(&self, now: Timestamp) -> JobId {
        // Whoever panicked while holding the lock left a state that is still right: greater than every id given out.
        self.state.lock().unwrap_or_else(PoisonError::into_inner).next(now)
    }
}

impl Default for JobIdMint {
    fn default() -> Self {
        Self::new(SystemEntropy)
    }
}

impl fmt::Debug for JobIdMint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JobIdMint")
    }
}

impl State {
    /// RFC 9562, section 6.2, method 2: what is random is also the counter, and grows by a random step.
    fn next(&mut self, now: Timestamp) -> JobId {
        let now = u64::try_from(now.as_millis()).unwrap_or(0).min(LAST_MILLIS);
        let mut random = [0; 16];
        self.entropy.fill(&mut random);
        let random = u128::from_le_bytes(random);
        let grown = self.tail.saturating_add(1 + u128::from(random as u32));
        if now > self.millis || grown >> TAIL_BITS != 0 {
            self.millis = now.max(self.millis + u64::from(now <= self.millis)).min(LAST_MILLIS);
            // The top bit stays free, so that at least 2^41 steps fit into a millisecond.
            self.tail = random >> (128 - TAIL_BITS + 1);
        } else {
            self.tail = grown;
        }
        let (high, low) = (self.tail >> 62, self.tail & ((1 << 62) - 1));
        JobId(Uuid::from_u128(u128::from(self.millis) << 80 | 7 << 76 | high << 64 | 2 << 62 | low))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Seeded;
    use super::*;
    use proptest::prelude::*;

    const NOON: Timestamp = Timestamp::from_secs(1_780_000_000);

    #[test]
    fn only_the_canonical_text_of_version_7_is_a_job_id() {
        let good = "019a4c3e-7b5d-7c21-8f00-0123456789ab";
        assert_eq!(good.parse::<JobId>().map(|id| id.to_string()), Ok(good.to_owned()));
        assert_eq!(good.parse::<JobId>().unwrap().timestamp().to_string(), "2025-11-04T00:22:34.589Z");
        let refused = [
            "",
            "019A4C3E-7B5D-7C21-8F00-0123456789AB",
            "019a4c3e-7b5d-7C21-8f00-0123456789ab",
            "019a4c3e7b5d7c218f000123456789ab",
            "{019a4c3e-7b5d-7c21-8f00-0123456789ab}",
            "urn:uuid:019a4c3e-7b5d-7c21-8f00-0123456789ab",
            "019a4c3e-7b5d-7c21-8f00-0123456789ab ",
            "019a4c3e-7b5d-7c21-8f00-0123456789a",
            "019a4c3e-7b5d-7c21-cf00-0123456789ab",
            "019a4c3e-7b5d-7c21-7f00-0123456789ab",
            "019a4c3e-7b5d-4c21-8f00-0123456789ab",
            "ff06aa00-833b-11ee-8043-020000000001",
            "1ee833bf-f06a-6a00-8043-020000000001",
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "not an id",
        ];
        for text in refused {
            assert!(text.parse::<JobId>().is_err(), "{text}");
            assert!(serde_json::from_value::<JobId>(text.into()).is_err(), "{text}");
        }
    }

    #[test]
    fn the_text_of_version_1_does_not_sort_by_time_and_ours_does() {
        let (early, late) = ("ff06aa00-833b-11ee-8043-020000000001", "0332c780-833c-11ee-8044-020000000001");
        let millis = |text: &str| {
            let (secs, nanos) = text.parse::<Uuid>().unwrap().get_timestamp().unwrap().to_unix();
            (secs * 1000 + u64::from(nanos / 1_000_000)) as i64
        };
        assert_eq!(millis(late) - millis(early), 7_000);
        assert!(early > late, "version 1 as text: the earlier one is the greater");

        let mint = JobIdMint::default();
        let [early, late] = [early, late].map(|text| mint.next(Timestamp::from_millis(millis(text))));
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(late.timestamp().since(early.timestamp()).as_secs(), 7);
    }

    #[test]
    fn ids_of_one_millisecond_keep_their_order_across_threads() {
        let mint = JobIdMint::default();
        let latest = Mutex::new(mint.next(NOON));
        let mut all: Vec<JobId> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        let made = |_| {
                            let before = *latest.lock().unwrap();
                            let id = mint.next(NOON);
                            assert!(before < id, "whatever any thread made before is smaller");
                            let mut latest = latest.lock().unwrap();
                            *latest = id.max(*latest);
                            id
                        };
                        (0..5_000).map(made).collect::<Vec<_>>()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert!(all.iter().all(|id| id.timestamp() == NOON));
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 20_000);
    }

    #[test]
    fn a_full_millisecond_runs_into_the_next() {
        let mint = JobIdMint::new(Seeded(1));
        let before = mint.next(NOON);
        mint.state.lock().unwrap().tail = (1 << TAIL_BITS) - 1;
        let after = mint.next(NOON);
        assert!(after > before);
        assert_eq!(after.timestamp().as_millis(), NOON.as_millis() + 1);
    }

    proptest! {
        #[test]
        fn ids_rise_whatever_the_clock_does_and_parse_what_they_print(
            seed: u64, steps in prop::collection::vec(prop_oneof![-5i64..5, -100_000i64..100_000, Just(i64::MIN), Just(i64::MAX)], 1..60)
        ) {
            let mint = JobIdMint::new(Seeded(seed));
            let mut before: Option<JobId> = None;
            for step in steps {
                let now = Timestamp::from_millis(NOON.as_millis().saturating_add(step));
                let id = mint.next(now);
                prop_assert_eq!(id.to_string().parse::<JobId>(), Ok(id));
                prop_assert_eq!(serde_json::from_value::<JobId>(serde_json::to_value(id).unwrap()).unwrap(), id);
                if let Some(before) = before {
                    prop_assert!(before < id && before.to_string() < id.to_string());
                }
                before = Some(id);
            }
        }
    }
}
