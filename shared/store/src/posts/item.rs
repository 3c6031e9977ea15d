//! Posts and natural keys as items. Both are kept small, since a landing pays twice for every kilobyte.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{Ordinal, PostNumber, SourceId};
use domain::parsed::{ContentHash, Enclosure, NaturalKey};
use domain::plan::Known;

use super::{Content, EditedPost, NewPost, Post, RETENTION_MARGIN};
use crate::content::{Body, Kept, Text};
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::{Cells, Item, Row, bytes, number, text, time, ttl};
use crate::write::Write;

/// What [`hash`] reads.
pub(super) const HASH_ATTRIBUTES: [&str; 2] = [key::NUMBER, "hash"];

/// What [`identity`] reads.
pub(super) const IDENTITY_ATTRIBUTES: [&str; 3] = [key::NUMBER, "ordinal", "key"];

/// A new post as an item, kept for `retention` and a margin.
pub(crate) fn post_item(source: SourceId, post: &NewPost<'_>, retention: Duration) -> Item {
    let facts = post.facts;
    let cells = Cells::under(&Key::post(post.number))
        .with("source", text(source.to_string()))
        .with("ordinal", number(post.ordinal.get()))
        .with("key", bytes(facts.key.0))
        .with("hash", bytes(facts.content_hash.0))
        .maybe("id", facts.external_id.as_ref().map(text))
        .maybe("url", facts.url.as_ref().map(text))
        .maybe("title", facts.title.as_ref().map(text))
        .maybe("authors", texts(&facts.authors))
        .maybe("published", (facts.published != facts.arrived).then(|| time(facts.published)))
        .maybe("updated", facts.updated.map(time))
        .with("arrived", time(facts.arrived))
        .maybe("enclosures", enclosures(&facts.enclosures))
        .maybe("image", facts.image.as_ref().map(text))
        .maybe("categories", texts(&facts.categories))
        .maybe("comments", facts.comments.as_ref().map(text))
        .with("ttl", ttl(facts.arrived + retention + RETENTION_MARGIN));
    body_cells(&facts.body).into_iter().fold(cells, |cells, (name, value)| cells.maybe(name, value)).item()
}

