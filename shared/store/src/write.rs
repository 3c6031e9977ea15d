//! One conditional write, written the way DynamoDB's expressions are written; the names are collected from it.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use crate::error::StoreError;
use crate::key::Key;
use crate::row::Item;

/// A condition that holds when the item is not there yet.
pub(crate) const ABSENT: &str = "attribute_not_exists(#pk)";
/// A condition that holds when the item is there.
pub(crate) const PRESENT: &str = "attribute_exists(#pk)";

/// Expressions of one write: `#name` stands for the attribute `name`, `:name` for a bound value.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) key: Key,
    pub(crate) change: String,
    pub(crate) condition: Option<String>,
    pub(crate) values: HashMap<String, AttributeValue>,
}

impl Write {
    /// A write to the item under `key`.
    pub(crate) fn to(key: Key) -> Self {
        Self { key, change: String::new(), condition: None, values: HashMap::new() }
    }

    /// The update expression, for example `SET #job = :job REMOVE #prev`.
    pub(crate) fn change(mut self, expression: impl Into<String>) -> Self {
        self.change = expression.into();
        self
    }

    /// Under which condition.
    pub(crate) fn when(mut self, expression: impl Into<String>) -> Self {
        self.condition = Some(expression.into());
        self
    }

    /// What `:name` stands for.
    pub(crate) fn bind(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(name.to_owned(), value);
        self
    }

    /// Every `#name` of the expressions.
    pub(crate) fn names(&self) -> Option<HashMap<String, String>> {
        let texts = [Some(self.change.as_str()), self.condition.as_deref()];
        let names: HashMap<_, _> = texts.into_iter().flatten().flat_map(names_in).collect();
        (!names.is_empty()).then_some(names)
    }

    /// The bound values, if there are any: an empty map is refused.
    pub(crate) fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }

    /// As an update within a transaction.
    pub(crate) fn update(self, table: &str) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(table)
            .set_expression_attribute_names(self.names())
            .set_expression_attribute_values(self.values())
            .set_key(Some(self.key.item()))
            .update_expression(self.change)
            .set_condition_expression(self.condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        Ok(TransactWriteItem::builder().update(update.map_err(malformed)?).build())
    }

    /// As a deletion within a transaction.
    pub(crate) fn delete(self, table: &str) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(table)
            .set_expression_attribute_names(self.names())
            .set_expression_attribute_values(self.values())
            .set_key(Some(self.key.item()))
            .set_condition_expression(self.condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        Ok(TransactWriteItem::builder().delete(delete.map_err(malformed)?).build())
    }

    /// As a mere condition within a transaction.
    pub(crate) fn check(self, table: &str) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(table)
            .set_expression_attribute_names(self.names())
            .set_expression_attribute_values(self.values())
            .set_key(Some(self.key.item()))
            .set_condition_expression(self.condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        Ok(TransactWriteItem::builder().condition_check(check.map_err(malformed)?).build())
    }
}

/// A put within a transaction, refused if there is such an item already. `key_attribute` is one that every item of the table has.
pub(crate) fn put_if_absent(table: &str, key_attribute: &str, item: Item) -> Result<TransactWriteItem, StoreError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(#k)")
        .expression_attribute_names("#k", key_attribute)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build();
    Ok(TransactWriteItem::builder().put(put.map_err(malformed)?).build())
}

/// A put within a transaction, whatever is there.
pub(crate) fn put(table: &str, item: Item) -> Result<TransactWriteItem, StoreError> {
    let put = Put::builder().table_name(table).set_item(Some(item)).build();
    Ok(TransactWriteItem::builder().put(put.map_err(malformed)?).build())
}

/// A request that lacks something it needs: a mistake of this crate.
pub(crate) fn malformed(error: BuildError) -> StoreError {
    StoreError::Other { operation: "building a request", source: std::sync::Arc::new(error) }
}

fn names_in(expression: &str) -> impl Iterator<Item = (String, String)> {
    expression.split('#').skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        (format!("#{}", &rest[..end]), rest[..end].to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_collected_from_the_expressions() {
        let write = Write::to(Key::meta())
            .change("SET #job = :job, #a = #a + :one")
            .when("#job = :seen AND #lease_until<=:now");
        let mut names: Vec<_> = write.names().unwrap_or_default().into_values().collect();
        names.sort();
        assert_eq!(names, ["a", "job", "lease_until"]);
    }
}
