//! Reads are bounded: how many requests to the store a page takes, with 500 subscriptions. How many posts there are below does not matter: 60 sources have more than
//! their heads remember, which is as bad as it gets for a page of 50. `bench -- read --subscriptions 500 --posts 200` does it with 100,000.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use domain::id::{PostNumber, SourceId, SystemEntropy};
use domain::source::Recent;
use store::Tables;

use super::Reader;
use crate::world::World;

const SUBSCRIPTIONS: u64 = 500;
/// So many of them have this many posts, in turn; the others have one, which is newer.
const DEEP: u64 = 60;
const POSTS: u64 = 45;

type Item = HashMap<String, AttributeValue>;

/// Items as the store wrote them, to be written again under other keys.
struct Patterns {
    head: Item,
    subscription: Item,
    post: Item,
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

impl World {
    async fn item(&self, table: &str, key: &[(&str, AttributeValue)]) -> Item {
        let request = self.tables.get_item().table_name(table).consistent_read(true);
        let request =
            request.set_key(Some(key.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()));
        request.send().await.unwrap().item.unwrap()
    }

    async fn patterns(&self, reader: &Reader<'_>) -> Patterns {
        let (source, tables) = (self.feed("pattern").await, Tables::default());
        reader.subscribe(source, u64::MAX).await;
        let post = self.arrive(source, 1).await[0];
        let (partition, user) = (text(format!("S#{source}")), text(format!("U#{}", reader.user.id)));
        let patterns = Patterns {
            head: self.item(&tables.sources, &[("pk", partition), ("sk", text("HEAD"))]).await,
            subscription: self.item(&tables.readers, &[("pk", user), ("sk", text(format!("SUB#{source}")))]).await,
            post: self.item(&tables.posts, &[("number", number(post.get()))]).await,
        };
        self.store.unsubscribe(reader.user.id, source, self.now()).await.unwrap();
        patterns
    }

    async fn put_all(&self, table: &str, items: &[Item]) {
        for some in items.chunks(25) {
            let put = |item: &Item| {
                let put = PutRequest::builder().set_item(Some(item.clone())).build().unwrap();
                WriteRequest::builder().put_request(put).build()
            };
            let request = self.tables.batch_write_item().request_items(table, some.iter().map(put).collect());
            assert!(request.send().await.unwrap().unprocessed_items.unwrap_or_default().is_empty());
        }
    }
}

impl Patterns {
    fn head(&self, source: SourceId, numbers: &[PostNumber]) -> Item {
        let mut recent = Recent::default();
        recent.extend(numbers.iter().copied());
        let mut item = self.head.clone();
        item.insert("pk".to_owned(), text(format!("S#{source}")));
        item.insert("post_count".to_owned(), number(numbers.len() as u64));
        item.insert("recent".to_owned(), AttributeValue::B(Blob::new(recent.to_bytes())));
        item
    }

    fn subscription(&self, source: SourceId) -> Item {
        let mut item = self.subscription.clone();
        item.insert("sk".to_owned(), text(format!("SUB#{source}")));
        item.insert("subscribed".to_owned(), text(source.to_string()));
        item
    }

    fn post(&self, source: SourceId, ordinal: u64, post: PostNumber) -> Item {
        let mut item = self.post.clone();
        item.insert("number".to_owned(), number(post.get()));
        item.insert("source".to_owned(), text(source.to_string()));
        item.insert("ordinal".to_owned(), number(ordinal));
        item
    }
}

/// 500 subscriptions of Ada's.
async fn fill(world: &World, ada: &Reader<'_>) {
    let patterns = world.patterns(ada).await;
    let start = PostNumber::first_at(world.now() - Duration::from_secs(86_400)).unwrap().get();
    let (mut heads, mut subscriptions, mut posts) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..SUBSCRIPTIONS {
        let source = SourceId::draw(&mut SystemEntropy);
        let turns = if n < DEEP { 0..POSTS } else { POSTS..POSTS + 1 };
        let place = |turn: u64| PostNumber::new(start + (turn * SUBSCRIPTIONS + n) * 128).unwrap();
        let numbers: Vec<PostNumber> = turns.map(place).collect();
        heads.push(patterns.head(source, &numbers));
        subscriptions.push(patterns.subscription(source));
        posts.extend((1..).zip(&numbers).map(|(ordinal, number)| patterns.post(source, ordinal, *number)));
    }
    let tables = Tables::default();
    world.put_all(&tables.sources, &heads).await;
    world.put_all(&tables.readers, &subscriptions).await;
    world.put_all(&tables.posts, &posts).await;
}

#[tokio::test]
async fn counts_pages_and_deep_pages_of_500_subscriptions_take_few_requests() {
    let world = World::new().await;
    let ada = world.who_reads("ada@example.org").await;
    fill(&world, &ada).await;
    // Who asks is two requests; a token's first use notes that.
    ada.get("/v1/counts").await;
    let calls = async |path: &str| {
        // The heads are forgotten.
        world.pass(Duration::from_secs(6));
        world.meter.take();
        let answer = ada.get(path).await;
        (world.meter.take().calls, answer)
    };
    let (counting, counts) = calls("/v1/counts").await;
    assert_eq!((counting, counts["unread"].as_u64()), (2 + 1 + 5, Some(DEEP * POSTS + SUBSCRIPTIONS - DEEP)));

    let (mut cursor, mut met, mut most, mut asked) = (String::new(), 0, 0, 0);
    loop {
        let path = format!("/v1/posts?status=unread&limit=50&content=false{cursor}");
        let (calls, page) = calls(&path).await;
        if met == 0 {
            assert!(calls <= 10, "the newest page took {calls}");
        }
        met += page["posts"].as_array().unwrap().len() as u64;
        most = most.max(calls);
        asked += u64::from(calls > 10);
        let Some(next) = page["next"].as_str() else { break };
        assert!(next.len() < 8_000, "it fits into the headers that API Gateway takes");
        cursor = format!("&cursor={next}");
    }
    assert_eq!(met, DEEP * POSTS + SUBSCRIPTIONS - DEEP);
    assert!(asked > 10, "deep pages ask the index");
    assert!(most <= 60, "a deep page took {most}");
}
