//! Whether a job may be started now. Pure.

use std::time::Duration;

use domain::message::FetchMessage;
use domain::time::Timestamp;
use domain::timing::MAX_DELAY;

/// How long what was left over waits before it comes again.
pub(crate) const LEFTOVER_DELAY: Duration = Duration::from_secs(10);

/// Whether a job may be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    /// Yes.
    Now,
    /// Not yet: it goes back to the queue for this long.
    In(Duration),
    /// Never: its host is paused until beyond the work age.
    TooLate,
}

/// Judges by the earliest start and by the pause of its host. A pause is treated like an earliest start, since neither is the source's fault
/// and both end by themselves; the work age still counts from the first earliest start, so that nothing goes round for ever.
pub(crate) fn ready(message: &FetchMessage, paused_until: Option<Timestamp>, now: Timestamp) -> Ready {
    let start = message.earliest.max(paused_until.unwrap_or(message.earliest));
    if start <= now {
        return Ready::Now;
    }
    if start > message.work_until() { Ready::TooLate } else { Ready::In(start.until(now).min(MAX_DELAY)) }
}

/// How much time there has to be to begin a GET: its whole time-out, or less where the source is known to be quick.
///
/// So a source is not put off because it might take long, and a batch has room for many sources of one host.
pub(crate) fn needs(message: &FetchMessage) -> Duration {
    match message.carry.fetch_ms {
        0 => message.timeout(),
        mean => Duration::from_millis(u64::from(mean) * 4).max(QUICK).min(message.timeout()),
    }
}

/// Even the quickest source gets so long.
const QUICK: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_secs(1_769_860_800);

    fn message(fetch_ms: u32) -> FetchMessage {
        FetchMessage {
            v: 1,
            job: "019c1405-1000-7000-8000-00000000a001".parse().unwrap(),
            source: "3kTMd9aZ".parse().unwrap(),
            url: None,
            host: "feeds.example".to_owned(),
            timeout_ms: 20_000,
            interval_ms: 3_600_000,
            subscribers: 1,
            watched: false,
            lane: domain::timing::Lane::Fast,
            queued_at: NOON,
            tick: domain::wheel::Minute(0),
            earliest: NOON + Duration::from_secs(60),
            reason: domain::job::Reason::Scheduled,
            carry: domain::carry::Carry { fetch_ms, ..Default::default() },
            open: false,
            again: false,
            attempts: 0,
            returned: 0,
        }
    }

    #[test]
    fn a_job_starts_at_its_earliest_start_or_when_its_hosts_pause_ends() {
        let at = |seconds: u64| NOON + Duration::from_secs(seconds);
        for (paused_until, now, expected) in [
            (None, at(60), Ready::Now),
            (None, at(59), Ready::In(Duration::from_secs(1))),
            (Some(at(30)), at(59), Ready::In(Duration::from_secs(1))),
            (Some(at(90)), at(60), Ready::In(Duration::from_secs(30))),
            (Some(at(3_660)), at(60), Ready::In(MAX_DELAY)),
            (Some(at(3_661)), at(60), Ready::TooLate),
        ] {
            assert_eq!(ready(&message(0), paused_until, now), expected, "{paused_until:?} {now}");
        }
    }

    #[test]
    fn a_quick_source_needs_little_time_and_an_unknown_one_all_of_it() {
        for (fetch_ms, seconds) in [(0, 20), (100, 2), (1_000, 4), (9_000, 20)] {
            assert_eq!(needs(&message(fetch_ms)), Duration::from_secs(seconds), "{fetch_ms} ms");
        }
    }
}
