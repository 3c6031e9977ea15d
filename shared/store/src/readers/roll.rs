//! The roll of all users, for administrators: in the order in which their accounts were made, a line each, since users themselves can only be found by name.

use domain::account::User;
use domain::id::UserId;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::{self, Cells, Item, text};
use crate::write::Write;

/// Where a list of users goes on: behind this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollPlace {
    /// In milliseconds since the epoch, when that account was made.
    pub made: i64,
    /// Whose it is.
    pub user: UserId,
}

/// The line of `user`, as an item.
pub(super) fn line(user: &User) -> Item {
    Cells::under(&Key::roll(user.created_at, user.id)).item()
}

/// The same line, once the user goes.
pub(super) fn forget(user: &User) -> Write {
    Write::to(Key::roll(user.created_at, user.id))
}

impl Store {
    /// Up to `limit` users behind `after`, oldest account first, as of now, and where the list goes on if there are more. A page may hold fewer: who is being deleted is not
    /// shown.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn users(
        &self,
        after: Option<RollPlace>,
        limit: usize,
    ) -> Result<(Vec<User>, Option<RollPlace>), StoreError> {
        const OPERATION: &str = "listing users";
        let after =
            after.map_or_else(String::new, |place| key::roll_line(Timestamp::from_millis(place.made), place.user));
        let request = self.client.query().table_name(self.readers()).consistent_read(true);
        let request = request
            .key_condition_expression("#pk = :pk AND #sk > :after")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#sk", key::SK)
            .expression_attribute_values(":pk", text(key::ROLL))
            // A space sorts before every line.
            .expression_attribute_values(":after", text(if after.is_empty() { " ".to_owned() } else { after }))
            .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX));
        let lines = self.query(OPERATION, request, limit + 1).await?;
        let mut places = row::readable(&lines, |item| row::Row::of("roll", item)?.word(key::SK, key::rolled));
        let more = places.len() > limit;
        places.truncate(limit);
        let profiles =
            self.batch_get(OPERATION, places.iter().map(|(_, user)| Key::profile(*user)), true, None).await?;
        let mut users: Vec<User> = row::readable(&profiles, row::user).into_iter().flatten().collect();
        users.sort_by_key(|user| (user.created_at, user.id));
        let last = places.last().filter(|_| more).map(|(made, user)| RollPlace { made: made.as_millis(), user: *user });
        Ok((users, last))
    }
}
