//! Landing: everything or nothing, once, by the job in hand.

mod chunks;

use domain::failure::ErrorCode;
use domain::id::{Ordinal, PostNumber};
use domain::parsed::NaturalKey;
use domain::source::SourceState;
use store::{Content, EditedPost, FeedFacts, Landed, Superseding, Sweep};

use crate::desk::{Desk, Part, arrival, entry, facts, some};
use crate::world::{World, failed, noon_plus};

/// Whether it landed; the states it left are checked against the store.
#[track_caller]
fn is_landed(landed: &Landed) {
    assert!(matches!(landed, Landed::Landed { .. }), "{landed:?}");
}

fn ordinals(first: u64, last: u64) -> Option<(Ordinal, Ordinal)> {
    Some((Ordinal::new(first), Ordinal::new(last)))
}

#[tokio::test]
async fn a_landing_ends_the_job_counts_its_posts_and_moves_the_window_at_once() {
    let world = World::new().await;
    let mut desk = Desk::new(&world).await;
    let posts = some(1..=3);
    let numbered = desk.numbered(&posts);
    is_landed(&desk.land(&world, &posts, Part::Whole).await);

    let seen = desk.again(&world).await;
    assert_eq!((&seen.head, &seen.poll), (&desk.head, &desk.poll), "what land() said is what is stored");
    assert_eq!(seen.head.post_count, Ordinal::new(3));
    let numbers: Vec<PostNumber> = numbered.iter().map(|post| post.number).collect();
    assert_eq!(seen.head.recent.numbers(), numbers);
    assert_eq!((seen.poll.window.len(), seen.poll.open_landing), (3, None));
    let end = world.store.finished(desk.source, desk.pointer.job).await.unwrap().unwrap();
    assert_eq!(end.landed(), ordinals(1, 3));

    let keys: Vec<NaturalKey> = (1..=4).map(|n| NaturalKey([n; 16])).collect();
    let known = world.store.known(desk.source, &keys).await.unwrap();
    assert_eq!(known.len(), 3);
    for (n, post) in (1..=3).zip(&numbered) {
        let found = known[&NaturalKey([n; 16])];
        assert_eq!((found.number, found.ordinal, found.content), (post.number, post.ordinal, None));
    }
    let contents = world.store.contents(&numbers).await.unwrap();
    assert_eq!(contents[&numbers[1]], entry(2).content_hash);
}

