//! Which posts a person wants to see.

use std::time::Duration;

use domain::id::{FolderId, PostNumber, SourceId, UserId};
use domain::listing::Wanted;
use domain::reading::{Order, Status};
use domain::subscription::Subscription;
use domain::time::Timestamp;
use store::Flag;

/// Numbers are minted some seconds before their posts can be seen.
pub(crate) const UNDER_WAY: Duration = Duration::from_secs(10);
/// What an app does to what it sees arrives here so soon.
const ON_THE_WAY: Duration = Duration::from_secs(2);

/// The highest number up to which whoever looked at `at`, as of `now`, has seen all posts. What was under way then may have been seen or not: it counts as not, unless it is
/// said of this moment.
pub(super) fn seen_at(at: Timestamp, now: Timestamp) -> Option<PostNumber> {
    let certain = if at + ON_THE_WAY < now { at - UNDER_WAY } else { at };
    PostNumber::last_at(certain)
}

/// Of which sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All that the person subscribes to; of what they keep, all.
    Everything,
    /// These, as far as they subscribe to them.
    Sources(Vec<SourceId>),
    /// Those in a folder.
    Folder(FolderId),
}

/// Which posts, and in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) scope: Scope,
    /// Only what they keep under this.
    pub(crate) kept: Option<Flag>,
    pub(crate) status: Status,
    pub(crate) order: Order,
    /// Only numbers above this one.
    pub(crate) above: Option<PostNumber>,
    /// Only numbers below this one.
    pub(crate) below: Option<PostNumber>,
}

impl Scope {
    /// Whether a subscription belongs to it.
    pub(crate) fn holds(&self, subscription: &Subscription) -> bool {
        match self {
            Self::Everything => true,
            Self::Sources(sources) => sources.contains(&subscription.source),
            Self::Folder(folder) => subscription.folders.contains(folder),
        }
    }
}

impl Selection {
    /// All posts, newest first.
    pub(crate) fn everything() -> Self {
        let (status, order) = (Status::All, Order::NewestFirst);
        Self { scope: Scope::Everything, kept: None, status, order, above: None, below: None }
    }

    pub(super) fn wanted(&self) -> Wanted {
        Wanted { status: self.status, order: self.order, above: self.above, below: self.below }
    }

    /// Names the list of `user`: a cursor of another is refused.
    pub(super) fn name(&self, user: UserId) -> String {
        format!("reading {user} {self:?}")
    }

    /// Whether a post with this read state belongs to it.
    pub(super) fn wants(&self, read: bool) -> bool {
        match self.status {
            Status::All => true,
            Status::Unread => !read,
            Status::Read => read,
        }
    }
}