/// Every attribute that HTML is kept in, with its value if it has one.
fn body_cells(body: &Body) -> [(&'static str, Option<AttributeValue>); 3] {
    let (inline, blob) = match &body.content {
        Kept::Nowhere => (None, None),
        Kept::Inline(content) => (Some(content.attribute()), None),
        Kept::InBlob(name) => (None, Some(text(name))),
    };
    [("summary", body.summary.as_ref().map(Text::attribute)), ("content", inline), ("blob", blob)]
}

fn texts(texts: &[String]) -> Option<AttributeValue> {
    (!texts.is_empty()).then(|| AttributeValue::L(texts.iter().map(text).collect()))
}

fn enclosures(files: &[Enclosure]) -> Option<AttributeValue> {
    let file = |file: &Enclosure| {
        let mut map = HashMap::from([("url".to_owned(), text(&file.url))]);
        map.extend(file.media_type.as_ref().map(|kind| ("type".to_owned(), text(kind))));
        map.extend(file.length.map(|length| ("length".to_owned(), number(length))));
        AttributeValue::M(map)
    };
    (!files.is_empty()).then(|| AttributeValue::L(files.iter().map(file).collect()))
}

/// An edit: of what a reader sees, nothing else. An edit without a date of its own leaves the one that there was.
pub(crate) fn edit(source: SourceId, post: &EditedPost<'_>) -> Write {
    let facts = post.facts;
    let mut sets = vec!["#hash = :hash".to_owned(), "#revision = if_not_exists(#revision, :zero) + :one".to_owned()];
    let mut removes = Vec::new();
    let mut write = Write::to(Key::post(post.number))
        .when("#source = :source")
        .bind(":source", text(source.to_string()))
        .bind(":hash", bytes(facts.content_hash.0))
        .bind(":zero", number(0))
        .bind(":one", number(1));
    let mut cells = vec![("title", facts.title.as_ref().map(text)), ("enclosures", enclosures(&facts.enclosures))];
    cells.extend(facts.updated.map(|at| ("updated", Some(time(at)))));
    cells.extend(body_cells(&facts.body));
    for (name, value) in cells {
        match value {
            Some(value) => {
                sets.push(format!("#{name} = :{name}"));
                write = write.bind(&format!(":{name}"), value);
            }
            None => removes.push(format!("#{name}")),
        }
    }
    let mut change = format!("SET {}", sets.join(", "));
    if !removes.is_empty() {
        change = format!("{change} REMOVE {}", removes.join(", "));
    }
    write.change(change)
}

/// What leads from a natural key to its post; lives as long as the source.
pub(crate) fn natural_item(source: SourceId, post: &NewPost<'_>) -> Item {
    Cells::under(&Key::natural(source, post.facts.key))
        .with("number", number(post.number))
        .with("ordinal", number(post.ordinal.get()))
        .item()
}

/// The inverse of [`natural_item`].
pub(super) fn known(item: &Item) -> Result<(NaturalKey, Known), StoreError> {
    let row = Row::of("natural key", item)?;
    let key = row.word(key::SK, key::natural_of)?;
    let ordinal = Ordinal::new(row.number("ordinal")?);
    Ok((key, Known { number: post_number(row)?, ordinal, content: None }))
}

fn post_number(row: Row<'_>) -> Result<PostNumber, StoreError> {
    PostNumber::new(row.number(key::NUMBER)?).ok_or_else(|| row.corrupt(key::NUMBER))
}

/// Number and content hash of a post.
pub(super) fn hash(item: &Item) -> Result<(PostNumber, ContentHash), StoreError> {
    let row = Row::part("post", item);
    Ok((post_number(row)?, ContentHash(array(row, "hash")?)))
}

/// Number, source and natural key of a post, or of a copy.
pub(crate) fn identity_of(item: &Item) -> Result<(PostNumber, SourceId, NaturalKey), StoreError> {
    let row = Row::part("post", item);
    Ok((post_number(row)?, row.parsed("source")?, NaturalKey(array(row, "key")?)))
}

/// Ordinal and natural key of a post.
pub(super) fn identity(item: &Item) -> Result<(Ordinal, NaturalKey), StoreError> {
    let row = Row::part("post", item);
    Ok((Ordinal::new(row.number("ordinal")?), NaturalKey(array(row, "key")?)))
}

/// The post in `item`.
pub(super) fn post(item: &Item) -> Result<Post, StoreError> {
    let row = Row::of("post", item)?;
    let arrived = row.time("arrived")?;
    Ok(Post {
        number: post_number(row)?,
        source: row.parsed("source")?,
        ordinal: Ordinal::new(row.number("ordinal")?),
        key: NaturalKey(array(row, "key")?),
        external_id: row.maybe_string("id")?,
        url: row.maybe_string("url")?,
        title: row.maybe_string("title")?,
        authors: maybe_texts(row, "authors")?,
        published: row.maybe_time("published")?.unwrap_or(arrived),
        updated: row.maybe_time("updated")?,
        arrived,
        enclosures: maybe_enclosures(row)?,
        image: row.maybe_string("image")?,
        categories: maybe_texts(row, "categories")?,
        comments: row.maybe_string("comments")?,
        summary: html(row, "summary")?,
        content: match (row.maybe_string("blob")?, html(row, "content")?) {
            (Some(name), _) => Content::InBlob(name),
            (None, Some(html)) => Content::Inline(html),
            (None, None) => Content::None,
        },
        content_hash: ContentHash(array(row, "hash")?),
        revision: row.maybe_number("revision")?.unwrap_or(0),
    })
}

fn array<const N: usize>(row: Row<'_>, name: &str) -> Result<[u8; N], StoreError> {
    row.bytes(name)?.try_into().map_err(|_| row.corrupt(name))
}

fn html(row: Row<'_>, name: &str) -> Result<Option<String>, StoreError> {
    row.raw(name).map(|value| Text::read(value).ok_or_else(|| row.corrupt(name))).transpose()
}

fn maybe_texts(row: Row<'_>, name: &str) -> Result<Vec<String>, StoreError> {
    if row.raw(name).is_some() { row.texts(name) } else { Ok(Vec::new()) }
}

fn maybe_enclosures(row: Row<'_>) -> Result<Vec<Enclosure>, StoreError> {
    let corrupt = || row.corrupt("enclosures");
    let Some(value) = row.raw("enclosures") else {
        return Ok(Vec::new());
    };
    let read = |value: &AttributeValue| {
        let file = Row::part("enclosure", value.as_m().ok()?);
        Some(Enclosure {
            url: file.maybe_string("url").ok()??,
            media_type: file.maybe_string("type").ok()?,
            length: file.maybe_number("length").ok()?,
        })
    };
    value.as_l().map_err(|_| corrupt())?.iter().map(|value| read(value).ok_or_else(corrupt)).collect()
}

#[cfg(test)]
mod tests {
    use domain::parsed::Item as Entry;

    use super::super::PostFacts;
    use super::*;

    #[test]
    fn a_post_outlives_the_retention_by_a_week_and_its_natural_key_stays() {
        let entry = Entry::new(NaturalKey([1; 16]), ContentHash([2; 8]));
        let facts = PostFacts::of(&entry, Body::default(), domain::time::Timestamp::from_secs(1_000));
        let number = PostNumber::new(1).expect("a small number");
        let post = NewPost { number, ordinal: Ordinal::new(1), facts: &facts };
        let source: SourceId = "3kTMd9aZ".parse().expect("eight base62 characters");
        let item = post_item(source, &post, Duration::from_secs(180 * 86_400));
        assert_eq!(item[crate::schema::TTL], super::number(1_000 + 187 * 86_400));
        assert!(!natural_item(source, &post).contains_key(crate::schema::TTL));
    }
}
