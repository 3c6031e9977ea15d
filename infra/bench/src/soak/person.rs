//! Somebody who reads, and a naive model of what they must see.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::id::{PostId, PostNumber, SourceId};
use domain::source::Head;
use faults::Dice;
use serde_json::{Value, json};

use super::mill::{Ask, Mill};
use super::world::World;
use crate::Outcome;

/// Posts that are unread when somebody comes to a source.
const FRESH: u64 = 20;
/// The most pages of a list; more is a list without an end.
const PAGES: usize = 400;

/// What somebody did to a source's posts, in order.
#[derive(Clone, Debug)]
enum Deed {
    Mark {
        posts: Vec<PostNumber>,
        read: bool,
    },
    /// Of the first `last` posts, those with numbers up to this.
    All {
        through: PostNumber,
        last: u64,
    },
}

/// A subscription as the model has it.
#[derive(Clone, Debug)]
struct Subscribed {
    /// Posts that were there and count as read.
    passed: u64,
    /// Its first landing was not over: of what that brings, all but the last count as read.
    begins: bool,
    deeds: Vec<Deed>,
}

impl Subscribed {
    /// Nothing of a first landing counts as read by itself any more, once a post was marked unread or all of it has come.
    fn begin(&mut self, head: &Head) {
        if std::mem::take(&mut self.begins) {
            let first = head.first_through.unwrap_or(head.post_count);
            self.passed = self.passed.max(first.get().saturating_sub(FRESH));
        }
    }
}

pub(super) struct Person {
    pub(super) email: String,
    subscribed: BTreeMap<SourceId, Subscribed>,
    starred: BTreeSet<PostNumber>,
    asked: u64,
    dice: Dice,
}

/// A post as a list shows it.
pub(super) struct Listed {
    pub(super) number: PostNumber,
    pub(super) source: SourceId,
    pub(super) title: String,
    /// Summary and content.
    pub(super) html: String,
}

impl Person {
    pub(super) fn new(world: &World, name: &str) -> Self {
        Self {
            email: format!("{name}@example.org"),
            subscribed: BTreeMap::new(),
            starred: BTreeSet::new(),
            asked: 0,
            dice: Dice::of(world.seed, &[b"person", name.as_bytes()]),
        }
    }

    /// Requests that were meant; one that was made again counts once.
    pub(super) fn asked(&self) -> u64 {
        self.asked
    }

    pub(super) fn sources(&self) -> impl Iterator<Item = SourceId> {
        self.subscribed.keys().copied()
    }

    pub(super) fn starred(&self) -> &BTreeSet<PostNumber> {
        &self.starred
    }

    /// A request of theirs.
    fn request(&mut self, method: &'static str, path: impl Into<String>, body: Value) -> Ask {
        self.asked += 1;
        let named = method == "POST" && self.dice.per_mille(500);
        let key = named.then(|| format!("{}-{}", self.email, self.asked));
        Ask { method, path: path.into(), body, who: Some(self.email.clone()), key }
    }

    /// A look at what is unread, to be made while others work.
    pub(super) fn glance(&mut self) -> Ask {
        let path = match self.dice.below(3) {
            0 => "/v1/counts",
            1 => "/v1/posts?status=unread&limit=20",
            _ => "/v1/posts?limit=50&order=oldest&content=false",
        };
        self.request("GET", path, Value::Null)
    }

    /// Does one thing that chance has chosen; `feeds` are those that there are.
    pub(super) async fn act(&mut self, world: &World, mill: &mut Mill, feeds: &[String]) -> Outcome<()> {
        match self.dice.below(100) {
            0..15 => {
                let at = usize::try_from(self.dice.below(feeds.len() as u64)).unwrap_or(0);
                self.subscribe(world, mill, &feeds[at]).await.map(drop)
            }
            15..21 => self.unsubscribe(world, mill).await,
            21..70 => self.mark(world, mill).await,
            70..78 => self.mark_all(world, mill).await,
            _ => self.star(world, mill).await,
        }
    }

