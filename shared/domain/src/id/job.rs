//! Job ids: UUID version 7 (RFC 9562 §5.7), whose text order is time order.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Deserializer, Serialize};
use uuid::{ContextV7, Uuid};

use super::BadId;
use crate::time::Timestamp;

/// Names a job; sorts by the time at which it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct JobId(Uuid);

impl JobId {
    /// When it was made, to the millisecond.
    pub fn timestamp(self) -> Timestamp {
        let millis = self.0.as_u128() >> 80;
        Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for JobId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        canonical(text, 7).map(Self).ok_or(BadId { kind: "job id", shape: "the form of a lower-case UUID, version 7" })
    }
}

impl<'de> Deserialize<'de> for JobId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The UUID that `text` writes in the one form that is printed; `None` for another form, version or variant.
pub(super) fn canonical(text: &str, version: usize) -> Option<Uuid> {
    let lower = |byte: u8| byte == b'-' || byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != 36 || !text.bytes().all(lower) {
        return None;
    }
    let uuid = Uuid::try_parse(text).ok()?;
    (uuid.get_version_num() == version && uuid.get_variant() == uuid::Variant::RFC4122).then_some(uuid)
}

/// Makes job ids that rise within this process: across threads, within a millisecond, and through a clock that steps back.
#[derive(Default)]
pub struct JobIdMint(Mutex<ContextV7>);

impl JobIdMint {
    /// An id made at `now`, greater than all before it.
    pub fn next(&self, now: Timestamp) -> JobId {
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        let nanos = u32::try_from(millis % 1000).unwrap_or(0) * 1_000_000;
        // The id is made under the lock: the order of the counters is the order of the ids.
        let context = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        JobId(Uuid::new_v7(uuid::Timestamp::from_unix(&*context, millis / 1000, nanos)))
    }
}

impl fmt::Debug for JobIdMint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JobIdMint")
    }
}
