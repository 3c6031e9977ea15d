//! Posts: newest first, by short id, in answers that Lambda can give.

use std::time::Duration;

use blob::Owner;
use bytes::Bytes;
use domain::carry::Carry;
use domain::id::{Ordinal, PostNumber, number_run};
use domain::job::{Ending, Finished};
use domain::parsed::{ContentHash, Item, NaturalKey};
use http::StatusCode;
use store::{Body, Chunk, FeedFacts, Landed, NewPost, Packed, PostFacts};

use crate::world::World;

fn item(n: u8) -> Item {
    Item {
        id: Some(format!("guid-{n}")),
        title: Some(format!("Post {n}")),
        link: Some(format!("https://example.org/{n}")),
        authors: vec!["Ada".to_owned()],
        ..Item::new(NaturalKey([n; 16]), ContentHash([n; 8]))
    }
}

impl World {
    /// Lands `contents`, oldest first, as one job of `source`.
    pub(crate) async fn land(&self, source: &str, contents: &[String]) -> Vec<PostNumber> {
        let source = source.parse().unwrap();
        let (head, poll) = self.store.view(source).await.unwrap().unwrap();
        let (pointer, _) = self.store.latest(source).await.unwrap().unwrap();
        let mut facts = Vec::new();
        for (n, content) in contents.iter().enumerate() {
            let owner = Owner::Post(source, item(n as u8 + 1).key);
            let body = match Body::pack(None, Some(content)).unwrap() {
                Packed::Whole(body) => body,
                Packed::Split { rest, blob } => {
                    let key = self.bucket.put(owner, Bytes::from(blob)).await.unwrap();
                    rest.in_blob(&key.name())
                }
            };
            facts.push(PostFacts::of(&item(n as u8 + 1), body, self.now()));
        }
        let numbers = number_run(self.now(), None, contents.len() as u32, 0).unwrap();
        let posts: Vec<NewPost<'_>> = (1..)
            .map(Ordinal::new)
            .zip(numbers.numbers())
            .zip(&facts)
            .map(|((ordinal, number), facts)| NewPost { number, ordinal, facts })
            .collect();
        let finished = Finished {
            source,
            job: pointer.job,
            reason: pointer.reason,
            queued_at: pointer.queued_at,
            started_at: Some(self.now()),
            ended_at: self.now(),
            ending: Ending::Completed {
                posts_count: posts.len() as u32,
                edits_count: 0,
                landed: Some((Ordinal::new(1), Ordinal::new(posts.len() as u64))),
            },
            http_status: Some(200),
            bytes: 1,
            carry: Carry { last_get: Some(self.now()), ..Carry::default() },
        };
        let chunk = Chunk {
            source,
            job: pointer.job,
            head: &head,
            poll: &poll,
            posts: &posts,
            edits: &[],
            window: &poll.window,
            first_ordinal: Ordinal::new(1),
            last: Some(&finished),
            touches_pointer: false,
            feed: FeedFacts::default(),
            retention: Duration::from_secs(86_400),
            token: pointer.job.to_string(),
        };
        assert!(matches!(self.store.land(&chunk).await.unwrap(), Landed::Landed { .. }));
        posts.iter().map(|post| post.number).collect()
    }
}

/// Text that does not compress: as long in the store as it looks.
pub(crate) fn noise(bytes: usize, seed: u64) -> String {
    let mut state = seed;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + ((state >> 33) % 26) as u8)
    })
    .take(bytes)
    .collect()
}

#[tokio::test]
async fn a_source_without_posts_has_an_empty_list() {
    let world = World::new().await;
    let source = world.add("https://example.org/feed").await;
    let page = world.get(&format!("/v1/sources/{source}/posts")).await;
    assert_eq!((page.json["posts"].as_array().unwrap().len(), page.json["next"].is_null()), (0, true));
}

#[tokio::test]
async fn posts_come_newest_first_by_ids_that_tell_nothing() {
    let world = World::new().await;
    let source = world.add("https://example.org/feed").await;
    let numbers = world.land(&source, &["<p>one</p>".into(), "<p>two</p>".into(), "<p>three</p>".into()]).await;
    for limit in 1..=4 {
        let (mut met, mut path) = (Vec::new(), format!("/v1/sources/{source}/posts?limit={limit}"));
        loop {
            let page = world.get(&path).await.json;
            met.extend(page["posts"].as_array().unwrap().clone());
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/v1/sources/{source}/posts?limit={limit}&cursor={next}");
        }
        let titles: Vec<_> = met.iter().map(|post| post["title"].as_str().unwrap()).collect();
        assert_eq!(titles, ["Post 3", "Post 2", "Post 1"], "{limit}");
        for post in met {
            let alone = world.get(&format!("/v1/posts/{}", post["id"].as_str().unwrap())).await;
            assert_eq!((alone.status, &alone.json), (StatusCode::OK, &post));
            let text = alone.json.to_string();
            assert!(numbers.iter().all(|number| !text.contains(&number.to_string())), "the number stays inside");
        }
    }
}

#[tokio::test]
async fn a_page_ends_early_rather_than_pass_what_lambda_answers() {
    let world = World::new().await;
    let source = world.add("https://example.org/feed").await;
    let long: Vec<String> = (0..4).map(|seed| noise(2_000_000, seed)).collect();
    world.land(&source, &long).await;
    let first = world.get(&format!("/v1/sources/{source}/posts")).await;
    assert!(first.bytes <= api::MAX_ANSWER_BYTES + 1_000, "{}", first.bytes);
    assert_eq!(first.json["posts"].as_array().unwrap().len(), 2);
    assert_eq!(first.json["posts"][0]["content"].as_str().unwrap(), long[3], "from the bucket, byte for byte");
    let next = first.json["next"].as_str().unwrap();
    let rest = world.get(&format!("/v1/sources/{source}/posts?cursor={next}")).await;
    let titles: Vec<_> = rest.json["posts"].as_array().unwrap().iter().map(|post| post["title"].clone()).collect();
    assert_eq!(titles, ["Post 2", "Post 1"]);
}

#[tokio::test]
async fn a_cursor_of_one_source_is_refused_by_another() {
    let world = World::new().await;
    let (one, other) = (world.add("https://example.org/a").await, world.add("https://example.org/b").await);
    world.land(&one, &["<p>one</p>".into(), "<p>two</p>".into()]).await;
    let page = world.get(&format!("/v1/sources/{one}/posts?limit=1")).await.json;
    let cursor = page["next"].as_str().unwrap();
    let answer = world.get(&format!("/v1/sources/{other}/posts?cursor={cursor}")).await;
    assert_eq!((answer.status.as_u16(), answer.json["code"].as_str()), (400, Some("bad_cursor")));
}
