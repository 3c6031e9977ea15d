//! A fetcher's desk: one source, its job, and landings on it.

use std::time::Duration;

use domain::id::{JobId, Ordinal, PostNumber, SourceId};
use domain::job::{Ending, Finished, Pointer};
use domain::parsed::{ContentHash, Item, NaturalKey};
use domain::source::{Head, Poll};
use domain::time::Timestamp;
use domain::window::{Seen, Window};
use store::{Body, Chunk, DEFAULT_RETENTION, EditedPost, FeedFacts, Finish, Landed, NewPost, Packed, PostFacts, Swap};

use crate::world::{NOON, World, noon_plus, unchanged};

/// Which transaction of its landing a chunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The only one, with no landing open before.
    Whole,
    /// One that others follow.
    Earlier,
    /// The last of several, or of a landing that another job left open.
    Last,
}

/// One source as its fetcher read it.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) source: SourceId,
    pub(crate) pointer: Pointer,
    pub(crate) head: Head,
    pub(crate) poll: Poll,
    pub(crate) feed: FeedFacts<'static>,
    pub(crate) token: String,
    /// When its job ends.
    pub(crate) ends: Timestamp,
}

impl Desk {
    /// A new source, its first job in hand.
    pub(crate) async fn new(world: &World) -> Self {
        let (source, pointer) = world.source().await;
        let (head, poll) = world.store.view(source).await.unwrap().unwrap();
        Self { source, pointer, head, poll, feed: FeedFacts::default(), token: token(world), ends: noon_plus(3) }
    }

    /// As another fetcher, or a later job, reads it.
    pub(crate) async fn again(&self, world: &World) -> Self {
        let (head, poll) = world.store.view(self.source).await.unwrap().unwrap();
        let pointer = world.pointer(self.source).await;
        Self { head, poll, pointer, token: token(world), ..self.clone() }
    }

    /// The next job, after this one has ended.
    pub(crate) async fn next(&self, world: &World) -> Self {
        let next = world.next(&self.pointer, true, noon_plus(3_600));
        let swap = Swap { source: self.source, seen: self.pointer.job, next };
        assert!(matches!(world.store.queue(&[swap]).await[0], store::Queued::Queued));
        self.again(world).await
    }

    /// Numbers that follow the newest of the source; those of another source are milliseconds away.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = PostNumber> + use<> {
        let first = 34_000_000_000 + domain::wheel::spread(self.source.as_str()) % (1 << 40);
        let newest = self.head.recent.newest().map_or(first, |number| number.get() / 128);
        (newest + 1..).filter_map(|milli| PostNumber::new(milli * 128))
    }

    /// The posts as they would be numbered now.
    pub(crate) fn numbered<'a>(&self, posts: &'a [PostFacts]) -> Vec<NewPost<'a>> {
        let ordinals = (self.head.post_count.get() + 1..).map(Ordinal::new);
        let places = self.numbers().zip(ordinals);
        posts.iter().zip(places).map(|(facts, (number, ordinal))| NewPost { number, ordinal, facts }).collect()
    }

    /// How the job ends with a landing up to `last`.
    pub(crate) fn end(&self, first: Ordinal, last: Ordinal, edits: usize) -> Finished {
        let count = (last.get() + 1).saturating_sub(first.get());
        let ending = Ending::Completed {
            posts_count: u32::try_from(count).unwrap(),
            edits_count: u32::try_from(edits).unwrap(),
            landed: (count > 0).then_some((first, last)),
        };
        Finished {
            ending,
            http_status: Some(200),
            bytes: 9_000,
            ended_at: self.ends,
            ..unchanged(self.source, &self.pointer)
        }
    }

    /// Lands, and goes on from what came of it.
    pub(crate) async fn land(&mut self, world: &World, posts: &[PostFacts], part: Part) -> Landed {
        let posts = self.numbered(posts);
        self.land_as(world, &posts, &[], part).await
    }

    pub(crate) async fn land_as(
        &mut self,
        world: &World,
        posts: &[NewPost<'_>],
        edits: &[EditedPost<'_>],
        part: Part,
    ) -> Landed {
        let first_ordinal = self.poll.open_landing.unwrap_or(self.head.post_count.next());
        let last = posts.last().map_or(self.head.post_count, |post| post.ordinal);
        let end = self.end(first_ordinal, last, edits.len());
        let window = self.window(posts);
        let chunk = Chunk {
            source: self.source,
            job: self.pointer.job,
            head: &self.head,
            poll: &self.poll,
            posts,
            edits,
            window: &window,
            first_ordinal,
            last: (part != Part::Earlier).then_some(&end),
            touches_pointer: part != Part::Whole,
            feed: self.feed,
            retention: DEFAULT_RETENTION,
            token: self.token.clone(),
        };
        let landed = world.store.land(&chunk).await.unwrap();
        if let Landed::Landed { head, poll } = &landed {
            (self.head, self.poll, self.token) = ((**head).clone(), (**poll).clone(), token(world));
        }
        landed
    }

    /// A window that holds what has landed with these posts: a window tells its keys to nobody, so it is made of all of them.
    fn window(&self, posts: &[NewPost<'_>]) -> Window {
        let before = self.poll.window.to_bytes();
        let new = posts.iter().rev().map(|post| (post.facts.key(), Seen { content: ContentHash([1; 8]), changes: 0 }));
        let bytes = [Window::new(new).to_bytes(), before].concat();
        Window::from_bytes(&bytes).unwrap()
    }

    /// Ends the job without landing anything.
    pub(crate) async fn finish(&self, world: &World) {
        let end = unchanged(self.source, &self.pointer);
        assert!(matches!(world.store.finish(&[end]).await[0], Finish::Done));
    }
}

fn token(world: &World) -> String {
    JobId::to_string(&world.job())
}

/// The `n`-th entry of a feed.
pub(crate) fn entry(n: u8) -> Item {
    Item {
        id: Some(format!("tag:example.org,2026:{n}")),
        title: Some(format!("Entry {n}")),
        link: Some(format!("https://example.org/{n}")),
        published: Some(NOON),
        authors: vec!["Ada".to_owned()],
        content: Some(format!("<p>Entry number {n}.</p>")),
        ..Item::new(NaturalKey([n; 16]), ContentHash([n; 8]))
    }
}

/// What arrives of an entry, ten seconds past noon.
pub(crate) fn facts(entry: &Item) -> PostFacts {
    let Packed::Whole(body) = Body::pack(entry.summary.as_deref(), entry.content.as_deref()).unwrap() else {
        panic!("an entry of a test is small")
    };
    PostFacts::of(entry, body, arrival())
}

pub(crate) fn arrival() -> Timestamp {
    NOON + Duration::from_secs(10)
}

/// Entries `from` up to `to`.
pub(crate) fn some(entries: std::ops::RangeInclusive<u8>) -> Vec<PostFacts> {
    entries.map(|n| facts(&entry(n))).collect()
}