    /// Subscribes to a feed; the source that it is.
    pub(super) async fn subscribe(&mut self, world: &World, mill: &mut Mill, url: &str) -> Outcome<SourceId> {
        let ask = self.request("POST", "/v1/subscriptions", json!({ "url": url, "discover": false }));
        let answer = mill.ask(world, &ask).await?;
        let (200 | 201, body) = &answer else { return Err(refused(&ask, &answer)) };
        let source: SourceId = body["source"].as_str().unwrap_or_default().parse()?;
        if let Entry::Vacant(place) = self.subscribed.entry(source) {
            let head = world.store.head(source).await?.ok_or("a source that was subscribed to is not there")?;
            let passed = head.post_count.get().saturating_sub(FRESH);
            place.insert(Subscribed { passed, begins: head.first_through.is_none(), deeds: Vec::new() });
        }
        Ok(source)
    }

    async fn unsubscribe(&mut self, world: &World, mill: &mut Mill) -> Outcome<()> {
        match self.pick() {
            Some(source) => self.leave(world, mill, source).await,
            None => Ok(()),
        }
    }

    /// Unsubscribes from a source, if they subscribe to it.
    pub(super) async fn leave(&mut self, world: &World, mill: &mut Mill, source: SourceId) -> Outcome<()> {
        if !self.subscribed.contains_key(&source) {
            return Ok(());
        }
        let ask = self.request("DELETE", format!("/v1/subscriptions/{source}"), Value::Null);
        let answer = mill.ask(world, &ask).await?;
        // 404: it was done, and the answer lost.
        let (204 | 404, _) = answer else { return Err(refused(&ask, &answer)) };
        self.subscribed.remove(&source);
        Ok(())
    }

    fn pick(&mut self) -> Option<SourceId> {
        let at = usize::try_from(self.dice.below(self.subscribed.len() as u64)).unwrap_or(0);
        self.subscribed.keys().nth(at).copied()
    }

    /// A source is gone, and with it the subscription.
    pub(super) fn lose(&mut self, source: SourceId) {
        self.subscribed.remove(&source);
    }

    async fn some(&mut self, world: &World, mill: &mut Mill, status: &str) -> Outcome<Vec<Listed>> {
        let scope = match self.pick() {
            Some(source) if self.dice.per_mille(500) => format!("&source={source}"),
            _ => String::new(),
        };
        let limit = 5 + self.dice.below(60);
        let ask =
            self.request("GET", format!("/v1/posts?status={status}&limit={limit}&content=false{scope}"), Value::Null);
        let answer = mill.ask(world, &ask).await?;
        let (200, page) = &answer else { return Err(refused(&ask, &answer)) };
        let mut posts = listed(world, page)?;
        posts.retain(|_| self.dice.per_mille(500));
        Ok(posts)
    }

    async fn mark(&mut self, world: &World, mill: &mut Mill) -> Outcome<()> {
        let read = self.dice.per_mille(750);
        let (now, word) = if read { ("unread", "read") } else { ("read", "unread") };
        let posts = self.some(world, mill, now).await?;
        self.apply(world, mill, word, &posts).await?;
        let mut by_source: HashMap<SourceId, Vec<PostNumber>> = HashMap::new();
        for post in posts {
            by_source.entry(post.source).or_default().push(post.number);
        }
        for (source, posts) in by_source {
            if let Some(subscribed) = self.subscribed.get_mut(&source) {
                if subscribed.begins && !read {
                    let head = world.store.head(source).await?.ok_or("a source that is subscribed to is not there")?;
                    subscribed.begin(&head);
                }
                subscribed.deeds.push(Deed::Mark { posts, read });
            }
        }
        Ok(())
    }

    async fn star(&mut self, world: &World, mill: &mut Mill) -> Outcome<()> {
        let on = self.dice.per_mille(700);
        let posts = self.some(world, mill, "all").await?;
        self.apply(world, mill, if on { "star" } else { "unstar" }, &posts).await?;
        for post in posts {
            if on {
                self.starred.insert(post.number)
            } else {
                self.starred.remove(&post.number)
            };
        }
        Ok(())
    }

    async fn apply(&mut self, world: &World, mill: &mut Mill, word: &str, posts: &[Listed]) -> Outcome<()> {
        if posts.is_empty() {
            return Ok(());
        }
        let ids: Vec<PostId> = posts.iter().map(|post| world.face.hide(post.number)).collect();
        let ask = self.request("POST", "/v1/posts/marks", json!({ "mark": word, "posts": ids }));
        match mill.ask(world, &ask).await? {
            (204, _) => Ok(()),
            answer => Err(refused(&ask, &answer)),
        }
    }

