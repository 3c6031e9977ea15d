//! Attributes: how values become items, and how items are read across one format version.
//!
//! Every stored item carries its format in `v`. Code reads what it writes, what its predecessor wrote, and what its successor
//! writes, which may only have added attributes.

mod account;
mod folders;
mod job;
mod kept;
mod share;
mod source;
mod subscription;

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::time::Timestamp;

pub(crate) use account::{credential, credential_item, secret_item, user, user_item};
pub(crate) use folders::{folders_list, folders_of};
pub(crate) use job::{carry, finished, finished_item, hand, job_ttl, pointer, pointer_item};
pub(crate) use kept::{Source, copy, copy_item, kept, label, label_item};
pub(crate) use share::{share, share_item};
pub(crate) use source::{TARGET_ATTRIBUTES, head, head_item, is_polled, poll, poll_item, state_of, target};
pub(crate) use subscription::{folders, read_state, subscription, subscription_item};

use crate::error::StoreError;
use crate::key::{self, Key};

/// An item as DynamoDB keeps it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The format that this code writes.
pub(crate) const FORMAT: u32 = 1;

/// A text.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number.
pub(crate) fn number(value: impl Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// An instant, in milliseconds.
pub(crate) fn time(value: Timestamp) -> AttributeValue {
    number(value.as_millis())
}

/// A span, in milliseconds.
pub(crate) fn span(value: Duration) -> AttributeValue {
    number(value.as_millis())
}

/// Bytes.
pub(crate) fn bytes(value: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// What DynamoDB's TTL reads: whole seconds.
pub(crate) fn ttl(at: Timestamp) -> AttributeValue {
    number(at.as_secs())
}

/// What can be read of many items. One that cannot is told and left out: it must not stop the others, for which someone waits.
pub(crate) fn readable<T>(items: &[Item], read: impl Fn(&Item) -> Result<T, StoreError>) -> Vec<T> {
    let one = |item| read(item).inspect_err(|error| skipped(item, error)).ok();
    items.iter().filter_map(one).collect()
}

fn skipped(item: &Item, error: &StoreError) {
    let part = |name| item.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str);
    tracing::error!(pk = part(key::PK), sk = part(key::SK), %error, "an item cannot be read and is left out");
}

/// An item in the making.
pub(crate) struct Cells(Item);

impl Cells {
    /// The item under `key`, in the present format.
    pub(crate) fn under(key: &Key) -> Self {
        Self(key.item()).with("v", number(FORMAT))
    }

    /// One more attribute.
    pub(crate) fn with(mut self, name: &str, value: AttributeValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// One more attribute, if there is something to say.
    pub(crate) fn maybe(self, name: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// A flag: only true ones take space.
    pub(crate) fn flag(self, name: &str, value: bool) -> Self {
        self.maybe(name, value.then_some(AttributeValue::Bool(true)))
    }

    /// Done.
    pub(crate) fn item(self) -> Item {
        self.0
    }
}

/// An item that is being read.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    item: &'a Item,
    what: &'static str,
}

impl<'a> Row<'a> {
    /// Reads `item`, which is a `what`, unless its format is unknown.
    pub(crate) fn of(what: &'static str, item: &'a Item) -> Result<Self, StoreError> {
        let row = Self { item, what };
        match row.number("v")? {
            version if version > FORMAT + 1 => Err(StoreError::Newer { what, version }),
            _ => Ok(row),
        }
    }

    /// Reads a part of a `what`, which carries no format of its own: keys out of an index, a projection, a map within an item.
    pub(crate) fn part(what: &'static str, item: &'a Item) -> Self {
        Self { item, what }
    }

    /// What is said of an attribute that is missing or makes no sense.
    pub(crate) fn corrupt(&self, name: &str) -> StoreError {
        StoreError::Corrupt { what: format!("{} ({name})", self.what) }
    }

    /// An attribute, if it is there.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a AttributeValue> {
        self.item.get(name)
    }

    pub(crate) fn maybe_text(&self, name: &str) -> Result<Option<&'a str>, StoreError> {
        let read = |value: &'a AttributeValue| value.as_s().map(String::as_str).map_err(|_| self.corrupt(name));
        self.raw(name).map(read).transpose()
    }

    pub(crate) fn text(&self, name: &str) -> Result<&'a str, StoreError> {
        self.maybe_text(name)?.ok_or_else(|| self.corrupt(name))
    }

    /// A text that may be absent, owned.
    pub(crate) fn maybe_string(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.maybe_text(name)?.map(str::to_owned))
    }

    /// A text that something can be read from.
    pub(crate) fn maybe_parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, StoreError> {
        self.maybe_text(name)?.map(|text| text.parse().map_err(|_| self.corrupt(name))).transpose()
    }

    pub(crate) fn parsed<T: FromStr>(&self, name: &str) -> Result<T, StoreError> {
        self.maybe_parsed(name)?.ok_or_else(|| self.corrupt(name))
    }

    /// A text that `read` knows.
    pub(crate) fn word<T>(&self, name: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
        read(self.text(name)?).ok_or_else(|| self.corrupt(name))
    }

    pub(crate) fn maybe_number<T: FromStr>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let read = |value: &AttributeValue| value.as_n().ok().and_then(|digits| digits.parse().ok());
        self.raw(name).map(|value| read(value).ok_or_else(|| self.corrupt(name))).transpose()
    }

    pub(crate) fn number<T: FromStr>(&self, name: &str) -> Result<T, StoreError> {
        self.maybe_number(name)?.ok_or_else(|| self.corrupt(name))
    }

    pub(crate) fn maybe_time(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.maybe_number(name)?.map(Timestamp::from_millis))
    }

    pub(crate) fn time(&self, name: &str) -> Result<Timestamp, StoreError> {
        self.maybe_time(name)?.ok_or_else(|| self.corrupt(name))
    }

    pub(crate) fn span(&self, name: &str) -> Result<Duration, StoreError> {
        self.number(name).map(Duration::from_millis)
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.raw(name), Some(AttributeValue::Bool(true)))
    }

    pub(crate) fn bytes(&self, name: &str) -> Result<&'a [u8], StoreError> {
        let bytes = self.raw(name).and_then(|value| value.as_b().ok()).map(Blob::as_ref);
        bytes.ok_or_else(|| self.corrupt(name))
    }

    /// A list of texts.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, StoreError> {
        let list = self.raw(name).and_then(|value| value.as_l().ok()).ok_or_else(|| self.corrupt(name))?;
        list.iter().map(|value| value.as_s().cloned().map_err(|_| self.corrupt(name))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_one_ahead_is_read_and_two_ahead_is_refused() {
        let stored = |version: u32| Item::from([("v".to_owned(), number(version))]);
        assert!(Row::of("head", &stored(FORMAT)).is_ok());
        assert!(Row::of("head", &stored(FORMAT + 1)).is_ok());
        let refused = Row::of("head", &stored(FORMAT + 2)).map(|_| ());
        assert!(matches!(refused, Err(StoreError::Newer { version, .. }) if version == FORMAT + 2));
        assert!(matches!(Row::of("head", &Item::new()).map(|_| ()), Err(StoreError::Corrupt { .. })));
    }
}
