//! Deliveries that are not fresh: what the store says decides, state by state.

mod held;

use std::time::Duration;

use domain::failure::ErrorCode;
use domain::job::{Finished, Pointer};
use domain::message::FetchMessage;
use domain::source::SourceState;
use domain::timing::Lane;
use fetcher::Context;
use origin::Reply;
use store::{DeleteJob, Finish, Leaving, Marking};

use crate::feeds::rss;
use crate::world::{HOUR, World, code, counts};

const FEED: &str = "/feed.xml";

struct Case {
    world: World,
    ctx: Context,
    message: FetchMessage,
}

impl Case {
    async fn new() -> Self {
        let world = World::new().await;
        world.origin.always(FEED, Reply::ok(rss([("a", "text")])).header("etag", "\"one\""));
        let url = world.origin.url_at("watched.localhost", FEED);
        let message = world.source_like(&url, "watched.localhost", |_, target| target.watched = true).await;
        Self { ctx: world.environment(), message, world }
    }

    /// Delivers it for the second time: whether it is reported, and how many requests and announcements there were in all.
    async fn check(&self, reported: bool, requests: usize, announced: usize) {
        let again = self.world.deliver(&self.ctx, &[(&self.message, 2)]).await;
        assert_eq!(!again.is_empty(), reported, "reported");
        assert_eq!(self.world.origin.all_requests().len(), requests, "requests");
        assert_eq!(self.world.announced().await.len(), announced, "announcements");
    }

    async fn end(&self) -> Option<Finished> {
        self.world.end(&self.message).await
    }

    async fn pointer(&self) -> Pointer {
        self.world.store.latest(self.message.source).await.unwrap().unwrap().0
    }

    async fn mark(&self, alone: bool) -> Pointer {
        let (store, now) = (&self.world.store, self.world.now());
        let marked = store.mark(self.message.source, self.message.job, now, Lane::Fast, alone).await.unwrap();
        let Marking::Marked(pointer) = marked else { panic!("{marked:?}") };
        pointer
    }

    async fn leave(&self, state: SourceState) {
        let left = self.world.store.leave(self.message.source, state, "a test", self.world.now()).await.unwrap();
        assert!(matches!(left, Leaving::Left { .. }));
    }
}

#[tokio::test]
async fn a_source_that_was_never_there_is_acknowledged_and_nothing_written() {
    let case = Case::new().await;
    let stranger = World::new().await;
    stranger.origin.always(FEED, Reply::status(500));
    assert!(stranger.deliver(&stranger.environment(), &[(&case.message, 2)]).await.is_empty());
    assert_eq!(stranger.end(&case.message).await, None);
    assert!(case.world.origin.all_requests().is_empty());
}

#[tokio::test]
async fn a_source_that_is_being_deleted_is_acknowledged() {
    let case = Case::new().await;
    case.leave(SourceState::Deleting).await;
    let before = case.end().await;
    case.check(false, 0, 0).await;
    assert_eq!(case.end().await, before);
}

#[tokio::test]
async fn a_source_that_was_closed_meanwhile_keeps_the_record_that_it_got() {
    let case = Case::new().await;
    case.leave(SourceState::Resting).await;
    case.check(false, 0, 0).await;
    assert_eq!(case.end().await.as_ref().and_then(code), Some(ErrorCode::Closed));
}

#[tokio::test]
async fn a_fresh_message_for_a_source_that_is_deleted_lands_nothing() {
    let case = Case::new().await;
    case.leave(SourceState::Deleting).await;
    assert!(case.world.deliver(&case.ctx, &[(&case.message, 1)]).await.is_empty());
    assert!(case.world.posts(case.message.source).await.is_empty());
}

#[tokio::test]
async fn a_completed_job_that_landed_is_announced_again() {
    let case = Case::new().await;
    let job = case.world.work(&case.ctx, &case.message).await;
    let first = case.world.announced().await;
    assert_eq!(first.len(), 1);
    assert_eq!(job.landed(), Some((first[0].from, first[0].to)));
    assert!(case.world.deliver(&case.ctx, &[(&case.message, 2)]).await.is_empty());
    assert_eq!(case.world.announced().await, first, "the same again");
    assert_eq!((case.world.origin.all_requests().len(), case.end().await), (1, Some(job)));
}

#[tokio::test]
async fn a_completed_job_that_landed_nothing_is_acknowledged() {
    let case = Case::new().await;
    case.world.work(&case.ctx, &case.message).await;
    case.world.announced().await;
    case.world.pass(HOUR);
    let next = case.world.dispatch(case.message.source).await;
    let case = Case { message: next, ..case };
    case.world.work(&case.ctx, &case.message).await;
    case.check(false, 2, 0).await;
}

#[tokio::test]
async fn a_failed_job_is_acknowledged() {
    let case = Case::new().await;
    case.world.origin.always(FEED, Reply::status(500));
    case.world.work(&case.ctx, &case.message).await;
    case.check(false, 1, 0).await;
}

#[tokio::test]
async fn a_superseded_job_is_failed_and_acknowledged() {
    let case = Case::new().await;
    let (source, job) = (case.message.source, case.message.job);
    for _ in 0..2 {
        case.world.pass(2 * HOUR);
        case.world.dispatch(source).await;
    }
    // Whoever put another job in its place said so in a record; someone has deleted that.
    assert_eq!(case.world.store.delete_job(source, job).await.unwrap(), DeleteJob::Deleted);
    assert_eq!(case.end().await, None);
    case.check(false, 0, 0).await;
    assert_eq!(case.end().await.as_ref().and_then(code), Some(ErrorCode::Superseded));
}

