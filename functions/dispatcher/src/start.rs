//! What starts a run.

use serde::Deserialize;

/// The event of a run: EventBridge Scheduler's own, of which nothing is needed (the cursor says what is due, the clock what time it is),
/// or `{"shard": 3}` from a schedule of that shard's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Start {
    /// Which shard to walk; without it, all of them, one after the other.
    #[serde(default)]
    pub shard: Option<u8>,
}
