//! The books: what there is, held against what the publishers and the people know. A sentence for each that does not balance.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use domain::id::{PostNumber, SourceId};
use domain::source::Head;
use local::names;
use serde_json::Value;

use super::feed::Feed;
use super::person::Listed;
use super::round::Round;
use super::world::{LANES, World};
use crate::Outcome;

/// Names in one sentence.
const NAMED: usize = 4;
/// Ends of jobs in one sentence.
const LAST_ENDS: usize = 12;

/// What does not balance.
pub(super) struct Broken {
    /// A sentence for each.
    pub(super) all: Vec<String>,
    /// Some of it no time mends.
    pub(super) is_for_good: bool,
}

/// What the tables hold, by source.
pub(super) struct Stock {
    /// Posts with their titles, by ordinal.
    posts: HashMap<SourceId, BTreeMap<u64, Vec<(PostNumber, String)>>>,
    /// Numbers that natural keys name.
    keys: HashMap<SourceId, Vec<PostNumber>>,
    /// How jobs ended, by when they did: to say why posts are missing.
    ends: HashMap<SourceId, BTreeMap<u64, String>>,
    /// All keys and texts of items, to look for what must be gone.
    sources: HashSet<String>,
}

impl Stock {
    /// Counts what is there.
    pub(super) fn take(world: &World) -> Outcome<Self> {
        let mut stock =
            Self { posts: HashMap::new(), keys: HashMap::new(), ends: HashMap::new(), sources: HashSet::new() };
        for item in world.items(&world.settings.posts_table)? {
            let source: SourceId = text(&item, "source").parse()?;
            stock.sources.insert(source.to_string());
            let post = (number(&item)?, text(&item, "title").to_owned());
            let ordinal = item["ordinal"]["N"].as_str().unwrap_or_default().parse()?;
            stock.posts.entry(source).or_default().entry(ordinal).or_default().push(post);
        }
        for item in world.items(&world.settings.sources_table)? {
            let Some(source) = text(&item, "pk").strip_prefix("S#") else { continue };
            stock.sources.insert(source.to_owned());
            let of: SourceId = source.parse()?;
            if text(&item, "sk").starts_with("K#") {
                stock.keys.entry(of).or_default().push(number(&item)?);
            }
            if let Some(at) = item["ended_at"]["N"].as_str() {
                let landed =
                    item["posts"]["N"].as_str().map_or("nothing new".to_owned(), |posts| format!("{posts} posts"));
                let end = item["error"]["S"].as_str().map_or(landed, ToOwned::to_owned);
                stock.ends.entry(of).or_default().insert(at.parse()?, end);
            }
        }
        Ok(stock)
    }

    /// How many posts there are.
    pub(super) fn posts(&self) -> u64 {
        self.posts.values().flat_map(BTreeMap::values).map(|posts| posts.len() as u64).sum()
    }

    fn titles(&self, source: SourceId) -> impl Iterator<Item = &str> {
        let posts = self.posts.get(&source).into_iter().flat_map(BTreeMap::values).flatten();
        posts.map(|(_, title)| title.as_str())
    }

    fn of(&self, source: SourceId) -> BTreeMap<u64, PostNumber> {
        let posts = self.posts.get(&source).into_iter().flatten();
        posts.filter_map(|(ordinal, posts)| Some((*ordinal, posts.first()?.0))).collect()
    }
}

fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name]["S"].as_str().unwrap_or_default()
}

fn number(item: &Value) -> Outcome<PostNumber> {
    let number = item["number"]["N"].as_str().unwrap_or_default().parse()?;
    PostNumber::new(number).ok_or_else(|| format!("{number} is no number of a post").into())
}

impl Round {
    /// All books.
    pub(super) async fn audit(&mut self) -> Outcome<(Broken, Stock)> {
        let stock = Stock::take(&self.world)?;
        let (mut broken, mut live, mut is_for_good) = (Vec::new(), 0, false);
        for (feed, source) in self.feeds.iter().zip(&self.sources) {
            match self.world.store.head(*source).await? {
                Some(head) => {
                    let before = broken.len();
                    once(feed, &head, &stock, &mut broken);
                    numbered(feed, &head, &stock, &mut broken);
                    is_for_good |= broken.len() > before;
                    landed(feed, &head, &stock, &mut broken);
                    self.announced(feed, &head, &mut broken);
                    self.subscribers(feed, &head, &mut broken);
                    live += u64::from(self.in_hand(feed, *source, &mut broken).await?);
                }
                None => broken.push(format!("{}: its source {source} is not there", feed.name)),
            }
        }
        for gone in self.deleted.iter().filter(|source| stock.sources.contains(source.as_str())) {
            broken.push(format!("something is left of source {gone}, which was deleted"));
        }
        self.queues(live, &mut broken)?;
        self.readers(&stock, &mut broken).await?;
        self.contents(&mut broken).await?;
        Ok((Broken { all: broken, is_for_good }, stock))
    }

