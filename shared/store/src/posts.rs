//! Posts: what is landed, what comes back, and how pages and natural keys find them.

mod blobs;
mod item;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{Ordinal, PostNumber, SourceId};
use domain::landing::Piece;
use domain::parsed::{ContentHash, Enclosure, Item as Entry, NaturalKey};
use domain::plan::Known;
use domain::time::Timestamp;

use crate::Store;
use crate::content::Body;
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::row::{self, Item, Row, text};
use crate::schema::BY_SOURCE;

pub use blobs::NamedBlobs;
pub(crate) use item::{edit, identity_of, natural_item, post_item};

/// A post as it came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Its number.
    pub number: PostNumber,
    /// Its source.
    pub source: SourceId,
    /// Its place within the source.
    pub ordinal: Ordinal,
    /// Its identity within the source.
    pub key: NaturalKey,
    /// The guid or id, as the feed writes it.
    pub external_id: Option<String>,
    /// Where a person reads it.
    pub url: Option<String>,
    /// Plain text.
    pub title: Option<String>,
    /// Names, plain text.
    pub authors: Vec<String>,
    /// As the feed says, never after `arrived`.
    pub published: Timestamp,
    /// As the feed says.
    pub updated: Option<Timestamp>,
    /// When it was landed.
    pub arrived: Timestamp,
    /// Files.
    pub enclosures: Vec<Enclosure>,
    /// The picture that stands for it.
    pub image: Option<String>,
    /// Plain text.
    pub categories: Vec<String>,
    /// Where people discuss it.
    pub comments: Option<String>,
    /// Sanitised HTML.
    pub summary: Option<String>,
    /// Sanitised HTML, or where it is.
    pub content: Content,
    /// Of the form that is stored.
    pub content_hash: ContentHash,
    /// How often it was edited.
    pub revision: u32,
}

/// The content of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The feed gave none.
    None,
    /// Sanitised HTML.
    Inline(String),
    /// In the blob of that name; [`crate::unpack`] reads its bytes.
    InBlob(String),
}

impl Content {
    /// The blob that holds it.
    pub(crate) fn in_blob(&self) -> Option<String> {
        match self {
            Self::InBlob(name) => Some(name.clone()),
            Self::None | Self::Inline(_) => None,
        }
    }
}

impl Post {
    /// The post in an item, or in a copy of it.
    pub(crate) fn of(item: &Item) -> Result<Self, StoreError> {
        item::post(item)
    }
}

/// What is stored of a feed's entry, whatever number it gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostFacts {
    key: NaturalKey,
    content_hash: ContentHash,
    external_id: Option<String>,
    url: Option<String>,
    title: Option<String>,
    authors: Vec<String>,
    published: Timestamp,
    updated: Option<Timestamp>,
    arrived: Timestamp,
    enclosures: Vec<Enclosure>,
    image: Option<String>,
    categories: Vec<String>,
    comments: Option<String>,
    body: Body,
}

impl PostFacts {
    /// What is stored of `entry`, whose HTML is packed in `body`. A date in the future of `arrived` becomes that; so does an absent one.
    pub fn of(entry: &Entry, body: Body, arrived: Timestamp) -> Self {
        Self {
            key: entry.key,
            content_hash: entry.content_hash,
            external_id: entry.id.clone(),
            url: entry.link.clone(),
            title: entry.title.clone(),
            authors: entry.authors.clone(),
            published: entry.published.unwrap_or(arrived).min(arrived),
            updated: entry.updated,
            arrived,
            enclosures: entry.enclosures.clone(),
            image: entry.image.clone(),
            categories: entry.categories.clone(),
            comments: entry.comments.clone(),
            body,
        }
    }

    /// Its identity within the source.
    pub fn key(&self) -> NaturalKey {
        self.key
    }

    /// What a landing needs for it as a new post: the post and its natural key.
    pub fn as_new(&self) -> Piece {
        Piece { actions: 2, bytes: self.len() + NATURAL_KEY }
    }

    /// What a landing needs for it as an edit.
    pub fn as_edit(&self) -> Piece {
        Piece { actions: 1, bytes: self.len() }
    }

    /// About how many bytes its item has.
    fn len(&self) -> usize {
        let optional = [&self.external_id, &self.url, &self.title, &self.image, &self.comments];
        let lists = self.authors.iter().chain(&self.categories);
        let texts = optional.into_iter().flatten().chain(lists).map(|text| text.len() + OVERHEAD);
        let files = self.enclosures.iter().map(|file| file.url.len() + 4 * OVERHEAD);
        FIXED + texts.sum::<usize>() + files.sum::<usize>() + self.body.len()
    }
}

/// Names and values of the attributes that every post has.
const FIXED: usize = 200;
/// The name of an attribute, or an element of a list.
const OVERHEAD: usize = 12;
/// An item that maps a natural key to its post.
const NATURAL_KEY: usize = 100;

