//! The carry: the small facts that a finished job hands to the next one, so that a poll reads nothing from the store.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::response::{BodyHash, Validators};
use crate::time::Timestamp;

/// Why a source may not be fetched before some instant, beyond its interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// The server said how long its answer stays fresh (RFC 9111).
    Fresh,
    /// The server gave no validators, so it is asked less often.
    NoValidators,
    /// The server sent `Retry-After` (RFC 9110 §10.2.3).
    RetryAfter,
    /// The server refused (403, 429) without saying for how long.
    Refused,
    /// The feed killed the process that read it.
    Poisoned,
    /// The last attempts failed. A reason that newer code came up with is read so too: its instant counts all the same.
    #[serde(other)]
    Backoff,
}

impl Hold {
    /// For people and programs: stable words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::NoValidators => "no_validators",
            Self::RetryAfter => "retry_after",
            Self::Refused => "refused",
            Self::Backoff => "backoff",
            Self::Poisoned => "poisoned",
        }
    }
}

/// An instant before which a source is not fetched, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NotBefore {
    /// Real time, never scaled.
    pub at: Timestamp,
    /// Why.
    pub why: Hold,
}

/// What one job knows from all before it. Whoever finishes a job hands on what it did not change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Carry {
    /// When the last GET started, or the latest instant at which it could have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_get: Option<Timestamp>,
    /// Of the last body that was landed; a body that could not be read or landed must come again.
    #[serde(default)]
    pub validators: Validators,
    /// Of that same body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_hash: Option<BodyHash>,
    /// Failures in a row that were the origin's.
    #[serde(default)]
    pub streak: u16,
    /// What the origin asked for, or its failures cost it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<NotBefore>,
    /// The last answer was 410: one more and the source is gone.
    #[serde(default)]
    pub gone_once: bool,
    /// Decayed mean of fetch times in milliseconds; 0 when nothing was fetched yet.
    #[serde(default)]
    pub fetch_ms: u32,
    /// Whether no body was read since the window was last looked at: changes before that are not "in a row".
    #[serde(default)]
    pub quiet: bool,
}

/// Each new fetch time weighs a quarter.
const DECAY: u64 = 4;

impl Carry {
    /// The decayed mean after one more fetch that took `took`.
    pub fn fetch_ms_after(&self, took: Duration) -> u32 {
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).min(u64::from(u32::MAX));
        let mean = match self.fetch_ms {
            0 => took.max(1),
            before => (u64::from(before) * (DECAY - 1) + took) / DECAY,
        };
        u32::try_from(mean).unwrap_or(u32::MAX)
    }

    /// The carry for whoever closes a job of another, or one that never fetched: everything as `self`, but the GET may have been as late as `last_get`.
    #[must_use]
    pub fn with_possible_get(&self, last_get: Option<Timestamp>) -> Self {
        Self { last_get: self.last_get.max(last_get), ..self.clone() }
    }
}
