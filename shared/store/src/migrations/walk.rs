//! One page of a migration.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Migration, Walked};
use crate::Store;
use crate::call::{Patience, Written};
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::{Item, Row, number, text};
use crate::tasks::{Progress, noted};
use crate::write::{PRESENT, Write};

/// Items that one page looks at.
const PAGE: i32 = 100;
/// How often an item is decided on again that others keep changing.
const TRIES: usize = 5;

const OPERATION: &str = "migrating";

/// What is to change of one item.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rewrite {
    /// What attributes are to be; `None` for those that are to go. Never a key.
    pub(crate) attributes: Vec<(&'static str, Option<AttributeValue>)>,
}

/// What one page came to.
pub(super) struct Page {
    pub(super) seen: u64,
    pub(super) changed: u64,
    /// Where the next one begins.
    pub(super) next: Option<String>,
}

impl Store {
    /// Looks at the page of a table behind `cursor`, and rewrites what is to change if it may.
    pub(super) async fn walk(
        &self,
        migration: &Migration,
        cursor: Option<&str>,
        writes: bool,
    ) -> Result<Page, StoreError> {
        let table = match migration.table {
            Walked::Sources => self.sources(),
            Walked::Posts => self.posts_table_name(),
            Walked::Readers => self.readers(),
        };
        let start = cursor.map(|cursor| key_of(migration.table, cursor)).transpose()?;
        let request = self.client.scan().table_name(table).consistent_read(true).limit(PAGE);
        let request = request.set_exclusive_start_key(start.map(|key| key.item()));
        let answer = request.set_return_consumed_capacity(self.capacity()).send().await;
        let answer = answer.map_err(|error| StoreError::of(OPERATION, error).on(table))?;
        self.count_reads(answer.consumed_capacity());
        let items = answer.items.unwrap_or_default();
        let mut page = Page { seen: 0, changed: 0, next: answer.last_evaluated_key.map(|key| cursor_of(&key)) };
        for item in items {
            page.seen += 1;
            let changed =
                if writes { self.rewrite(migration, item).await? } else { (migration.rewrite)(&item).is_some() };
            page.changed += u64::from(changed);
        }
        Ok(page)
    }

    /// Rewrites one item, if there is something to change; what others changed since it was read is decided on again.
    async fn rewrite(&self, migration: &Migration, mut item: Item) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let Some(rewrite) = (migration.rewrite)(&item) else { return Ok(false) };
            let key = item_key(migration.table, &item)?;
            match self.update(OPERATION, write_of(key, &item, rewrite)).await? {
                Written::Done(_) => return Ok(true),
                Written::Refused(Some(now)) => item = now,
                // Deleted meanwhile.
                Written::Refused(None) => return Ok(false),
            }
            Patience::new().wait().await;
        }
        Err(StoreError::Conflict { operation: OPERATION })
    }

    /// Keeps how far a migration is.
    pub(super) async fn note_migration(&self, key: Key, progress: &Progress) -> Result<(), StoreError> {
        self.update(OPERATION, noted(Write::to(key), progress)).await.map(drop)
    }

    /// Says in the stamp that the tables have come to schema `version`; where nobody stamped them, or they have come further, nothing changes.
    pub(super) async fn raise_schema(&self, version: u32) -> Result<(), StoreError> {
        let write = Write::to(Key::meta())
            .change("SET #version = :version")
            .when("#version < :version")
            .bind(":version", number(version));
        self.update(OPERATION, write).await.map(drop)
    }
}

/// The rewrite as a write that changes nothing which is not as it was read.
fn write_of(key: Key, item: &Item, rewrite: Rewrite) -> Write {
    let (mut sets, mut removes, mut conditions) = (Vec::new(), Vec::new(), Vec::new());
    let present = match key {
        Key::Post(_) => format!("attribute_exists(#{})", key::NUMBER),
        Key::Source { .. } | Key::Reader { .. } => PRESENT.to_owned(),
    };
    conditions.push(present);
    let mut write = Write::to(key);
    for (name, value) in rewrite.attributes {
        match item.get(name) {
            Some(old) => {
                conditions.push(format!("#{name} = :old_{name}"));
                write = write.bind(&format!(":old_{name}"), old.clone());
            }
            None => conditions.push(format!("attribute_not_exists(#{name})")),
        }
        match value {
            Some(value) => {
                sets.push(format!("#{name} = :{name}"));
                write = write.bind(&format!(":{name}"), value);
            }
            None => removes.push(format!("#{name}")),
        }
    }
    let clause = |verb: &str, parts: Vec<String>| match parts.is_empty() {
        true => String::new(),
        false => format!("{verb} {} ", parts.join(", ")),
    };
    let change = clause("SET", sets) + &clause("REMOVE", removes);
    write.change(change.trim_end()).when(conditions.join(" AND "))
}

#[cfg(test)]
pub(super) fn test_write(key: Key, item: &Item, rewrite: Rewrite) -> Write {
    write_of(key, item, rewrite)
}

fn item_key(table: Walked, item: &Item) -> Result<Key, StoreError> {
    let missing = || StoreError::Corrupt { what: "item (its key)".to_owned() };
    match table {
        Walked::Sources => Key::of(item).ok_or_else(missing),
        Walked::Readers => Key::of_reader(item).ok_or_else(missing),
        Walked::Posts => {
            let row = Row::part("post", item);
            let number = row.number(key::NUMBER).ok().and_then(domain::id::PostNumber::new);
            number.map(Key::post).ok_or_else(missing)
        }
    }
}

/// A key as a text: both parts, the partition with its length in front, or the number.
pub(crate) fn cursor_of(key: &Item) -> String {
    let part = |name| key.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str);
    match key.get(key::NUMBER).and_then(|value| value.as_n().ok()) {
        Some(number) => number.clone(),
        None => format!("{}:{}{}", part(key::PK).len(), part(key::PK), part(key::SK)),
    }
}

/// The inverse of [`cursor_of`].
pub(crate) fn key_of(table: Walked, cursor: &str) -> Result<Key, StoreError> {
    let bad = || StoreError::Corrupt { what: "migration (cursor)".to_owned() };
    if table == Walked::Posts {
        let item = Item::from([(key::NUMBER.to_owned(), number(cursor))]);
        return item_key(table, &item);
    }
    let (length, rest) = cursor.split_once(':').ok_or_else(bad)?;
    let (pk, sk) = length.parse().ok().and_then(|length| rest.split_at_checked(length)).ok_or_else(bad)?;
    item_key(table, &Item::from([(key::PK.to_owned(), text(pk)), (key::SK.to_owned(), text(sk))]))
}
