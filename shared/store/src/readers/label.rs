//! Labels: there by name, put on posts, renamed and ended with all of that.

use domain::id::{PostNumber, UserId};
use domain::label::LabelName;
use domain::reading::Order;
use domain::time::Timestamp;

use super::alive;
use super::kept::{Flag, KeptRange};
use super::turn::{self, Turn};
use crate::Store;
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::{self, text};
use crate::write::put;

/// What became of making or renaming a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labelling {
    /// It is there.
    Done,
    /// There is no such user, or not any more.
    NoUser,
    /// The user has made something since the turn was read: read it and count again.
    Overtaken,
}

/// Posts that are renamed or freed of a label at a time.
const AT_ONCE: usize = 500;

impl Store {
    /// The labels of a user, by name, as of now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn labels(&self, user: UserId) -> Result<Vec<LabelName>, StoreError> {
        let request = self.client.query().table_name(self.readers()).consistent_read(true);
        let request = request
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#sk", key::SK)
            .expression_attribute_values(":pk", text(key::user_partition(user)))
            .expression_attribute_values(":prefix", text(key::LABEL_PREFIX));
        let items = self.query("listing labels", request, usize::MAX).await?;
        let mut labels = row::readable(&items, row::label);
        labels.sort();
        Ok(labels)
    }

    /// Makes a label, if it is not there; at `turn` if there is a limit: read before the user's labels were counted.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again makes sure.
    pub async fn make_label(
        &self,
        user: UserId,
        label: &LabelName,
        now: Timestamp,
        turn: Option<Turn>,
    ) -> Result<Labelling, StoreError> {
        const OPERATION: &str = "making a label";
        if self.get(OPERATION, &Key::label(user, label)).await?.is_some() {
            return Ok(Labelling::Done);
        }
        let table = self.readers();
        let actions = vec![turn::at_turn(alive(user), turn, table)?, put(table, row::label_item(user, label, now))?];
        Ok(match self.transact(OPERATION, actions).await? {
            None => Labelling::Done,
            Some(verdicts) if turn::is_overtaken(turn, verdicts[0].item())? => Labelling::Overtaken,
            Some(_) => Labelling::NoUser,
        })
    }

    /// Ends a label: it is taken from all posts, then it is gone.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again goes on.
    pub async fn end_label(&self, user: UserId, label: &LabelName) -> Result<(), StoreError> {
        let flag = Flag::Label(label.clone());
        let mut last = None;
        while let Some(some) = self.labelled(user, &flag, &mut last).await? {
            self.unflag(user, &some, &flag).await?;
        }
        self.delete_all("ending a label", &[Key::label(user, label)]).await
    }

    /// Gives all posts under a label another one instead. Whoever is stopped finds the rest of them under the old one.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again goes on.
    pub async fn rename_label(
        &self,
        user: UserId,
        label: &LabelName,
        to: &LabelName,
        now: Timestamp,
        turn: Option<Turn>,
    ) -> Result<Labelling, StoreError> {
        if label == to {
            return Ok(Labelling::Done);
        }
        match self.make_label(user, to, now, turn).await? {
            Labelling::Done => {}
            other @ (Labelling::NoUser | Labelling::Overtaken) => return Ok(other),
        }
        let (old, new) = (Flag::Label(label.clone()), Flag::Label(to.clone()));
        let mut last = None;
        while let Some(some) = self.labelled(user, &old, &mut last).await? {
            // What is not kept any more needs no label.
            self.flag(user, &some, &new).await?;
            self.unflag(user, &some, &old).await?;
        }
        self.delete_all("ending a label", &[Key::label(user, label)]).await?;
        Ok(Labelling::Done)
    }

    /// The next posts under a flag behind `last`, which becomes the last of them.
    async fn labelled(
        &self,
        user: UserId,
        flag: &Flag,
        last: &mut Option<PostNumber>,
    ) -> Result<Option<Vec<PostNumber>>, StoreError> {
        let range = KeptRange { order: Order::OldestFirst, above: *last, below: None };
        let some = self.kept(user, flag, range, AT_ONCE).await?;
        let numbers: Vec<PostNumber> = some.into_iter().map(|kept| kept.listed.number).collect();
        *last = numbers.last().copied().or(*last);
        Ok((!numbers.is_empty()).then_some(numbers))
    }
}
