//! What a user keeps: flags of a post, the copy of it, and labels.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{Ordinal, PostNumber, UserId};
use domain::label::LabelName;
use domain::listing::Listed;
use domain::time::Timestamp;

use super::{Cells, Item, Row, text, time};
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::posts::Post;
use crate::readers::{Copy, Flags, Kept};

/// What `item` says of a post that is kept.
pub(crate) fn kept(item: &Item) -> Result<Kept, StoreError> {
    let row = Row::of("kept post", item)?;
    let number = row.word(key::SK, key::kept_of)?;
    let listed = Listed { source: row.parsed("source")?, ordinal: Ordinal::new(row.number("ordinal")?), number };
    let labels = match row.raw("labels") {
        None => Vec::new(),
        Some(AttributeValue::Ss(names)) => names.clone(),
        Some(_) => return Err(row.corrupt("labels")),
    };
    let mut labels: Vec<LabelName> = labels.iter().filter_map(|name| name.parse().ok()).collect();
    labels.sort();
    Ok(Kept { listed, flags: Flags { starred: row.raw("starred").is_some(), labels } })
}

/// A post as a user keeps it, made of the post's own item: it does not expire, and its long content is a blob of its own, or lost: the post's goes with the post.
pub(crate) fn copy_item(user: UserId, number: PostNumber, post: &Item, source: &Source<'_>) -> Item {
    let mut item = post.clone();
    item.remove(crate::schema::TTL);
    item.remove("blob");
    item.extend(Key::copy(user, number).item());
    item.extend(source.blob.map(|name| ("blob".to_owned(), text(name))));
    item.extend(source.title.map(|title| ("source_title".to_owned(), text(title))));
    item.extend(source.url.map(|url| ("source_url".to_owned(), text(url))));
    item
}

/// What a copy tells of its source, and where its long content is.
pub(crate) struct Source<'a> {
    pub(crate) title: Option<&'a str>,
    pub(crate) url: Option<&'a str>,
    pub(crate) blob: Option<&'a str>,
}

/// The copy in `item`.
pub(crate) fn copy(item: &Item) -> Result<Copy, StoreError> {
    let row = Row::part("copy", item);
    Ok(Copy {
        post: Post::of(item)?,
        source_title: row.maybe_string("source_title")?,
        source_url: row.maybe_string("source_url")?,
    })
}

/// A label as an item.
pub(crate) fn label_item(user: UserId, label: &LabelName, now: Timestamp) -> Item {
    Cells::under(&Key::label(user, label)).with("name", text(label.as_str())).with("created_at", time(now)).item()
}

/// The label in `item`.
pub(crate) fn label(item: &Item) -> Result<LabelName, StoreError> {
    Row::of("label", item)?.parsed("name")
}
