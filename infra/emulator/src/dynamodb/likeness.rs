//! What tells one transaction from another: a number that is the same for the same actions, in whichever order their attributes are written.

use dynoxide::AttributeValue;
use dynoxide::actions::transact_write_items::TransactWriteItem;
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The likeness of a transaction's actions. How its units are to be told is not part of it.
pub(super) fn of(actions: &[TransactWriteItem]) -> u64 {
    actions.iter().fold(0, |sum, action| sequence([sum, self::action(action)]))
}

fn action(action: &TransactWriteItem) -> u64 {
    let put = action.put.as_ref().map(|put| {
        let names = (&put.expression_attribute_names, &put.expression_attribute_values);
        let shown = put.return_values_on_condition_check_failure.as_deref();
        let texts = [Some(&*put.table_name), put.condition_expression.as_deref(), shown, None];
        one(1, texts, &put.item, names)
    });
    let update = action.update.as_ref().map(|update| {
        let names = (&update.expression_attribute_names, &update.expression_attribute_values);
        let shown = update.return_values_on_condition_check_failure.as_deref();
        let change = Some(&*update.update_expression);
        let texts = [Some(&*update.table_name), update.condition_expression.as_deref(), shown, change];
        one(2, texts, &update.key, names)
    });
    let delete = action.delete.as_ref().map(|delete| {
        let names = (&delete.expression_attribute_names, &delete.expression_attribute_values);
        let shown = delete.return_values_on_condition_check_failure.as_deref();
        let texts = [Some(&*delete.table_name), delete.condition_expression.as_deref(), shown, None];
        one(3, texts, &delete.key, names)
    });
    let check = action.condition_check.as_ref().map(|check| {
        let names = (&check.expression_attribute_names, &check.expression_attribute_values);
        let shown = check.return_values_on_condition_check_failure.as_deref();
        let texts = [Some(&*check.table_name), Some(&*check.condition_expression), shown, None];
        one(4, texts, &check.key, names)
    });
    sequence([put, update, delete, check].map(Option::unwrap_or_default))
}

type Names<'a> = (&'a Option<HashMap<String, String>>, &'a Option<HashMap<String, AttributeValue>>);

/// What every kind of action has: texts, an item or its key, and what the names of its expressions stand for.
fn one(kind: u64, texts: [Option<&str>; 4], item: &HashMap<String, AttributeValue>, (names, values): Names<'_>) -> u64 {
    let texts = sequence(texts.map(|words| words.map_or(0, |words| text(kind, words))));
    let names = names.as_ref().map_or(0, |names| entries(names, |name| text(1, name)));
    sequence([kind, texts, entries(item, value), names, values.as_ref().map_or(0, |values| entries(values, value))])
}

fn value(of: &AttributeValue) -> u64 {
    match of {
        AttributeValue::S(words) => text(1, words),
        AttributeValue::N(digits) => text(2, digits),
        AttributeValue::B(bytes) => xxh3_64_with_seed(bytes, 3),
        AttributeValue::BOOL(flag) => sequence([4, u64::from(*flag)]),
        AttributeValue::NULL(flag) => sequence([5, u64::from(*flag)]),
        AttributeValue::SS(all) => list(6, all, |words| text(6, words)),
        AttributeValue::NS(all) => list(7, all, |digits| text(7, digits)),
        AttributeValue::BS(all) => list(8, all, |bytes| xxh3_64_with_seed(bytes, 8)),
        AttributeValue::L(all) => list(9, all, value),
        AttributeValue::M(all) => sequence([10, entries(all, value)]),
    }
}

fn text(kind: u64, text: &str) -> u64 {
    xxh3_64_with_seed(text.as_bytes(), kind)
}

fn list<T>(kind: u64, all: &[T], of: impl Fn(&T) -> u64) -> u64 {
    all.iter().fold(kind, |sum, one| sequence([sum, of(one)]))
}

