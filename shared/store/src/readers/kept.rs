//! Posts that users keep, starred or labelled: flags, small, and beside them a copy of the post that outlives its source. One copy a post, whatever flags it has.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{Ordinal, PostNumber, SourceId, UserId};
use domain::label::LabelName;
use domain::listing::Listed;
use domain::reading::Order;
use futures_util::future::try_join_all;

use super::alive;
use crate::Store;
use crate::call::Written;
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::posts::Post;
use crate::row::{self, Item, number, text};
use crate::write::{PRESENT, Write, put};

/// What a user has put on a post.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// A star.
    pub starred: bool,
    /// Labels, by name.
    pub labels: Vec<LabelName>,
}

/// A post that a user keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Which, and where it stood.
    pub listed: Listed,
    /// What is on it.
    pub flags: Flags,
}

/// One thing to put on a post, or to take from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flag {
    /// A star.
    Star,
    /// A label.
    Label(LabelName),
}

/// A post as a user keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// As it was when it was first kept.
    pub post: Post,
    /// What its source called itself then.
    pub source_title: Option<String>,
    /// The URL of its source then; of a private source none.
    pub source_url: Option<String>,
}

/// A post as stored, about to be copied.
#[derive(Clone, Debug)]
pub struct Original {
    /// Its number.
    pub number: PostNumber,
    /// Its source.
    pub source: SourceId,
    /// Its place there.
    pub ordinal: Ordinal,
    /// The blob that holds its long content.
    pub blob: Option<String>,
    /// The blob in which its copy has that content: the original's dies with the post.
    pub own_blob: Option<String>,
    /// What its source calls itself.
    pub source_title: Option<String>,
    /// The URL of its source, if everybody may see it.
    pub source_url: Option<String>,
    pub(super) item: Item,
}

/// What became of keeping posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// They are kept.
    Kept,
    /// There is no such user, or not any more.
    NoUser,
}

/// Which part of what a user keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptRange {
    /// Newest or oldest first.
    pub order: Order,
    /// Only posts with numbers above this one.
    pub above: Option<PostNumber>,
    /// Only posts with numbers below this one.
    pub below: Option<PostNumber>,
}

/// Posts of one transaction, and the most bytes: DynamoDB takes a hundred actions and 4 MB.
const POSTS: usize = 40;
const BYTES: usize = 3 << 20;
/// Writes at a time.
const AT_ONCE: usize = 16;

const KEEP: &str = "keeping posts";
const DROP: &str = "keeping posts no more";
const READ: &str = "reading what is kept";

impl Flag {
    fn attribute(&self) -> &'static str {
        match self {
            Self::Star => "starred",
            Self::Label(_) => "labels",
        }
    }

    fn value(&self) -> AttributeValue {
        match self {
            Self::Star => AttributeValue::Bool(true),
            Self::Label(name) => AttributeValue::Ss(vec![name.to_string()]),
        }
    }

    fn put(&self, write: Write) -> Write {
        let write = write.bind(":flag", self.value());
        match self {
            Self::Star => write.change("SET #starred = :flag"),
            Self::Label(_) => write.change("ADD #labels :flag"),
        }
    }

    /// Likewise, with what a post that was not kept before lacks.
    fn put_first(&self, user: UserId, post: &Original) -> Write {
        let place = "#v = :v, #source = :source, #ordinal = :ordinal";
        let write = Write::to(Key::kept(user, post.number))
            .bind(":v", number(row::FORMAT))
            .bind(":source", text(post.source.to_string()))
            .bind(":ordinal", number(post.ordinal.get()))
            .bind(":flag", self.value());
        match self {
            Self::Star => write.change(format!("SET {place}, #starred = :flag")),
            Self::Label(_) => write.change(format!("SET {place} ADD #labels :flag")),
        }
    }

    fn take(&self, write: Write) -> Write {
        match self {
            Self::Star => write.change("REMOVE #starred"),
            Self::Label(_) => write.change("DELETE #labels :flag").bind(":flag", self.value()),
        }
    }
}

