//! Which landings queue `tasks` hears of.

use fetcher::Rules;
use origin::Reply;

use crate::feeds::rss;
use crate::world::World;

/// Lands one post, with `all` as the installation's setting, for a source that is watched or not by now, and whose message says so or not.
async fn check(all: bool, watched: bool, message_says: bool, expected: usize) {
    let case = format!("all: {all}, watched: {watched}, as the message says: {message_says}");
    let world = World::new().await;
    world.origin.always("/feed.xml", Reply::ok(rss([("a", "text")])).header("etag", "\"one\""));
    let url = world.origin.url_at("one.localhost", "/feed.xml");
    let mut message = world.source_like(&url, "one.localhost", |_, target| target.watched = watched).await;
    message.watched = message_says;
    let ctx = world.environment_of(Rules { announce_all: all, ..World::rules() });
    let job = world.work(&ctx, &message).await;
    let told = world.announced().await;
    assert_eq!(told.len(), expected, "{case}");
    assert!(told.iter().all(|told| (told.job, Some((told.from, told.to))) == (job.job, job.landed())));
    assert!(world.deliver(&ctx, &[(&message, 2)]).await.is_empty());
    assert_eq!(world.announced().await, told, "redelivered, {case}");
    world.poll(&ctx, message.source).await;
    assert_eq!(world.announced().await, [], "nothing new, {case}");
}

#[tokio::test]
async fn a_landing_is_announced_only_if_someone_watches_the_source() {
    check(false, false, false, 0).await;
    check(false, true, true, 1).await;
}

#[tokio::test]
async fn a_landing_is_announced_if_someone_began_to_watch_after_the_message_was_sent() {
    check(false, true, false, 1).await;
    check(false, false, true, 1).await;
}

#[tokio::test]
async fn by_a_setting_every_landing_is_announced() {
    check(true, false, false, 1).await;
    check(true, true, true, 1).await;
}
