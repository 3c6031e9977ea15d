//! Posts that users share by a link. A share is two items: what its id is good for, and a line among all that is its user's, one a post.

use domain::id::{PostNumber, ShareId, UserId};
use domain::share::Share;

use super::alive;
use super::turn::{self, Turn};
use crate::Store;
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::{self, text};
use crate::write::{PRESENT, Write, put_if_absent};

/// What became of sharing a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// It is shared: by this call, or under this id since long.
    Shared(Share),
    /// The id is another share's: draw again.
    Taken,
    /// There is no such user, or not any more.
    NoUser,
    /// The user has made something since the turn was read: read it and count again.
    Overtaken,
}

const SHARE: &str = "sharing a post";
const READ: &str = "reading a share";
const END: &str = "ending a share";

impl Store {
    /// Shares a post, at `turn` if there is a limit: read before the user's shares were counted. A user shares a post once: who does it again gets the share that is there.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again makes sure.
    pub async fn share(&self, share: &Share, turn: Option<Turn>) -> Result<Sharing, StoreError> {
        let table = self.readers();
        let line = Key::share_line(share.user, share.post);
        let actions = vec![
            put_if_absent(table, key::PK, row::share_item(&Key::share(share.id), share))?,
            put_if_absent(table, key::PK, row::share_item(&line, share))?,
            turn::at_turn(alive(share.user), turn, table)?,
        ];
        let Some(verdicts) = self.transact(SHARE, actions).await? else {
            return Ok(Sharing::Shared(share.clone()));
        };
        // The line says it, whatever else was refused: it is there with the share or not at all.
        if let Some(item) = verdicts.get(1).and_then(|line| line.item()) {
            return Ok(Sharing::Shared(row::share(item)?));
        }
        Ok(match verdicts.get(2).filter(|user| user.is_refused()) {
            None => Sharing::Taken,
            Some(user) if turn::is_overtaken(turn, user.item())? => Sharing::Overtaken,
            Some(_) => Sharing::NoUser,
        })
    }

    /// A share, as of now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn shared(&self, id: ShareId) -> Result<Option<Share>, StoreError> {
        self.get(READ, &Key::share(id)).await?.as_ref().map(row::share).transpose()
    }

    /// What a user shares, by post; as of now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn shares(&self, user: UserId) -> Result<Vec<Share>, StoreError> {
        let request = self.client.query().table_name(self.readers()).consistent_read(true);
        let request = request
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#sk", key::SK)
            .expression_attribute_values(":pk", text(key::user_partition(user)))
            .expression_attribute_values(":prefix", text(key::SHARE_PREFIX));
        let items = self.query(READ, request, usize::MAX).await?;
        Ok(row::readable(&items, row::share))
    }

    /// Takes a share back; false if it was none.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again makes sure.
    pub async fn unshare(&self, user: UserId, post: PostNumber, id: ShareId) -> Result<bool, StoreError> {
        let table = self.readers();
        let line = Write::to(Key::share_line(user, post))
            .when(format!("{PRESENT} AND #share = :share"))
            .bind(":share", text(id.as_str()));
        let actions = vec![Write::to(Key::share(id)).delete(table)?, line.delete(table)?];
        Ok(self.transact(END, actions).await?.is_none())
    }
}
