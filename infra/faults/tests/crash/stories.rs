//! What Feedmill does, stopped before and after every single call.

use domain::id::SourceId;
use domain::timing::MAX_DELAY;
use domain::wheel::{Minute, Pace, Placement, earliest_start, place};
use faults::{Call, Stop};
use serde_json::Value;

use crate::end::check_landed;
use crate::feed::Feed;
use crate::world::{HOUR, MINUTE, Process, World};

/// Something that is stopped at each of its calls.
#[derive(Clone, Copy, Debug)]
enum Story {
    /// Someone adds a feed.
    Creation,
    /// Someone asks for a feed now.
    Refresh,
    /// The dispatcher walks the minutes in which the feed is due.
    Dispatch,
    /// A poll that brings nothing new.
    UnchangedPoll,
    /// A poll with two new entries, one of them long.
    Landing,
    /// A poll with more new entries than one transaction takes.
    LongLanding,
    /// Someone deletes a source that has posts and a message in the queue.
    Deletion,
    /// What hangs on a deleted source goes, once nobody can write to it any more.
    Sweep,
}

/// A world in which a story is about to happen.
struct Scene {
    story: Story,
    world: World,
    feed: Feed,
    source: Option<SourceId>,
}

impl Scene {
    async fn before(story: Story) -> Self {
        let chunk_bytes = if matches!(story, Story::LongLanding) { 4_000 } else { 1 << 20 };
        let world = World::new(0, chunk_bytes).await;
        let feed = world.feed("feed");
        for title in ["one", "two", "three"] {
            feed.publish(title, 200);
        }
        let mut scene = Self { story, world, feed, source: None };
        let process = scene.world.process(Stop::Never);
        // The wheel turns already.
        scene.world.tick(&process).await.unwrap();
        if !matches!(story, Story::Creation) {
            scene.source = Some(scene.world.add(&process, &scene.feed).await);
            scene.world.deliver_all(&process).await;
        }
        match story {
            Story::Creation => {}
            Story::Dispatch => scene.until_due(&process).await,
            Story::Sweep => {
                scene.delete(&process).await.unwrap();
                // The wheel forgets it, and what it has left goes; the source itself stays until nobody can write to it any more.
                scene.world.live(&process, HOUR + 10 * MINUTE).await;
                assert!(scene.world.store.head(scene.source.unwrap()).await.unwrap().is_some());
                let now = Pace::REAL.minute_of(scene.world.clock.now());
                assert!(scene.world.skip(now, now.plus(9)).await);
                scene.world.pass_to(now.plus(10));
            }
            Story::Refresh => {
                scene.feed.publish("four", 200);
                scene.world.pass(HOUR + HOUR / 60);
            }
            Story::UnchangedPoll | Story::Deletion => scene.queue(&process).await,
            Story::Landing => {
                scene.feed.publish("four", 40_000);
                scene.feed.publish("five", 200);
                scene.queue(&process).await;
            }
            Story::LongLanding => {
                (4..12).for_each(|n| scene.feed.publish(&format!("entry-{n}"), 1_500));
                scene.queue(&process).await;
            }
        }
        scene
    }

    /// Until the minute in which the dispatcher will queue the next poll.
    async fn until_due(&self, process: &Process) {
        let store = &self.world.store;
        let target = store.poll(self.source.unwrap()).await.unwrap().unwrap().target;
        let (_, finished) = store.latest(target.source).await.unwrap().unwrap();
        let carry = finished.unwrap().carry;
        let earliest = earliest_start(carry.last_get, HOUR, carry.not_before, None);
        let mut minute = Pace::REAL.minute_of(self.world.clock.now());
        let due = loop {
            minute = target.slot.next_after(minute);
            match place(earliest, Pace::REAL.start_of(minute), minute, target.slot, Pace::REAL) {
                Placement::Queue(_) => break minute,
                Placement::Due(due) => break due,
                Placement::Slot => {}
            }
        };
        // Each minute before it is walked, or skipped.
        let just_before = Pace::REAL.start_of(Minute(due.0 - 1));
        while self.world.clock.now() < just_before {
            self.world.step(process, just_before).await.unwrap();
        }
        self.world.pass(MINUTE);
    }

    /// Until the next poll can be received.
    async fn queue(&self, process: &Process) {
        self.until_due(process).await;
        self.world.tick(process).await.unwrap();
        let now = Pace::REAL.minute_of(self.world.clock.now());
        assert!(self.world.skip(now, now.plus(15)).await);
        self.world.pass(MAX_DELAY);
    }

    async fn delete(&self, process: &Process) -> Option<()> {
        let path = format!("/v1/sources/{}", self.source.unwrap());
        let (status, answer) = self.world.ask(process, "DELETE", &path, Value::Null).await?;
        assert!(matches!(status, 204 | 404), "{status} {answer}");
        Some(())
    }

