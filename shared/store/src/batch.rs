//! Many items at once. An item that is twice in one batch would fail all of it, and what was throttled comes back inside a 200, which
//! the SDK does not retry: both are seen to here.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::{
    AttributeValue, BatchStatementError, BatchStatementErrorCodeEnum as Code, BatchStatementRequest, DeleteRequest,
    KeysAndAttributes, ReturnValuesOnConditionCheckFailure, WriteRequest,
};
use futures_util::future::{join_all, try_join_all};

use crate::Store;
use crate::call::Patience;
use crate::error::{StoreError, because};
use crate::key::Key;
use crate::row::Item;
use crate::write::malformed;

/// Items of one BatchGetItem.
const GETS: usize = 100;
/// Items of one BatchWriteItem or BatchExecuteStatement.
const WRITES: usize = 25;
/// Calls at a time.
const AT_ONCE: usize = 4;

/// One PartiQL statement about one item.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    /// The item; no two statements about one item are sent together.
    pub(crate) key: Key,
    /// With a `?` for each parameter.
    pub(crate) text: String,
    /// In their order.
    pub(crate) parameters: Vec<AttributeValue>,
}

/// How one statement went.
#[derive(Debug)]
pub(crate) enum Stated {
    /// Done.
    Done,
    /// The condition did not hold; the item as it is, if there is one.
    Refused(Option<Item>),
    /// There is such an item already. The store does not show it.
    Duplicate,
    /// It may or may not have been done.
    Failed(StoreError),
}

impl Statement {
    /// Inserts `item`, unless its key is taken.
    pub(crate) fn insert(table: &str, key: Key, item: Item) -> Self {
        let mut text = format!("INSERT INTO \"{table}\" VALUE {{");
        let mut parameters = Vec::with_capacity(item.len());
        for (name, value) in item {
            text.push_str(if parameters.is_empty() { "'" } else { ", '" });
            text.push_str(&name);
            text.push_str("': ?");
            parameters.push(value);
        }
        text.push('}');
        Self { key, text, parameters }
    }

