//! How long a source rests after it failed.

use std::time::Duration;

/// A source that fails is asked at least this often: it is never dead for ever.
pub const CEILING: Duration = Duration::from_secs(36 * 3600);
/// 403 and 429 without `Retry-After` wait at least this long.
pub const REFUSED: Duration = Duration::from_secs(4 * 3600);
/// A feed that killed its fetcher waits this long.
pub const POISONED: Duration = Duration::from_secs(24 * 3600);

/// The wait after `streak` failures in a row: `interval` doubled at each failure after the first, at most [`CEILING`] (or `interval`, if that is longer).
///
/// The first failure waits `interval` itself, so that a hiccup costs nothing.
pub fn after(streak: u16, interval: Duration) -> Duration {
    let doublings = u32::from(streak.saturating_sub(1)).min(16);
    interval.saturating_mul(1 << doublings).min(CEILING.max(interval))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn each_failure_in_a_row_doubles_the_wait_up_to_the_ceiling() {
        let waits: Vec<u64> = (0..=8).map(|streak| after(streak, HOUR).as_secs() / 3600).collect();
        assert_eq!(waits, [1, 1, 2, 4, 8, 16, 32, 36, 36]);
        assert_eq!(after(u16::MAX, HOUR), CEILING);
    }

    #[test]
    fn a_long_interval_is_never_shortened() {
        assert_eq!(after(9, 48 * HOUR), 48 * HOUR);
    }
}
