//! Random histories against a naive reader: arrivals, edits, marks, mark-alls, unsubscribing, retention, two devices at once, an index that lags.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{PostNumber, SourceId};
use futures_util::future::join;
use http::Method;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use store::Tables;

use super::{Reader, titles};
use crate::world::World;

/// What the head of a source remembers: what lies below is read through the index.
const REMEMBERED: usize = 32;

#[derive(Clone, Debug)]
enum Event {
    Arrive {
        source: usize,
        count: u32,
    },
    /// Two devices at once: one marks what the other does not, and both mark the post at `both`.
    Mark {
        read: BTreeSet<usize>,
        unread: BTreeSet<usize>,
        both: usize,
    },
    MarkAll {
        through: usize,
        source: Option<usize>,
    },
    Retain {
        source: usize,
        keep: u64,
    },
    /// What the source began with is all here.
    Begin(usize),
    Leave(usize),
    Return(usize),
    /// So many posts below those that the head remembers are not in the index for a while.
    Lag {
        source: usize,
        count: usize,
    },
    /// A post gets other content.
    Edit(usize),
    List {
        limit: usize,
        oldest: bool,
        status: Status,
    },
}

#[derive(Clone, Copy, Debug)]
enum Status {
    Unread,
    Read,
    All,
}

fn event() -> impl Strategy<Value = Event> {
    let some = || prop::collection::btree_set(0usize..150, 0..12);
    let status = prop::sample::select(vec![Status::Unread, Status::Unread, Status::Read, Status::All]);
    prop_oneof![
        5 => (0usize..3, 1u32..45).prop_map(|(source, count)| Event::Arrive { source, count }),
        5 => (some(), some(), 0usize..150).prop_map(|(read, unread, both)| Event::Mark { read, unread, both }),
        2 => (0usize..150, prop::option::of(0usize..3)).prop_map(|(through, source)| Event::MarkAll { through, source }),
        3 => (0usize..3, 5u64..60).prop_map(|(source, keep)| Event::Retain { source, keep }),
        1 => (0usize..3).prop_map(Event::Begin),
        2 => (0usize..3).prop_map(Event::Leave),
        3 => (0usize..3).prop_map(Event::Return),
        2 => (0usize..3, 1usize..20).prop_map(|(source, count)| Event::Lag { source, count }),
        2 => (0usize..150).prop_map(Event::Edit),
        3 => (7usize..60, any::<bool>(), status).prop_map(|(limit, oldest, status)| Event::List { limit, oldest, status }),
    ]
}

/// Title, content, and whether it is read.
type Seen = (String, String, bool);

/// A source, and what a naive reader knows of it.
struct Feed {
    source: SourceId,
    /// By ordinal, from 1 on.
    numbers: Vec<PostNumber>,
    /// By ordinal, as they are now.
    contents: Vec<String>,
    floor: usize,
    unread: BTreeSet<usize>,
    subscribed: bool,
    hidden: Vec<usize>,
    /// Up to here a list from the oldest on may have told the numbers of posts.
    told: usize,
    /// Whether what it began with is all here.
    begun: bool,
    /// Whether Ada waits for that: then all but the newest is read.
    waits: bool,
}

impl Feed {
    /// Whoever does that while it begins has all that comes unread.
    fn mark_unread(&mut self, ordinal: usize) {
        self.waits &= !self.unread.insert(ordinal);
    }

    /// What is shown, by number.
    fn shown(&self, status: Status) -> BTreeMap<PostNumber, Seen> {
        let ordinals =
            (self.floor + 1..=self.numbers.len()).filter(|ordinal| self.subscribed && self.has(*ordinal, status));
        ordinals.map(|ordinal| (self.numbers[ordinal - 1], self.seen(ordinal))).collect()
    }

    fn has(&self, ordinal: usize, status: Status) -> bool {
        match status {
            Status::Unread => self.unread.contains(&ordinal),
            Status::Read => !self.unread.contains(&ordinal),
            Status::All => true,
        }
    }

    fn seen(&self, ordinal: usize) -> Seen {
        let title = titles(self.source, [ordinal as u64]).remove(0);
        (title, self.contents[ordinal - 1].clone(), !self.unread.contains(&ordinal))
    }
}

struct History<'a> {
    world: &'a World,
    /// Whether the world is told what is written.
    told: bool,
    ada: Reader<'a>,
    feeds: Vec<Feed>,
}