    fn request(&self) -> Result<BatchStatementRequest, StoreError> {
        BatchStatementRequest::builder()
            .statement(&self.text)
            .set_parameters(Some(self.parameters.clone()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(malformed)
    }
}

impl Store {
    /// The items under `keys` (in any order; keys that hold nothing are left out), with the attributes `only` if given.
    pub(crate) async fn batch_get(
        &self,
        operation: &'static str,
        keys: impl IntoIterator<Item = Key>,
        consistent: bool,
        only: Option<&[&str]>,
    ) -> Result<Vec<Item>, StoreError> {
        let mut met = HashSet::new();
        let keys: Vec<Key> = keys.into_iter().filter(|key| met.insert(key.clone())).collect();
        let mut items = Vec::with_capacity(keys.len());
        for some in keys.chunks(GETS * AT_ONCE) {
            let calls = some.chunks(GETS).map(|keys| self.batch_get_once(operation, keys, consistent, only));
            items.extend(try_join_all(calls).await?.into_iter().flatten());
        }
        Ok(items)
    }

    async fn batch_get_once(
        &self,
        operation: &'static str,
        keys: &[Key],
        consistent: bool,
        only: Option<&[&str]>,
    ) -> Result<Vec<Item>, StoreError> {
        let mut wanted: HashMap<String, Vec<Item>> = HashMap::new();
        for key in keys {
            wanted.entry(self.table_of(key).to_owned()).or_default().push(key.item());
        }
        let mut requests = HashMap::new();
        for (table, keys) in wanted {
            let names = only.map(|only| only.iter().map(|name| (format!("#{name}"), (*name).to_owned())).collect());
            let projection = only.map(|only| format!("#{}", only.join(", #")));
            let request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(consistent);
            let request = request.set_expression_attribute_names(names).set_projection_expression(projection);
            requests.insert(table, request.build().map_err(malformed)?);
        }
        let mut items = Vec::with_capacity(keys.len());
        let mut patience = Patience::new();
        let tables = requests.keys().map(String::as_str).collect::<Vec<_>>().join(" or ");
        loop {
            let request = self.client.batch_get_item().set_request_items(Some(requests));
            let request = request.set_return_consumed_capacity(self.capacity());
            let answer = request.send().await.map_err(|error| StoreError::of(operation, error).on(&tables))?;
            self.count_reads(answer.consumed_capacity());
            items.extend(answer.responses.unwrap_or_default().into_values().flatten());
            requests = answer.unprocessed_keys.unwrap_or_default();
            if requests.is_empty() {
                return Ok(items);
            }
            if !patience.wait().await {
                return Err(StoreError::Throttled { operation });
            }
        }
    }

    /// Unconditional puts and deletions in `sources`, no item twice.
    pub(crate) async fn batch_write(
        &self,
        operation: &'static str,
        writes: Vec<WriteRequest>,
    ) -> Result<(), StoreError> {
        self.batch_write_to(operation, self.sources(), writes).await
    }

    /// Unconditional puts and deletions in `table`, no item twice.
    pub(crate) async fn batch_write_to(
        &self,
        operation: &'static str,
        table: &str,
        writes: Vec<WriteRequest>,
    ) -> Result<(), StoreError> {
        for some in writes.chunks(WRITES * AT_ONCE) {
            try_join_all(some.chunks(WRITES).map(|writes| self.batch_write_once(operation, table, writes))).await?;
        }
        Ok(())
    }

    /// Deletes what is under `keys`, all of one table, none of them twice.
    pub(crate) async fn delete_all(&self, operation: &'static str, keys: &[Key]) -> Result<(), StoreError> {
        let Some(table) = keys.first().map(|key| self.table_of(key)) else {
            return Ok(());
        };
        let delete = |key: &Key| {
            let delete = DeleteRequest::builder().set_key(Some(key.item())).build().map_err(malformed)?;
            Ok(WriteRequest::builder().delete_request(delete).build())
        };
        let writes = keys.iter().map(delete).collect::<Result<_, StoreError>>()?;
        self.batch_write_to(operation, table, writes).await
    }

    async fn batch_write_once(
        &self,
        operation: &'static str,
        table: &str,
        writes: &[WriteRequest],
    ) -> Result<(), StoreError> {
        let mut requests = HashMap::from([(table.to_owned(), writes.to_vec())]);
        let mut patience = Patience::new();
        loop {
            let request = self.client.batch_write_item().set_request_items(Some(requests));
            let request = request.set_return_consumed_capacity(self.capacity());
            let answer = request.send().await.map_err(|error| StoreError::of(operation, error).on(table))?;
            self.count_writes(answer.consumed_capacity());
            requests = answer.unprocessed_items.unwrap_or_default();
            if requests.is_empty() {
                return Ok(());
            }
            if !patience.wait().await {
                return Err(StoreError::Throttled { operation });
            }
        }
    }

    /// Runs each statement under its own condition; one outcome a statement, in their order. Statements about one item run one after
    /// the other.
    pub(crate) async fn statements(&self, operation: &'static str, statements: &[Statement]) -> Vec<Stated> {
        let mut outcomes: Vec<Option<Stated>> = statements.iter().map(|_| None).collect();
        let mut waiting: Vec<usize> = (0..statements.len()).collect();
        while !waiting.is_empty() {
            let mut met = HashSet::new();
            let (round, rest): (Vec<usize>, Vec<usize>) =
                waiting.into_iter().partition(|index| met.insert(&statements[*index].key));
            waiting = rest;
            for some in round.chunks(WRITES * AT_ONCE) {
                let calls = some.chunks(WRITES).map(|indexes| self.statements_once(operation, statements, indexes));
                for (index, outcome) in join_all(calls).await.into_iter().flatten() {
                    outcomes[index] = Some(outcome);
                }
            }
        }
        let lost = || Stated::Failed(StoreError::Throttled { operation });
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(lost)).collect()
    }

    async fn statements_once(
        &self,
        operation: &'static str,
        statements: &[Statement],
        indexes: &[usize],
    ) -> Vec<(usize, Stated)> {
        let mut outcomes = Vec::with_capacity(indexes.len());
        let mut pending = indexes.to_vec();
        let mut patience = Patience::new();
        loop {
            let answers = match self.statements_sent(operation, statements, &pending).await {
                Ok(answers) => answers,
                Err(error) => {
                    outcomes.extend(pending.into_iter().map(|index| (index, Stated::Failed(error.clone()))));
                    return outcomes;
                }
            };
            let mut again = Vec::new();
            for (index, answer) in pending.into_iter().zip(answers) {
                match answer {
                    Stated::Failed(error) if error.is_retryable() => again.push((index, error)),
                    outcome => outcomes.push((index, outcome)),
                }
            }
            if again.is_empty() {
                return outcomes;
            }
            if !patience.wait().await {
                outcomes.extend(again.into_iter().map(|(index, error)| (index, Stated::Failed(error))));
                return outcomes;
            }
            pending = again.into_iter().map(|(index, _)| index).collect();
        }
    }

    async fn statements_sent(
        &self,
        operation: &'static str,
        statements: &[Statement],
        indexes: &[usize],
    ) -> Result<Vec<Stated>, StoreError> {
        let requests = indexes.iter().map(|index| statements[*index].request()).collect::<Result<Vec<_>, _>>()?;
        let request = self.client.batch_execute_statement().set_statements(Some(requests));
        let request = request.set_return_consumed_capacity(self.capacity());
        let failed = |error| StoreError::of(operation, error).on(self.any_table());
        let answer = request.send().await.map_err(failed)?;
        self.count_writes(answer.consumed_capacity());
        let answers = answer.responses.unwrap_or_default();
        if answers.len() != indexes.len() {
            return Err(StoreError::Other { operation, source: because("not as many outcomes as statements") });
        }
        Ok(answers
            .into_iter()
            .map(|answer| answer.error.map_or(Stated::Done, |error| stated(operation, error, &self.any_table())))
            .collect())
    }
}

fn stated(operation: &'static str, error: BatchStatementError, table: &str) -> Stated {
    match error.code() {
        Some(Code::ConditionalCheckFailed) => Stated::Refused(error.item),
        Some(Code::DuplicateItem) => Stated::Duplicate,
        code => {
            let code = code.map(Code::as_str).unwrap_or_default();
            Stated::Failed(StoreError::coded(operation, code, because(error.message().unwrap_or(code))).on(table))
        }
    }
}
