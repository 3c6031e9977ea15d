//! What a run did, in numbers.

use boot::metrics::Record;
use serde::Serialize;

/// Counts of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Another run was at it: this one did nothing.
    pub held: bool,
    /// Users of whose deletion nothing is left to do.
    pub erased: u64,
    /// Users whose deletion goes on in the next run.
    pub erasing: u64,
    /// Sources that are deleted because nobody has wanted them for long, or because they are private and have lost their owner.
    pub rested: u64,
    /// Sources of whose deletion nothing is left to do.
    pub swept: u64,
    /// Sources whose deletion goes on in the next run.
    pub sweeping: u64,
    /// Sources that were looked at for posts past their retention.
    pub sources_seen: u64,
    /// Sources whose floor rose.
    pub floors_raised: u64,
    /// Blobs that were looked at.
    pub blobs_seen: u64,
    /// Blobs that nobody named any more, and that are gone.
    pub blobs_deleted: u64,
    /// What was sealed again after a change of the key.
    pub resealed: u64,
    /// Migrations that wait for whoever looks after the installation.
    pub migrations_pending: u64,
    /// Kinds of work that go on in the next run, for want of time.
    pub unfinished: u64,
    /// Items that could not be read and were passed over; the log says which.
    pub unreadable: u64,
    /// What could not be done; the log says what and why, and a later run tries again.
    pub failed: u64,
}

impl Report {
    /// The line of metrics of this run.
    pub(crate) fn record(&self) -> Record {
        Record::of("maintenance").facts(self).count("MaintenanceFailures", self.failed + self.unreadable)
    }
}
