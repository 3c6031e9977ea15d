//! Failed attempts to sign in, counted by the minute.

use domain::account::Who;
use domain::time::Timestamp;

use crate::Store;
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::{FORMAT, Row, number, text, ttl};
use crate::schema::TTL;
use crate::write::Write;

impl Store {
    /// Counts a failed attempt. One whose answer got lost may count twice: that errs on the right side.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn count_failed_sign_in(&self, who: &Who<'_>, now: Timestamp) -> Result<(), StoreError> {
        let write = Write::to(Key::sign_in(who, now))
            .change(format!("ADD #failed :one SET #{TTL} = :ttl, #v = :v"))
            .bind(":one", number(1))
            .bind(":v", number(FORMAT))
            // The minute counts until the window after its end is over.
            .bind(":ttl", ttl(now + 2 * Who::WINDOW));
        self.update("counting a failed sign-in", write).await?;
        Ok(())
    }

    /// How many attempts have failed within [`Who::WINDOW`] before `now`, this minute and the one in which the window began counted whole. One read unit.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn failed_sign_ins(&self, who: &Who<'_>, now: Timestamp) -> Result<u64, StoreError> {
        let request = self.client.query().table_name(self.readers()).consistent_read(true);
        let request = request
            .key_condition_expression("#pk = :pk AND #sk >= :since")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#sk", key::SK)
            .expression_attribute_values(":pk", text(key::sign_in_partition(who)))
            .expression_attribute_values(":since", text(key::sign_in_minute(now - Who::WINDOW)));
        let items = self.query("counting failed sign-ins", request, usize::MAX).await?;
        items.iter().map(|item| Row::of("failed sign-ins", item)?.number::<u64>("failed")).sum()
    }
}