    /// A message is that of a job in hand, and no other is left; `live` are in hand.
    fn queues(&self, live: u64, broken: &mut Vec<String>) -> Outcome<()> {
        let lanes = LANES.map(names::queue);
        let waiting = lanes.iter().map(|lane| self.world.messages(lane)).sum::<Outcome<u64>>()?;
        if waiting > live {
            broken.push(format!("{waiting} messages wait for {live} jobs that are in hand"));
        }
        for queue in lanes.into_iter().chain([names::TASKS]) {
            let dead = self.world.messages(&format!("{queue}-dead"))?;
            if dead > 0 {
                broken.push(format!("queue {queue}: {dead} messages are dead"));
            }
        }
        let untaken = self.world.messages(names::TASKS)?;
        if untaken > 0 {
            broken.push(format!("{untaken} announcements were not taken"));
        }
        Ok(())
    }

    /// Everything that landed was told of.
    fn announced(&self, feed: &Feed, head: &Head, broken: &mut Vec<String>) {
        let ranges = self.mill.announced.get(&head.source).into_iter().flatten();
        let told: BTreeSet<u64> = ranges.flat_map(|(from, to)| *from..=*to).collect();
        let untold: Vec<_> = (1..=head.post_count.get()).filter(|ordinal| !told.contains(ordinal)).collect();
        tell(broken, &feed.name, "posts landed and nobody was told, by ordinal", untold);
        let beyond: Vec<_> = told.into_iter().filter(|ordinal| *ordinal > head.post_count.get()).collect();
        tell(broken, &feed.name, "posts were announced that are not there, by ordinal", beyond);
    }

    fn subscribers(&self, feed: &Feed, head: &Head, broken: &mut Vec<String>) {
        let people = self.people.iter().filter(|person| person.sources().any(|source| source == head.source)).count();
        if people as u64 != u64::from(head.subscribers) {
            broken.push(format!("{}: {people} people subscribe, and it counts {}", feed.name, head.subscribers));
        }
    }

    /// No job is in hand for ever, no landing open; whether one is in hand.
    async fn in_hand(&self, feed: &Feed, source: SourceId, broken: &mut Vec<String>) -> Outcome<bool> {
        let Some((pointer, finished)) = self.world.store.latest(source).await? else {
            broken.push(format!("{}: it has no job", feed.name));
            return Ok(false);
        };
        let is_over = finished.is_some_and(|finished| finished.job == pointer.job);
        if !is_over && !pointer.is_live(false, self.world.time.now()) {
            broken.push(format!("{}: job {} is stuck", feed.name, pointer.job));
        }
        if pointer.open {
            broken.push(format!("{}: a landing is left open", feed.name));
        }
        Ok(!is_over)
    }

    /// What each person must see, and what they see.
    async fn readers(&mut self, stock: &Stock, broken: &mut Vec<String>) -> Outcome<()> {
        for person in &mut self.people {
            let counts = person.counts(&self.world, &mut self.mill).await?;
            let unread = person.list(&self.world, &mut self.mill, "status=unread&limit=200&content=false").await?;
            let mut seen: BTreeMap<SourceId, BTreeSet<PostNumber>> = BTreeMap::new();
            let mut doubled = Vec::new();
            for post in unread {
                if !seen.entry(post.source).or_default().insert(post.number) {
                    doubled.push(post.title);
                }
            }
            tell(broken, &person.email, "posts are listed twice", doubled);
            for source in person.sources() {
                let Some(head) = self.world.store.head(source).await? else { continue };
                let expected = person.unread(source, &stock.of(source), &head);
                let seen = seen.remove(&source).unwrap_or_default();
                let counted = counts.get(&source).copied().unwrap_or(0);
                if seen != expected || counted != expected.len() as u64 {
                    let (must, lists) = (expected.len(), seen.len());
                    broken.push(format!(
                        "{}: {must} posts of {source} are unread, {lists} are listed, {counted} counted",
                        person.email
                    ));
                }
            }
            tell(broken, &person.email, "unread posts are of sources not subscribed to", seen.into_keys().collect());
            let starred = person.list(&self.world, &mut self.mill, "starred=true&limit=200&content=false").await?;
            let count = starred.len();
            let starred: BTreeSet<PostNumber> = starred.into_iter().map(|post| post.number).collect();
            if starred != *person.starred() || count != starred.len() {
                broken.push(format!(
                    "{}: {} posts have a star, {count} are listed",
                    person.email,
                    person.starred().len()
                ));
            }
        }
        Ok(())
    }

