//! Items by their keys, as they are kept: dynoxide keeps an item as the JSON that DynamoDB answers, so that it can be passed on as it is,
//! instead of being read and written anew.
//!
//! Only what is asked for plainly: whole items, under keys that are keys of the table. All else, and every refusal, is dynoxide's: then there
//! is no answer here.

use super::database::key_schema;
use dynoxide::actions::batch_get_item::{BatchGetItemRequest, KeysAndAttributes};
use dynoxide::actions::get_item::GetItemRequest;
use dynoxide::storage::Storage;
use dynoxide::types::{self, AttributeDefinition, KeyType, ScalarAttributeType};
use dynoxide::{AttributeValue, DynoxideError};
use rusqlite::OptionalExtension as _;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

/// The most keys of one request.
const MOST_KEYS: usize = 100;
/// The most bytes of items that one answer holds.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// The longest sort key; a partition key may be twice as long, which is not needed here.
const LONGEST_KEY: usize = 1_024;
/// How many digits a number has whose text is the same however it is written.
const PLAIN_DIGITS: usize = 30;

type Key = HashMap<String, AttributeValue>;

/// An item as it is kept, and its size as it is billed.
struct Found {
    json: String,
    size: usize,
}

pub(super) fn get(storage: &Storage, request: &GetItemRequest) -> Result<Option<String>, DynoxideError> {
    let GetItemRequest {
        projection_expression: None, expression_attribute_names: None, attributes_to_get: None, ..
    } = request
    else {
        return Ok(None);
    };
    let mode = &request.return_consumed_capacity;
    let table = request.table_name.as_str();
    let (true, Some(keys)) = (is_known(mode), Keys::of(storage, table)?) else { return Ok(None) };
    let Some(key) = keys.texts(&request.key) else { return Ok(None) };
    let found = keys.find(storage, &key)?;
    if found.as_ref().is_some_and(Found::has_number_set) {
        return Ok(None);
    }
    let size = found.as_ref().map_or(0, |found| found.size);
    let units = types::read_capacity_units_with_consistency(size, request.consistent_read.unwrap_or(false));
    let mut answer = String::with_capacity(size * 2 + 200);
    answer.push('{');
    if let Some(Found { json, .. }) = &found {
        answer.push_str("\"Item\":");
        answer.push_str(json);
    }
    if let Some(units) = types::consumed_capacity(table, units, mode) {
        answer.push_str(if found.is_some() { ",\"ConsumedCapacity\":" } else { "\"ConsumedCapacity\":" });
        answer.push_str(&written(&units)?);
    }
    answer.push('}');
    Ok(Some(answer))
}

pub(super) fn get_all(storage: &Storage, request: &BatchGetItemRequest) -> Result<Option<String>, DynoxideError> {
    let mode = &request.return_consumed_capacity;
    let count: usize = request.request_items.values().map(|of_table| of_table.keys.len()).sum();
    if !(1..=MOST_KEYS).contains(&count) || !is_known(mode) {
        return Ok(None);
    }
    let (mut answer, mut bytes) = ("{\"Responses\":{".to_owned(), 0);
    let mut capacity = Vec::new();
    for (table, asked) in &request.request_items {
        let Some((items, units)) = of_table(storage, table, asked, &mut bytes)? else { return Ok(None) };
        // Writing to a string cannot fail; the name of a table needs no escaping.
        write!(answer, "{}\"{table}\":[", if capacity.is_empty() { "" } else { "," }).unwrap_or_default();
        answer.push_str(&items);
        answer.push(']');
        capacity.push(types::consumed_capacity(table, units, mode));
    }
    answer.push_str("},\"UnprocessedKeys\":{}");
    if let Some(capacity) = capacity.into_iter().collect::<Option<Vec<_>>>() {
        answer.push_str(",\"ConsumedCapacity\":");
        answer.push_str(&written(&capacity)?);
    }
    answer.push('}');
    Ok(Some(answer))
}

/// The items of one table with commas between, and the units that reading them takes; all `bytes` so far are too many at some point.
fn of_table(
    storage: &Storage,
    table: &str,
    asked: &KeysAndAttributes,
    bytes: &mut usize,
) -> Result<Option<(String, f64)>, DynoxideError> {
    let KeysAndAttributes {
        keys: wanted,
        projection_expression: None,
        expression_attribute_names: None,
        attributes_to_get: None,
        consistent_read,
    } = asked
    else {
        return Ok(None);
    };
    let Some(keys) = Keys::of(storage, table)? else { return Ok(None) };
    let texts: Option<HashSet<_>> = wanted.iter().map(|key| keys.texts(key)).collect();
    // Of two that are the same, one is missing here.
    let Some(texts) = texts.filter(|texts| !texts.is_empty() && texts.len() == wanted.len()) else { return Ok(None) };
    let (mut items, mut units) = (String::new(), 0.0);
    for key in &texts {
        let found = keys.find(storage, key)?;
        let size = found.as_ref().map_or(0, |found| found.size);
        units += types::read_capacity_units_with_consistency(size, consistent_read.unwrap_or(false));
        *bytes += size;
        if let Some(found) = found {
            if *bytes > MOST_BYTES || found.has_number_set() {
                return Ok(None);
            }
            items.push_str(if items.is_empty() { "" } else { "," });
            items.push_str(&found.json);
        }
    }
    Ok(Some((items, units)))
}

