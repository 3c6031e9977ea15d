//! What lists are made of: the stocks of many sources, and places in the index of posts.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{Ordinal, PostNumber, SourceId};
use domain::listing::{Ask, Place, Stock};
use domain::reading::{First, Order, Shown};
use domain::source::{Recent, SourceState};

use crate::Store;
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::{self, Item, Row, text};
use crate::schema::BY_SOURCE;

/// Attributes of a head that a stock is read from.
const STOCK: [&str; 7] = [key::PK, "v", "state", "post_count", "floor", "first_through", "recent"];
/// Attributes that tell where a post stands.
const WHEREABOUTS: [&str; 3] = [key::NUMBER, "source", "ordinal"];

/// How a read sees what was written a moment before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// Perhaps not yet; half the price.
    Eventual,
    /// Certainly.
    Strong,
}

impl Store {
    /// The stocks of many sources, without those that are gone, are being deleted, or cannot be read; a call a hundred.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn stocks(
        &self,
        sources: &[SourceId],
        consistency: Consistency,
    ) -> Result<HashMap<SourceId, Stock>, StoreError> {
        let keys = sources.iter().map(|source| Key::head(*source));
        let strongly = consistency == Consistency::Strong;
        let items = self.batch_get("reading sources", keys, strongly, Some(&STOCK)).await?;
        let stocks = row::readable(&items, stock).into_iter().flatten();
        Ok(stocks.map(|stock| (stock.source, stock)).collect())
    }

    /// What the index of posts answers to a question. Eventually consistent: it may lag behind a landing or a deletion.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn places(&self, ask: &Ask) -> Result<Vec<Place>, StoreError> {
        let (condition, forward) = match ask.order {
            Order::NewestFirst => ("#source = :source AND #ordinal <= :from", false),
            Order::OldestFirst => ("#source = :source AND #ordinal >= :from", true),
        };
        let request = self
            .client
            .query()
            .table_name(self.posts_table_name())
            .index_name(BY_SOURCE)
            .key_condition_expression(condition)
            .expression_attribute_names("#source", "source")
            .expression_attribute_names("#ordinal", "ordinal")
            .expression_attribute_values(":source", text(ask.source.to_string()))
            .expression_attribute_values(":from", AttributeValue::N(ask.from.to_string()))
            .scan_index_forward(forward)
            .limit(i32::try_from(ask.limit.max(1)).unwrap_or(i32::MAX));
        let items = self.query("listing posts", request, ask.limit).await?;
        items.iter().map(place).collect()
    }

    /// Source, ordinal and number of those of `numbers` that are posts, in any order; a call a hundred.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn whereabouts(&self, numbers: &[PostNumber]) -> Result<Vec<(SourceId, Place)>, StoreError> {
        let keys = numbers.iter().copied().map(Key::post);
        let items = self.batch_get("finding posts", keys, true, Some(&WHEREABOUTS)).await?;
        let whereabouts = |item: &Item| Ok((Row::part("post", item).parsed("source")?, place(item)?));
        Ok(row::readable(&items, whereabouts))
    }
}

fn stock(item: &Item) -> Result<Option<Stock>, StoreError> {
    let row = Row::of("head", item)?;
    if row.word("state", row::state_of)? == SourceState::Deleting {
        return Ok(None);
    }
    let shown = Shown { floor: Ordinal::new(row.number("floor")?), last: Ordinal::new(row.number("post_count")?) };
    let first = row.maybe_number("first_through")?.map(Ordinal::new).map_or(First::Coming(shown.last), First::Through);
    let recent = Recent::from_bytes(row.bytes("recent")?).ok_or_else(|| row.corrupt("recent"))?;
    Ok(Some(Stock { source: row.word(key::PK, key::source_of)?, shown, first, recent }))
}

fn place(item: &Item) -> Result<Place, StoreError> {
    let row = Row::part("post", item);
    let number = row.number(key::NUMBER).ok().and_then(PostNumber::new);
    Ok((Ordinal::new(row.number("ordinal")?), number.ok_or_else(|| row.corrupt(key::NUMBER))?))
}
