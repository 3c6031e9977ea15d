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
        parse_canonical(text, 7).map(Self).ok_or(BadId {
            kind: "job",
            form: "a lower-case UUID of version 7",
        })
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
        Self {
            state: Mutex::new(State {
                millis: 0,
                tail: u128::MAX,
                entropy: Box::new(entropy),
            }),
        }
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
        JobId(Uuid::from_u128(
            u128::from(self.millis) << 80 | 7 << 76 | high << 64 | 2 << 62 | low,
        ))
    }
}
