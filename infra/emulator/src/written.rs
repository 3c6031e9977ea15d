//! Telling what is written to the tables, whoever writes it.
//!
//! After a write was made, or may have been, and before the writer hears of it: who is told of nothing can be sure that nothing has changed. Expiry is not told.

use dynoxide::actions::batch_execute_statement::BatchExecuteStatementRequest;
use dynoxide::actions::batch_write_item::BatchWriteItemRequest;
use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::delete_table::DeleteTableRequest;
use dynoxide::actions::put_item::PutItemRequest;
use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::actions::update_item::UpdateItemRequest;
use dynoxide::{AttributeValue, Item};

/// A write to a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// The item under this key came, went, or was replaced.
    Replaced([String; 2]),
    /// The item under this key changed in place.
    Changed([String; 2]),
    /// A statement wrote an item whose key has this text somewhere, or it is another of the statement's values.
    Named(String),
    /// Any item of any table may be another.
    Anything,
}

/// Who is told, and of which keys: those of two texts under these names. Items with other keys are not told.
pub struct Listener {
    /// The names of partition key and sort key.
    pub key: [&'static str; 2],
    /// Called in the thread that writes: it must be quick.
    pub told: Box<dyn Fn(Written) + Send + Sync>,
}

/// A request that writes.
pub(crate) trait Writing {
    fn written(&self, key: [&str; 2]) -> Vec<Written>;
}

fn text(value: Option<&AttributeValue>) -> Option<String> {
    match value {
        Some(AttributeValue::S(text)) => Some(text.clone()),
        _ => None,
    }
}

fn key_of(item: &Item, [partition, sort]: [&str; 2]) -> Option<[String; 2]> {
    Some([text(item.get(partition))?, text(item.get(sort))?])
}

fn replaced(item: &Item, key: [&str; 2]) -> Option<Written> {
    key_of(item, key).map(Written::Replaced)
}

fn changed(item: &Item, key: [&str; 2]) -> Option<Written> {
    key_of(item, key).map(Written::Changed)
}

impl Writing for PutItemRequest {
    fn written(&self, key: [&str; 2]) -> Vec<Written> {
        replaced(&self.item, key).into_iter().collect()
    }
}

impl Writing for DeleteItemRequest {
    fn written(&self, key: [&str; 2]) -> Vec<Written> {
        replaced(&self.key, key).into_iter().collect()
    }
}

impl Writing for DeleteTableRequest {
    fn written(&self, _: [&str; 2]) -> Vec<Written> {
        vec![Written::Anything]
    }
}

impl Writing for UpdateItemRequest {
    fn written(&self, key: [&str; 2]) -> Vec<Written> {
        changed(&self.key, key).into_iter().collect()
    }
}

impl Writing for BatchWriteItemRequest {
    fn written(&self, key: [&str; 2]) -> Vec<Written> {
        let writes = self.request_items.values().flatten();
        let puts = writes.clone().filter_map(|write| write.put_request.as_ref()).map(|put| &put.item);
        let deletes = writes.filter_map(|write| write.delete_request.as_ref()).map(|delete| &delete.key);
        puts.chain(deletes).filter_map(|item| replaced(item, key)).collect()
    }
}

impl Writing for TransactWriteItemsRequest {
    fn written(&self, key: [&str; 2]) -> Vec<Written> {
        let mut written = Vec::with_capacity(self.transact_items.len());
        for action in &self.transact_items {
            written.extend(action.put.as_ref().and_then(|put| replaced(&put.item, key)));
            written.extend(action.delete.as_ref().and_then(|delete| replaced(&delete.key, key)));
            written.extend(action.update.as_ref().and_then(|update| changed(&update.key, key)));
        }
        written
    }
}

impl Writing for BatchExecuteStatementRequest {
    fn written(&self, _: [&str; 2]) -> Vec<Written> {
        let mut written = Vec::new();
        for statement in &self.statements {
            if has_literal(&statement.statement) {
                written.push(Written::Anything);
            }
            let values = statement.parameters.iter().flatten();
            written.extend(values.filter_map(|value| text(Some(value))).map(Written::Named));
        }
        written
    }
}

/// Whether a statement has a text among its words, which may be a key. Names of attributes are quoted too, before a colon.
fn has_literal(statement: &str) -> bool {
    let mut parts = statement.split('\'').skip(1);
    while let (Some(_), Some(behind)) = (parts.next(), parts.next()) {
        if !behind.trim_start().starts_with(':') {
            return true;
        }
    }
    false
}