impl Flags {
    /// Whether it is among them.
    pub fn has(&self, flag: &Flag) -> bool {
        match flag {
            Flag::Star => self.starred,
            Flag::Label(name) => self.labels.contains(name),
        }
    }

    fn is_empty(&self) -> bool {
        !self.starred && self.labels.is_empty()
    }
}

impl Original {
    fn bytes(&self) -> usize {
        let attribute = |value: &AttributeValue| match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::B(bytes) => bytes.as_ref().len(),
            _ => 100,
        };
        self.item.values().map(attribute).sum::<usize>() + 1_000
    }
}

impl Store {
    /// Posts as stored, to be copied; those that are gone are left out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn originals(&self, numbers: &[PostNumber]) -> Result<Vec<Original>, StoreError> {
        let keys = numbers.iter().copied().map(Key::post);
        let items = self.batch_get(KEEP, keys, true, None).await?;
        let original = |item: &Item| {
            let post = Post::of(item)?;
            Ok(Original {
                number: post.number,
                source: post.source,
                ordinal: post.ordinal,
                blob: post.content.in_blob(),
                own_blob: None,
                source_title: None,
                source_url: None,
                item: item.clone(),
            })
        };
        Ok(row::readable(&items, original))
    }

    /// Puts a flag on posts that are kept already; gives those that are not.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again goes on.
    pub async fn flag(&self, user: UserId, numbers: &[PostNumber], flag: &Flag) -> Result<Vec<PostNumber>, StoreError> {
        let kept = self.flags_of(user, numbers).await?;
        let (there, mut missing): (Vec<PostNumber>, _) = numbers.iter().partition(|number| kept.contains_key(number));
        let lacking: Vec<PostNumber> = there.into_iter().filter(|number| !kept[number].has(flag)).collect();
        for some in lacking.chunks(AT_ONCE) {
            let writes = some.iter().map(|number| async {
                let write = flag.put(Write::to(Key::kept(user, *number)).when(PRESENT));
                // Another device may have dropped it meanwhile.
                Ok::<_, StoreError>(match self.update(KEEP, write).await? {
                    Written::Done(_) => None,
                    Written::Refused(_) => Some(*number),
                })
            });
            missing.extend(try_join_all(writes).await?.into_iter().flatten());
        }
        Ok(missing)
    }

    /// The flags of those of `numbers` that a user keeps, as of now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn flags_of(
        &self,
        user: UserId,
        numbers: &[PostNumber],
    ) -> Result<HashMap<PostNumber, Flags>, StoreError> {
        let keys = numbers.iter().map(|number| Key::kept(user, *number));
        Ok(by_number(&self.batch_get(READ, keys, true, None).await?))
    }

    /// Copies posts to a user and puts a flag on them: each of them whole or not at all.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again goes on.
    pub async fn keep(&self, user: UserId, posts: &[Original], flag: &Flag) -> Result<Keeping, StoreError> {
        let table = self.readers();
        let mut rest = posts;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |post: &&Original| {
                bytes += post.bytes();
                bytes <= BYTES
            };
            let count = rest.iter().take(POSTS).take_while(fits).count().max(1);
            let (some, others) = rest.split_at(count);
            let mut actions = vec![alive(user).check(table)?];
            for post in some {
                let source = row::Source {
                    title: post.source_title.as_deref(),
                    url: post.source_url.as_deref(),
                    blob: post.own_blob.as_deref(),
                };
                actions.push(flag.put_first(user, post).update(table)?);
                actions.push(put(table, row::copy_item(user, post.number, &post.item, &source))?);
            }
            if self.transact(KEEP, actions).await?.is_some() {
                return Ok(Keeping::NoUser);
            }
            rest = others;
        }
        Ok(Keeping::Kept)
    }

    /// Takes a flag from posts. With its last one a post is kept no more.
    ///
    /// # Errors
    /// [`StoreError`]; the same call again goes on.
    pub async fn unflag(&self, user: UserId, numbers: &[PostNumber], flag: &Flag) -> Result<(), StoreError> {
        let kept = self.flags_of(user, numbers).await?;
        // One without any flag is left of a call that was stopped.
        let such: Vec<PostNumber> = kept
            .into_iter()
            .filter(|(_, flags)| flags.has(flag) || flags.is_empty())
            .map(|(number, _)| number)
            .collect();
        for some in such.chunks(AT_ONCE) {
            try_join_all(some.iter().map(|number| self.unflag_one(user, *number, flag))).await?;
        }
        Ok(())
    }

    async fn unflag_one(&self, user: UserId, number: PostNumber, flag: &Flag) -> Result<(), StoreError> {
        let write = flag.take(Write::to(Key::kept(user, number)).when(PRESENT));
        if let Written::Done(item) = self.update(DROP, write).await?
            && row::kept(&item)?.flags.is_empty()
        {
            // Refused where another device has put something on it meanwhile: then it stays.
            let kept = Write::to(Key::kept(user, number))
                .when("attribute_not_exists(#starred) AND attribute_not_exists(#labels)")
                .delete(self.readers())?;
            let copy = Write::to(Key::copy(user, number)).delete(self.readers())?;
            self.transact(DROP, vec![kept, copy]).await?;
        }
        Ok(())
    }

    /// Whether a user keeps a post, as of now: then its copy, and the blob of that, are needed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keeps(&self, user: UserId, number: PostNumber) -> Result<bool, StoreError> {
        Ok(self.get(READ, &Key::kept(user, number)).await?.is_some())
    }

    /// The flags of all that a user keeps from one number to another, both included, as of now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn flags(
        &self,
        user: UserId,
        from: PostNumber,
        to: PostNumber,
    ) -> Result<HashMap<PostNumber, Flags>, StoreError> {
        let request = self.kept_query(user, Some(from), Some(to));
        let items = self.query(READ, request, usize::MAX).await?;
        Ok(by_number(&items))
    }

    /// What a user keeps under a flag, at most `limit`. Other posts that are kept between them are read, too: some seven thousand a call.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn kept(
        &self,
        user: UserId,
        flag: &Flag,
        range: KeptRange,
        limit: usize,
    ) -> Result<Vec<Kept>, StoreError> {
        let above = range.above.and_then(|above| PostNumber::new(above.get() + 1));
        let below = match range.below.map(|below| below.get().checked_sub(1).and_then(PostNumber::new)) {
            Some(None) => return Ok(Vec::new()),
            below => below.flatten(),
        };
        if above.zip(below).is_some_and(|(above, below)| above > below) {
            return Ok(Vec::new());
        }
        let request = self.kept_query(user, above, below).scan_index_forward(range.order == Order::OldestFirst);
        let request = request.expression_attribute_names("#flag", flag.attribute());
        let request = match flag {
            Flag::Star => request.filter_expression("attribute_exists(#flag)"),
            Flag::Label(name) => request
                .filter_expression("contains(#flag, :flag)")
                .expression_attribute_values(":flag", text(name.as_str())),
        };
        let items = self.query(READ, request, limit).await?;
        Ok(row::readable(&items, row::kept))
    }

    fn kept_query(
        &self,
        user: UserId,
        from: Option<PostNumber>,
        to: Option<PostNumber>,
    ) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        let (from, to) = key::kept_between(from, to);
        self.client
            .query()
            .table_name(self.readers())
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :from AND :to")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#sk", key::SK)
            .expression_attribute_values(":pk", text(key::user_partition(user)))
            .expression_attribute_values(":from", text(from))
            .expression_attribute_values(":to", text(to))
    }

    /// What a user keeps under `numbers`, in that order; those that are not kept are left out. As of now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn copies(&self, user: UserId, numbers: &[PostNumber]) -> Result<Vec<Copy>, StoreError> {
        let keys = numbers.iter().map(|number| Key::copy(user, *number));
        let items = self.batch_get(READ, keys, true, None).await?;
        let mut copies: HashMap<PostNumber, Copy> =
            row::readable(&items, row::copy).into_iter().map(|copy| (copy.post.number, copy)).collect();
        Ok(numbers.iter().filter_map(|number| copies.remove(number)).collect())
    }
}

fn by_number(items: &[Item]) -> HashMap<PostNumber, Flags> {
    row::readable(items, row::kept).into_iter().map(|kept| (kept.listed.number, kept.flags)).collect()
}
