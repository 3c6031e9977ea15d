//! One installation in memory, a clock moved by hand, and sources whose past the test writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use boot::aws::{Aws, Service};
use dispatcher::{Context, DispatchError, Report, Rules, Start, handle};
use domain::carry::Carry;
use domain::id::{JobId, JobIdMint, SourceId};
use domain::job::{Ending, Finished, NewJob, Pointer, Reason};
use domain::message::{Body, FetchMessage, read};
use domain::source::{Head, SourceSettings, Target};
use domain::time::Timestamp;
use domain::timing::{Lane, queued_lease};
use domain::wheel::{Minute, Pace, Slot};
use emulator::sqs::{Attributes, Receive};
use emulator::{Emulator, Where};
use queue::{Queue, Urls};
use store::{Creating, NewSource, Store, Tables};

use crate::rude::{Fault, Rude};

/// Noon of 1 January 2026: the beginning of a minute.
pub(crate) const NOON: Timestamp = Timestamp::from_secs(1_767_268_800);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
const QUEUES: [&str; 2] = ["feedmill-fetch", "feedmill-fetch-slow"];

pub(crate) struct World {
    emulator: Emulator,
    now: Arc<AtomicI64>,
    /// How much further the servers' clock is: messages are looked at without waiting for their delay.
    ahead: Arc<AtomicI64>,
    pub(crate) rude: Rude,
    pub(crate) store: Store,
    pub(crate) ctx: Context,
    pub(crate) ids: JobIdMint,
}

pub(crate) const RULES: Rules = Rules { pace: Pace::REAL, shards: 1, rate_floor: 2_000, announce_all: false };

impl World {
    /// An installation at noon, whose wheel stands at the minute before.
    pub(crate) async fn new() -> Self {
        Self::with(RULES).await
    }

    pub(crate) async fn with(rules: Rules) -> Self {
        let (now, ahead) = (Arc::new(AtomicI64::new((NOON - MINUTE).as_millis())), Arc::new(AtomicI64::new(0)));
        let (a, b) = (Arc::clone(&now), Arc::clone(&ahead));
        let clock: emulator::Clock = Arc::new(move || a.load(Ordering::SeqCst) + b.load(Ordering::SeqCst));
        let emulator = Emulator::start(Where::Memory, clock).await.unwrap();
        let servers = emulator.endpoints().clone();
        for name in QUEUES.iter().chain(&["feedmill-tasks"]) {
            emulator.sqs().create_queue(name, &Attributes::new()).unwrap();
        }
        let url = |name: &str| format!("{}/{}/{name}", servers.sqs, emulator::ACCOUNT);
        let urls = Urls { fetch: url(QUEUES[0]), fetch_slow: url(QUEUES[1]), tasks: url("feedmill-tasks") };
        let kind = Aws::local(&servers.dynamodb, &servers.sqs, &servers.s3);
        let store = Store::new(&kind.config(Service::DynamoDb), Tables::default());
        store.create_tables().await.unwrap();
        let rude = Rude::default();
        let aws = kind.through(|client| blueprint::guard("Dispatcher", rude.wrap(client, emulator.sqs())));
        let ticking = Arc::clone(&now);
        let ctx = Context::new(
            Store::new(&aws.config(Service::DynamoDb), Tables::default()),
            Queue::new(&aws.config(Service::Sqs), urls),
            Arc::new(move || Timestamp::from_millis(ticking.load(Ordering::SeqCst))),
            rules,
        );
        let world = Self { emulator, now, ahead, rude, store, ctx, ids: JobIdMint::default() };
        world.run().await;
        world.pass(MINUTE);
        world
    }

