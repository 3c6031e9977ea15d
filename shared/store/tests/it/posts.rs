//! Posts come back as they were landed, and in order.

use domain::id::{Ordinal, PostNumber};
use domain::parsed::{Enclosure, Item};
use store::{Body, Content, Landed, NewPost, Packed, Post, PostFacts, unpack};

use crate::desk::{Desk, Part, arrival, entry, some};
use crate::world::{NOON, World, noon_plus};

/// Text that hardly compresses.
fn noise(length: usize) -> String {
    let mut state = 88_172_645_463_325_252u64;
    let digit = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from_digit((state % 36) as u32, 36).unwrap()
    };
    (0..length).map(digit).collect()
}

/// Lands an entry and reads it back; also the blob that had to be stored before.
async fn round_trip(world: &World, entry: &Item) -> (Post, Option<Vec<u8>>) {
    let mut desk = Desk::new(world).await;
    let (body, blob) = match Body::pack(entry.summary.as_deref(), entry.content.as_deref()).unwrap() {
        Packed::Whole(body) => (body, None),
        Packed::Split { rest, blob } => (rest.in_blob("the hash of the blob"), Some(blob)),
    };
    let facts = PostFacts::of(entry, body, arrival());
    assert!(facts.as_new().bytes < 60_000);
    let posts: Vec<NewPost<'_>> = desk.numbered(std::slice::from_ref(&facts));
    let landed = desk.land_as(world, &posts, &[], Part::Whole).await;
    assert!(matches!(landed, Landed::Landed { .. }), "{landed:?}");
    (world.store.post(posts[0].number).await.unwrap().unwrap(), blob)
}

#[tokio::test]
async fn content_of_any_size_comes_back() {
    let world = World::new().await;
    let mut sample = entry(1);
    sample.content = None;
    assert_eq!(round_trip(&world, &sample).await.0.content, Content::None);
    // About 5.2 bits a character: the edge of 16 KB lies near 25,000 of them.
    for (html, in_blob) in [
        (String::new(), false),
        ("x".to_owned(), false),
        ("<p>again</p>".repeat(20_000), false),
        (noise(23_000), false),
        (noise(27_000), true),
        (noise(500_000), true),
    ] {
        sample.content = Some(html.clone());
        let (post, blob) = round_trip(&world, &sample).await;
        assert_eq!(blob.is_some(), in_blob, "{}", html.len());
        match blob {
            None => assert_eq!(post.content, Content::Inline(html)),
            Some(blob) => {
                assert_eq!(post.content, Content::InBlob("the hash of the blob".to_owned()));
                assert_eq!(unpack(&blob), Some(html));
            }
        }
    }
}

#[tokio::test]
async fn a_post_keeps_all_that_the_feed_said() {
    let world = World::new().await;
    let full = Item {
        updated: Some(noon_plus(4)),
        authors: vec!["Ada".to_owned(), "Grace".to_owned()],
        summary: Some("<p>short</p>".to_owned()),
        categories: vec!["a".to_owned(), "b".to_owned()],
        enclosures: vec![
            Enclosure {
                url: "https://example.org/a.mp3".to_owned(),
                media_type: Some("audio/mpeg".to_owned()),
                length: Some(7),
            },
            Enclosure { url: "https://example.org/b".to_owned(), media_type: None, length: None },
        ],
        image: Some("https://example.org/i.png".to_owned()),
        comments: Some("https://example.org/c".to_owned()),
        ..entry(1)
    };
    let bare =
        Item { id: None, title: None, link: None, published: None, authors: Vec::new(), content: None, ..entry(2) };
    for entry in [full, bare] {
        let (post, _) = round_trip(&world, &entry).await;
        let expected = Post {
            number: post.number,
            source: post.source,
            ordinal: Ordinal::new(1),
            key: entry.key,
            external_id: entry.id,
            url: entry.link,
            title: entry.title,
            authors: entry.authors,
            published: entry.published.unwrap_or(arrival()),
            updated: entry.updated,
            arrived: arrival(),
            enclosures: entry.enclosures,
            image: entry.image,
            categories: entry.categories,
            comments: entry.comments,
            summary: entry.summary,
            content: entry.content.map_or(Content::None, Content::Inline),
            content_hash: entry.content_hash,
            revision: 0,
        };
        assert_eq!(post, expected);
    }
}

#[tokio::test]
async fn a_date_in_the_future_is_capped_at_arrival_and_an_absent_one_is_arrival() {
    let world = World::new().await;
    for (published, stored) in [(Some(NOON), NOON), (Some(noon_plus(86_400)), arrival()), (None, arrival())] {
        let (post, _) = round_trip(&world, &Item { published, ..entry(1) }).await;
        assert_eq!(post.published, stored);
    }
}

#[tokio::test]
async fn a_page_is_newest_first_and_below_the_last_one() {
    let world = World::new().await;
    let (mut desk, mut other) = (Desk::new(&world).await, Desk::new(&world).await);
    desk.land(&world, &some(1..=7), Part::Whole).await;
    other.land(&world, &some(1..=2), Part::Whole).await;
    let numbers = desk.head.recent.numbers();
    let check = async |below: Option<u64>, limit, ordinals: &[u64]| {
        let page = world.store.page(desk.source, below.map(Ordinal::new), limit).await.unwrap();
        let expected: Vec<_> = ordinals.iter().map(|n| (Ordinal::new(*n), numbers[*n as usize - 1])).collect();
        assert_eq!(page, expected, "{below:?} {limit}");
    };
    check(None, 3, &[7, 6, 5]).await;
    check(Some(5), 3, &[4, 3, 2]).await;
    check(Some(2), 3, &[1]).await;
    check(Some(1), 3, &[]).await;
    check(None, 100, &[7, 6, 5, 4, 3, 2, 1]).await;
}

#[tokio::test]
async fn posts_come_in_the_order_in_which_they_were_asked_for() {
    let world = World::new().await;
    let mut desk = Desk::new(&world).await;
    desk.land(&world, &some(1..=40), Part::Whole).await;
    let mut numbers = desk.head.recent.numbers().to_vec();
    numbers.reverse();
    let missing = PostNumber::new(5).unwrap();
    let asked: Vec<PostNumber> = numbers.iter().copied().chain([missing]).collect();
    let posts = world.store.posts(&asked).await.unwrap();
    assert_eq!(posts.iter().map(|post| post.number).collect::<Vec<_>>(), numbers);
    assert!(!world.store.contents(&asked).await.unwrap().contains_key(&missing));
}
