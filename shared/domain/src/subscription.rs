//! A user's subscription to a source. The pair is its natural key: nobody subscribes to a source twice.

use crate::id::{FolderId, SourceId, UserId};
use crate::reading::ReadState;
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
    /// What the user has read of it.
    pub read: ReadState,
    /// Rises with every change.
    pub version: u64,
}

impl Subscription {
    /// The longest title, in bytes.
    pub const MAX_TITLE: usize = 1024;
    /// In so many folders a subscription may be.
    pub const MAX_FOLDERS: usize = 50;
}