impl<'a> History<'a> {
    async fn new(world: &'a World, told: bool) -> Self {
        let ada = world.who_reads("ada@example.org").await;
        let mut feeds = Vec::new();
        for name in ["a", "b", "c"] {
            let source = world.feed(name).await;
            ada.subscribe(source, 20).await;
            // Someone else stays, so that the source does when Ada leaves.
            let other = world.who_reads(&format!("{name}@example.org")).await;
            other.subscribe(source, 0).await;
            let (numbers, contents, unread, hidden) = (Vec::new(), Vec::new(), BTreeSet::new(), Vec::new());
            let (begun, waits, told) = (false, true, 0);
            feeds.push(Feed {
                source,
                numbers,
                contents,
                floor: 0,
                unread,
                subscribed: true,
                hidden,
                told,
                begun,
                waits,
            });
        }
        Self { world, told, ada, feeds }
    }

    /// All that Ada sees, oldest first: feed and ordinal.
    fn visible(&self) -> Vec<(usize, usize)> {
        let mut all: Vec<(PostNumber, usize, usize)> = Vec::new();
        for (at, feed) in self.feeds.iter().enumerate().filter(|(_, feed)| feed.subscribed) {
            all.extend((feed.floor + 1..=feed.numbers.len()).map(|ordinal| (feed.numbers[ordinal - 1], at, ordinal)));
        }
        all.sort();
        all.into_iter().map(|(_, at, ordinal)| (at, ordinal)).collect()
    }

    fn expected(&self, status: Status) -> Vec<Seen> {
        let all = self.feeds.iter().flat_map(|feed| feed.shown(status));
        all.collect::<BTreeMap<_, _>>().into_values().collect()
    }

    async fn happen(&mut self, event: &Event) {
        match event {
            Event::Arrive { source, count } => self.arrive(*source, *count).await,
            Event::Mark { read, unread, both } => self.mark(read, unread, *both).await,
            Event::MarkAll { through, source } => self.mark_all(*through, *source).await,
            Event::Retain { source, keep } => self.retain(*source, *keep).await,
            Event::Begin(source) => self.begin(*source).await,
            Event::Leave(source) => self.leave(*source).await,
            Event::Return(source) => self.come_back(*source).await,
            Event::Lag { source, count } => self.lag(*source, *count).await,
            Event::Edit(place) => self.edit(*place).await,
            Event::List { limit, oldest, status } => self.list(*limit, *oldest, *status).await,
        }
    }

    async fn arrive(&mut self, at: usize, count: u32) {
        self.world.pass(Duration::from_secs(10));
        let feed = &mut self.feeds[at];
        let before = feed.numbers.len();
        feed.numbers.extend(self.world.arrive(feed.source, count).await);
        feed.unread.extend(before + 1..=feed.numbers.len());
        if feed.waits {
            feed.unread = feed.unread.split_off(&(feed.numbers.len().saturating_sub(20) + 1));
        }
        // As the world makes them: by turns of 45, which no arrival fills.
        feed.contents.extend((0..count).map(|n| format!("<p>post {n} of {}</p>", feed.source)));
        self.forget();
    }

    /// Heads may be as old as that, where nobody tells what is written.
    fn forget(&self) {
        if !self.told {
            self.world.pass(Duration::from_secs(5));
        }
    }

    /// It keeps its place and its read state.
    async fn edit(&mut self, place: usize) {
        let Some((at, ordinal)) = self.visible().get(place).copied() else { return };
        let feed = &mut self.feeds[at];
        let content = format!("<p>edited {}</p>", feed.contents[ordinal - 1].len());
        self.world.edit(feed.source, ordinal as u64, feed.numbers[ordinal - 1], &content).await;
        feed.contents[ordinal - 1] = content;
    }

    fn id(&self, (at, ordinal): (usize, usize)) -> String {
        self.world.face.hide(self.feeds[at].numbers[ordinal - 1]).to_string()
    }

