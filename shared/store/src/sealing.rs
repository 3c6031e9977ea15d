//! Under which key what is secret of private sources is sealed, and how all of it comes to be sealed under a new one.
//!
//! The stamp names the key that is sealed under now; whoever seals does so on condition that it still does. So once it names another one, nothing comes
//! under the one before any more, and a single walk over all that is sealed leaves nothing under it.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::id::SourceId;
use domain::private::{SealName, Sealed};
use domain::time::Timestamp;

use crate::Store;
use crate::call::Written;
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::migrations::{Walked, cursor_of, key_of};
use crate::row::{Item, Row, bytes, number, text, time};
use crate::write::{PRESENT, Write};

/// What the stamp says of sealing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealState {
    /// The key that is sealed under; `None` while it is the installation's first.
    pub present: Option<SealName>,
    /// The key that is to take over, and since when it is known of.
    pub next: Option<(SealName, Timestamp)>,
    /// Nothing is sealed under another key than the present one. Not noted where the key never changed.
    pub settled: bool,
}

/// What became of sealing anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resealing {
    /// Done.
    Sealed,
    /// There is no such source, it is not private, or it is being deleted.
    NotPrivate,
    /// The installation seals under another key by now: seal it again.
    OtherKey,
}

/// A page of all that is sealed.
#[derive(Clone, Debug)]
pub struct SealedPage {
    /// What is sealed, and of which source.
    pub found: Vec<(SourceId, Sealed)>,
    /// What could not be read, each with what is wrong with it.
    pub unreadable: Vec<StoreError>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Items that one page looks at: most are jobs and keys, and not handed on.
const PAGE: i32 = 1_000;

impl SealState {
    /// What a stamp says.
    pub(crate) fn of(item: &Item) -> Result<Self, StoreError> {
        let row = Row::of("stamp", item)?;
        let next = row.maybe_parsed("seal_next")?;
        let next = next.map(|name| Ok::<_, StoreError>((name, row.time("seal_since")?))).transpose()?;
        Ok(Self { present: row.maybe_parsed("seal")?, next, settled: row.flag("seal_settled") })
    }
}

impl Store {
    /// What the stamp says of sealing, as of now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn seal_state(&self) -> Result<SealState, StoreError> {
        let stamp = self.get("reading the stamp", &Key::meta()).await?;
        stamp.as_ref().map_or_else(|| Ok(SealState::default()), SealState::of)
    }

    /// Notes that `next` is to take over; since when it is known of stays as it was if that was noted before.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again is safe.
    pub async fn announce_seal(&self, next: SealName, now: Timestamp) -> Result<(), StoreError> {
        let write = Write::to(Key::meta())
            .change("SET #seal_next = :next, #seal_since = :now")
            .when(format!("{PRESENT} AND (attribute_not_exists(#seal_next) OR #seal_next <> :next)"))
            .bind(":next", text(next.to_string()))
            .bind(":now", time(now));
        self.update("announcing a key", write).await.map(drop)
    }

    /// From now on all is sealed under `next`, if it is the one that was announced; false if another is, or none.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again is safe.
    pub async fn seal_under(&self, next: SealName) -> Result<bool, StoreError> {
        let write = Write::to(Key::meta())
            .change("SET #seal = :next REMOVE #seal_next, #seal_since, #seal_settled")
            .when("#seal_next = :next")
            .bind(":next", text(next.to_string()));
        Ok(match self.update("changing the key that is sealed under", write).await? {
            Written::Done(_) => true,
            // Its answer may have got lost.
            Written::Refused(Some(item)) => SealState::of(&item)?.present == Some(next),
            Written::Refused(None) => false,
        })
    }

    /// Notes that all is sealed under `present`, if that is still the one.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again is safe.
    pub async fn note_all_sealed(&self, present: SealName) -> Result<(), StoreError> {
        let write = Write::to(Key::meta())
            .change("SET #seal_settled = :yes")
            .when("#seal = :seal")
            .bind(":yes", AttributeValue::Bool(true))
            .bind(":seal", text(present.to_string()));
        self.update("noting that all is sealed under one key", write).await.map(drop)
    }

