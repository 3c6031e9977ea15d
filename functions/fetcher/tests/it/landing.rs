//! Landings of one chunk: what is new, what changed, what came back.

use domain::source::SourceState;
use origin::Reply;
use store::Content;

use crate::feeds::{many, noise, rss};
use crate::world::{HOUR, World, counts};

const FEED: &str = "/feed.xml";

/// A source whose origin serves these bodies in turn, polled once each; what each job counted.
async fn poll_all(world: &World, bodies: &[String]) -> (domain::id::SourceId, Vec<Option<(u32, u32)>>) {
    let replies = bodies.iter().enumerate().map(|(n, body)| Reply::ok(body.clone()).header("etag", format!("\"{n}\"")));
    world.origin.script(FEED, replies);
    let (ctx, first) = (world.environment(), world.source(FEED).await);
    let mut counted = vec![counts(&world.work(&ctx, &first).await)];
    for _ in 1..bodies.len() {
        counted.push(counts(&world.poll(&ctx, first.source).await));
    }
    (first.source, counted)
}

#[tokio::test]
async fn new_entries_become_posts_oldest_first() {
    let world = World::new().await;
    let bodies = [rss([("b", "2"), ("a", "1")]), rss([("c", "3"), ("b", "2"), ("a", "1")])];
    let (source, counted) = poll_all(&world, &bodies).await;
    assert_eq!(counted, [Some((2, 0)), Some((1, 0))]);
    assert_eq!(world.ids(source).await, ["a", "b", "c"]);
    world.check_whole(source, 3).await;
    let head = world.store.head(source).await.unwrap().unwrap();
    assert_eq!((head.title.as_deref(), head.state), (Some("Herbs"), SourceState::Active));
}

#[tokio::test]
async fn the_same_body_again_is_not_even_read() {
    let world = World::new().await;
    let body = rss([("a", "1")]);
    let (source, counted) = poll_all(&world, &[body.clone(), body]).await;
    assert_eq!(counted, [Some((1, 0)), Some((0, 0))]);
    assert_eq!(world.store.poll(source).await.unwrap().unwrap().version, 2, "one landing");
}

#[tokio::test]
async fn what_differs_in_nothing_that_matters_costs_one_write() {
    let world = World::new().await;
    let one = rss([("a", "1")]);
    let two = one.replace("<description>-", "<!-- built at noon --><description>-");
    let (source, counted) = poll_all(&world, &[one, two]).await;
    assert_eq!(counted, [Some((1, 0)), Some((0, 0))]);
    assert_eq!(world.store.poll(source).await.unwrap().unwrap().version, 2, "one landing");
}

#[tokio::test]
async fn an_edit_changes_its_post_in_place() {
    let world = World::new().await;
    let (source, counted) = poll_all(&world, &[rss([("b", "2"), ("a", "1")]), rss([("b", "2"), ("a", "one")])]).await;
    assert_eq!(counted, [Some((2, 0)), Some((0, 1))]);
    world.check_whole(source, 2).await;
    let posts = world.posts(source).await;
    assert_eq!(posts.iter().map(|post| post.revision).collect::<Vec<_>>(), [1, 0]);
    let text = posts[0].summary.clone().or(match &posts[0].content {
        Content::Inline(text) => Some(text.clone()),
        _ => None,
    });
    assert!(text.unwrap().contains("one"));
}

