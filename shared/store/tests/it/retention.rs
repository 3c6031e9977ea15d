//! Floors: raised by age and by count, never lowered, in a read or two where there is nothing to do.

use std::time::Duration;

use domain::id::{Ordinal, PostNumber};
use domain::listing::{Ask, Stock};
use domain::reading::Order;
use domain::source::{Head, SourceState};
use domain::time::Timestamp;
use store::{Consistency, Raising, Retention};

use crate::desk::{Desk, Part, some};
use crate::world::World;

const DAY: Duration = Duration::from_secs(86_400);
const MANY: u64 = 1_000;

/// A source with 60 posts in three landings; the numbers of all of them.
async fn scene() -> (World, Desk, Vec<PostNumber>) {
    let world = World::new().await;
    let mut desk = Desk::new(&world).await;
    let mut numbers = Vec::new();
    for start in [1, 21, 41] {
        desk.land(&world, &some(start..=start + 19), Part::Whole).await;
        numbers.extend(&desk.head.recent.numbers()[desk.head.recent.numbers().len() - 20..]);
        desk = desk.next(&world).await;
    }
    (world, desk, numbers)
}

async fn raise(world: &World, head: &Head, age: Duration, count: u64, now: Timestamp) -> u64 {
    let raised = world.store.raise_floor(head, &Retention { age, count }, now).await.unwrap();
    let floor = world.store.head(head.source).await.unwrap().unwrap().floor_ordinal;
    assert_eq!(raised, if floor > head.floor_ordinal { Raising::Raised(floor) } else { Raising::Left });
    floor.get()
}

#[tokio::test]
async fn a_floor_rises_to_the_last_post_that_is_too_old() {
    let (world, mut desk, numbers) = scene().await;
    // Posts are a millisecond apart: what is too old is found to the post.
    let start = numbers[0].minted_at();
    for (age, floor) in [(100, 0), (60, 0), (57, 3), (20, 40), (19, 41), (30, 41), (1, 59), (0, 60)] {
        let now = start + Duration::from_millis(60);
        let raised = raise(&world, &desk.head, Duration::from_millis(age), MANY, now).await;
        assert_eq!(raised, floor, "{age}");
        desk = desk.again(&world).await;
    }
}

#[tokio::test]
async fn a_floor_leaves_so_many_posts_and_never_sinks() {
    let (world, desk, numbers) = scene().await;
    let now = numbers[59].minted_at();
    assert_eq!(raise(&world, &desk.head, DAY, 25, now).await, 35);
    let head = desk.again(&world).await.head;
    assert_eq!(raise(&world, &head, DAY, 50, now).await, 35);
    // A head that was read long ago.
    let late = Retention { age: DAY, count: 40 };
    assert_eq!(world.store.raise_floor(&desk.head, &late, now).await.unwrap(), Raising::Left);
    let landed = desk.again(&world).await.land(&world, &some(61..=62), Part::Whole).await;
    assert!(matches!(landed, store::Landed::Landed { .. }), "landings go on");
}

#[tokio::test]
async fn posts_that_are_gone_before_their_time_are_below_the_floor() {
    let (world, desk, numbers) = scene().await;
    let now = numbers[59].minted_at();
    for (gone, floor) in [(0..5, 5), (5..60, 60)] {
        for number in &numbers[gone] {
            let key = aws_sdk_dynamodb::types::AttributeValue::N(number.to_string());
            let delete = world.client.delete_item().table_name(&world.tables.posts).key("number", key);
            delete.send().await.unwrap();
        }
        let head = desk.clone().again(&world).await.head;
        let before = head.floor_ordinal.get();
        assert_eq!(raise(&world, &head, 90 * DAY, MANY, now).await, before, "the index may lag");
        assert_eq!(raise(&world, &head, 90 * DAY, MANY, now + 2 * DAY).await, floor);
    }
}

#[tokio::test]
async fn nothing_to_do_is_one_read() {
    let (world, desk, numbers) = scene().await;
    let (store, meter) = world.store.metered();
    let retention = Retention { age: DAY, count: MANY };
    assert_eq!(store.raise_floor(&desk.head, &retention, numbers[59].minted_at()).await.unwrap(), Raising::Left);
    let reading = meter.take();
    assert_eq!((reading.calls, reading.write_units), (1, 0.0));
}

#[tokio::test]
async fn places_come_from_an_ordinal_on_in_both_orders() {
    let (world, desk, numbers) = scene().await;
    let check = async |from, order, limit, ordinals: &[u64]| {
        let ask = Ask { source: desk.source, from: Ordinal::new(from), order, limit };
        let expected: Vec<_> = ordinals.iter().map(|n| (Ordinal::new(*n), numbers[*n as usize - 1])).collect();
        assert_eq!(world.store.places(&ask).await.unwrap(), expected, "{ask:?}");
    };
    check(3, Order::NewestFirst, 9, &[3, 2, 1]).await;
    check(60, Order::NewestFirst, 2, &[60, 59]).await;
    check(59, Order::OldestFirst, 9, &[59, 60]).await;
    check(1, Order::OldestFirst, 2, &[1, 2]).await;
    check(61, Order::OldestFirst, 2, &[]).await;
}

#[tokio::test]
async fn stocks_and_whereabouts_say_what_heads_and_posts_say() {
    let (world, desk, numbers) = scene().await;
    let head = desk.again(&world).await.head;
    for consistency in [Consistency::Eventual, Consistency::Strong] {
        let unknown = world.draft().head.source;
        let stocks = world.store.stocks(&[desk.source, unknown], consistency).await.unwrap();
        assert_eq!((stocks.len(), &stocks[&desk.source]), (1, &Stock::from(&head)));
    }
    world.store.leave(desk.source, SourceState::Deleting, "", numbers[59].minted_at()).await.unwrap();
    assert!(
        world.store.stocks(&[desk.source], Consistency::Strong).await.unwrap().is_empty(),
        "nobody counts its posts"
    );
    let missing = PostNumber::new(5).unwrap();
    let mut found = world.store.whereabouts(&[numbers[7], missing, numbers[2], numbers[7]]).await.unwrap();
    found.sort();
    let place = |n: usize| (desk.source, (Ordinal::new(n as u64 + 1), numbers[n]));
    assert_eq!(found, [place(2), place(7)]);
}