    /// What is in a feed now is shown in its last form, from its first word to its last.
    async fn contents(&mut self, broken: &mut Vec<String>) -> Outcome<()> {
        let Some(keeper) = self.people.first_mut() else { return Ok(()) };
        let all = keeper.list(&self.world, &mut self.mill, "limit=50").await?;
        let shown: HashMap<&str, &Listed> = all.iter().map(|post| (post.title.as_str(), post)).collect();
        for feed in &self.feeds {
            let owed = feed.owed();
            if owed.is_gone {
                continue;
            }
            let stale = owed.now.iter().filter(|entry| {
                let (form, end) = entry.marks();
                // What is below the floor is shown to nobody.
                shown
                    .get(entry.title.as_str())
                    .is_some_and(|post| !post.html.contains(&form) || !post.html.contains(&end))
            });
            tell(
                broken,
                &feed.name,
                "posts are not shown in their last form",
                stale.map(|entry| &entry.title).collect(),
            );
        }
        Ok(())
    }
}

/// No post of a feed has landed twice, and none of another.
fn once(feed: &Feed, head: &Head, stock: &Stock, broken: &mut Vec<String>) {
    let mut landed: BTreeMap<&str, usize> = BTreeMap::new();
    for title in stock.titles(head.source) {
        *landed.entry(title).or_default() += 1;
    }
    let twice = landed.iter().filter(|(_, count)| **count > 1).map(|(title, _)| *title).collect();
    tell(broken, &feed.name, "posts landed twice", twice);
    let prefix = format!("{}-", feed.name);
    let strange = landed.into_keys().filter(|title| !title.starts_with(&prefix)).collect();
    tell(broken, &feed.name, "posts are of another feed", strange);
}

/// Each post that a feed published while it could be polled has landed.
fn landed(feed: &Feed, head: &Head, stock: &Stock, broken: &mut Vec<String>) {
    let landed: HashSet<&str> = stock.titles(head.source).collect();
    let owed = feed.owed();
    let lost: Vec<_> = owed.must.iter().filter(|title| !landed.contains(title.as_str())).collect();
    let ends: Vec<&str> =
        stock.ends.get(&head.source).into_iter().flat_map(BTreeMap::values).map(String::as_str).collect();
    let last = ends[ends.len().saturating_sub(LAST_ENDS)..].join(", ");
    let (state, requests) = (head.state.as_str(), feed.told().1);
    let what =
        format!("posts were lost: it is {state}, was asked {requests} times, and its last jobs ended so: {last}");
    tell(broken, &feed.name, &what, lost);
}

/// Ordinals are dense, numbers rise with them, the head counts and names them, and each has one natural key.
fn numbered(feed: &Feed, head: &Head, stock: &Stock, broken: &mut Vec<String>) {
    let none = BTreeMap::new();
    let posts = stock.posts.get(&head.source).unwrap_or(&none);
    let shared = posts.iter().filter(|(_, posts)| posts.len() > 1).map(|(ordinal, _)| *ordinal).collect();
    tell(broken, &feed.name, "ordinals are more than one post's", shared);
    if !posts.keys().copied().eq(1..=head.post_count.get()) {
        let last = posts.keys().next_back().copied().unwrap_or(0);
        let (there, count) = (posts.len(), head.post_count);
        broken.push(format!("{}: it counts {count} posts, there are {there}, the last is the {last}th", feed.name));
    }
    let numbers: Vec<PostNumber> = posts.values().flatten().map(|(number, _)| *number).collect();
    if !numbers.is_sorted() {
        broken.push(format!("{}: the numbers of its posts do not rise", feed.name));
    }
    if !numbers.ends_with(head.recent.numbers()) || head.recent.numbers().len() != numbers.len().min(32) {
        broken.push(format!("{}: its head does not name its newest posts", feed.name));
    }
    let mut keys = stock.keys.get(&head.source).cloned().unwrap_or_default();
    keys.sort_unstable();
    if keys != numbers {
        broken.push(format!("{}: {} natural keys for {} posts, or of others", feed.name, keys.len(), numbers.len()));
    }
}

/// A sentence about some things of `whose`, if there are any.
fn tell<T: std::fmt::Display>(broken: &mut Vec<String>, whose: &str, what: &str, which: Vec<T>) {
    if which.is_empty() {
        return;
    }
    let named: Vec<String> = which.iter().take(NAMED).map(ToString::to_string).collect();
    let more = if which.len() > NAMED { ", …" } else { "" };
    broken.push(format!("{whose}: {} {what} ({}{more})", which.len(), named.join(", ")));
}
