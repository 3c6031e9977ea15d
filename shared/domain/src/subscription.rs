//! A user's subscription to a source. The pair is its natural key: nobody subscribes to a source twice.

use crate::id::{FolderId, Ordinal, SourceId, UserId};
use crate::reading::{First, Mark, Operation, ReadState, Shown};
use crate::time::Timestamp;

/// One source, as one user reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    /// Who.
    pub user: UserId,
    /// To what.
    pub source: SourceId,
    /// Since when.
    pub added_at: Timestamp,
    /// What the user calls it, if not what it calls itself.
    pub title: Option<String>,
    /// Where the user keeps it; none, one or several.
    pub folders: Vec<FolderId>,
    /// What the user has read of it; while there is a `newest`, [`Subscription::begin`] tells the rest.
    pub read: ReadState,
    /// Of the posts with which the source begins, so many are unread and the older ones are read: the subscription was there before they were.
    pub newest: Option<u64>,
    /// Rises with every change.
    pub version: u64,
}

impl Subscription {
    /// The longest title, in bytes.
    pub const MAX_TITLE: usize = 1024;
    /// In so many folders a subscription may be.
    pub const MAX_FOLDERS: usize = 50;

    /// Brings [`read`](Self::read) up to what the source has begun with. It changes with the posts that come, so nobody has to write it for each subscriber: whoever reads a subscription
    /// calls this with what the source's head says, and the next mark stores it.
    pub fn begin(&mut self, first: First) {
        let Some(newest) = self.newest else { return };
        let through = match first {
            First::Coming(through) => through,
            First::Through(through) => {
                self.newest = None;
                through
            }
        };
        self.read.begin_after(Ordinal::new(through.get().saturating_sub(newest)));
    }

    /// Applies what its user asked for, on what the source has begun with; says whether that changed anything. A post that is marked unread while such posts still come is to stay so:
    /// then nothing that comes is read by itself any more.
    pub fn apply(&mut self, operation: &Operation, shown: Shown, first: First) -> bool {
        self.begin(first);
        if let Operation::Posts(Mark::Unread, ordinals) = operation
            && ordinals.iter().any(|ordinal| shown.holds(*ordinal) && self.read.is_read(*ordinal))
        {
            self.newest = None;
        }
        self.read.apply(operation, shown)
    }
}
