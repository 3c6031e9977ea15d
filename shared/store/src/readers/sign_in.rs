//! Attempts to sign in, counted by the minute before anything is looked at. One that succeeds is taken back, so that what stays has failed or is under way.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::account::Who;
use domain::id::{Entropy, SystemEntropy};
use domain::time::Timestamp;

use crate::Store;
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::{FORMAT, Item, number, text, ttl};
use crate::schema::TTL;
use crate::write::{PRESENT, Write};

/// One attempt, as it is counted: sending it twice counts it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    at: Timestamp,
    name: String,
}

impl Try {
    /// An attempt that begins now.
    pub fn at(now: Timestamp) -> Self {
        let mut name = [0; 8];
        SystemEntropy.fill(&mut name);
        Self { at: now, name: format!("{:016x}", u64::from_le_bytes(name)) }
    }

    /// It as a set, which is added to one and taken out of one.
    fn set(&self) -> AttributeValue {
        AttributeValue::Ss(vec![self.name.clone()])
    }
}

impl Store {
    /// Counts an attempt, and tells how many there were within [`Who::WINDOW`] before it, itself included; this minute and the one in which the window
    /// began are counted whole. Of many at once, wherever they run, at most as many learn of a number up to *n* as *n*.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again is safe.
    pub async fn count_try(&self, who: &Who<'_>, attempt: &Try) -> Result<usize, StoreError> {
        let write = Write::to(Key::sign_in(who, attempt.at))
            .change(format!("ADD #tries :this SET #{TTL} = :ttl, #v = :v"))
            .bind(":this", attempt.set())
            .bind(":v", number(FORMAT))
            // The minute counts until the window after its end is over.
            .bind(":ttl", ttl(attempt.at + 2 * Who::WINDOW));
        self.update("counting an attempt to sign in", write).await?;
        self.tries(who, attempt.at).await
    }

    /// Takes an attempt back that did not fail. Where it was the only one of its minute, nothing is left of it.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again is safe.
    pub async fn take_back_try(&self, who: &Who<'_>, attempt: &Try) -> Result<(), StoreError> {
        const OPERATION: &str = "taking back an attempt to sign in";
        let key = Key::sign_in(who, attempt.at);
        let request = self.client.delete_item().table_name(self.readers()).set_key(Some(key.item()));
        let request = request.condition_expression("#tries = :this").expression_attribute_names("#tries", "tries");
        let request = request.expression_attribute_values(":this", attempt.set());
        let error = match request.set_return_consumed_capacity(self.capacity()).send().await {
            Ok(answer) => {
                self.count_writes(answer.consumed_capacity());
                return Ok(());
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(refused) if refused.is_conditional_check_failed_exception() => {
                self.count_writes(None);
                let write = Write::to(key).change("DELETE #tries :this").bind(":this", attempt.set());
                self.update(OPERATION, write.when(PRESENT)).await.map(drop)
            }
            Some(_) | None => Err(StoreError::of(OPERATION, error).on(self.readers())),
        }
    }

    /// How many attempts there were within [`Who::WINDOW`] before `now`. One read unit.
    async fn tries(&self, who: &Who<'_>, now: Timestamp) -> Result<usize, StoreError> {
        let request = self.client.query().table_name(self.readers()).consistent_read(true);
        let request = request
            .key_condition_expression("#pk = :pk AND #sk >= :since")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#sk", key::SK)
            .expression_attribute_values(":pk", text(key::sign_in_partition(who)))
            .expression_attribute_values(":since", text(key::sign_in_minute(now - Who::WINDOW)));
        let items = self.query("counting attempts to sign in", request, usize::MAX).await?;
        let count = |item: &Item| item.get("tries").and_then(|tries| tries.as_ss().ok()).map_or(0, Vec::len);
        Ok(items.iter().map(count).sum())
    }
}
