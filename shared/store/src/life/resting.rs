//! Sources that nobody subscribes to, in the order in which they began to rest: whoever deletes them after a while need not look at the others.

use domain::id::SourceId;
use domain::source::{Head, SourceState};
use domain::time::Timestamp;

use super::Leaving;
use crate::Store;
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::{Cells, Item, Row, text};
use crate::write::Write;

/// A source that rests from `now` on, as an item.
pub(super) fn item(source: SourceId, now: Timestamp) -> Item {
    Cells::under(&Key::resting(now, source)).item()
}

/// The same item, once the source rests no more.
pub(super) fn forget(head: &Head) -> Write {
    Write::to(Key::resting(head.since, head.source))
}

/// What is said of a source that is deleted because nobody wants it.
const REASON: &str = "nobody has subscribed to it for a long time";
/// The same of one that is a person's own.
pub(super) const LEFT: &str = "its owner does not subscribe to it any more";

impl Store {
    /// Deletes a source that has been resting since before `before`. Whoever subscribed meanwhile keeps it: then the answer is [`Leaving::Already`].
    ///
    /// # Errors
    /// As [`Store::leave`].
    pub async fn delete_rested(
        &self,
        source: SourceId,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<Leaving, StoreError> {
        let still = |head: &Head| head.state == SourceState::Resting && head.since < before;
        self.leave_if(source, SourceState::Deleting, REASON, now, still).await
    }

    /// Deletes a private source to which its owner does not subscribe: nobody else could ever find it, so there is nothing to wait for. Whoever subscribed meanwhile
    /// keeps it: then the answer is [`Leaving::Already`].
    ///
    /// # Errors
    /// As [`Store::leave`].
    pub async fn delete_left(&self, source: SourceId, now: Timestamp) -> Result<Leaving, StoreError> {
        self.leave_if(source, SourceState::Deleting, LEFT, now, Head::is_left).await
    }

    /// Up to `limit` sources that began to rest before `before`, longest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn resting(&self, before: Timestamp, limit: usize) -> Result<Vec<SourceId>, StoreError> {
        let request = self.client.query().table_name(self.sources());
        let request = request
            .key_condition_expression("#pk = :pk AND #sk < :before")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#sk", key::SK)
            .expression_attribute_values(":pk", text(key::RESTING))
            .expression_attribute_values(":before", text(key::resting_since(before)))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let items = self.query("listing sources that rest", request, limit).await?;
        Ok(self.readable(&items, |item| Row::of("resting source", item)?.word(key::SK, key::rested)))
    }
}
