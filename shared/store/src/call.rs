//! Calls that every room of this crate makes: one item, one write, one transaction, all pages of a query.

use std::time::Duration;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConsumedCapacity, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem,
};

use domain::id::{Entropy as _, SystemEntropy};

use crate::Store;
use crate::error::{StoreError, because};
use crate::key::Key;
use crate::row::Item;
use crate::write::Write;

/// How a single conditional write went.
#[derive(Debug)]
pub(crate) enum Written {
    /// Done; the item as it is now.
    Done(Item),
    /// The condition did not hold; the item as it is, if there is one.
    Refused(Option<Item>),
}

/// How a transaction went.
#[derive(Debug)]
pub(crate) enum Transacted {
    /// All of it was done.
    Done,
    /// None of it was; one verdict an action, in their order, at least one of them [`Verdict::Refused`].
    Refused(Vec<Verdict>),
    /// None of it was, though no condition was in the way: conflict or throttle.
    Busy,
}

/// What one action of a cancelled transaction had to do with it.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Nothing; also when the store did not look at it any more.
    Fine,
    /// Its condition did not hold; the item as it is, if there is one.
    Refused(Option<Item>),
    /// Its item was busy.
    Busy,
}

impl Verdict {
    /// The item that was in the way.
    pub(crate) fn item(&self) -> Option<&Item> {
        match self {
            Self::Refused(item) => item.as_ref(),
            Self::Fine | Self::Busy => None,
        }
    }

    /// Whether its condition did not hold.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}

impl Store {
    /// Name of the table `sources`.
    pub(crate) fn sources(&self) -> &str {
        &self.tables.sources
    }

    /// Name of the table `posts`.
    pub(crate) fn posts_table_name(&self) -> &str {
        &self.tables.posts
    }

    /// Name of the table `readers`.
    pub(crate) fn readers(&self) -> &str {
        &self.tables.readers
    }

    /// All of them, for a sentence.
    pub(crate) fn any_table(&self) -> String {
        format!("{}, {} or {}", self.tables.sources, self.tables.posts, self.tables.readers)
    }

    /// The table that `key` belongs to.
    pub(crate) fn table_of(&self, key: &Key) -> &str {
        match key {
            Key::Source { .. } => self.sources(),
            Key::Post(_) => self.posts_table_name(),
            Key::Reader { .. } => self.readers(),
        }
    }

    /// Asks for consumed capacity only where someone counts it.
    pub(crate) fn capacity(&self) -> Option<ReturnConsumedCapacity> {
        self.meter.as_ref().map(|_| ReturnConsumedCapacity::Total)
    }

    pub(crate) fn count_reads<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        if let Some(meter) = &self.meter {
            meter.reads(consumed);
        }
    }

