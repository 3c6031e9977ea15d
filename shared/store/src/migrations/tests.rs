//! Migrations of tests, on tables of tests: the product has none yet.

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region, SharedAsyncSleep};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_async::rt::sleep::TokioSleep;
use servers::Server;

use super::*;
use crate::row::number as n;
use crate::row::text;
use crate::{Tables, key};

const NOON: Timestamp = Timestamp::from_secs(1_769_860_800);
const ITEMS: u64 = 250;

fn later(seconds: u64) -> Timestamp {
    NOON + Duration::from_secs(seconds)
}

/// `old` is `new` from now on.
fn rename(item: &Item) -> Option<Rewrite> {
    let old = item.get("old")?.clone();
    Some(Rewrite { attributes: vec![("old", None), ("new", Some(old))] })
}

/// `new` counts in tens.
fn tens(item: &Item) -> Option<Rewrite> {
    let value: u64 = item.get("new")?.as_n().ok()?.parse().ok()?;
    item.get("tens").is_none().then(|| Rewrite { attributes: vec![("tens", Some(n(value / 10)))] })
}

const TWO: [Migration; 2] = [
    Migration { number: 2, name: "old is new", table: Walked::Readers, rewrite: rename },
    Migration { number: 3, name: "new counts in tens", table: Walked::Readers, rewrite: tens },
];

struct World {
    store: Store,
    _server: Server,
}

impl World {
    async fn new() -> Self {
        let server = Server::of_this_run(Arc::new(|| NOON.as_millis())).await;
        let config = aws_types::SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            // As the other tests do: an allowance of retries of its own.
            .region(Region::new(server.own("region")))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::from_keys("local", "local", None)))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(&server.endpoints().dynamodb)
            .build();
        let [sources, posts, readers] = ["sources", "posts", "readers"].map(|name| server.own(name));
        let tables = Tables { sources, posts, readers };
        let store = Store::new(&config, tables);
        store.create_tables().await.unwrap();
        let world = Self { store, _server: server };
        world.store.stamp("abc", NOON).await.unwrap();
        for at in 0..ITEMS {
            world.put(at, "old").await;
        }
        world
    }

    fn key(at: u64) -> Key {
        Key::Reader { pk: format!("T#{at}"), sk: "-".to_owned() }
    }

    async fn put(&self, at: u64, attribute: &str) {
        let mut item = Self::key(at).item();
        item.insert(attribute.to_owned(), n(at));
        let put = self.store.client.put_item().table_name(self.store.readers());
        put.set_item(Some(item)).send().await.unwrap();
    }

    fn migrations<'a>(&'a self, all: &'a [Migration]) -> Migrations<'a> {
        Migrations { store: &self.store, all }
    }

    /// Steps until nothing is left; how many there were.
    async fn run(&self, all: &[Migration], holder: &str) -> usize {
        for steps in 0..100 {
            match self.migrations(all).step(holder, later(1), later(60)).await.unwrap() {
                Step::Walked(_) => {}
                Step::Done => return steps,
                Step::HeldUntil(until) => panic!("held until {until}"),
            }
        }
        panic!("it does not end");
    }

    async fn check_all(&self, is: fn(u64, &Item) -> bool) {
        for at in 0..ITEMS {
            let item = self.store.get("testing", &Self::key(at)).await.unwrap().unwrap();
            assert!(is(at, &item), "{at}: {item:?}");
        }
    }
}

fn is_new(at: u64, item: &Item) -> bool {
    item.get("new") == Some(&n(at)) && !item.contains_key("old")
}

#[test]
fn the_products_migrations_lead_from_the_baseline_to_its_schema_without_a_gap() {
    let numbers: Vec<u32> = MIGRATIONS.iter().map(|migration| migration.number).collect();
    let steps = usize::try_from(SCHEMA_VERSION - BASELINE).unwrap();
    assert_eq!(numbers, (BASELINE + 1..).take(steps).collect::<Vec<_>>());
}

#[tokio::test]
async fn migrations_run_in_order_once_and_the_stamp_says_so() {
    let world = World::new().await;
    assert_eq!(world.run(&TWO, "a").await, 6, "three pages each");
    world.check_all(|at, item| is_new(at, item) && item.get("tens") == Some(&n(at / 10))).await;
    assert_eq!(world.store.schema().await.unwrap(), 3);
    assert_eq!(world.run(&TWO, "b").await, 0);
    let status = world.migrations(&TWO).status().await.unwrap();
    assert_eq!(status.iter().map(|one| (one.number, one.done)).collect::<Vec<_>>(), [(1, true), (2, true), (3, true)]);
    let progress = status[2].progress.clone().unwrap();
    assert_eq!((progress.seen, progress.changed, progress.ended), (ITEMS, ITEMS, Some(later(1))));
    // The code of today is the older code now.
    let refused = world.store.admit(Some("abc"), later(2)).await.unwrap_err().to_string();
    assert_eq!(refused, "the tables have schema 3, this code knows schemas up to 1: update this function");
}