/// What the keys of a table look like, and where its items are.
struct Keys {
    parts: Vec<(String, ScalarAttributeType)>,
    find: String,
}

impl Keys {
    /// `None` where there is no such table, or one that keeps vectors.
    fn of(storage: &Storage, table: &str) -> Result<Option<Self>, DynoxideError> {
        let meta = storage.get_table_metadata(table)?.filter(|meta| meta.vector_index_definitions.is_none());
        let Some(meta) = meta else { return Ok(None) };
        let attributes: Vec<AttributeDefinition> = serde_json::from_str(&meta.attribute_definitions)
            .map_err(|error| DynoxideError::InternalServerError(error.to_string()))?;
        let mut schema = key_schema(&meta)?;
        schema.sort_by_key(|part| part.key_type != KeyType::HASH);
        let kind = |name: &str| {
            let is_it = |attribute: &&AttributeDefinition| attribute.attribute_name == name;
            attributes.iter().find(is_it).map(|attribute| attribute.attribute_type.clone())
        };
        let parts: Option<Vec<_>> =
            schema.into_iter().map(|part| Some((part.attribute_name.clone(), kind(&part.attribute_name)?))).collect();
        let find =
            format!("SELECT item_json, item_size FROM \"{}\" WHERE pk = ?1 AND sk = ?2", table.replace('"', "\"\""));
        Ok(parts.map(|parts| Self { parts, find }))
    }

    /// Partition and sort key as they are kept; `None` where that takes a closer look.
    fn texts(&self, key: &Key) -> Option<(String, String)> {
        if key.len() != self.parts.len() {
            return None;
        }
        let text = |(name, kind): &(String, ScalarAttributeType)| {
            let value = key.get(name)?;
            let is_plain = match (value, kind) {
                (AttributeValue::S(text), ScalarAttributeType::S) => (1..=LONGEST_KEY).contains(&text.len()),
                (AttributeValue::N(digits), ScalarAttributeType::N) => {
                    (1..=PLAIN_DIGITS).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
                }
                _ => false,
            };
            value.to_key_string().filter(|_| is_plain)
        };
        let mut texts = self.parts.iter().map(text);
        let partition = texts.next()??;
        Some((partition, texts.next().unwrap_or_else(|| Some(String::new()))?))
    }

    fn find(&self, storage: &Storage, (pk, sk): &(String, String)) -> Result<Option<Found>, DynoxideError> {
        let mut statement = storage.conn().prepare_cached(&self.find)?;
        let found = |row: &rusqlite::Row<'_>| {
            let size: i64 = row.get(1)?;
            Ok(Found { json: row.get(0)?, size: usize::try_from(size).unwrap_or(0) })
        };
        Ok(statement.query_row((pk, sk), found).optional()?)
    }
}

impl Found {
    /// Or an attribute of that name. Such a set is answered in another order than it is kept in.
    fn has_number_set(&self) -> bool {
        self.json.contains("\"NS\":")
    }
}

fn is_known(mode: &Option<String>) -> bool {
    matches!(mode.as_deref(), None | Some("NONE" | "TOTAL" | "INDEXES"))
}

