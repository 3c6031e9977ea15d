//! The attributes of a queue: their names, bounds and defaults.

use super::error::SqsError;
use crate::{ACCOUNT, REGION};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Attribute names and values as they go over the wire.
pub type Attributes = BTreeMap<String, String>;

/// The longest a message may stay invisible: 12 hours, in seconds.
pub(super) const VISIBILITY_SECONDS: RangeInclusive<i64> = 0..=43_200;
/// The longest a message may be delayed: 15 minutes, in seconds.
pub(super) const DELAY_SECONDS: RangeInclusive<i64> = 0..=900;
/// The longest a receive may wait, in seconds.
pub(super) const WAIT_SECONDS: RangeInclusive<i64> = 0..=20;
/// The largest message, and the largest batch: 1 MiB.
pub(super) const LARGEST_BYTES: usize = 1_048_576;

/// What can be set. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) visibility: i64,
    pub(super) retention: i64,
    pub(super) delay: i64,
    pub(super) wait: i64,
    pub(super) largest: i64,
    pub(super) redrive: Option<Redrive>,
}

/// Where a message goes that was received too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redrive {
    /// The name of the dead-letter queue.
    pub(super) target: String,
    /// After how many receives.
    pub(super) after: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { visibility: 30, retention: 345_600, delay: 0, wait: 0, largest: LARGEST_BYTES as i64, redrive: None }
    }
}

impl Settings {
    /// These settings, changed by `attributes`.
    pub(super) fn with(&self, attributes: &Attributes) -> Result<Self, SqsError> {
        let mut changed = self.clone();
        for (name, value) in attributes {
            let (field, bounds) = match name.as_str() {
                "VisibilityTimeout" => (&mut changed.visibility, VISIBILITY_SECONDS),
                "MessageRetentionPeriod" => (&mut changed.retention, 60..=1_209_600),
                "DelaySeconds" => (&mut changed.delay, DELAY_SECONDS),
                "ReceiveMessageWaitTimeSeconds" => (&mut changed.wait, WAIT_SECONDS),
                "MaximumMessageSize" => (&mut changed.largest, 1_024..=LARGEST_BYTES as i64),
                "RedrivePolicy" => {
                    changed.redrive = Redrive::parse(value)?;
                    continue;
                }
                _ => return Err(SqsError::InvalidAttributeName(name.clone())),
            };
            *field = value
                .parse()
                .ok()
                .filter(|number| bounds.contains(number))
                .ok_or_else(|| SqsError::InvalidAttributeValue(name.clone()))?;
        }
        Ok(changed)
    }

    pub(super) fn to_attributes(&self) -> Attributes {
        let mut all: Attributes = [
            ("VisibilityTimeout", self.visibility),
            ("MessageRetentionPeriod", self.retention),
            ("DelaySeconds", self.delay),
            ("ReceiveMessageWaitTimeSeconds", self.wait),
            ("MaximumMessageSize", self.largest),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_string()))
        .into();
        if let Some(redrive) = &self.redrive {
            let policy =
                serde_json::json!({ "deadLetterTargetArn": arn(&redrive.target), "maxReceiveCount": redrive.after });
            all.insert("RedrivePolicy".to_owned(), policy.to_string());
        }
        all
    }
}

impl Redrive {
    /// An empty policy takes redrive away.
    fn parse(policy: &str) -> Result<Option<Self>, SqsError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Policy {
            dead_letter_target_arn: String,
            max_receive_count: serde_json::Value,
        }
        if policy.is_empty() {
            return Ok(None);
        }
        let refused = |why: &str| {
            SqsError::InvalidParameterValue(format!(
                "Value {policy} for parameter RedrivePolicy is invalid. Reason: {why}"
            ))
        };
        let parsed: Policy = serde_json::from_str(policy).map_err(|error| refused(&error.to_string()))?;
        let count = &parsed.max_receive_count;
        let after = count.as_i64().or_else(|| count.as_str()?.parse().ok()).filter(|count| (1..=1_000).contains(count));
        let after = after.ok_or_else(|| refused("maxReceiveCount is not a number from 1 to 1000."))?;
        let target = parsed.dead_letter_target_arn.strip_prefix(&arn(""));
        let target = target.ok_or_else(|| refused("deadLetterTargetArn is not the name of a queue of this server."))?;
        Ok(Some(Self { target: target.to_owned(), after }))
    }
}

/// The name of a queue in policies and mappings.
pub fn arn(queue: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}")
}

/// Queue names are 1 to 80 letters, digits, hyphens and underscores.
pub(super) fn check_name(name: &str) -> Result<(), SqsError> {
    if is_plain(name) {
        return Ok(());
    }
    Err(SqsError::InvalidParameterValue(
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.".to_owned(),
    ))
}

/// Whether this can name a queue or a batch entry.
pub(super) fn is_plain(name: &str) -> bool {
    (1..=80).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Refuses a number of a request that is out of its bounds.
pub(super) fn check_bounds(name: &str, value: Option<i64>, bounds: RangeInclusive<i64>) -> Result<(), SqsError> {
    match value {
        Some(value) if !bounds.contains(&value) => Err(SqsError::InvalidParameterValue(format!(
            "Value {value} for parameter {name} is invalid. Reason: Must be between {} and {}, if provided.",
            bounds.start(),
            bounds.end()
        ))),
        _ => Ok(()),
    }
}
