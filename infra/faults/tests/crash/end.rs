//! The end that everything must come to.

use std::collections::{BTreeSet, HashSet};

use domain::id::SourceId;

use crate::feed::Feed;
use crate::world::World;

/// Each entry of the feed is a post once, in the order of the feed, counted and announced; no job is in hand for ever.
pub(crate) async fn check_landed(world: &World, feed: &Feed, source: SourceId) {
    let published = feed.published();
    let posts = world.posts(source).await;
    assert!(posts.values().all(|posts| posts.len() == 1), "an ordinal is one post's");
    let posts: Vec<_> = posts.into_values().flatten().collect();
    let titles: Vec<_> = posts.iter().map(|post| post.title.clone().unwrap()).collect();
    assert_eq!(titles, published, "no entry is lost, none is there twice");
    let ordinals: Vec<u64> = posts.iter().map(|post| post.ordinal.get()).collect();
    assert!(ordinals.iter().copied().eq(1..=published.len() as u64), "ordinals are dense: {ordinals:?}");
    assert!(posts.iter().map(|post| post.number).is_sorted(), "numbers rise with ordinals");
    let head = world.store.head(source).await.unwrap().unwrap();
    assert_eq!(head.post_count.get(), published.len() as u64);
    let numbers: Vec<_> = posts.iter().map(|post| post.number).collect();
    assert!(numbers.ends_with(head.recent.numbers()), "the head names the newest posts");
    assert_eq!(head.recent.numbers().len(), numbers.len().min(32));
    let keys: HashSet<_> = posts.iter().map(|post| post.key).collect();
    assert_eq!(world.partition(source, "K#").await.len(), keys.len(), "a natural key is one post's");
    let announced = world.announced().await;
    let told = announced.iter().filter(|told| told.source == source).flat_map(|told| told.from.get()..=told.to.get());
    let told: BTreeSet<u64> = told.collect();
    assert!(told.into_iter().eq(ordinals), "all of them are announced, and nothing else: {announced:?}");
    let (pointer, finished) = world.store.latest(source).await.unwrap().unwrap();
    let is_over = finished.is_some_and(|finished| finished.job == pointer.job);
    assert!(is_over || pointer.is_live(false, world.clock.now()), "no job is in hand for ever: {pointer:?}");
    assert!(!pointer.open, "no landing is left open");
}
