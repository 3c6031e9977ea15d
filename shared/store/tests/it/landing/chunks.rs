//! How much one transaction lands, what that costs, and landings of several.

use domain::failure::ErrorCode;
use domain::id::Ordinal;
use domain::reading::First;
use store::EditedPost;

use super::{is_landed, ordinals};
use crate::desk::{Desk, Part, entry, facts, some};
use crate::world::{World, failed, noon_plus};

#[tokio::test]
async fn from_the_first_chunk_to_the_last_the_landing_is_open() {
    let world = World::new().await;
    let mut desk = Desk::new(&world).await;
    for (chunk, landed) in [(1..=2, 2), (3..=4, 4)] {
        is_landed(&desk.land(&world, &some(chunk), Part::Earlier).await);
        let seen = desk.again(&world).await;
        assert_eq!((&seen.head, &seen.poll), (&desk.head, &desk.poll));
        assert_eq!(seen.head.post_count, Ordinal::new(landed));
        assert_eq!(seen.head.first(), First::Coming(Ordinal::new(landed)));
        assert_eq!(seen.poll.window.len() as u64, landed, "only what has landed");
        assert_eq!((seen.poll.open_landing, seen.pointer.open), (Some(Ordinal::new(1)), true));
        assert_eq!(world.store.finished(desk.source, desk.pointer.job).await.unwrap(), None);
    }
    is_landed(&desk.land(&world, &some(5..=5), Part::Last).await);
    let seen = desk.again(&world).await;
    assert_eq!((seen.poll.open_landing, seen.pointer.open), (None, false));
    let end = world.store.finished(desk.source, desk.pointer.job).await.unwrap().unwrap();
    assert_eq!(end.landed(), ordinals(1, 5), "the whole range");
    assert_eq!(seen.head.first_through, Some(Ordinal::new(5)));
    let mut next = desk.next(&world).await;
    is_landed(&next.land(&world, &some(6..=7), Part::Whole).await);
    let seen = next.again(&world).await;
    assert_eq!(
        (seen.head.post_count, seen.head.first_through),
        (Ordinal::new(7), Some(Ordinal::new(5))),
        "once for all"
    );
}

#[tokio::test]
async fn a_first_landing_without_posts_is_not_what_a_source_begins_with() {
    let world = World::new().await;
    let mut desk = Desk::new(&world).await;
    is_landed(&desk.land(&world, &[], Part::Whole).await);
    assert_eq!(desk.again(&world).await.head.first(), First::Coming(Ordinal::NONE));
    let mut next = desk.next(&world).await;
    is_landed(&next.land(&world, &some(1..=3), Part::Whole).await);
    assert_eq!(next.again(&world).await.head.first(), First::Through(Ordinal::new(3)));
}

#[tokio::test]
async fn a_later_job_closes_what_another_left_open_even_with_nothing_new() {
    let world = World::new().await;
    let mut desk = Desk::new(&world).await;
    is_landed(&desk.land(&world, &some(1..=2), Part::Earlier).await);
    // Its fetcher dies; someone fails the job and queues the next.
    let late = noon_plus(5_000);
    let pointer = desk.again(&world).await.pointer;
    let next = world.next(&pointer, false, late);
    assert!(next.open, "the next job's message says so");
    let old = failed(desk.source, &pointer, ErrorCode::LeaseExpired);
    world.store.supersede(desk.source, &pointer, &next, &old).await.unwrap();

    let mut closer = desk.again(&world).await;
    assert_eq!(closer.poll.open_landing, Some(Ordinal::new(1)));
    is_landed(&closer.land(&world, &[], Part::Last).await);
    let seen = closer.again(&world).await;
    assert_eq!((seen.poll.open_landing, seen.pointer.open), (None, false));
    assert_eq!(seen.poll.window.len(), 2, "the window stays");
    assert_eq!(seen.head.first_through, Some(Ordinal::new(2)), "whoever closes the first landing says so");
    let end = world.store.finished(desk.source, closer.pointer.job).await.unwrap().unwrap();
    assert_eq!(end.landed(), ordinals(1, 2));
}

#[tokio::test]
async fn ninety_five_actions_fit_one_chunk() {
    let world = World::new().await;
    let mut desk = Desk::new(&world).await;
    is_landed(&desk.land(&world, &some(1..=1), Part::Whole).await);
    let number = desk.head.recent.newest().unwrap();
    let mut next = desk.next(&world).await;
    let posts = some(2..=48);
    let numbered = next.numbered(&posts);
    let edited = facts(&entry(1));
    let edits = [EditedPost { number, facts: &edited }];
    assert_eq!(numbered.len() * 2 + edits.len(), domain::landing::MAX_ACTIONS);
    is_landed(&next.land_as(&world, &numbered, &edits, Part::Last).await);
    assert_eq!(next.again(&world).await.head, next.head);
    assert_eq!(next.head.recent.numbers().len(), 32);
}

/// HTML as long as `length` that compresses as badly as English does: to about half.
fn prose(seed: usize, length: usize) -> String {
    const SYLLABLES: &str =
        "an the of ing ed er to re con sta vel mor lin gar den pre dis ble tion ment ar ci ty wo ter pla";
    let syllables: Vec<&str> = SYLLABLES.split(' ').collect();
    let mut state = seed * 7_919 + 12_345;
    let mut below = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let mut html = String::new();
    while html.len() < length {
        html.push_str("<p>");
        for _ in 0..60 {
            (0..=below(3)).for_each(|_| html.push_str(syllables[below(syllables.len())]));
            html.push(char::from(b'a' + below(26) as u8));
            html.push_str(if below(12) == 0 { ", <em>so</em> " } else { " " });
        }
        html.push_str("</p>\n");
    }
    html.truncate(length);
    html
}

#[tokio::test]
async fn two_new_posts_of_four_kilobytes_in_a_feed_of_thirty_cost_at_most_thirty_units() {
    let mut world = World::new().await;
    let mut desk = Desk::new(&world).await;
    is_landed(&desk.land(&world, &some(1..=28), Part::Whole).await);
    let mut next = desk.next(&world).await;
    let long = |n: u8| {
        let mut entry = entry(n);
        entry.title = Some("A title of the length that titles usually have in feeds".to_owned());
        entry.link = Some(format!("https://example.org/2026/01/31/a-title-of-the-length-that-titles-have-{n}/"));
        entry.published = Some(noon_plus(3));
        entry.categories = vec!["garden".to_owned(), "engineering".to_owned()];
        entry.content = Some(prose(n.into(), 4_096));
        facts(&entry)
    };
    let posts = [long(29), long(30)];
    assert!(posts[0].as_new().bytes > 2_200, "{}: easier than English", posts[0].as_new().bytes);
    let (store, meter) = world.store.metered();
    world.store = store;
    is_landed(&next.land(&world, &posts, Part::Whole).await);
    let reading = meter.take();
    assert_eq!(next.poll.window.len(), 30);
    assert_eq!(reading.calls, 1);
    assert!(reading.write_units <= 30.0, "{reading:?}");
}
