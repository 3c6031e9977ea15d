//! Posts that people bring along from elsewhere: kept like any other, without a post here.

use std::collections::HashMap;
use std::time::Duration;

use domain::id::{Ordinal, PostNumber, SourceId, UserId};
use domain::parsed::NaturalKey;

use super::kept::Original;
use crate::Store;
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::posts::{NewPost, PostFacts, identity_of, post_item};
use crate::row;

/// Attributes that tell which post a copy is.
const IDENTITY: [&str; 5] = [key::PK, key::SK, key::NUMBER, "source", "key"];

impl Store {
    /// Which posts the copies are that a user keeps under those of `numbers`, as of now; a call a hundred.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn copied(
        &self,
        user: UserId,
        numbers: &[PostNumber],
    ) -> Result<HashMap<PostNumber, (SourceId, NaturalKey)>, StoreError> {
        let keys = numbers.iter().map(|number| Key::copy(user, *number));
        let items = self.batch_get("naming copies", keys, true, Some(&IDENTITY)).await?;
        let identities = row::readable(&items, identity_of).into_iter();
        Ok(identities.map(|(number, source, key)| (number, (source, key))).collect())
    }
}

/// A post that came from elsewhere, about to be kept.
#[derive(Clone, Debug)]
pub struct Brought<'a> {
    /// A number that no post here has, nor will have.
    pub number: PostNumber,
    /// Its source; one that need not be there.
    pub source: SourceId,
    /// The rest. A long content is in a blob of the copy's own.
    pub facts: &'a PostFacts,
    /// The name of that blob.
    pub blob: Option<String>,
    /// What its source called itself.
    pub source_title: Option<String>,
    /// The URL of its source, if everybody may see it.
    pub source_url: Option<String>,
}

impl From<Brought<'_>> for Original {
    /// It has no place within its source, so it counts as read.
    fn from(brought: Brought<'_>) -> Self {
        let Brought { number, source, facts, blob, source_title, source_url } = brought;
        let ordinal = Ordinal::NONE;
        let item = post_item(source, &NewPost { number, ordinal, facts }, Duration::ZERO);
        Self { number, source, ordinal, blob: blob.clone(), own_blob: blob, source_title, source_url, item }
    }
}
