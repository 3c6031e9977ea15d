//! The stories, and the world in which each is about to happen.

use std::time::Duration;

use domain::id::SourceId;
use domain::source::SourceState;
use domain::time::Timestamp;
use domain::timing::{Lane, MAX_DELAY, quiet_after};
use domain::wheel::{Minute, Pace, Placement, earliest_start, place};
use faults::Stop;
use serde_json::{Value, json};

use crate::feed::Feed;
use crate::world::{HOUR, MINUTE, Process, World};

/// Who subscribes.
const READER: &str = "ada@example.org";
/// So many posts are unread when they subscribe.
pub(crate) const FEW: u64 = 5;
/// What is in no item, whatever happens.
pub(crate) const SECRET: &str = "sesame-open";

/// Something that is stopped at each of its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Story {
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
    /// The first poll of a feed that someone subscribes to, with more entries than one transaction takes.
    FirstLanding,
    /// Someone deletes a source that has posts and a message in the queue.
    Deletion,
    /// Someone deletes a source of which a landing in several chunks was cut off in the middle; then its message comes back.
    DeletionInLanding,
    /// Someone adds the URL of a source that came to rest while a landing in several chunks was cut off in the middle, and nobody told of what had landed.
    Return,
    /// Someone subscribes to a feed whose address holds a secret.
    Subscription,
    /// Someone unsubscribes from it.
    Unsubscription,
    /// What hangs on a deleted source goes, once nobody can write to it any more.
    Sweep,
}

impl Story {
    /// Whether the source is gone in the end.
    pub(crate) const fn deletes(self) -> bool {
        matches!(self, Self::Deletion | Self::DeletionInLanding | Self::Sweep | Self::Unsubscription)
    }
}

/// A world in which a story is about to happen.
pub(crate) struct Scene {
    pub(crate) story: Story,
    pub(crate) world: World,
    pub(crate) feed: Feed,
    pub(crate) source: Option<SourceId>,
    /// How many posts there are when the story begins.
    pub(crate) landed_before: u64,
    /// Whether its client has its answer.
    answered: bool,
}

impl Scene {
    pub(crate) async fn before(story: Story) -> Self {
        let long = matches!(story, Story::LongLanding | Story::FirstLanding | Story::DeletionInLanding | Story::Return);
        let world = World::new(if long { 4_000 } else { 1 << 20 }).await;
        let feed = world.feed("feed");
        for title in ["one", "two", "three"] {
            feed.publish(title, 200);
        }
        let mut scene = Self { story, world, feed, source: None, landed_before: 0, answered: false };
        let process = scene.world.process(Stop::Never);
        // The wheel turns already.
        scene.world.tick(&process).await.unwrap();
        match story {
            Story::Creation => {}
            Story::Subscription => drop(scene.world.register(READER).await),
            Story::FirstLanding => {
                scene.world.register(READER).await;
                scene.publish_more();
                scene.subscribe(&process).await.unwrap();
            }
            Story::Unsubscription => {
                scene.world.register(READER).await;
                scene.subscribe(&process).await.unwrap();
                scene.world.deliver_all(&process).await.unwrap();
            }
            _ => {
                scene.source = Some(scene.world.add(&process, &scene.feed).await);
                scene.world.deliver_all(&process).await.unwrap();
            }
        }
        scene.set(&process).await;
        if scene.source.is_some() && story != Story::Sweep {
            scene.landed_before = scene.landed().await;
        }
        scene
    }

    async fn set(&self, process: &Process) {
        match self.story {
            Story::Creation | Story::Subscription | Story::FirstLanding => {}
            Story::Dispatch => self.until_due(process).await,
            Story::Sweep => self.until_swept(process).await,
            Story::Refresh => {
                self.feed.publish("four", 200);
                // If its slot is among these minutes, it comes again.
                self.pass_walked(HOUR + MINUTE).await;
            }
            Story::UnchangedPoll | Story::Deletion | Story::Unsubscription => self.queue(process).await,
            Story::Landing => {
                self.feed.publish("four", 40_000);
                self.feed.publish("five", 200);
                self.queue(process).await;
            }
            Story::LongLanding | Story::DeletionInLanding | Story::Return => {
                self.publish_more();
                self.queue(process).await;
            }
        }
        if matches!(self.story, Story::DeletionInLanding | Story::Return) {
            self.cut_off().await;
        }
        if self.story == Story::Return {
            let (store, now) = (&self.world.store, self.world.clock.now());
            store.leave(self.source.unwrap(), SourceState::Resting, "nobody subscribes to it", now).await.unwrap();
            self.pass_walked(2 * HOUR).await;
        }
    }

    /// More entries than one transaction takes.
    fn publish_more(&self) {
        (4..12).for_each(|n| self.feed.publish(&format!("entry-{n}"), 1_500));
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
        self.pass_walked(MAX_DELAY).await;
    }

    /// Lets time go by with a dispatcher that finds nothing.
    async fn pass_walked(&self, time: Duration) {
        let now = Pace::REAL.minute_of(self.world.clock.now());
        assert!(self.world.skip(now, Pace::REAL.minute_of(self.world.clock.now() + time)).await);
        self.world.pass(time);
    }

    /// A source is deleted, the wheel has forgotten it, and what it had left is gone; the source itself goes in the next run of
    /// maintenance, when nobody can write to it any more.
    async fn until_swept(&self, process: &Process) {
        let since = self.world.clock.now();
        self.delete(process).await.unwrap();
        let last = quiet_after(since) - MINUTE / 2;
        self.world.live(process, last.since(since) - 5 * MINUTE).await.unwrap();
        self.pass_walked(last.since(self.world.clock.now())).await;
        assert!(self.world.store.head(self.source.unwrap()).await.unwrap().is_some());
        self.world.pass(MINUTE);
    }