    /// What is sealed in the page of the table behind `cursor`, as of now. What is sealed of a source stays where it is for as long as it is there, so the
    /// pages together miss nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sealed(&self, cursor: Option<&str>) -> Result<SealedPage, StoreError> {
        const OPERATION: &str = "looking for what is sealed";
        let table = self.sources();
        let start = cursor.map(|cursor| key_of(Walked::Sources, cursor)).transpose()?;
        let request = self.client.scan().table_name(table).consistent_read(true).limit(PAGE);
        let request =
            request.filter_expression("attribute_exists(#sealed)").expression_attribute_names("#sealed", "sealed");
        let request = request.set_exclusive_start_key(start.map(|key| key.item()));
        let answer = request.set_return_consumed_capacity(self.capacity()).send().await;
        let answer = answer.map_err(|error| StoreError::of(OPERATION, error).on(table))?;
        self.count_reads(answer.consumed_capacity());
        let mut page = SealedPage {
            found: Vec::new(),
            unreadable: Vec::new(),
            next: answer.last_evaluated_key.as_ref().map(cursor_of),
        };
        for item in answer.items() {
            match sealed_in(item) {
                Ok(found) => page.found.push(found),
                Err(error) => page.unreadable.push(error),
            }
        }
        Ok(page)
    }

    /// Replaces what is sealed of a source by the same under another key; false if it is not as it was read any more.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again is safe.
    pub async fn seal_again(&self, source: SourceId, read: &Sealed, sealed: &Sealed) -> Result<bool, StoreError> {
        let write = resealed(source, sealed).when("#sealed = :read").bind(":read", bytes(read.as_bytes()));
        Ok(match self.update("sealing again", write).await? {
            Written::Done(_) => true,
            // Its answer may have got lost.
            Written::Refused(Some(item)) => sealed_in(&item).is_ok_and(|(_, now)| now == *sealed),
            Written::Refused(None) => false,
        })
    }

    /// Replaces what is sealed of a private source by something else, on condition that the key it is sealed under is the present one.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again is safe.
    pub async fn reseal(&self, source: SourceId, sealed: &Sealed) -> Result<Resealing, StoreError> {
        const OPERATION: &str = "sealing";
        let poll = resealed(source, sealed).when("attribute_exists(#sealed)").update(self.sources())?;
        let refused = self.transact(OPERATION, vec![poll, self.sealed_under(sealed)?]).await?;
        Ok(match refused.as_deref() {
            None => Resealing::Sealed,
            Some([_, key]) if key.is_refused() => Resealing::OtherKey,
            Some(_) => Resealing::NotPrivate,
        })
    }

    /// The condition that the key of `sealed` is the present one, for a transaction. Where the stamp names none, it is the first, which
    /// everybody seals under who finds none named.
    pub(crate) fn sealed_under(&self, sealed: &Sealed) -> Result<TransactWriteItem, StoreError> {
        let name = sealed.key().ok_or_else(|| StoreError::Corrupt { what: "sealed (its key)".to_owned() })?;
        Write::to(Key::meta())
            .when("attribute_not_exists(#seal) OR #seal = :seal")
            .bind(":seal", text(name.to_string()))
            .check(self.sources())
    }
}

fn resealed(source: SourceId, sealed: &Sealed) -> Write {
    Write::to(Key::poll(source))
        .change("SET #sealed = :sealed, #version = #version + :one")
        .bind(":sealed", bytes(sealed.as_bytes()))
        .bind(":one", number(1))
}

fn sealed_in(item: &Item) -> Result<(SourceId, Sealed), StoreError> {
    let row = Row::of("poll state", item)?;
    Ok((row.word(key::PK, key::source_of)?, Sealed::from_bytes(row.bytes("sealed")?.to_vec())))
}
