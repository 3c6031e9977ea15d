//! Turns: whoever makes one more of what a user may have only so many of reads the turn, counts what is there, and makes it only if the user has made nothing
//! since. So a limit holds for any number of requests at once, with no lock that somebody could die with and no count that could go wrong.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::id::UserId;

use crate::Store;
use crate::error::StoreError;
use crate::key::Key;
use crate::row::{Item, Row, number};
use crate::write::Write;

/// How much a user had made by then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn(u64);

impl Turn {
    /// The turn after this one, for who has taken it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// How much was made since `earlier`, at most.
    pub fn since(self, earlier: Self) -> usize {
        usize::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(usize::MAX)
    }

    fn of(profile: &Item) -> Result<Self, StoreError> {
        Ok(Self(Row::of("user", profile)?.maybe_number("made")?.unwrap_or(0)))
    }

    /// `user`, who has a condition, at this turn and no other; it is the next one by that.
    fn take(self, user: Write) -> Write {
        let at = if self.0 == 0 { "attribute_not_exists(#made)" } else { "#made = :made" };
        let condition = user.condition.as_ref().map_or_else(|| at.to_owned(), |held| format!("{held} AND {at}"));
        let user = user.change("SET #made = :next_made").when(condition).bind(":next_made", number(self.next().0));
        // What no expression names must not be bound.
        if self.0 == 0 { user } else { user.bind(":made", number(self.0)) }
    }
}

/// The user of a transaction, who must be as `user` says: at `turn`, if there is a limit.
pub(super) fn at_turn(user: Write, turn: Option<Turn>, table: &str) -> Result<TransactWriteItem, StoreError> {
    match turn {
        Some(turn) => turn.take(user).update(table),
        None => user.check(table),
    }
}

/// Whether the user who was in the way, found as `profile`, is there to stay, but has made something since `turn`.
pub(crate) fn is_overtaken(turn: Option<Turn>, profile: Option<&Item>) -> Result<bool, StoreError> {
    let (Some(turn), Some(profile)) = (turn, profile) else { return Ok(false) };
    Ok(Row::of("user", profile)?.raw("deleting").is_none() && Turn::of(profile)? != turn)
}

impl Store {
    /// The turn of `user`, as of now: to be read before counting what there is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn turn(&self, user: UserId) -> Result<Turn, StoreError> {
        // Of nobody there is a turn, too: whoever takes it hears that there is no such user.
        let profile = self.get("reading a turn", &Key::profile(user)).await?;
        profile.as_ref().map_or(Ok(Turn(0)), Turn::of)
    }
}
