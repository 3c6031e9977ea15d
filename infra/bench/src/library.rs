//! A reader's library: sources with posts, put straight into the store, and someone who subscribes to all of them.

use std::time::Duration;

use domain::account::{Credential, NewUser, PasswordHash, Secret};
use domain::id::kinds::Token;
use domain::id::{JobIdMint, Ordinal, ShortId, SourceId, SystemEntropy, UserId, number_run};
use domain::job::{Pointer, Reason};
use domain::message::new_job;
use domain::parsed::{ContentHash, Item, NaturalKey};
use domain::source::{Head, Poll, SourceSettings, Target};
use domain::subscription::Subscription;
use domain::timing::Lane;
use domain::wheel::{Pace, Slot};
use store::{Body, Chunk, Creating, FeedFacts, Landed, NewPost, NewSource, Packed, PostFacts};

use crate::farm::mix;
use crate::machine::Machine;
use crate::{Outcome, articles};

/// The most posts of one transaction.
const AT_ONCE: u64 = 45;
/// So many articles are written; posts take them in turn.
const ARTICLES: u64 = 256;

/// What is read, and who reads.
pub(crate) struct Library {
    /// What each of them shows.
    pub(crate) readers: Vec<String>,
    shelves: Vec<Shelf>,
    articles: Vec<Body>,
}

/// A source as it was last written.
struct Shelf {
    head: Head,
    poll: Poll,
    pointer: Pointer,
}

/// How large a library is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Who subscribes to all sources.
    pub(crate) readers: u64,
    /// Sources.
    pub(crate) sources: u64,
    /// Posts of each, all unread.
    pub(crate) posts: u64,
    /// How many of them arrive together.
    pub(crate) turn: u64,
}

impl Library {
    /// A library of that size.
    pub(crate) async fn fill(machine: &Machine, size: Size) -> Outcome<Self> {
        let mut users = Vec::new();
        let mut readers = Vec::new();
        for n in 0..size.readers {
            let user = UserId::draw(&mut SystemEntropy);
            readers.push(format!("Bearer {}", reader(machine, user, n).await?.expose()));
            users.push(user);
        }
        let (mint, mut shelves) = (JobIdMint::default(), Vec::new());
        for n in 0..size.sources {
            let new = source(machine, &mint, n);
            let source = new.head.source;
            if machine.store.create(&new).await? != Creating::Created {
                return Err("a source could not be made".into());
            }
            for user in &users {
                machine.store.subscribe(*user, source, u64::MAX, (machine.clock)()).await?;
                // As if its first landing were over: here landings never end.
                let begun = |there: &mut Subscription| there.newest.take().is_some();
                machine.store.change_subscription(*user, source, begun).await?;
            }
            let (head, poll) = machine.store.view(source).await?.ok_or("a source is gone")?;
            shelves.push(Shelf { head, poll, pointer: new.pointer });
        }
        let articles = (0..ARTICLES).map(article).collect::<Outcome<_>>()?;
        let mut library = Self { readers, shelves, articles };
        let mut landed = 0;
        while landed < size.posts {
            let count = size.turn.min(AT_ONCE).min(size.posts - landed);
            library.arrive(machine, library.shelves.len(), count).await?;
            landed += count;
            machine.pass(Duration::from_secs(3_600));
        }
        Ok(library)
    }

    /// How many sources there are.
    pub(crate) fn sources(&self) -> usize {
        self.shelves.len()
    }

    /// So many more posts in each of the first `sources`.
    pub(crate) async fn arrive(&mut self, machine: &Machine, sources: usize, count: u64) -> Outcome<()> {
        for shelf in self.shelves.iter_mut().take(sources) {
            // Posts take a millisecond each: two sources in one slot are not to meet.
            machine.pass(Duration::from_millis(count));
            shelf.land(machine, &self.articles, count).await?;
        }
        Ok(())
    }
}

fn article(n: u64) -> Outcome<Body> {
    match Body::pack(None, Some(&articles::html(mix(n))))? {
        Packed::Whole(body) => Ok(body),
        Packed::Split { .. } => Err("an article is too long".into()),
    }
}