    /// A run, with something done by others just before its first call of `operation`.
    pub(crate) async fn run_meanwhile(&self, operation: &'static str, other: impl Future<Output = ()>) -> Report {
        self.rude.set(Fault::Pause(operation));
        let meanwhile = async {
            self.rude.paused.notified().await;
            other.await;
            self.rude.go.notify_one();
        };
        tokio::join!(self.run(), meanwhile).0
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::SeqCst))
    }

    pub(crate) fn minute(&self) -> Minute {
        Pace::REAL.minute_of(self.now())
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.now.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
        self.emulator.sqs().clock_moved();
    }

    /// A whole run, as its schedule starts it.
    pub(crate) async fn run(&self) -> Report {
        self.try_run().await.expect("the process lives").unwrap()
    }

    /// A run that may die (`None`) or fail.
    pub(crate) async fn try_run(&self) -> Option<Result<Report, DispatchError>> {
        let deadline = self.now() + Duration::from_secs(50);
        tokio::select! {
            report = handle(&self.ctx, Start::default(), deadline) => Some(report),
            () = self.rude.died.notified() => None,
        }
    }

    /// Takes all messages out of both queues, delayed ones too, in the order of their sources' names.
    pub(crate) async fn messages(&self) -> Vec<FetchMessage> {
        self.ahead.fetch_add(900_000, Ordering::SeqCst);
        let sqs = self.emulator.sqs();
        sqs.clock_moved();
        let mut all = Vec::new();
        for (queue, lane) in QUEUES.into_iter().zip([Lane::Fast, Lane::Slow]) {
            loop {
                let ask = Receive { max_messages: 1_000, wait_seconds: Some(0), visibility_seconds: None };
                let received = sqs.receive(queue, ask).await.unwrap();
                if received.is_empty() {
                    break;
                }
                let handles: Vec<_> = received.iter().map(|message| &message.receipt_handle).collect();
                sqs.delete(queue, &handles).unwrap();
                all.extend(received.into_iter().map(|message| match read(&message.body) {
                    Body::Message(message) => *message,
                    other => panic!("{other:?}"),
                }));
                assert!(all.iter().rev().take(1).all(|message| message.lane == lane));
            }
        }
        all.sort_by_key(|message| (message.source.to_string(), message.again));
        all
    }

    /// How many messages may be received now.
    pub(crate) fn visible(&self) -> u64 {
        let counts = QUEUES.iter().map(|queue| {
            self.emulator.sqs().queue_attributes(queue).unwrap()["ApproximateNumberOfMessages"].parse::<u64>().unwrap()
        });
        counts.sum()
    }

    /// A source that is due in `slot`, whose last poll started at `last_get`.
    pub(crate) async fn source(&self, name: usize, slot: Slot, last_get: Timestamp) -> Past {
        self.source_with(name, slot, Carry { last_get: Some(last_get), ..Carry::default() }, |_| {}).await
    }

    pub(crate) async fn source_with(
        &self,
        name: usize,
        slot: Slot,
        carry: Carry,
        more: impl FnOnce(&mut Target),
    ) -> Past {
        let past = self.unfinished(name, slot, more, |_| {}).await;
        self.finish(&past.target, past.pointer.job, carry).await;
        past
    }

    /// A source whose first job was queued an hour ago and has no end.
    pub(crate) async fn unfinished(
        &self,
        name: usize,
        slot: Slot,
        more: impl FnOnce(&mut Target),
        job: impl FnOnce(&mut Pointer),
    ) -> Past {
        let target = target(name, slot, more);
        let queued_at = self.now() - HOUR;
        let mut pointer = Pointer::first(NewJob {
            job: self.ids.next(queued_at),
            tick: Pace::REAL.minute_of(queued_at).plus(2),
            queued_at,
            earliest: queued_at,
            lease_until: queued_lease(queued_at, queued_at, HOUR, Lane::Slow),
            reason: Reason::First,
        });
        job(&mut pointer);
        let due = pointer.tick;
        let (head, kept) = (head(&target, queued_at), (target.clone(), pointer.clone()));
        let new = NewSource { head, target: kept.0, pointer: kept.1, due, sealed: None, subscription: None };
        assert_eq!(self.store.create(&new).await.unwrap(), Creating::Created);
        Past { target, pointer }
    }

    /// Ends a job as a fetcher does whose feed has not changed.
    pub(crate) async fn finish(&self, target: &Target, job: JobId, carry: Carry) {
        let at = carry.last_get.unwrap_or(NOON - HOUR);
        let ending = Ending::Completed { posts_count: 0, edits_count: 0, landed: None };
        let finished = Finished {
            source: target.source,
            job,
            reason: Reason::Scheduled,
            queued_at: at,
            started_at: Some(at),
            ended_at: at,
            ending,
            http_status: Some(304),
            bytes: 0,
            carry,
        };
        assert!(matches!(self.store.finish(&[finished]).await[..], [store::Finish::Done]));
    }

    pub(crate) async fn pointer(&self, source: SourceId) -> Pointer {
        self.store.latest(source).await.unwrap().expect("the source exists").0
    }
}

/// A source and the job that it was made with.
pub(crate) struct Past {
    pub(crate) target: Target,
    pub(crate) pointer: Pointer,
}

pub(crate) fn source_id(name: usize) -> SourceId {
    format!("s{name:07}").parse().unwrap()
}

/// The slot that is due in `minute`.
pub(crate) fn slot_at(minute: Minute, period: u32) -> Slot {
    Slot { period, phase: u32::try_from(minute.0 % u64::from(period)).unwrap(), shard: 0 }
}

fn target(name: usize, slot: Slot, more: impl FnOnce(&mut Target)) -> Target {
    let mut target = Target {
        source: source_id(name),
        slot,
        url: Some(format!("https://host{name}.example/feed")),
        host: format!("host{name}.example"),
        lane: Lane::Fast,
        settings: SourceSettings { interval_minutes: slot.period - 1, ..SourceSettings::DEFAULT },
        subscribers: 1,
        watched: false,
    };
    more(&mut target);
    target
}

fn head(target: &Target, created_at: Timestamp) -> Head {
    let url = target.url.clone().unwrap();
    let key = format!("{url}#{}", target.source);
    Head {
        subscribers: target.subscribers,
        version: 1,
        ..Head::new(target.source, url, key, target.settings, created_at)
    }
}