fn written(capacity: &impl serde::Serialize) -> Result<String, DynoxideError> {
    serde_json::to_string(capacity).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::database::run;
    use super::*;
    use dynoxide::actions::{batch_get_item, create_table, get_item, put_item};
    use serde_json::{Value, json};

    fn from<T: serde::de::DeserializeOwned>(request: Value) -> T {
        serde_json::from_value(request).unwrap()
    }

    /// `things`, keyed by two texts, and `numbered`, keyed by a number, each with some items.
    fn tables() -> Storage {
        let storage = Storage::memory().unwrap();
        for (table, keys) in [("things", vec![("pk", "S"), ("sk", "S")]), ("numbered", vec![("n", "N")])] {
            let kinds = ["HASH", "RANGE"].iter();
            let schema =
                keys.iter().zip(kinds).map(|((name, _), kind)| json!({ "AttributeName": name, "KeyType": kind }));
            let columns = keys.iter().map(|(name, kind)| json!({ "AttributeName": name, "AttributeType": kind }));
            let request = json!({
                "TableName": table, "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": schema.collect::<Value>(), "AttributeDefinitions": columns.collect::<Value>(),
            });
            run(create_table::execute(&storage, from(request))).unwrap();
        }
        let long = "x".repeat(9_000);
        for (table, item) in [
            ("things", json!({ "pk": { "S": "a" }, "sk": { "S": "1" }, "text": { "S": "a \"quoted\" \u{1f33e}" } })),
            ("things", json!({ "pk": { "S": "a" }, "sk": { "S": "2" }, "long": { "S": long }, "b": { "B": "AAEC" } })),
            ("things", json!({ "pk": { "S": "a" }, "sk": { "S": "3" }, "set": { "NS": ["10", "9", "1"] } })),
            ("numbered", json!({ "n": { "N": "17" }, "deep": { "M": { "l": { "L": [{ "NULL": true }] } } } })),
            ("numbered", json!({ "n": { "N": "-1.50" } })),
        ] {
            run(put_item::execute(&storage, from(json!({ "TableName": table, "Item": item })))).unwrap();
        }
        storage
    }

    /// Whether there is a short way for the request; if so, its answer is dynoxide's.
    fn is_short(storage: &Storage, request: &Value) -> bool {
        let (short, long) = if request.get("RequestItems").is_some() {
            let long = run(batch_get_item::execute(storage, from(request.clone()))).map(|answer| json!(answer));
            (get_all(storage, &from(request.clone())).unwrap(), long)
        } else {
            let long = run(get_item::execute(storage, from(request.clone()))).map(|answer| json!(answer));
            (get(storage, &from(request.clone())).unwrap(), long)
        };
        let Some(short) = short else { return false };
        assert_eq!(ordered(serde_json::from_str(&short).unwrap()), ordered(long.unwrap()), "{request}");
        true
    }

    /// The items of each table and the tables in an order of their own: they may come in any.
    fn ordered(mut answer: Value) -> Value {
        for list in answer["Responses"].as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
            list.as_array_mut().unwrap().sort_by_key(Value::to_string);
        }
        if let Some(list) = answer["ConsumedCapacity"].as_array_mut() {
            list.sort_by_key(Value::to_string);
        }
        answer
    }

    #[test]
    fn one_item_is_answered_as_dynoxide_does() {
        let storage = tables();
        let key = |pk: &str, sk: &str| json!({ "pk": { "S": pk }, "sk": { "S": sk } });
        let ask = |table: &str, key: Value, more: Value| {
            let mut request = json!({ "TableName": table, "Key": key });
            request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            is_short(&storage, &request)
        };
        for mode in
            [json!({}), json!({ "ReturnConsumedCapacity": "TOTAL" }), json!({ "ReturnConsumedCapacity": "INDEXES" })]
        {
            for found in [key("a", "1"), key("a", "2"), key("nobody", "1")] {
                assert!(ask("things", found, mode.clone()));
            }
            assert!(ask("numbered", json!({ "n": { "N": "17" } }), mode.clone()));
            assert!(ask("numbered", json!({ "n": { "N": "0017" } }), mode));
        }
        let consistent = json!({ "ConsistentRead": true, "ReturnConsumedCapacity": "TOTAL" });
        assert!(ask("things", key("a", "2"), consistent));

        for (table, key, more) in [
            ("things", key("a", "3"), json!({})),
            ("things", key("a", ""), json!({})),
            ("things", key("a", &"x".repeat(1_025)), json!({})),
            ("things", json!({ "pk": { "S": "a" } }), json!({})),
            ("things", json!({ "pk": { "S": "a" }, "sk": { "N": "1" } }), json!({})),
            ("things", json!({ "pk": { "S": "a" }, "sk": { "S": "1" }, "more": { "S": "1" } }), json!({})),
            ("numbered", json!({ "n": { "N": "-1.5" } }), json!({})),
            ("nowhere", key("a", "1"), json!({})),
            ("things", key("a", "1"), json!({ "ProjectionExpression": "text" })),
            ("things", key("a", "1"), json!({ "AttributesToGet": ["text"] })),
        ] {
            assert!(!ask(table, key.clone(), more.clone()), "{table} {key} {more}");
        }
    }

    #[test]
    fn many_items_are_answered_as_dynoxide_does() {
        let storage = tables();
        let key = |sk: &str| json!({ "pk": { "S": "a" }, "sk": { "S": sk } });
        let n = |n: &str| json!({ "n": { "N": n } });
        let ask = |items: Value, mode: &str| {
            is_short(&storage, &json!({ "RequestItems": items, "ReturnConsumedCapacity": mode }))
        };
        for mode in ["NONE", "TOTAL", "INDEXES"] {
            assert!(ask(json!({ "things": { "Keys": [key("1"), key("2"), key("0")] } }), mode));
            assert!(ask(json!({ "things": { "Keys": [key("0")], "ConsistentRead": true } }), mode));
            assert!(ask(json!({ "things": { "Keys": [key("1")] }, "numbered": { "Keys": [n("17"), n("1")] } }), mode));
        }
        let many: Vec<_> = (0..101).map(|n| key(&n.to_string())).collect();
        for items in [
            json!({}),
            json!({ "things": { "Keys": [] } }),
            json!({ "things": { "Keys": many } }),
            json!({ "things": { "Keys": [key("1"), key("1")] } }),
            json!({ "numbered": { "Keys": [n("17"), n("017")] } }),
            json!({ "things": { "Keys": [key("1"), key("3")] } }),
            json!({ "things": { "Keys": [key("1")] }, "nowhere": { "Keys": [key("1")] } }),
            json!({ "things": { "Keys": [key("1")], "ProjectionExpression": "sk" } }),
            json!({ "things": { "Keys": [n("17")] } }),
        ] {
            assert!(!ask(items.clone(), "TOTAL"), "{items}");
        }
    }
}
