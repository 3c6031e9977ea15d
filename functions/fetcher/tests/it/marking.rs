//! A mark whose answer got lost: the store may know of an attempt, but the fetcher does not know that it does.

use domain::job::{Hand, Reason};
use domain::timing::Lane;
use origin::Reply;

use crate::breaker::Trick;
use crate::feeds::rss;
use crate::world::{World, counts};

const FEED: &str = "/feed.xml";
/// The operation that marks a job.
const MARKING: Trick = Trick::Lose("UpdateItem");

async fn world() -> World {
    let world = World::new().await;
    world.origin.always(FEED, Reply::ok(rss([("a", "text")])).header("etag", "\"one\""));
    world
}

#[tokio::test]
async fn attempts_that_may_have_been_counted_and_were_no_deaths_are_made_up_for_by_the_message_that_goes_back() {
    let world = world().await;
    let (ctx, mut message) = (world.environment(), world.source(FEED).await);
    for times in 1..=3 {
        world.breaker.play(Some(MARKING));
        assert!(world.deliver(&ctx, &[(&message, 2)]).await.is_empty(), "a new message takes its place");
        world.breaker.play(None);
        let (pointer, _) = world.store.latest(message.source).await.unwrap().unwrap();
        assert_eq!((pointer.hand, pointer.attempts), (Hand::Ongoing, times), "the store counted it");
        assert_eq!(world.given_back().await, [], "it waits for the lease, or would meet itself");
        world.pass(Lane::Fast.ongoing_lease());
        let mut back = world.given_back().await;
        message = back.remove(0);
        assert_eq!((back.len(), message.again, message.returned), (0, true, times));
    }
    assert!(world.origin.all_requests().is_empty(), "who does not know that he holds it does not fetch");
    let job = world.work(&ctx, &message).await;
    assert_eq!(counts(&job), Some((1, 0)), "three attempts, and nobody died: it is no poison");
    world.check_whole(message.source, 1).await;
}

#[tokio::test]
async fn a_fresh_attempt_goes_on_and_its_result_counts() {
    let world = world().await;
    let (ctx, mut message) = (world.environment(), world.source(FEED).await);
    message.reason = Reason::Refresh;
    world.breaker.play(Some(MARKING));
    let job = world.work(&ctx, &message).await;
    let (pointer, finished) = world.store.latest(message.source).await.unwrap().unwrap();
    assert_eq!((pointer.hand, pointer.attempts), (Hand::Ongoing, 0));
    assert_eq!((counts(&job), finished), (Some((1, 0)), Some(job)));
    assert_eq!(world.origin.all_requests().len(), 1);
    assert_eq!(world.given_back().await, []);
}
