//! What a run did, in numbers.

use boot::metrics::Record;
use serde::Serialize;

/// Counts of one run. A source is counted where its way ended: queued, sent again, put off, held, live, dropped or refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Minutes of the wheel that are now behind the cursor, the shards' added up.
    pub minutes: u64,
    /// Minutes that were jumped because they lie further back than the longest period: each source has had a slot since.
    pub skipped_minutes: u64,
    /// Sources whose job was looked at.
    pub looked_at: u64,
    /// Jobs queued and sent.
    pub queued: u64,
    /// Messages of this minute's own jobs sent again, because an earlier run may have died before it sent them.
    pub again: u64,
    /// Of the queued, those that took the place of a job whose holder never came back.
    pub superseded: u64,
    /// Sources that wait for their turn: at their host, or for room in the backlog.
    pub put_off: u64,
    /// Sources that may not be fetched yet.
    pub held: u64,
    /// Sources with a job in hand.
    pub live: u64,
    /// Sources that are not polled any more.
    pub dropped: u64,
    /// Messages that the queue did not take.
    pub refused: u64,
    /// Jobs that someone else changed between look and write.
    pub raced: u64,
    /// Shards that another run was walking.
    pub shards_held: u64,
    /// Messages that waited in both queues when the run began, as far as the queues told.
    pub backlog: u64,
    /// Shards whose cursor stands before the present minute: the next run goes on there.
    pub unfinished: u64,
}

impl Report {
    /// The line of metrics of this run.
    pub fn record(&self) -> Record {
        Record::of("dispatcher").facts(self).count("Backlog", self.backlog)
    }
}
