//! Which blobs are still named: what the sweep of the bucket asks before it deletes.

use std::collections::HashSet;

use domain::id::{PostNumber, SourceId};
use domain::parsed::NaturalKey;

use super::item;
use crate::Store;
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::Row;

const OPERATION: &str = "looking who names a blob";
/// What is read of a post.
const ATTRIBUTES: [&str; 2] = [key::NUMBER, "blob"];

impl Store {
    /// The names of blobs that the posts under these natural keys have now, as far as they have one. Two reads a hundred keys, strongly.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn named_blobs(&self, keys: &[(SourceId, NaturalKey)]) -> Result<HashSet<String>, StoreError> {
        let keys: HashSet<Key> = keys.iter().map(|(source, key)| Key::natural(*source, *key)).collect();
        let known = self.batch_get(OPERATION, keys, true, None).await?;
        let numbers = known.iter().map(|item| item::known(item).map(|(_, post)| post.number));
        let numbers = numbers.collect::<Result<HashSet<PostNumber>, _>>()?;
        let posts = self.batch_get(OPERATION, numbers.into_iter().map(Key::post), true, Some(&ATTRIBUTES)).await?;
        let name = |post| Ok(Row::part("post", post).maybe_text("blob")?.map(str::to_owned));
        posts.iter().filter_map(|post| name(post).transpose()).collect()
    }
}
