//! A source that its server gave up for good, and that somebody takes up again.

use domain::source::SourceState;
use origin::Reply;
use store::Resuming;

use crate::feeds::rss;
use crate::world::{HOUR, MINUTE, World};

const FEED: &str = "/feed";

#[tokio::test]
async fn a_source_that_was_taken_up_again_is_not_ended_by_a_late_message_nor_by_one_more_410() {
    let world = World::new().await;
    let gone = || Reply::status(410);
    world.origin.script(FEED, [gone(), gone(), gone(), Reply::ok(rss([("a", "text")])), gone(), gone()]);
    let (ctx, first) = (world.environment(), world.source(FEED).await);
    let source = first.source;
    let state = async || world.store.head(source).await.unwrap().unwrap().state;
    world.work(&ctx, &first).await;
    world.pass(HOUR);
    let second = world.dispatch(source).await;
    world.work(&ctx, &second).await;
    assert_eq!(state().await, SourceState::Gone);

    // The message comes once more, before somebody takes the source up again and after that.
    for _ in 0..2 {
        assert!(world.deliver(&ctx, &[(&second, 2)]).await.is_empty());
        assert_eq!(state().await, SourceState::Gone);
        world.pass(MINUTE);
    }
    assert_eq!(world.store.resume(source, world.now()).await.unwrap(), Resuming::Resumed);
    for _ in 0..2 {
        assert!(world.deliver(&ctx, &[(&second, 3)]).await.is_empty());
        assert_eq!(state().await, SourceState::Active);
        world.pass(MINUTE);
    }

    world.poll(&ctx, source).await;
    assert_eq!(state().await, SourceState::Active, "one 410 is not enough, as for any other source");
    let ended = world.poll(&ctx, source).await;
    assert!(ended.landed().is_some(), "it is back: {ended:?}");
    world.poll(&ctx, source).await;
    assert_eq!(state().await, SourceState::Active);
    world.poll(&ctx, source).await;
    assert_eq!(state().await, SourceState::Gone);
}
