//! Retention: the floor below which a source's posts are not shown rises ahead of their end.

use std::time::Duration;

use domain::id::{Ordinal, PostNumber};
use domain::listing::{Ask, Place, Seek, Sought, Stock};
use domain::reading::Order;
use domain::source::{Head, SourceState};
use domain::time::Timestamp;

use crate::Store;
use crate::call::Written;
use crate::error::StoreError;
use crate::key::Key;
use crate::row::{number, text};
use crate::write::Write;

/// Which posts of a source are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Those that arrived within this time.
    pub age: Duration,
    /// And so many of the last ones at most.
    pub count: u64,
}

/// What became of raising a floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raising {
    /// It is up here now.
    Raised(Ordinal),
    /// It is where it belongs, or higher; or the source is going.
    Left,
}

/// Posts that old are in the index, if they are there at all.
const SETTLED: Duration = Duration::from_secs(86_400);

const OPERATION: &str = "raising a floor";

impl Store {
    /// Raises the floor of a source as `retention` asks at `now`. A floor never sinks. One read of the index where nothing is to be done; a few more, as the number of
    /// posts has digits, where age is, and a write.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again goes on.
    pub async fn raise_floor(&self, head: &Head, retention: &Retention, now: Timestamp) -> Result<Raising, StoreError> {
        let stock = Stock::from(head);
        let by_count = Ordinal::new(head.post_count.get().saturating_sub(retention.count));
        let floor = by_count.max(self.aged(&stock, now - retention.age, now).await?);
        if floor <= head.floor_ordinal {
            return Ok(Raising::Left);
        }
        let write = Write::to(Key::head(head.source))
            .change("SET #floor = :floor, #version = #version + :one")
            .when("attribute_exists(#pk) AND #floor < :floor AND #state <> :deleting")
            .bind(":floor", number(floor.get()))
            .bind(":deleting", text(SourceState::Deleting.as_str()))
            .bind(":one", number(1));
        Ok(match self.update(OPERATION, write).await? {
            Written::Done(_) => Raising::Raised(floor),
            Written::Refused(_) => Raising::Left,
        })
    }

    /// The highest ordinal of a post that arrived before `cutoff`, or that is gone before its time.
    async fn aged(&self, stock: &Stock, cutoff: Timestamp, now: Timestamp) -> Result<Ordinal, StoreError> {
        let floor = stock.shown.floor;
        if floor >= stock.shown.last {
            return Ok(floor);
        }
        let ask = Ask { source: stock.source, from: floor.next(), order: Order::OldestFirst, limit: 1 };
        let lowest = self.places(&ask).await?.first().copied();
        let gone = before_the_first(stock, lowest, now).max(floor);
        let Some(last) = last_before(cutoff) else { return Ok(gone) };
        if lowest.is_some_and(|(_, number)| number > last) {
            return Ok(gone);
        }
        let mut sought = stock.through(last);
        loop {
            match sought {
                Sought::Found(span) => return Ok(span.surely.max(gone)),
                Sought::Ask(seek) => sought = self.sought(stock, &seek).await?,
            }
        }
    }

    /// One step of a search for a number among the ordinals of a source.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sought(&self, stock: &Stock, seek: &Seek) -> Result<Sought, StoreError> {
        Ok(seek.learn(&self.places(&seek.ask(stock.source)).await?))
    }
}

/// The ordinal below the first post that there is, where the index can be believed; where it shows none, all are gone.
fn before_the_first(stock: &Stock, lowest: Option<Place>, now: Timestamp) -> Ordinal {
    let is_old = |number: PostNumber| last_before(now - SETTLED).is_some_and(|settled| number <= settled);
    match (lowest, stock.newest()) {
        (Some((ordinal, number)), _) if is_old(number) => Ordinal::new(ordinal.get().saturating_sub(1)),
        (None, Some(newest)) if is_old(newest) => stock.shown.last,
        _ => stock.shown.floor,
    }
}

/// The highest number of a post that arrived before `at`.
fn last_before(at: Timestamp) -> Option<PostNumber> {
    PostNumber::last_at(at - Duration::from_millis(1))
}