    async fn mark_all(&mut self, world: &World, mill: &mut Mill) -> Outcome<()> {
        let Some(post) = self.some(world, mill, "unread").await?.into_iter().next() else { return Ok(()) };
        let mut body = json!({ "through": world.face.hide(post.number) });
        let only = self.dice.per_mille(500).then_some(post.source);
        if let Some(source) = only {
            body["source"] = json!(source);
        }
        let ask = self.request("POST", "/v1/posts/mark-all", body);
        let answer = mill.ask(world, &ask).await?;
        let (204, _) = answer else { return Err(refused(&ask, &answer)) };
        for (source, subscribed) in &mut self.subscribed {
            if only.is_none_or(|only| only == *source) {
                let head = world.store.head(*source).await?.ok_or("a source that is subscribed to is not there")?;
                subscribed.deeds.push(Deed::All { through: post.number, last: head.post_count.get() });
            }
        }
        Ok(())
    }

    /// Of the posts of a source, with their ordinals, those that must be unread.
    pub(super) fn unread(
        &self,
        source: SourceId,
        posts: &BTreeMap<u64, PostNumber>,
        head: &Head,
    ) -> BTreeSet<PostNumber> {
        let Some(mut subscribed) = self.subscribed.get(&source).cloned() else { return BTreeSet::new() };
        subscribed.begin(head);
        let Subscribed { passed, deeds, .. } = subscribed;
        let mut unread: BTreeMap<PostNumber, u64> = posts
            .iter()
            .filter(|(ordinal, _)| **ordinal > passed)
            .map(|(ordinal, number)| (*number, *ordinal))
            .collect();
        for deed in deeds {
            match &deed {
                Deed::Mark { posts: marked, read: true } => unread.retain(|number, _| !marked.contains(number)),
                Deed::Mark { posts: marked, read: false } => {
                    let known = posts.iter().filter(|(_, number)| marked.contains(number));
                    unread.extend(known.map(|(ordinal, number)| (*number, *ordinal)));
                }
                Deed::All { through, last } => unread.retain(|number, ordinal| number > through || *ordinal > *last),
            }
        }
        unread
            .into_iter()
            .filter(|(_, ordinal)| *ordinal > head.floor_ordinal.get())
            .map(|(number, _)| number)
            .collect()
    }

    /// All pages of a list.
    pub(super) async fn list(&mut self, world: &World, mill: &mut Mill, query: &str) -> Outcome<Vec<Listed>> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        for _ in 0..PAGES {
            let ask = self.request("GET", format!("/v1/posts?{query}{cursor}"), Value::Null);
            let answer = mill.ask(world, &ask).await?;
            let (200, page) = &answer else { return Err(refused(&ask, &answer)) };
            all.extend(listed(world, page)?);
            let Some(next) = page["next"].as_str() else { return Ok(all) };
            cursor = format!("&cursor={next}");
        }
        Err(format!("the list {query} has no end").into())
    }

    /// Unread posts by source, as the API counts them.
    pub(super) async fn counts(&mut self, world: &World, mill: &mut Mill) -> Outcome<BTreeMap<SourceId, u64>> {
        let ask = self.request("GET", "/v1/counts", Value::Null);
        let answer = mill.ask(world, &ask).await?;
        let (200, body) = &answer else { return Err(refused(&ask, &answer)) };
        let sources = body["sources"].as_array().ok_or("counts without sources")?;
        let count =
            |of: &Value| Ok((of["source"].as_str().unwrap_or_default().parse()?, of["unread"].as_u64().unwrap_or(0)));
        sources.iter().map(count).collect()
    }
}

/// The posts of a page, as the API shows them.
pub(super) fn listed(world: &World, page: &Value) -> Outcome<Vec<Listed>> {
    let posts = page["posts"].as_array().ok_or("a page without posts")?;
    let post = |post: &Value| {
        let text = |name: &str| post[name].as_str().unwrap_or_default();
        Ok(Listed {
            number: world.face.reveal(text("id").parse()?),
            source: text("source").parse()?,
            title: text("title").to_owned(),
            // RSS has no word for what is only a summary.
            html: format!("{}{}", text("summary"), text("content")),
        })
    };
    posts.iter().map(post).collect()
}

fn refused(ask: &Ask, (status, body): &(u16, Value)) -> Box<dyn std::error::Error + Send + Sync> {
    let path = ask.path.split('?').next().unwrap_or_default();
    format!("{} {path} of {} was refused: {status} {body}", ask.method, ask.who.as_deref().unwrap_or("the operator"))
        .into()
}