#[tokio::test]
async fn two_fetchers_of_one_job_land_once() {
    let world = World::new().await;
    let mut first = Desk::new(&world).await;
    let mut second = Desk { ends: noon_plus(4), ..first.again(&world).await };
    is_landed(&first.land(&world, &some(1..=2), Part::Whole).await);
    assert_eq!(second.land(&world, &some(1..=2), Part::Whole).await, Landed::AlreadyDone);
    assert_eq!(world.store.page(first.source, None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn two_landings_that_count_on_from_the_same_post_are_one() {
    let world = World::new().await;
    let mut first = Desk::new(&world).await;
    let mut second = first.again(&world).await;
    is_landed(&first.land(&world, &some(1..=2), Part::Earlier).await);
    // Other posts, so that only the count is in the way.
    assert_eq!(second.land(&world, &some(3..=4), Part::Earlier).await, Landed::Stale);
    let mut again = second.again(&world).await;
    is_landed(&again.land(&world, &some(3..=4), Part::Last).await);
    assert_eq!(again.head.post_count, Ordinal::new(4));
}

#[tokio::test]
async fn an_entry_that_is_a_post_already_is_named() {
    let world = World::new().await;
    let mut desk = Desk::new(&world).await;
    is_landed(&desk.land(&world, &some(1..=3), Part::Whole).await);
    let mut next = desk.next(&world).await;
    let taken = vec![NaturalKey([2; 16]), NaturalKey([3; 16])];
    assert_eq!(next.land(&world, &some(2..=4), Part::Whole).await, Landed::KeyTaken(taken));
    assert_eq!(next.again(&world).await.head.post_count, Ordinal::new(3), "nothing of it landed");
    is_landed(&next.land(&world, &some(4..=4), Part::Whole).await);
}

#[tokio::test]
async fn a_number_that_a_post_has_is_not_given_again() {
    let world = World::new().await;
    let (mut one, mut other) = (Desk::new(&world).await, Desk::new(&world).await);
    is_landed(&one.land(&world, &some(1..=1), Part::Whole).await);
    let posts = some(1..=1);
    let mut numbered = other.numbered(&posts);
    numbered[0].number = one.head.recent.newest().unwrap();
    assert_eq!(other.land_as(&world, &numbered, &[], Part::Whole).await, Landed::NumberTaken);
    let kept = world.store.post(numbered[0].number).await.unwrap().unwrap();
    assert_eq!(kept.source, one.source);
    numbered[0].number = PostNumber::new(numbered[0].number.get() + 128).unwrap();
    is_landed(&other.land_as(&world, &numbered, &[], Part::Whole).await);
}

#[tokio::test]
async fn an_edit_of_a_post_that_is_gone_or_of_another_source_is_named() {
    let world = World::new().await;
    let (mut one, mut other) = (Desk::new(&world).await, Desk::new(&world).await);
    is_landed(&one.land(&world, &some(1..=1), Part::Whole).await);
    let gone = PostNumber::new(77).unwrap();
    let foreign = one.head.recent.newest().unwrap();
    let edited = facts(&entry(2));
    let edits = [gone, foreign].map(|number| EditedPost { number, facts: &edited });
    assert_eq!(other.land_as(&world, &[], &edits, Part::Whole).await, Landed::EditGone(vec![gone, foreign]));
    assert_eq!(world.store.post(gone).await.unwrap(), None, "an edit makes no post");
}

#[tokio::test]
async fn a_job_that_someone_else_failed_lands_nothing() {
    let world = World::new().await;
    let mut desk = Desk::new(&world).await;
    let late = noon_plus(5_000);
    let next = world.next(&desk.pointer, false, late);
    let old = failed(desk.source, &desk.pointer, ErrorCode::LeaseExpired);
    let superseding = world.store.supersede(desk.source, &desk.pointer, &next, &old).await.unwrap();
    assert_eq!(superseding, Superseding::Superseded);
    for part in [Part::Whole, Part::Earlier, Part::Last] {
        assert_eq!(desk.land(&world, &some(1..=1), part).await, Landed::AlreadyDone, "{part:?}");
    }
    assert_eq!(world.store.page(desk.source, None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn nothing_lands_in_a_source_that_left() {
    let world = World::new().await;
    let mut desk = Desk::new(&world).await;
    world.store.leave(desk.source, SourceState::Deleting, "deleted", noon_plus(20)).await.unwrap();
    // The job was closed with it.
    assert_eq!(desk.land(&world, &some(1..=1), Part::Whole).await, Landed::AlreadyDone);
    // Even once the sweep has taken the job's end away, and when all is gone.
    assert!(matches!(world.store.sweep(desk.source, noon_plus(30), 100).await.unwrap(), Sweep::NotBefore(_)));
    for part in [Part::Whole, Part::Earlier, Part::Last] {
        assert_eq!(desk.land(&world, &some(1..=1), part).await, Landed::NotActive, "{part:?}");
    }
    assert_eq!(world.store.sweep(desk.source, noon_plus(86_400), 100).await.unwrap(), Sweep::Done);
    for part in [Part::Whole, Part::Earlier, Part::Last] {
        assert_eq!(desk.land(&world, &some(1..=1), part).await, Landed::NotActive, "{part:?}");
    }
    assert_eq!(world.store.page(desk.source, None, 10).await.unwrap(), []);
    assert_eq!(world.store.sweep(desk.source, noon_plus(86_400), 100).await.unwrap(), Sweep::Done);
}

#[tokio::test]
async fn a_landing_whose_answer_got_lost_has_landed_once() {
    for part in [Part::Whole, Part::Earlier] {
        // Once: the client's own retry. Three times: it gives up, and the store is read.
        for answers in [1, 3] {
            let world = World::new().await;
            let mut desk = Desk::new(&world).await;
            world.lose(answers);
            is_landed(&desk.land(&world, &some(1..=2), part).await);
            let seen = desk.again(&world).await;
            assert_eq!((&seen.head, &seen.poll), (&desk.head, &desk.poll), "{part:?} {answers}");
            assert_eq!(world.store.page(desk.source, None, 10).await.unwrap().len(), 2);
        }
    }
}

#[tokio::test]
async fn a_landing_that_the_store_did_not_do_is_tried_again() {
    const CONFLICT: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict"},{"Code":"None"}]}"#;
    const THROTTLE: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}"#;
    for (status, body) in [(500, "{}"), (400, CONFLICT), (400, THROTTLE)] {
        for part in [Part::Whole, Part::Earlier] {
            let world = World::new().await;
            let mut desk = Desk::new(&world).await;
            (0..3).for_each(|_| world.say(status, body));
            assert_eq!(desk.land(&world, &some(1..=2), part).await, Landed::Busy, "{status} {body}");
            world.hush();
            is_landed(&desk.land(&world, &some(1..=2), part).await);
        }
    }
}

#[tokio::test]
async fn a_landing_that_is_tried_again_is_known_again() {
    let world = World::new().await;
    let before = Desk::new(&world).await;
    // With the same token: the store itself knows it. With a new one: by the job's end, and by the poll state's version.
    let (mut first, mut same) = (before.clone(), before.clone());
    is_landed(&first.land(&world, &some(1..=2), Part::Earlier).await);
    is_landed(&same.land(&world, &some(1..=2), Part::Earlier).await);
    let mut renewed = Desk { token: first.token.clone(), ..before };
    assert_eq!(renewed.land(&world, &some(1..=2), Part::Earlier).await, Landed::Stale);
    let mut twin = first.clone();
    is_landed(&first.land(&world, &some(3..=3), Part::Last).await);
    twin.token = first.token.clone();
    is_landed(&twin.land(&world, &some(3..=3), Part::Last).await);
    assert_eq!(twin.head, first.head);
    assert_eq!(world.store.page(first.source, None, 10).await.unwrap().len(), 3);
}

#[tokio::test]
async fn an_edit_changes_what_a_reader_sees_and_nothing_else() {
    let world = World::new().await;
    let mut desk = Desk::new(&world).await;
    is_landed(&desk.land(&world, &some(1..=1), Part::Whole).await);
    let number = desk.head.recent.newest().unwrap();
    let before = world.store.post(number).await.unwrap().unwrap();

    let mut now = entry(1);
    now.title = Some("Better title".to_owned());
    now.summary = Some("<p>In short</p>".to_owned());
    now.content = Some("<p>Better.</p>".repeat(50));
    now.updated = Some(noon_plus(5));
    now.content_hash = domain::parsed::ContentHash([9; 8]);
    // These are not edits.
    now.link = Some("https://example.org/elsewhere".to_owned());
    now.published = None;
    let mut next = desk.next(&world).await;
    let count = (next.head.post_count, next.head.version);
    let edited = facts(&now);
    is_landed(&next.land_as(&world, &[], &[EditedPost { number, facts: &edited }], Part::Whole).await);

    let mut expected = before.clone();
    expected.title = now.title;
    expected.summary = now.summary;
    expected.content = Content::Inline(now.content.unwrap());
    expected.updated = now.updated;
    expected.content_hash = now.content_hash;
    expected.revision = 1;
    assert_eq!(world.store.post(number).await.unwrap().unwrap(), expected);
    assert_eq!(expected.arrived, arrival());
    assert_eq!((next.head.post_count, next.head.version), count);

    // And back, the second revision: what the feed took away is gone, but for the date.
    let mut third = next.next(&world).await;
    let edited = facts(&entry(1));
    is_landed(&third.land_as(&world, &[], &[EditedPost { number, facts: &edited }], Part::Whole).await);
    let expected = store::Post { revision: 2, updated: expected.updated, ..before };
    assert_eq!(world.store.post(number).await.unwrap().unwrap(), expected);
}

#[tokio::test]
async fn what_a_feed_says_of_itself_is_kept_when_it_changes() {
    let world = World::new().await;
    let mut desk = Desk::new(&world).await;
    let version = desk.head.version;
    desk.feed = FeedFacts { title: Some("New name"), site: Some("https://example.org/"), icon: None };
    is_landed(&desk.land(&world, &some(1..=1), Part::Whole).await);
    let seen = desk.again(&world).await;
    assert_eq!(seen.head, desk.head);
    assert_eq!((seen.head.title.as_deref(), seen.head.version), (Some("New name"), version + 1));

    // The same again is no change; silence is none either; with edits only it is still written.
    let mut next = desk.next(&world).await;
    next.feed.title = None;
    is_landed(&next.land(&world, &[], Part::Whole).await);
    assert_eq!(next.again(&world).await.head, seen.head);
    let mut third = next.next(&world).await;
    third.feed.icon = Some("https://example.org/icon.png");
    is_landed(&third.land(&world, &[], Part::Whole).await);
    assert_eq!(third.again(&world).await.head, third.head);
    assert_eq!(third.head.version, version + 2);
}