/// In any order: each name is mixed with its value, and the sum is the same whichever comes first.
fn entries<T>(all: &HashMap<String, T>, of: impl Fn(&T) -> u64) -> u64 {
    all.iter().fold(all.len() as u64, |sum, (name, one)| sum.wrapping_add(text(of(one), name)))
}

fn sequence<const N: usize>(parts: [u64; N]) -> u64 {
    parts.into_iter().fold(N as u64, |sum, part| xxh3_64_with_seed(&part.to_le_bytes(), sum))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn likeness(actions: serde_json::Value) -> u64 {
        of(&serde_json::from_value::<Vec<TransactWriteItem>>(actions).unwrap())
    }

    #[test]
    fn the_order_of_attributes_is_no_difference() {
        let names: Vec<String> = (0..50).map(|n| format!("n{n}")).collect();
        let put = |names: &[String]| {
            let item: HashMap<String, AttributeValue> =
                names.iter().map(|name| (name.clone(), AttributeValue::S(format!("of {name}")))).collect();
            likeness(json!([{ "Put": { "TableName": "things", "Item": item } }]))
        };
        let backwards: Vec<String> = names.iter().rev().cloned().collect();
        assert_eq!(put(&names), put(&backwards));
        assert_ne!(put(&names), put(&names[1..]));
    }

    #[test]
    fn all_else_is() {
        let key = json!({ "pk": { "S": "a" }, "sk": { "S": "b" } });
        let bound = json!({ ":one": { "N": "1" } });
        let all = [
            json!([]),
            json!([{ "Put": { "TableName": "t", "Item": key } }]),
            json!([{ "Put": { "TableName": "u", "Item": key } }]),
            json!([{ "Put": { "TableName": "t", "Item": { "pk": { "S": "b" }, "sk": { "S": "a" } } } }]),
            json!([{ "Put": { "TableName": "t", "Item": { "pk": { "N": "1" }, "sk": { "S": "b" } } } }]),
            json!([{ "Put": { "TableName": "t", "Item": { "pk": { "S": "1" }, "sk": { "S": "b" } } } }]),
            json!([{ "Put": { "TableName": "t", "Item": { "pk": { "B": "YQ==" }, "sk": { "S": "b" } } } }]),
            json!([{ "Put": { "TableName": "t", "Item": { "pk": { "L": [{ "S": "a" }] }, "sk": { "S": "b" } } } }]),
            json!([{ "Put": { "TableName": "t", "Item": { "pk": { "M": { "S": { "S": "a" } } }, "sk": { "S": "b" } } } }]),
            json!([{ "Put": { "TableName": "t", "Item": key, "ConditionExpression": "attribute_not_exists(pk)" } }]),
            json!([{ "Put": { "TableName": "t", "Item": key, "ReturnValuesOnConditionCheckFailure": "ALL_OLD" } }]),
            json!([{ "Put": { "TableName": "t", "Item": key, "ExpressionAttributeValues": bound } }]),
            json!([{ "Put": { "TableName": "t", "Item": key, "ExpressionAttributeNames": { ":one": "1" } } }]),
            json!([{ "Delete": { "TableName": "t", "Key": key } }]),
            json!([{ "ConditionCheck": { "TableName": "t", "Key": key, "ConditionExpression": "x" } }]),
            json!([{ "Update": { "TableName": "t", "Key": key, "UpdateExpression": "x" } }]),
            json!([{ "Update": { "TableName": "t", "Key": key, "UpdateExpression": "y" } }]),
            json!([{ "Delete": { "TableName": "t", "Key": key } }, { "Delete": { "TableName": "u", "Key": key } }]),
            json!([{ "Delete": { "TableName": "u", "Key": key } }, { "Delete": { "TableName": "t", "Key": key } }]),
        ];
        let met: HashMap<u64, String> = all.iter().map(|one| (likeness(one.clone()), one.to_string())).collect();
        assert_eq!(met.len(), all.len(), "{met:#?}");
    }
}