    async fn mark(&mut self, read: &BTreeSet<usize>, unread: &BTreeSet<usize>, both: usize) {
        // A hidden item lacks its ordinal, which a mark needs.
        self.catch_up().await;
        let visible = self.visible();
        let pick = |places: &mut dyn Iterator<Item = &usize>| -> Vec<(usize, usize)> {
            places.filter_map(|place| visible.get(*place).copied()).collect()
        };
        let read_now = pick(&mut read.iter().filter(|place| **place != both));
        let unread_now = pick(&mut unread.difference(read).filter(|place| **place != both));
        // While a source begins it matters who came first, which nobody tells.
        let contested = visible.get(both).copied().filter(|(at, _)| !self.feeds[*at].waits);
        let ids = |posts: &[(usize, usize)]| -> Vec<String> {
            posts.iter().copied().chain(contested).map(|post| self.id(post)).collect()
        };
        let (read_ids, unread_ids) = (ids(&read_now), ids(&unread_now));
        if read_ids.is_empty() || unread_ids.is_empty() {
            return;
        }
        join(self.ada.mark("read", &read_ids), self.ada.mark("unread", &unread_ids)).await;
        for (at, ordinal) in read_now {
            self.feeds[at].unread.remove(&ordinal);
        }
        for (at, ordinal) in unread_now {
            self.feeds[at].mark_unread(ordinal);
        }
        if let Some((at, ordinal)) = contested {
            // Whoever came last won.
            let post = self.ada.get(&format!("/v1/posts/{}", self.id((at, ordinal)))).await;
            let feed = &mut self.feeds[at];
            if post["read"].as_bool().unwrap() {
                feed.unread.remove(&ordinal);
            } else {
                feed.mark_unread(ordinal);
            }
        }
    }

    async fn mark_all(&mut self, through: usize, source: Option<usize>) {
        let Some((at, ordinal)) = self.visible().get(through).copied() else { return };
        let Some(scope) = source.map_or(Some(None), |at| self.feeds[at].subscribed.then_some(Some(at))) else { return };
        // What the index does not show yet was not seen, and is not marked.
        self.catch_up().await;
        let number = self.feeds[at].numbers[ordinal - 1];
        let mut body = json!({ "through": self.id((at, ordinal)) });
        if let Some(scope) = scope {
            body["source"] = json!(self.feeds[scope].source);
        }
        let answer = self.ada.ask(Method::POST, "/v1/posts/mark-all", &body).await;
        assert_eq!(answer.status.as_u16(), 204, "{}", answer.json);
        for (at, feed) in self.feeds.iter_mut().enumerate().filter(|(_, feed)| feed.subscribed) {
            if scope.is_none_or(|scope| scope == at) {
                let passed = feed.numbers.partition_point(|other| *other <= number);
                feed.unread = feed.unread.split_off(&(passed + 1));
            }
        }
    }

    async fn retain(&mut self, at: usize, keep: u64) {
        let feed = &mut self.feeds[at];
        let head = self.world.store.head(feed.source).await.unwrap().unwrap();
        let retention = store::Retention { age: Duration::from_secs(90 * 86_400), count: keep };
        self.world.store.raise_floor(&head, &retention, self.world.now()).await.unwrap();
        feed.floor = feed.floor.max(feed.numbers.len().saturating_sub(usize::try_from(keep).unwrap()));
        feed.unread = feed.unread.split_off(&(feed.floor + 1));
        feed.hidden.retain(|ordinal| *ordinal > feed.floor);
        // What lies below goes, in the end.
        for number in &feed.numbers[..feed.floor] {
            let key = AttributeValue::N(number.to_string());
            let delete = self.world.tables.delete_item().table_name(Tables::default().posts).key("number", key);
            delete.send().await.unwrap();
        }
        self.forget();
    }

    /// As the last transaction of a first landing says; here a landing never ends.
    async fn begin(&mut self, at: usize) {
        let feed = &mut self.feeds[at];
        if feed.begun || feed.numbers.is_empty() {
            return;
        }
        let update = self.world.tables.update_item().table_name(Tables::default().sources);
        let text = |text: String| AttributeValue::S(text);
        let update = update.key("pk", text(format!("S#{}", feed.source))).key("sk", text("HEAD".to_owned()));
        let update = update.update_expression("SET first_through = :through");
        let through = AttributeValue::N(feed.numbers.len().to_string());
        update.expression_attribute_values(":through", through).send().await.unwrap();
        (feed.begun, feed.waits) = (true, false);
        self.forget();
    }

    async fn leave(&mut self, at: usize) {
        let feed = &mut self.feeds[at];
        self.world.store.unsubscribe(self.ada.user.id, feed.source, self.world.now()).await.unwrap();
        feed.subscribed = false;
    }

    async fn come_back(&mut self, at: usize) {
        let feed = &mut self.feeds[at];
        if !feed.subscribed {
            self.ada.subscribe(feed.source, 20).await;
            let last = feed.numbers.len();
            feed.unread = (last.saturating_sub(20).max(feed.floor) + 1..=last).collect();
            feed.waits = !feed.begun;
            feed.subscribed = true;
        }
    }