#[tokio::test]
async fn an_entry_that_fell_out_and_came_back_is_the_same_post() {
    let world = World::new().await;
    let bodies = [rss([("b", "2"), ("a", "1")]), rss([("c", "3"), ("b", "2")]), rss([("d", "4"), ("a", "1")])];
    let (source, counted) = poll_all(&world, &bodies).await;
    assert_eq!(counted, [Some((2, 0)), Some((1, 0)), Some((1, 0))]);
    assert_eq!(world.ids(source).await, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn a_restless_entry_is_held_back_until_it_stops_and_nothing_hides_its_last_form() {
    let world = World::new().await;
    let mut bodies: Vec<String> = (0..7).map(|n| rss([("a", format!("counter at {n}").as_str())])).collect();
    bodies.push(bodies[6].clone());
    let (source, counted) = poll_all(&world, &bodies).await;
    let edits: Vec<u32> = counted.iter().map(|counted| counted.unwrap().1).collect();
    assert_eq!(edits, [0, 1, 1, 1, 0, 0, 0, 1], "three times in a row it is saved, then only when it stops");
    let sent: Vec<_> =
        world.origin.requests(FEED).iter().map(|seen| seen.header_text("if-none-match").map(str::to_owned)).collect();
    let etag = |n: usize| Some(format!("\"{n}\""));
    assert_eq!(sent[4..], [etag(3), etag(3), etag(3), etag(3)], "validators of the last form that was saved");
    assert_eq!(world.posts(source).await[0].revision, 4);
}

#[tokio::test]
async fn long_content_goes_to_the_bucket_before_the_post_that_names_it() {
    let world = World::new().await;
    let (source, counted) = poll_all(&world, &[rss([("a", noise(1, 60_000).as_str())])]).await;
    assert_eq!(counted, [Some((1, 0))]);
    let post = world.posts(source).await.remove(0);
    let Content::InBlob(name) = post.content else { panic!("{:?}", post.content) };
    let key = blob::BlobKey::named(&name).unwrap();
    assert_eq!(key.owner(), blob::Owner::Post(source, post.key));
}

#[tokio::test]
async fn a_feed_of_thousands_lands_its_newest_two_thousand() {
    let world = World::new().await;
    let (source, counted) = poll_all(&world, &[many(2_050, 8)]).await;
    assert_eq!(counted, [Some((2_000, 0))]);
    world.check_whole(source, 2_000).await;
    assert_eq!(world.ids(source).await.first().map(String::as_str), Some("entry-50"));
}

#[tokio::test]
async fn an_edit_of_a_post_that_has_expired_is_let_go_and_the_rest_lands() {
    let world = World::new().await;
    let bodies = [rss([("b", "2"), ("a", "1")]), rss([("c", "3"), ("b", "two"), ("a", "1")])];
    world.origin.script(FEED, bodies.map(|body| Reply::ok(body).header("etag", "\"x\"")));
    let rules = fetcher::Rules { retention: HOUR, ..World::rules() };
    let (ctx, first) = (world.environment_of(rules), world.source(FEED).await);
    world.work(&ctx, &first).await;
    world.pass(9 * 24 * HOUR);
    assert!(world.sweep_ttl() > 0, "posts expire");
    assert_eq!(world.posts(first.source).await.len(), 0);
    assert_eq!(counts(&world.poll(&ctx, first.source).await), Some((1, 0)));
    assert_eq!(world.ids(first.source).await, ["c"]);
}

#[tokio::test]
async fn the_title_follows_the_feed_also_when_nothing_lands() {
    let world = World::new().await;
    let one = rss([("a", "1")]);
    let (source, _) = poll_all(&world, &[one.clone(), one.replace("Herbs", "Spices")]).await;
    assert_eq!(world.store.head(source).await.unwrap().unwrap().title.as_deref(), Some("Spices"));
}

#[tokio::test]
async fn a_source_changes_lanes_when_its_mean_fetch_time_crosses_the_bounds() {
    use domain::timing::Lane;
    let world = World::new().await;
    world.origin.always(FEED, Reply::ok(rss([("a", "1")])).header("etag", "\"one\""));
    let ctx = world.environment();
    let mut message = world.source(FEED).await;
    message.carry.fetch_ms = 4_000;
    world.work(&ctx, &message).await;
    let lane = || async { world.store.poll(message.source).await.unwrap().unwrap().target.lane };
    assert_eq!(lane().await, Lane::Slow);
    for _ in 0..3 {
        world.poll(&ctx, message.source).await;
    }
    assert_eq!(lane().await, Lane::Slow, "between the bounds it stays");
    world.poll(&ctx, message.source).await;
    assert_eq!(lane().await, Lane::Fast);
}
