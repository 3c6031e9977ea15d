//! Subscriptions.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::reading::ReadState;
use domain::subscription::Subscription;

use super::{Cells, Item, Row, bytes, number, text, time};
use crate::error::StoreError;
use crate::key::{self, Key};

/// A subscription as an item; `subscribed` and `subscriber` are its key in the index of a source's subscribers.
pub(crate) fn subscription_item(subscription: &Subscription) -> Result<Item, StoreError> {
    let Subscription { user, source, .. } = subscription;
    let cells = Cells::under(&Key::subscription(*user, *source))
        .with("subscribed", text(source.as_str()))
        .with("subscriber", text(user.to_string()))
        .with("added_at", time(subscription.added_at))
        .maybe("title", subscription.title.as_ref().map(text))
        .with("folders", folders(subscription))
        .with("read", read_state(&subscription.read)?)
        .maybe("newest", subscription.newest.map(number))
        .with("version", number(subscription.version));
    Ok(cells.item())
}

/// The folders of a subscription.
pub(crate) fn folders(subscription: &Subscription) -> AttributeValue {
    AttributeValue::L(subscription.folders.iter().map(|folder| text(folder.as_str())).collect())
}

/// What was read, as stored.
pub(crate) fn read_state(read: &ReadState) -> Result<AttributeValue, StoreError> {
    read.to_bytes().map(bytes).map_err(|error| StoreError::Corrupt { what: error.to_string() })
}

/// The subscription in `item`.
pub(crate) fn subscription(item: &Item) -> Result<Subscription, StoreError> {
    let row = Row::of("subscription", item)?;
    let folders = row.texts("folders")?;
    let folders = folders.iter().map(|folder| folder.parse().map_err(|_| row.corrupt("folders")));
    Ok(Subscription {
        user: row.word(key::PK, key::user_of)?,
        source: row.word(key::SK, key::subscription_of)?,
        added_at: row.time("added_at")?,
        title: row.maybe_text("title")?.map(str::to_owned),
        folders: folders.collect::<Result<_, _>>()?,
        read: ReadState::from_bytes(row.bytes("read")?).map_err(|_| row.corrupt("read"))?,
        newest: row.maybe_number("newest")?,
        version: row.number("version")?,
    })
}