async fn reader(machine: &Machine, id: UserId, n: u64) -> Outcome<Secret<Token>> {
    let password = PasswordHash::new("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA")?;
    let now = (machine.clock)();
    let new = NewUser { id, email: format!("reader{n}@example.org").parse()?, password, created_at: now };
    machine.store.register(&new, None).await?;
    let user = machine.store.user(id).await?.ok_or("the reader is gone")?;
    let secret = Secret::draw(&mut SystemEntropy);
    let credential = Credential::<Token>::new(ShortId::draw(&mut SystemEntropy), now);
    machine.store.issue(&user, &credential, &secret.hash()).await?;
    Ok(secret)
}

/// The source of that number, as it is made; nothing is stored.
pub(crate) fn source(machine: &Machine, mint: &JobIdMint, n: u64) -> NewSource {
    let (now, source, settings) = ((machine.clock)(), SourceId::draw(&mut SystemEntropy), SourceSettings::DEFAULT);
    let host = format!("feed{n}.example.org");
    let url = format!("https://{host}/blog/feed.xml");
    let target = Target {
        source,
        slot: Slot::of(source, settings.interval_minutes, 1),
        url: Some(url.clone()),
        host: host.clone(),
        lane: Lane::Fast,
        settings,
        subscribers: 0,
        watched: false,
    };
    let due = Pace::REAL.minute_of(now).plus(2);
    let job = new_job(mint.next(now), &target, Reason::First, due, now, now, Pace::REAL);
    let head = Head {
        title: Some(format!("The miller's diary, volume {n}")),
        site: Some(format!("https://{host}/")),
        ..Head::new(source, url.clone(), url, settings, now)
    };
    NewSource { head, target, pointer: Pointer::first(job), due, sealed: None, subscription: None }
}

impl Shelf {
    /// Lands as many posts, by a landing that never ends, so that more may follow.
    async fn land(&mut self, machine: &Machine, articles: &[Body], count: u64) -> Outcome<()> {
        let (source, now) = (self.head.source, (machine.clock)());
        let first = self.head.post_count.get() + 1;
        let slot = u8::try_from(domain::wheel::spread(source.as_str()) % 128)?;
        let run = number_run(now, self.head.recent.newest(), u32::try_from(count)?, slot)?;
        let facts = (first..first + count).map(|ordinal| facts(source, ordinal, articles, now));
        let facts = facts.collect::<Outcome<Vec<PostFacts>>>()?;
        let places = (first..).map(Ordinal::new).zip(run.numbers());
        let posts: Vec<NewPost<'_>> =
            places.zip(&facts).map(|((ordinal, number), facts)| NewPost { number, ordinal, facts }).collect();
        let chunk = Chunk {
            source,
            job: self.pointer.job,
            head: &self.head,
            poll: &self.poll,
            posts: &posts,
            edits: &[],
            window: &self.poll.window,
            first_ordinal: Ordinal::new(1),
            last: None,
            touches_pointer: true,
            feed: FeedFacts::default(),
            retention: store::DEFAULT_RETENTION,
            token: format!("{source} {first}"),
        };
        match machine.store.land(&chunk).await? {
            Landed::Landed { head, poll } => (self.head, self.poll) = (*head, *poll),
            other => return Err(format!("posts did not land: {other:?}").into()),
        }
        Ok(())
    }
}

fn facts(source: SourceId, ordinal: u64, articles: &[Body], now: domain::time::Timestamp) -> Outcome<PostFacts> {
    let mut key = [0; 16];
    key[8..].copy_from_slice(&ordinal.to_be_bytes());
    let entry = Item {
        id: Some(format!("https://example.org/{source}/?p={ordinal}")),
        title: Some(format!("Grinding slowly, part {ordinal}")),
        link: Some(format!("https://example.org/{source}/{ordinal}-grinding-slowly")),
        authors: vec!["The Miller".to_owned()],
        categories: vec!["mills".to_owned(), "water".to_owned()],
        ..Item::new(NaturalKey(key), ContentHash([1; 8]))
    };
    let place = domain::wheel::spread(source.as_str()).wrapping_add(ordinal) % ARTICLES;
    let body = articles.get(usize::try_from(place)?).ok_or("there are no articles")?;
    Ok(PostFacts::of(&entry, body.clone(), now))
}