    pub(crate) fn count_writes<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        if let Some(meter) = &self.meter {
            meter.writes(consumed);
        }
    }

    /// The item under `key`, read strongly.
    pub(crate) async fn get(&self, operation: &'static str, key: &Key) -> Result<Option<Item>, StoreError> {
        let request = self.client.get_item().table_name(self.table_of(key)).set_key(Some(key.item()));
        let request = request.consistent_read(true).set_return_consumed_capacity(self.capacity());
        let failed = |error| StoreError::of(operation, error).on(self.table_of(key));
        let answer = request.send().await.map_err(failed)?;
        self.count_reads(answer.consumed_capacity());
        Ok(answer.item)
    }

    /// One conditional update. A conflict with a transaction is waited out.
    pub(crate) async fn update(&self, operation: &'static str, write: Write) -> Result<Written, StoreError> {
        let table = self.table_of(&write.key).to_owned();
        let request = self
            .client
            .update_item()
            .table_name(&table)
            .set_expression_attribute_names(write.names())
            .set_expression_attribute_values(write.values())
            .set_key(Some(write.key.item()))
            .update_expression(write.change)
            .set_condition_expression(write.condition)
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .set_return_consumed_capacity(self.capacity());
        let mut patience = Patience::new();
        loop {
            let error = match request.clone().send().await {
                Ok(answer) => {
                    self.count_writes(answer.consumed_capacity());
                    return Ok(Written::Done(answer.attributes.unwrap_or_default()));
                }
                Err(error) => error,
            };
            if let Some(UpdateItemError::ConditionalCheckFailedException(refusal)) = error.as_service_error() {
                self.count_writes(None);
                return Ok(Written::Refused(refusal.item().cloned()));
            }
            match StoreError::of(operation, error).on(&table) {
                StoreError::Conflict { .. } if patience.wait().await => {}
                error => return Err(error),
            }
        }
    }

    /// One transaction, tried once. `token` makes its repetition harmless (ten minutes long); without one the SDK makes one for
    /// its own retries.
    pub(crate) async fn transact_once(
        &self,
        operation: &'static str,
        actions: Vec<TransactWriteItem>,
        token: Option<String>,
    ) -> Result<Transacted, StoreError> {
        let request = self.client.transact_write_items().set_transact_items(Some(actions));
        let request = request.set_client_request_token(token).set_return_consumed_capacity(self.capacity());
        let error = match request.send().await {
            Ok(answer) => {
                self.count_writes(answer.consumed_capacity());
                return Ok(Transacted::Done);
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                self.count_writes(None);
                judge(operation, cancelled.cancellation_reasons())
            }
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => Ok(Transacted::Busy),
            Some(other) if other.code() == Some("TransactionConflictException") => Ok(Transacted::Busy),
            Some(_) | None => Err(StoreError::of(operation, error).on(self.any_table())),
        }
    }

    /// One transaction whose conflicts are waited out: `None` when it was done, else one verdict an action.
    pub(crate) async fn transact(
        &self,
        operation: &'static str,
        actions: Vec<TransactWriteItem>,
    ) -> Result<Option<Vec<Verdict>>, StoreError> {
        let mut patience = Patience::new();
        loop {
            match self.transact_once(operation, actions.clone(), None).await? {
                Transacted::Done => return Ok(None),
                Transacted::Refused(verdicts) => return Ok(Some(verdicts)),
                Transacted::Busy if patience.wait().await => {}
                Transacted::Busy => return Err(StoreError::Conflict { operation }),
            }
        }
    }

    /// The first `limit` items of a query, however many pages that takes.
    pub(crate) async fn query(
        &self,
        operation: &'static str,
        request: QueryFluentBuilder,
        limit: usize,
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut next = None;
        let request = request.set_return_consumed_capacity(self.capacity());
        let table = request.get_table_name().clone().unwrap_or_default();
        loop {
            let page = request.clone();
            let page = if next.is_some() { page.set_exclusive_start_key(next) } else { page };
            let answer = page.send().await.map_err(|error| StoreError::of(operation, error).on(&table))?;
            self.count_reads(answer.consumed_capacity());
            items.extend(answer.items.unwrap_or_default());
            next = answer.last_evaluated_key;
            if items.len() >= limit || next.is_none() {
                items.truncate(limit);
                return Ok(items);
            }
        }
    }
}

/// What the reasons of a cancelled transaction come to.
fn judge(operation: &'static str, reasons: &[CancellationReason]) -> Result<Transacted, StoreError> {
    let mut verdicts = Vec::with_capacity(reasons.len());
    let mut refused = false;
    for reason in reasons {
        verdicts.push(match reason.code().unwrap_or("None") {
            "None" => Verdict::Fine,
            "ConditionalCheckFailed" => {
                refused = true;
                Verdict::Refused(reason.item().cloned())
            }
            code => match StoreError::coded(operation, code, because(reason.message().unwrap_or(code))) {
                StoreError::Throttled { .. } | StoreError::Conflict { .. } => Verdict::Busy,
                error => return Err(error),
            },
        });
    }
    Ok(if refused { Transacted::Refused(verdicts) } else { Transacted::Busy })
}

/// Waits between tries: full jitter under a doubling cap, and an end.
#[derive(Debug, Default)]
pub struct Patience {
    tries: u32,
}

impl Patience {
    const TRIES: u32 = 8;
    const FIRST: Duration = Duration::from_millis(25);
    const LONGEST: Duration = Duration::from_secs(1);

    /// All of it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits a little; false when there was enough of that.
    pub(crate) async fn wait(&mut self) -> bool {
        if self.tries == Self::TRIES {
            return false;
        }
        let cap = (Self::FIRST * (1 << self.tries)).min(Self::LONGEST);
        self.tries += 1;
        let mut bits = [0; 4];
        SystemEntropy.fill(&mut bits);
        let share = f64::from(u32::from_le_bytes(bits)) / f64::from(u32::MAX);
        tokio::time::sleep(cap.mul_f64(share)).await;
        true
    }

    /// Waits a little.
    ///
    /// # Errors
    /// A conflict of `operation` when there was enough of that.
    pub async fn wait_or(&mut self, operation: &'static str) -> Result<(), StoreError> {
        if self.wait().await { Ok(()) } else { Err(StoreError::Conflict { operation }) }
    }
}
