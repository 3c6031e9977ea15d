//! The one place that asks what time it is.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::time::Timestamp;

/// Tells the time; tests hand in one of their own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The system's clock.
pub fn system() -> Clock {
    Arc::new(now)
}

/// The present, to the millisecond. A clock set before 1970 reads as 1970.
#[expect(clippy::disallowed_methods, reason = "this is the wall clock's home")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// When a function is stopped, from what the platform told with its event (milliseconds since the epoch).
///
/// `cargo lambda watch` tells an instant in 1970: then the function has its whole `timeout`.
pub fn deadline(told_millis: u64, now: Timestamp, timeout: Duration) -> Timestamp {
    let told = Timestamp::from_millis(i64::try_from(told_millis).unwrap_or(i64::MAX));
    if told > now { told } else { now + timeout }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_what_the_platform_says_unless_it_says_nothing() {
        let (now, timeout) = (Timestamp::from_secs(1_800_000_000), Duration::from_secs(30));
        assert_eq!(deadline(1_800_000_007_000, now, timeout), now + Duration::from_secs(7));
        assert_eq!(deadline(600, now, timeout), now + timeout);
    }
}