    /// What happens; `None` if the process stopped.
    async fn act(&self, process: &Process) -> Option<()> {
        match self.story {
            Story::Creation => {
                let body = serde_json::json!({ "url": self.feed.url });
                let (status, answer) = self.world.ask(process, "POST", "/v1/sources", body).await?;
                assert!(matches!(status, 200 | 201), "{status} {answer}");
            }
            Story::Refresh => {
                let path = format!("/v1/sources/{}/refresh", self.source.unwrap());
                let (status, answer) = self.world.ask(process, "POST", &path, Value::Null).await?;
                assert_eq!(status, 202, "{answer}");
            }
            Story::Dispatch | Story::Sweep => self.world.tick(process).await?,
            Story::UnchangedPoll | Story::Landing | Story::LongLanding => {
                assert_eq!(self.world.deliver(process).await?, 1, "a message is in the queue");
            }
            Story::Deletion => self.delete(process).await?,
        }
        Some(())
    }

    /// What follows a crash: the client repeats its request, messages become visible again, the dispatcher goes on.
    async fn recover(&mut self) {
        let process = self.world.process(Stop::Never);
        match self.story {
            Story::Creation => self.source = Some(self.world.add(&process, &self.feed).await),
            Story::Refresh | Story::Deletion => self.act(&process).await.unwrap(),
            Story::Dispatch | Story::UnchangedPoll | Story::Landing | Story::LongLanding | Story::Sweep => {}
        }
        // The longest that a message stays invisible, and a bit.
        self.world.live(&process, MAX_DELAY).await;
        if matches!(self.story, Story::Deletion | Story::Sweep) {
            return self.world.live(&process, 2 * HOUR).await;
        }
        // Whether the wheel still knows the source shows when there is something new.
        self.feed.publish("last", 200);
        let end = self.world.clock.now() + 3 * HOUR;
        while self.world.clock.now() < end && !self.all_landed().await {
            self.world.step(&process, end).await.unwrap();
            self.world.deliver_all(&process).await;
        }
    }

    async fn all_landed(&self) -> bool {
        let head = self.world.store.head(self.source.unwrap()).await.unwrap().unwrap();
        head.post_count.get() == self.feed.published().len() as u64
    }

    /// The end that every run must come to.
    async fn check(&self, crashed: u64) {
        assert_eq!(self.world.dead_letters(), 0);
        let source = self.source.unwrap();
        if matches!(self.story, Story::Deletion | Story::Sweep) {
            return self.check_gone(source).await;
        }
        check_landed(&self.world, &self.feed, source).await;
        self.check_gaps(crashed);
    }

    /// A gap between two polls is never shorter than the interval, except once for each crash.
    fn check_gaps(&self, crashed: u64) {
        let asked = self.feed.asked();
        let short = asked.windows(2).filter(|pair| pair[1].since(pair[0]) < HOUR).count();
        assert!(short as u64 <= crashed, "asked at {asked:?}");
    }

    async fn check_gone(&self, source: SourceId) {
        for table in ["feedmill-sources", "feedmill-posts"] {
            let items = self.world.items(table).await;
            let left: Vec<_> = items.iter().filter(|item| format!("{item:?}").contains(source.as_str())).collect();
            assert!(left.is_empty(), "left in {table}: {left:#?}");
        }
        let process = self.world.process(Stop::Never);
        let again = self.world.add(&process, &self.feed).await;
        assert_ne!(again, source, "the URL is free");
    }
}

/// Tells a story with a stop before and after each of its calls, and in the end, when there are no more calls, without one.
async fn check(story: Story) {
    for number in 1.. {
        let mut stopped = false;
        for stop in [Stop::Before(number), Stop::After(number)] {
            println!("{story:?}: {stop:?}");
            let calls = Box::pin(tell(story, stop)).await;
            stopped |= calls.is_some();
            println!("… {}", calls.map_or("that never came".to_owned(), |call| call.operation));
        }
        if !stopped {
            assert!(number > 1, "it makes calls");
            return;
        }
    }
}

/// Tells a story that is stopped at `stop`, to its end; gives the call at which it was stopped.
async fn tell(story: Story, stop: Stop) -> Option<Call> {
    let mut scene = Box::pin(Scene::before(story)).await;
    let process = scene.world.process(stop);
    let stopped = match Box::pin(scene.act(&process)).await {
        Some(()) => None,
        None => process.crash.calls().pop(),
    };
    drop(process);
    Box::pin(scene.recover()).await;
    scene.check(u64::from(stopped.is_some())).await;
    stopped
}

#[tokio::test]
async fn a_creation_stopped_anywhere_ends_as_one_that_was_not() {
    check(Story::Creation).await;
}

#[tokio::test]
async fn a_refresh_stopped_anywhere_ends_as_one_that_was_not() {
    check(Story::Refresh).await;
}

#[tokio::test]
async fn a_dispatch_stopped_anywhere_ends_as_one_that_was_not() {
    check(Story::Dispatch).await;
}

#[tokio::test]
async fn an_unchanged_poll_stopped_anywhere_ends_as_one_that_was_not() {
    check(Story::UnchangedPoll).await;
}

#[tokio::test]
async fn a_landing_stopped_anywhere_ends_as_one_that_was_not() {
    check(Story::Landing).await;
}

#[tokio::test]
async fn a_landing_in_several_chunks_stopped_anywhere_ends_as_one_that_was_not() {
    check(Story::LongLanding).await;
}

#[tokio::test]
async fn a_deletion_stopped_anywhere_ends_as_one_that_was_not() {
    check(Story::Deletion).await;
}

#[tokio::test]
async fn a_sweep_stopped_anywhere_ends_as_one_that_was_not() {
    check(Story::Sweep).await;
}
