//! Lists over many sources, merged by post number, a page at a time. Pure: whoever drives it reads the heads, and asks the index what it is told to ask.
//!
//! A post above its source's count is never shown. A cursor never passes a post that belongs to the list and was not shown: where the index lags behind the
//! heads, the page ends.

mod cursor;
mod lane;
mod merge;
mod seek;
mod stock;

pub use cursor::{Cursor, NotACursor};
pub use merge::{Listed, Merge, Step};
pub use seek::{Seek, Sought, Span};
pub use stock::Stock;

use crate::id::{Ordinal, PostNumber, SourceId};
use crate::reading::{Order, Status};

/// Where a post stands in its source, and among all.
pub type Place = (Ordinal, PostNumber);

/// Which posts a list holds, and which way it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Read, unread, or both.
    pub status: Status,
    /// Newest or oldest first.
    pub order: Order,
    /// Only posts with numbers above this one.
    pub above: Option<PostNumber>,
    /// Only posts with numbers below this one.
    pub below: Option<PostNumber>,
}

/// A question to the index: the posts of a source from an ordinal on, that one included, in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Whose posts.
    pub source: SourceId,
    /// The first ordinal that is wanted.
    pub from: Ordinal,
    /// Which way.
    pub order: Order,
    /// At most so many.
    pub limit: usize,
}

/// How far down a list a number stands: it rises along the list. 0 is before all.
fn rank(order: Order, number: PostNumber) -> u64 {
    match order {
        Order::NewestFirst => u64::MAX - number.get(),
        Order::OldestFirst => number.get() + 1,
    }
}
