//! Which blobs are still named: what the sweep of the bucket asks before it deletes.

use std::collections::{HashMap, HashSet};

use domain::id::{PostNumber, SourceId};
use domain::parsed::NaturalKey;

use super::item;
use crate::Store;
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::{Item, Row};

const OPERATION: &str = "looking who names a blob";
/// What is read of a post.
const ATTRIBUTES: [&str; 2] = [key::NUMBER, "blob"];

/// Who owns the content of a post: its source, and its natural key there.
type Owner = (SourceId, NaturalKey);

/// What is known of who names what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedBlobs {
    /// Blobs that their posts name now.
    pub names: HashSet<String>,
    /// Owners of whom that could not be read: what is theirs is to stay.
    pub unknown: HashSet<Owner>,
}

impl Store {
    /// The names of blobs that the posts under these natural keys have now, as far as they have one. Two reads a hundred keys, strongly. An item that cannot be
    /// read is in no other's way.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn named_blobs(&self, owners: &[Owner]) -> Result<NamedBlobs, StoreError> {
        let mut owners: HashMap<Key, Owner> =
            owners.iter().map(|(source, key)| (Key::natural(*source, *key), (*source, *key))).collect();
        let known = self.batch_get(OPERATION, owners.keys().cloned().collect::<Vec<_>>(), true, None).await?;
        // Whoever has no natural key has no post; of the others, a post is to say it.
        owners.retain(|key, _| known.iter().any(|item| Key::of(item).as_ref() == Some(key)));
        let numbered = |item: &Item| {
            let (_, post) = item::known(item)?;
            Ok((post.number, Key::of(item)))
        };
        let mut posts: HashMap<PostNumber, Owner> = HashMap::new();
        for (number, key) in self.readable(&known, numbered) {
            posts.extend(key.and_then(|key| owners.remove(&key)).map(|owner| (number, owner)));
        }
        let mut found = NamedBlobs { names: HashSet::new(), unknown: owners.into_values().collect() };
        let keys: Vec<Key> = posts.keys().copied().map(Key::post).collect();
        for item in self.batch_get(OPERATION, keys, true, Some(&ATTRIBUTES)).await? {
            match Row::part("post", &item).maybe_text("blob") {
                Ok(name) => found.names.extend(name.map(str::to_owned)),
                Err(_) => {
                    let number = Row::part("post", &item).number(key::NUMBER).ok().and_then(PostNumber::new);
                    found.unknown.extend(number.and_then(|number| posts.get(&number)));
                    self.readable(&[item], |item| Row::part("post", item).maybe_text("blob").map(drop));
                }
            }
        }
        Ok(found)
    }
}
