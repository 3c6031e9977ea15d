//! Landing: new posts and edits of one document enter the store, one transaction a chunk.

mod actions;
mod outcome;

use std::time::Duration;

use domain::id::{JobId, Ordinal, PostNumber, SourceId};
use domain::job::Finished;
use domain::parsed::NaturalKey;
use domain::source::{Head, Poll};
use domain::window::Window;

use crate::Store;
use crate::call::Transacted;
use crate::error::StoreError;
use crate::key::Key;
use crate::posts::{EditedPost, NewPost};
use crate::row;

/// What a feed says of itself. What it does not say leaves what was known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedFacts<'a> {
    /// Plain text.
    pub title: Option<&'a str>,
    /// The site it belongs to.
    pub site: Option<&'a str>,
    /// Its picture.
    pub icon: Option<&'a str>,
}

/// One transaction of a landing: at most 95 actions of posts and edits (`domain::landing::chunks` cuts them).
#[derive(Clone, Debug)]
pub struct Chunk<'a> {
    /// Whose.
    pub source: SourceId,
    /// The job that lands.
    pub job: JobId,
    /// As read, or as the chunk before left it.
    pub head: &'a Head,
    /// As read, or as the chunk before left it.
    pub poll: &'a Poll,
    /// Oldest first, with the ordinals that follow `head.post_count`; no natural key twice.
    pub posts: &'a [NewPost<'a>],
    /// No post twice.
    pub edits: &'a [EditedPost<'a>],
    /// What the source's document held, as far as it has landed with this chunk.
    pub window: &'a Window,
    /// The first ordinal of the whole landing, an unfinished one before it included.
    pub first_ordinal: Ordinal,
    /// In the last chunk, how the job ends.
    pub last: Option<&'a Finished>,
    /// When there is more than one chunk, or a landing was unfinished: the pointer says so from the first to the last.
    pub touches_pointer: bool,
    /// What the feed says of itself.
    pub feed: FeedFacts<'a>,
    /// How long the posts are kept.
    pub retention: Duration,
    /// 1 to 36 characters, new for each attempt: the client's own retries of it are harmless, and its writes are known again by it.
    pub token: String,
}

/// What became of a chunk. Where several things were in the way, the one that is named first here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Landed {
    /// All of it is in the store.
    Landed {
        /// As it is now.
        head: Box<Head>,
        /// As it is now.
        poll: Box<Poll>,
    },
    /// The job has ended already.
    AlreadyDone,
    /// The source is not active, or gone.
    NotActive,
    /// Another job is in hand.
    Superseded,
    /// Head or poll state moved: read them again and decide again.
    Stale,
    /// These entries are posts already: decide again without them.
    KeyTaken(Vec<NaturalKey>),
    /// A post of another source got one of the numbers: mint new ones.
    NumberTaken,
    /// These posts are gone, through retention: drop their edits.
    EditGone(Vec<PostNumber>),
    /// The store was busy, or did not do it for reasons of its own: try again with jitter.
    Busy,
}

impl Store {
    /// Lands one chunk. A lost answer is resolved by reading.
    ///
    /// # Errors
    /// [`StoreError`]; if it [is retryable](StoreError::is_retryable), the chunk may have landed, and trying again finds out.
    pub async fn land(&self, chunk: &Chunk<'_>) -> Result<Landed, StoreError> {
        let (roles, actions) = actions::of(chunk, self.sources(), self.posts_table_name())?;
        match self.transact_once("landing posts", actions, Some(chunk.token.clone())).await {
            Ok(Transacted::Done) => Ok(chunk.landed()),
            Ok(Transacted::Refused(verdicts)) => outcome::of(chunk, &roles, &verdicts),
            Ok(Transacted::Busy) | Err(StoreError::Throttled { .. } | StoreError::Conflict { .. }) => Ok(Landed::Busy),
            Err(StoreError::Unavailable { .. }) => self.resolve(chunk).await,
            Err(error) => Err(error),
        }
    }

    /// Whether a chunk landed whose answer got lost.
    async fn resolve(&self, chunk: &Chunk<'_>) -> Result<Landed, StoreError> {
        const OPERATION: &str = "resolving a landing";
        match chunk.last {
            Some(_) => {
                let there = self.get(OPERATION, &Key::job(chunk.source, chunk.job)).await?;
                there.map_or(Ok(Landed::Busy), |item| outcome::of_job(chunk, &item))
            }
            None => {
                let there = self.get(OPERATION, &Key::poll(chunk.source)).await?;
                let ours = there.is_some_and(|item| actions::is_marked(&item, &chunk.token));
                Ok(if ours { chunk.landed() } else { Landed::Busy })
            }
        }
    }
}

impl Chunk<'_> {
    /// Head and poll state after it.
    fn landed(&self) -> Landed {
        let mut head = self.head.clone();
        head.post_count = self.post_count();
        head.first_through = head.first_through.or(self.begins());
        head.recent.extend(self.posts.iter().map(|post| post.number));
        let facts = self.news();
        for (fact, old) in facts.into_iter().zip([&mut head.title, &mut head.site, &mut head.icon]) {
            if let Some((_, new)) = fact {
                *old = Some(new.to_owned());
            }
        }
        head.version += u64::from(facts.iter().any(Option::is_some));
        let poll = Poll {
            target: self.poll.target.clone(),
            window: self.window.clone(),
            open_landing: self.still_open(),
            sealed: self.poll.sealed.clone(),
            version: self.poll.version + 1,
        };
        Landed::Landed { head: Box::new(head), poll: Box::new(poll) }
    }

    fn post_count(&self) -> Ordinal {
        self.posts.last().map_or(self.head.post_count, |post| post.ordinal)
    }

    /// The highest ordinal of the source's first landing, if that is whole with this chunk.
    fn begins(&self) -> Option<Ordinal> {
        let is_whole = self.last.is_some() && self.head.first_through.is_none();
        Some(self.post_count()).filter(|through| is_whole && *through > Ordinal::NONE)
    }

    fn still_open(&self) -> Option<Ordinal> {
        self.last.is_none().then_some(self.first_ordinal)
    }

    /// What the feed says of itself otherwise than before: attribute and value.
    fn news(&self) -> [Option<(&'static str, &str)>; 3] {
        let FeedFacts { title, site, icon } = self.feed;
        let old = [&self.head.title, &self.head.site, &self.head.icon];
        let mut facts = [("title", title), ("site", site), ("icon", icon)].into_iter().zip(old);
        std::array::from_fn(|_| {
            let ((name, new), old) = facts.next()?;
            new.filter(|new| old.as_deref() != Some(*new)).map(|new| (name, new))
        })
    }
}

/// Whether a finished job is the one that this chunk writes.
fn is_ours(chunk: &Chunk<'_>, item: &row::Item) -> Result<bool, StoreError> {
    Ok(chunk.last == Some(&row::finished(item)?))
}
