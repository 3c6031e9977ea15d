//! Deleting all of a source, a few writes at a time: whoever is stopped anywhere, the next call goes on.

use domain::id::SourceId;
use domain::time::Timestamp;
use domain::timing::quiet_after;

use crate::Store;
use crate::error::StoreError;
use crate::key::{self, JOB_PREFIX, Key, NATURAL_PREFIX};
use crate::row::{Cells, Item, Row, text, time};
use crate::write::Write;

/// How far the deletion of a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sweep {
    /// The budget is used up, or something was found: call again.
    More,
    /// Nothing is left that is known of, but a fetcher may still write: look again then.
    NotBefore(Timestamp),
    /// Nothing of it is left, or it was never being deleted.
    Done,
}

const OPERATION: &str = "sweeping a source";

/// A deletion that began at `now`, as an item.
pub(super) fn item(source: SourceId, now: Timestamp) -> Item {
    Cells::under(&Key::sweep(source)).with("since", time(now)).item()
}

impl Store {
    /// The sources whose deletion is under way.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sweeps(&self) -> Result<Vec<SourceId>, StoreError> {
        let request = self.client.query().table_name(self.sources()).consistent_read(true);
        let request = request
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_values(":pk", text(key::SWEEP));
        let items = self.query(OPERATION, request, usize::MAX).await?;
        Ok(self.readable(&items, |item| Row::of("sweep", item)?.parsed(key::SK)))
    }

    /// Deletes what hangs on a source that is being deleted, with at most `budget` writes: finished jobs, natural keys, posts; once
    /// nothing can be written any more and a whole pass found nothing, also the source itself. Blobs are left to maintenance.
    ///
    /// # Errors
    /// [`StoreError`]; call again.
    pub async fn sweep(&self, source: SourceId, now: Timestamp, budget: usize) -> Result<Sweep, StoreError> {
        let Some(item) = self.get(OPERATION, &Key::sweep(source)).await? else {
            return Ok(Sweep::Done);
        };
        let quiet = quiet_after(Row::of("sweep", &item)?.time("since")?);
        let mut left = budget.max(1);
        for prefix in [JOB_PREFIX, NATURAL_PREFIX] {
            left -= self.sweep_partition(source, prefix, left).await?;
            if left == 0 {
                return Ok(Sweep::More);
            }
        }
        left -= self.sweep_posts(source, left).await?;
        if left == 0 {
            return Ok(Sweep::More);
        }
        if now < quiet {
            return Ok(Sweep::NotBefore(quiet));
        }
        if left < budget.max(1) {
            // The last pass is one that finds nothing.
            return Ok(Sweep::More);
        }
        self.sweep_source(source).await
    }

    /// Deletes up to `limit` items of a source whose sort key begins with `prefix`; returns how many there were.
    async fn sweep_partition(&self, source: SourceId, prefix: &str, limit: usize) -> Result<usize, StoreError> {
        let request = self.client.query().table_name(self.sources()).consistent_read(true);
        let request = request
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
            .projection_expression("#pk, #sk")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#sk", key::SK)
            .expression_attribute_values(":pk", text(key::partition(source)))
            .expression_attribute_values(":prefix", text(prefix))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let items = self.query(OPERATION, request, limit).await?;
        let keys = items.iter().map(|item| Key::of(item).ok_or_else(no_key)).collect::<Result<Vec<_>, _>>()?;
        self.delete_all(OPERATION, &keys).await?;
        Ok(keys.len())
    }

    /// Deletes up to `limit` posts; returns how many the index named.
    async fn sweep_posts(&self, source: SourceId, limit: usize) -> Result<usize, StoreError> {
        let page = self.page(source, None, limit).await?;
        let keys: Vec<Key> = page.into_iter().map(|(_, number)| Key::post(number)).collect();
        self.delete_all(OPERATION, &keys).await?;
        Ok(keys.len())
    }

    /// The source itself goes at once, so that nobody ever meets half of one.
    async fn sweep_source(&self, source: SourceId) -> Result<Sweep, StoreError> {
        let keys = [Key::pointer(source), Key::poll(source), Key::head(source), Key::sweep(source)];
        let actions = keys.map(|key| Write::to(key).delete(self.sources()));
        let actions = actions.into_iter().collect::<Result<Vec<_>, _>>()?;
        match self.transact(OPERATION, actions).await? {
            None => Ok(Sweep::Done),
            // There is no condition that could be in the way.
            Some(_) => Err(StoreError::Conflict { operation: OPERATION }),
        }
    }
}

fn no_key() -> StoreError {
    StoreError::Corrupt { what: format!("item ({} or {})", key::PK, key::SK) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pass_waits_out_the_slowest_fetcher() {
        let since = Timestamp::from_secs(1_000_000);
        // A delay of 15 min, an hour of work age, 6 × 120 s and 20 s of visibility, 120 s of run time.
        assert_eq!(quiet_after(since).since(since).as_secs(), 900 + 3_600 + 740 + 120);
    }
}
