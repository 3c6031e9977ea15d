//! What a batch came to, in numbers: one line of metrics.

use std::sync::{Mutex, PoisonError};

use boot::metrics::{Record, Unit};
use domain::job::{Ending, Finished};
use domain::message::FetchMessage;
use domain::timing::Lane;
use domain::wheel::Pace;

/// Counts of one batch.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    polls: u64,
    failures: u64,
    unchanged: u64,
    posts: u64,
    edits: u64,
    bytes: u64,
    /// From the GET's start to the job's end.
    times: Vec<u64>,
    /// From when each job was due to its beginning, or to its end without one; in seconds.
    lateness: Vec<u64>,
}

impl Tally {
    /// The job of `message` has ended, and is stored.
    pub(crate) fn count(&self, message: &FetchMessage, finished: &Finished, pace: Pace) {
        let began = finished.started_at.unwrap_or(finished.ended_at);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.polls += 1;
        counts.bytes += finished.bytes;
        counts.lateness.push(message.lateness(began, pace).as_secs());
        if let Some(started) = finished.started_at {
            counts.times.push(u64::try_from(finished.ended_at.since(started).as_millis()).unwrap_or(u64::MAX));
        }
        match &finished.ending {
            Ending::Failed(_) => counts.failures += 1,
            Ending::Completed { posts_count: 0, edits_count: 0, .. } => counts.unchanged += 1,
            Ending::Completed { posts_count, edits_count, .. } => {
                counts.posts += u64::from(*posts_count);
                counts.edits += u64::from(*edits_count);
            }
        }
    }

    /// The line of a batch of `messages`, of which `reported` come again.
    pub(crate) fn record(self, lane: Lane, messages: usize, reported: usize) -> Record {
        let counts = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        Record::of("fetcher")
            .count("Polls", counts.polls)
            .count("Failures", counts.failures)
            .count("Posts", counts.posts)
            .values("FetchTime", Unit::Milliseconds, &counts.times)
            .values("Lateness", Unit::Seconds, &counts.lateness)
            .fact("lane", lane.as_str())
            .fact("messages", messages)
            .fact("reported", reported)
            .fact("unchanged", counts.unchanged)
            .fact("edits", counts.edits)
            .fact("bytes", counts.bytes)
    }
}