    /// A fetcher dies when it has landed two chunks of more.
    async fn cut_off(&self) {
        let cut = self.world.process(Stop::AfterNth { operation: "TransactWriteItems", nth: 2 });
        assert_eq!(self.world.deliver(&cut).await, None);
        let (pointer, _) = self.world.store.latest(self.source.unwrap()).await.unwrap().unwrap();
        let landed = self.landed().await;
        assert!(pointer.open && landed > 3 && landed < self.feed.published().len() as u64, "{landed}: {pointer:?}");
    }

    /// What happens; `None` if the process stopped.
    pub(crate) async fn act(&mut self, process: &Process) -> Option<()> {
        match self.story {
            Story::Creation
            | Story::Refresh
            | Story::Return
            | Story::Deletion
            | Story::Subscription
            | Story::Unsubscription => self.ask(process).await,
            Story::Dispatch => self.world.tick(process).await,
            Story::Sweep => self.world.maintain(process).await,
            Story::UnchangedPoll | Story::Landing | Story::LongLanding | Story::FirstLanding => {
                assert_eq!(self.world.deliver(process).await?, 1, "a message is in the queue");
                Some(())
            }
            Story::DeletionInLanding => {
                self.ask(process).await?;
                self.pass_walked(Lane::Slow.visibility()).await;
                assert_eq!(self.world.deliver(process).await?, 1, "the message comes back");
                Some(())
            }
        }
    }

    /// What the client of the story does, unless it was answered already.
    async fn ask(&mut self, process: &Process) -> Option<()> {
        if self.answered {
            return Some(());
        }
        match self.story {
            Story::Creation | Story::Return => {
                let body = json!({ "url": self.feed.url });
                let (status, answer) = self.world.ask(process, "POST", "/v1/sources", body).await?;
                assert!(matches!(status, 200 | 201), "{status} {answer}");
                let id = answer["id"].as_str().unwrap().parse().unwrap();
                assert!(self.story == Story::Creation || self.source == Some(id), "it is the same source");
                self.source = Some(id);
            }
            Story::Refresh => {
                let path = format!("/v1/sources/{}/refresh", self.source.unwrap());
                let (status, answer) = self.world.ask(process, "POST", &path, Value::Null).await?;
                assert_eq!(status, 202, "{answer}");
            }
            Story::Deletion | Story::DeletionInLanding => self.delete(process).await?,
            Story::Subscription => self.subscribe(process).await?,
            Story::Unsubscription => {
                let path = format!("/v1/subscriptions/{}", self.source.unwrap());
                let answer = self.world.ask_as(Some(READER), process, "DELETE", &path, Value::Null).await?;
                assert!(matches!(answer.0, 204 | 404), "{answer:?}");
            }
            Story::Dispatch
            | Story::UnchangedPoll
            | Story::Landing
            | Story::LongLanding
            | Story::FirstLanding
            | Story::Sweep => {}
        }
        self.answered = true;
        Some(())
    }

    async fn subscribe(&mut self, process: &Process) -> Option<()> {
        let few = json!({ "unread_on_subscribe": FEW });
        self.world.ask_as(Some(READER), process, "PATCH", "/v1/preferences", few).await?;
        let url = format!("{}?token={SECRET}", self.feed.url);
        let body = json!({ "url": url, "discover": false });
        let (status, answer) = self.world.ask_as(Some(READER), process, "POST", "/v1/subscriptions", body).await?;
        assert!(matches!(status, 200 | 201), "{status} {answer}");
        self.source = Some(answer["id"].as_str().unwrap().parse().unwrap());
        Some(())
    }

    /// How many posts its subscriber has not read, as the API tells.
    pub(crate) async fn unread(&self) -> u64 {
        let process = self.world.process(Stop::Never);
        let (_, counts) = self.world.ask_as(Some(READER), &process, "GET", "/v1/counts", Value::Null).await.unwrap();
        counts["sources"][0]["unread"].as_u64().unwrap()
    }

    async fn delete(&self, process: &Process) -> Option<()> {
        let path = format!("/v1/sources/{}", self.source.unwrap());
        let (status, answer) = self.world.ask(process, "DELETE", &path, Value::Null).await?;
        assert!(matches!(status, 204 | 404), "{status} {answer}");
        Some(())
    }

    /// What follows a stop: the client repeats its request, messages become visible again, the dispatcher goes on. `None` if the process
    /// stopped.
    pub(crate) async fn follow(&mut self, process: &Process) -> Option<()> {
        self.ask(process).await?;
        // The longest that a message stays invisible, and a bit.
        self.world.live(process, MAX_DELAY).await
    }

    /// To the end, with nothing stopped any more.
    pub(crate) async fn recover(&mut self) {
        let process = self.world.process(Stop::Never);
        self.follow(&process).await.unwrap();
        if self.story.deletes() {
            // So long that nobody can write to it any more, and a few runs of maintenance.
            self.world
                .live(&process, quiet_after(Timestamp::EPOCH).since(Timestamp::EPOCH) + 5 * MINUTE)
                .await
                .unwrap();
        } else {
            // Whether the wheel still knows the source shows when there is something new.
            self.feed.publish("last", 200);
            let end = self.world.clock.now() + 3 * HOUR;
            while self.world.clock.now() < end && self.landed().await < self.feed.published().len() as u64 {
                self.world.step(&process, end).await.unwrap();
                self.world.deliver_all(&process).await.unwrap();
            }
        }
        self.world.redeliver(&process).await;
    }

    /// How many posts there are, by the head.
    pub(crate) async fn landed(&self) -> u64 {
        self.world.store.head(self.source.unwrap()).await.unwrap().unwrap().post_count.get()
    }
}