#[tokio::test]
async fn a_job_whose_record_is_gone_is_superseded_by_the_one_in_hand() {
    let case = Case::new().await;
    case.world.work(&case.ctx, &case.message).await;
    case.world.announced().await;
    let mut old = case.message.clone();
    old.job = domain::id::JobIdMint::default().next(case.world.now() - HOUR);
    let case = Case { message: old, ..case };
    case.check(false, 1, 0).await;
    let job = case.end().await.unwrap();
    assert_eq!((code(&job), job.carry.streak), (Some(ErrorCode::Superseded), 0));
}

#[tokio::test]
async fn a_job_older_than_its_work_age_is_expired_once_nobody_can_be_at_it_any_more() {
    let case = Case::new().await;
    case.world.pass(HOUR + Duration::from_millis(1));
    case.check(true, 0, 0).await;
    assert_eq!(case.end().await, None, "someone who looked in time may still begin");
    case.world.pass(Lane::Fast.function_timeout());
    case.check(false, 0, 0).await;
    let job = case.end().await.unwrap();
    let possible = case.message.work_until() + Lane::Fast.function_timeout();
    assert_eq!((code(&job), job.carry.last_get), (Some(ErrorCode::Expired), Some(possible.min(case.world.now()))));
}

#[tokio::test]
async fn an_expired_job_that_was_never_delivered_before_was_never_fetched() {
    let case = Case::new().await;
    case.world.pass(HOUR + Lane::Fast.function_timeout());
    let job = case.world.work(&case.ctx, &case.message).await;
    assert_eq!((code(&job), job.carry.last_get), (Some(ErrorCode::Expired), None));
    assert!(case.world.origin.all_requests().is_empty());
}

#[tokio::test]
async fn a_queued_job_is_marked_and_worked_alone() {
    let case = Case::new().await;
    case.check(false, 1, 1).await;
    assert_eq!(case.end().await.as_ref().and_then(counts), Some((1, 0)));
    assert_eq!(case.pointer().await.attempts, 1, "a death would have counted");
}

#[tokio::test]
async fn a_job_that_someone_works_on_comes_again_when_his_lease_ends() {
    let case = Case::new().await;
    case.mark(false).await;
    case.check(true, 0, 0).await;
    assert_eq!(case.end().await, None);
}

#[tokio::test]
async fn a_job_whose_holder_died_is_worked_alone() {
    let case = Case::new().await;
    case.mark(true).await;
    case.world.pass(Lane::Fast.ongoing_lease());
    case.check(false, 1, 1).await;
    assert_eq!(case.pointer().await.attempts, 2);
}

#[tokio::test]
async fn a_job_that_killed_two_holders_alone_is_poison() {
    let case = Case::new().await;
    for _ in 0..2 {
        case.mark(true).await;
        case.world.pass(Lane::Fast.ongoing_lease());
    }
    case.check(false, 0, 0).await;
    let job = case.end().await.unwrap();
    assert_eq!((code(&job), job.carry.streak), (Some(ErrorCode::Poisoned), 1));
    assert_eq!(job.carry.last_get, Some(case.pointer().await.possible_get(Lane::Fast)));
}

#[tokio::test]
async fn two_fetchers_on_one_job_land_once() {
    let case = Case::new().await;
    let other = case.world.environment();
    let batch = [(&case.message, 1)];
    let (one, two) = tokio::join!(case.world.deliver(&case.ctx, &batch), case.world.deliver(&other, &batch));
    assert!(one.is_empty() && two.is_empty());
    case.world.check_whole(case.message.source, 1).await;
    assert!(!case.world.announced().await.is_empty());
}

#[tokio::test]
async fn two_fetchers_on_an_unchanged_source_finish_once() {
    let case = Case::new().await;
    case.world.work(&case.ctx, &case.message).await;
    case.world.pass(HOUR);
    let next = case.world.dispatch(case.message.source).await;
    let job = case.world.work(&case.ctx, &next).await;
    case.world.pass(Duration::from_secs(1));
    assert!(case.world.deliver(&case.world.environment(), &[(&next, 1)]).await.is_empty(), "a duplicate of the queue");
    assert_eq!(case.world.end(&next).await, Some(job.clone()), "who came first has the say");
    assert!(matches!(case.world.store.finish(&[job]).await[..], [Finish::Done]));
}

#[tokio::test]
async fn who_dies_between_landing_and_announcing_is_followed_by_one_who_announces() {
    let case = Case::new().await;
    let batch = [(&case.message, 1)];
    for n in 0.. {
        case.world.breaker.arm(n, false);
        let died = tokio::select! {
            _ = case.world.deliver(&case.ctx, &batch) => false,
            () = case.world.breaker.hit() => true,
        };
        case.world.breaker.disarm();
        assert!(died, "nothing came between landing and announcing");
        if case.end().await.is_some() {
            break;
        }
    }
    assert!(case.world.announced().await.is_empty());
    case.check(false, case.world.origin.all_requests().len(), 1).await;
    case.world.check_whole(case.message.source, 1).await;
}