#[tokio::test]
async fn a_migration_goes_on_where_it_was_stopped_by_whoever_comes_next() {
    let world = World::new().await;
    let one = &TWO[..1];
    let Step::Walked(status) = world.migrations(one).step("a", NOON, later(60)).await.unwrap() else { panic!() };
    assert_eq!((status.done, status.progress.unwrap().seen), (false, 100));
    assert_eq!(world.store.schema().await.unwrap(), 1, "not before its end");
    // One at a time: nobody else, until the first one's time is over or it lets go.
    let held = world.migrations(one).step("b", later(59), later(200)).await.unwrap();
    assert_eq!(held, Step::HeldUntil(later(60)));
    let Step::Walked(status) = world.migrations(one).step("b", later(60), later(120)).await.unwrap() else { panic!() };
    assert_eq!(status.progress.unwrap().seen, 200);
    world.migrations(one).release("b").await.unwrap();
    assert_eq!(world.run(one, "c").await, 1);
    world.check_all(is_new).await;
}

#[tokio::test]
async fn a_page_that_is_walked_twice_changes_nothing_the_second_time() {
    let world = World::new().await;
    let first = world.store.walk(&TWO[0], None, true).await.unwrap();
    // Its process died before it noted that.
    let second = world.store.walk(&TWO[0], None, true).await.unwrap();
    assert_eq!((first.changed, second.changed, first.next == second.next), (100, 0, true));
    assert_eq!(world.run(&TWO[..1], "a").await, 3);
    world.check_all(is_new).await;
}

#[tokio::test]
async fn a_dry_run_counts_and_changes_nothing() {
    let world = World::new().await;
    let (mut run, mut counted) = (DryRun::default(), Vec::new());
    while let Some(status) = world.migrations(&TWO).look(&mut run, NOON).await.unwrap() {
        let progress = status.progress.unwrap();
        counted.extend(progress.ended.map(|_| (status.number, progress.seen, progress.changed)));
    }
    assert_eq!(counted, [(2, ITEMS, ITEMS), (3, ITEMS, 0)]);
    world.check_all(|at, item| item.get("old") == Some(&n(at)) && !item.contains_key("new")).await;
    assert_eq!(world.store.schema().await.unwrap(), 1);
    assert_eq!(world.store.task(Task::Migrations).await.unwrap(), None);
}

#[tokio::test]
async fn an_item_that_someone_changed_after_it_was_read_is_decided_on_again() {
    /// Reads what is there and lets another writer in before it answers.
    async fn raced(world: &World, between: impl AsyncFnOnce()) -> Item {
        let read = world.store.get("testing", &World::key(7)).await.unwrap().unwrap();
        between().await;
        let write = walk::test_write(World::key(7), &read, rename(&read).unwrap());
        drop(world.store.update("testing", write).await.unwrap());
        world.store.get("testing", &World::key(7)).await.unwrap().unwrap_or_default()
    }
    let world = World::new().await;
    let other = async || {
        let mut item = World::key(7).item();
        item.insert("old".to_owned(), text("changed"));
        let put = world.store.client.put_item().table_name(world.store.readers());
        put.set_item(Some(item)).send().await.unwrap();
    };
    let left = raced(&world, other).await;
    assert_eq!(left.get("old"), Some(&text("changed")), "what the other one wrote stays");
    let gone = async || world.store.delete_all("testing", &[World::key(7)]).await.unwrap();
    assert_eq!(raced(&world, gone).await, Item::default(), "what is deleted does not come back");
}

#[tokio::test]
async fn every_table_can_be_walked() {
    let world = World::new().await;
    let mut item = Item::from([(key::NUMBER.to_owned(), n(12_345_678))]);
    item.insert("old".to_owned(), n(1));
    for at in 0..150_u64 {
        item.insert(key::NUMBER.to_owned(), n(12_345_678 + at));
        let put = world.store.client.put_item().table_name(world.store.posts_table_name());
        put.set_item(Some(item.clone())).send().await.unwrap();
    }
    for (table, changed) in [(Walked::Sources, 0), (Walked::Posts, 150), (Walked::Readers, ITEMS)] {
        let migration = Migration { table, ..TWO[0] };
        let (mut cursor, mut sum) = (None, 0);
        loop {
            let page = world.store.walk(&migration, cursor.as_deref(), true).await.unwrap();
            sum += page.changed;
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(sum, changed, "{table:?}");
    }
    let post = world.store.get("testing", &Key::post(domain::id::PostNumber::new(12_345_700).unwrap())).await;
    assert_eq!(post.unwrap().unwrap().get("new"), Some(&AttributeValue::N("1".to_owned())));
}
