//! The deployment template says what the code says: tables, queues, numbers, settings, roles. Each is compared both ways, so that neither
//! can grow without the other.

mod functions;
mod metrics;
mod platform;
mod profiles;
mod queues;
mod roles;
mod tables;

use blueprint::Blueprint;
use serde_json::Value;

fn template() -> Blueprint {
    Blueprint::read().unwrap()
}

/// A number, however it is written.
fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{value} is no number"))
}

fn names(resources: Vec<(&str, &Value)>) -> Vec<String> {
    resources.into_iter().map(|(name, _)| name.to_owned()).collect()
}