/// A post that is to be landed.
#[derive(Clone, Copy, Debug)]
pub struct NewPost<'a> {
    /// Minted just before.
    pub number: PostNumber,
    /// The next of the source.
    pub ordinal: Ordinal,
    /// The rest.
    pub facts: &'a PostFacts,
}

/// A post that changed. Number, ordinal and arrival stay.
#[derive(Clone, Copy, Debug)]
pub struct EditedPost<'a> {
    /// Which.
    pub number: PostNumber,
    /// What it is now.
    pub facts: &'a PostFacts,
}

/// How much longer than the retention posts are kept: the floor below which they are not shown rises ahead of their end.
pub const RETENTION_MARGIN: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long posts are kept unless the installation says otherwise.
pub const DEFAULT_RETENTION: Duration = Duration::from_secs(180 * 24 * 3600);

impl Store {
    /// The posts that exist, or existed, under natural keys of `source`; without their content. Keys that are new are left out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn known(&self, source: SourceId, keys: &[NaturalKey]) -> Result<HashMap<NaturalKey, Known>, StoreError> {
        let keys = keys.iter().map(|key| Key::natural(source, *key));
        let items = self.batch_get("looking up entries", keys, true, None).await?;
        items.iter().map(item::known).collect()
    }

    /// What the posts that exist under `numbers` hold, to tell an edit.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn contents(&self, numbers: &[PostNumber]) -> Result<HashMap<PostNumber, ContentHash>, StoreError> {
        let keys = numbers.iter().copied().map(Key::post);
        let items = self.batch_get("comparing posts", keys, true, Some(&item::HASH_ATTRIBUTES)).await?;
        items.iter().map(item::hash).collect()
    }

    /// Ordinal and natural key of those of `numbers` that are posts, in any order; eventually consistent, a call a hundred.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn identities(&self, numbers: &[PostNumber]) -> Result<Vec<(Ordinal, NaturalKey)>, StoreError> {
        let keys = numbers.iter().copied().map(Key::post);
        let items = self.batch_get("naming posts", keys, false, Some(&item::IDENTITY_ATTRIBUTES)).await?;
        Ok(row::readable(&items, item::identity))
    }

    /// A post, read strongly.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn post(&self, number: PostNumber) -> Result<Option<Post>, StoreError> {
        self.get("reading a post", &Key::post(number)).await?.as_ref().map(item::post).transpose()
    }

    /// The posts under `numbers` in that order; those that do not exist, or cannot be read, are left out. One that has just landed is there: what an
    /// eventually consistent read does not find is asked for once more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn posts(&self, numbers: &[PostNumber]) -> Result<Vec<Post>, StoreError> {
        const OPERATION: &str = "reading posts";
        let keys = numbers.iter().copied().map(Key::post);
        let mut items = self.batch_get(OPERATION, keys, false, None).await?;
        if items.len() < numbers.len() {
            let found: HashSet<Option<&str>> = items.iter().map(number_of).collect();
            let texts = numbers.iter().map(|number| (*number, number.to_string()));
            let missing: Vec<Key> =
                texts.filter(|(_, text)| !found.contains(&Some(text))).map(|(number, _)| Key::post(number)).collect();
            items.extend(self.batch_get(OPERATION, missing, true, None).await?);
        }
        let posts = row::readable(&items, item::post).into_iter();
        let mut posts: HashMap<PostNumber, Post> = posts.map(|post| (post.number, post)).collect();
        Ok(numbers.iter().filter_map(|number| posts.remove(number)).collect())
    }

    /// Ordinals and numbers of a source's posts below an ordinal (of all without one), newest first, at most `limit`. Eventually
    /// consistent: it may lag behind a landing or a deletion.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn page(
        &self,
        source: SourceId,
        below: Option<Ordinal>,
        limit: usize,
    ) -> Result<Vec<(Ordinal, PostNumber)>, StoreError> {
        let below = below.map_or(u64::MAX, Ordinal::get);
        let request = self
            .client
            .query()
            .table_name(self.posts_table_name())
            .index_name(BY_SOURCE)
            .key_condition_expression("#source = :source AND #ordinal < :below")
            .expression_attribute_names("#source", "source")
            .expression_attribute_names("#ordinal", "ordinal")
            .expression_attribute_values(":source", text(source.to_string()))
            .expression_attribute_values(":below", AttributeValue::N(below.to_string()))
            .scan_index_forward(false)
            .limit(i32::try_from(limit.max(1)).unwrap_or(i32::MAX));
        let items = self.query("listing posts", request, limit).await?;
        let place = |item| {
            let row = Row::part("post", item);
            let number = row.number(key::NUMBER).ok().and_then(PostNumber::new);
            Ok((Ordinal::new(row.number("ordinal")?), number.ok_or_else(|| row.corrupt(key::NUMBER))?))
        };
        items.iter().map(place).collect()
    }
}

fn number_of(item: &Item) -> Option<&str> {
    item.get(key::NUMBER)?.as_n().ok().map(String::as_str)
}