    /// An item without its ordinal is in no index. Only posts that no head remembers and no list has told: nobody asks for them by number before the index shows them.
    async fn lag(&mut self, at: usize, count: usize) {
        let feed = &self.feeds[at];
        let last = feed.numbers.len().saturating_sub(REMEMBERED);
        let recent = |number: PostNumber| self.world.now().since(number.minted_at()) < Duration::from_secs(500);
        let hidden: Vec<usize> = (last.saturating_sub(count).max(feed.told) + 1..=last)
            .filter(|ordinal| recent(feed.numbers[ordinal - 1]))
            .collect();
        for ordinal in &hidden {
            self.set_ordinal(feed, *ordinal, false).await;
        }
        self.feeds[at].hidden.extend(hidden);
    }

    async fn catch_up(&mut self) {
        for feed in &self.feeds {
            for ordinal in &feed.hidden {
                self.set_ordinal(feed, *ordinal, true).await;
            }
        }
        self.feeds.iter_mut().for_each(|feed| feed.hidden.clear());
    }

    async fn set_ordinal(&self, feed: &Feed, ordinal: usize, shown: bool) {
        let key = AttributeValue::N(feed.numbers[ordinal - 1].to_string());
        let update = self.world.tables.update_item().table_name(Tables::default().posts).key("number", key);
        let update = update.expression_attribute_names("#ordinal", "ordinal");
        let update = if shown {
            let value = AttributeValue::N(ordinal.to_string());
            update.update_expression("SET #ordinal = :ordinal").expression_attribute_values(":ordinal", value)
        } else {
            update.update_expression("REMOVE #ordinal")
        };
        update.send().await.unwrap();
    }

    /// All pages of a list. A page that waits for the index goes on once that has caught up.
    async fn list(&mut self, limit: usize, oldest: bool, status: Status) {
        let order = if oldest { "oldest" } else { "newest" };
        let word = format!("{status:?}").to_lowercase();
        let query = format!("/v1/posts?status={word}&order={order}&limit={limit}");
        let (mut met, mut cursor): (Vec<Seen>, String) = Default::default();
        for _ in 0..400 {
            let page = self.ada.get(&format!("{query}{cursor}")).await;
            let posts = page["posts"].as_array().unwrap();
            met.extend(posts.iter().map(|post| {
                let text = |name: &str| post[name].as_str().unwrap().to_owned();
                (text("title"), text("content"), post["read"].as_bool().unwrap())
            }));
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
            if posts.is_empty() {
                assert!(self.feeds.iter().any(|feed| !feed.hidden.is_empty()), "an empty page that waits for nothing");
                self.catch_up().await;
            }
        }
        let mut expected = self.expected(status);
        if oldest {
            self.feeds.iter_mut().for_each(|feed| feed.told = feed.numbers.len());
        } else {
            expected.reverse();
        }
        assert_eq!(met, expected, "{order} {limit} {word}");
    }

    async fn check_counts(&self) {
        let counts = self.ada.get("/v1/counts").await;
        let told = counts["sources"].as_array().unwrap().iter();
        let told: BTreeMap<String, u64> = told
            .map(|count| (count["source"].as_str().unwrap().to_owned(), count["unread"].as_u64().unwrap()))
            .collect();
        let feeds = self.feeds.iter().filter(|feed| feed.subscribed);
        let expected = feeds.map(|feed| (feed.source.to_string(), feed.unread.len() as u64)).collect();
        assert_eq!(told, expected);
    }
}

async fn run(events: &[Event], told: bool) {
    // In the cloud two instances answer in turn.
    let world = if told { World::on_one_machine().await } else { World::in_the_cloud(2).await };
    let mut history = History::new(&world, told).await;
    for event in events {
        history.happen(event).await;
        history.check_counts().await;
    }
    for oldest in [false, true] {
        history.list(40, oldest, Status::Unread).await;
    }
}

fn check_histories(told: bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut runner =
        TestRunner::new(Config { cases: 12, failure_persistence: None, max_shrink_iters: 8, ..Config::default() });
    let histories = prop::collection::vec(event(), 25..45);
    let run = |events: Vec<Event>| {
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime.block_on(run(&events, told))));
        told.map_err(|_| TestCaseError::fail("the history above is told otherwise"))
    };
    runner.run(&histories, run).unwrap();
}

#[test]
fn counts_and_lists_agree_with_a_naive_reader_whatever_happens() {
    check_histories(false);
}

#[test]
fn what_is_remembered_agrees_with_a_naive_reader_whatever_happens() {
    check_histories(true);
}
