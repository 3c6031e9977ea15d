//! Tables, queues, a bucket, an origin and a clock, and what the dispatcher would do between two polls.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use blob::Bucket;
use boot::aws::{Aws, Service};
use domain::carry::Carry;
use domain::failure::ErrorCode;
use domain::id::{JobIdMint, Ordinal as Place, SourceId, SystemEntropy};
use domain::job::{Ending, Finished, NewJob, Pointer, Queueing, Reason};
use domain::message::{Announcement, FetchMessage, VERSION};
use domain::source::{Head, Recent, SourceSettings, SourceState, Target};
use domain::time::Timestamp;
use domain::timing::{Lane, queued_lease};
use domain::wheel::{Pace, Slot};
use emulator::sqs::Receive;
use emulator::{ACCOUNT, Emulator, Where};
use fetch::{Fetcher, Reach, Settings};
use fetcher::{Context, Rules, handle};
use origin::Origin;
use queue::{Queue, Urls};
use store::{Creating, NewSource, Post, Queued, Store, Swap, Tables};

use crate::breaker::{Breaker, Trick};

/// Noon of 31 January 2026.
pub(crate) const NOON: Timestamp = Timestamp::from_secs(1_769_860_800);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// How long a batch may take.
pub(crate) const BATCH: Duration = Duration::from_secs(28);

pub(crate) struct World {
    pub(crate) origin: Origin,
    pub(crate) store: Store,
    pub(crate) breaker: Breaker,
    emulator: Emulator,
    clock: Arc<AtomicI64>,
    aws: Aws,
    mint: JobIdMint,
    sources: AtomicU64,
}

impl World {
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(AtomicI64::new(NOON.as_millis()));
        let told = Arc::clone(&clock);
        let emulator = Emulator::start(Where::Memory, Arc::new(move || told.load(Ordering::SeqCst))).await.unwrap();
        let ends = emulator.endpoints();
        let aws = Aws::local(&ends.dynamodb, &ends.sqs, &ends.s3);
        let store = Store::new(&aws.config(Service::DynamoDb), Tables::default());
        store.create_tables().await.unwrap();
        for queue in ["fetch", "fetch-slow", "tasks"] {
            emulator.sqs().create_queue(&format!("feedmill-{queue}"), &Default::default()).unwrap();
        }
        Bucket::new(&aws.config(Service::S3), "feedmill").create().await.unwrap();
        Self {
            origin: Origin::start().await.unwrap(),
            store,
            breaker: Breaker::default(),
            emulator,
            clock,
            aws,
            mint: JobIdMint::default(),
            sources: AtomicU64::new(0),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.load(Ordering::SeqCst))
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.fetch_add(time.as_millis() as i64, Ordering::SeqCst);
        self.emulator.sqs().clock_moved();
    }

    /// Deletes what has expired.
    pub(crate) fn sweep_ttl(&self) -> usize {
        self.emulator.sweep_ttl().unwrap()
    }

    pub(crate) fn rules() -> Rules {
        Rules {
            lane: Lane::Fast,
            pace: Pace::REAL,
            announce_all: false,
            retention: Duration::from_secs(180 * 24 * 3600),
            chunk_bytes: 1 << 20,
        }
    }

    /// A new environment, as after a cold start.
    pub(crate) fn environment(&self) -> Context {
        self.environment_of(Self::rules())
    }

    pub(crate) fn environment_of(&self, rules: Rules) -> Context {
        let aws = self.aws.through(|inner| self.breaker.around(inner));
        self.environment_on(
            Store::new(&aws.config(Service::DynamoDb), Tables::default()),
            &aws,
            rules,
            Reach::with_private_networks(),
        )
    }

    /// A store of their wire, to be counted.
    pub(crate) fn store_of_fetchers(&self) -> Store {
        let aws = self.aws.through(|inner| self.breaker.around(inner));
        Store::new(&aws.config(Service::DynamoDb), Tables::default())
    }

    /// The tables themselves, past the store's own code.
    pub(crate) fn tables(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.aws.config(Service::DynamoDb))
    }

    /// One whose store counts.
    pub(crate) fn environment_with(&self, store: Store) -> Context {
        let aws = self.aws.through(|inner| self.breaker.around(inner));
        self.environment_on(store, &aws, Self::rules(), Reach::with_private_networks())
    }

    /// One that keeps to the public internet.
    pub(crate) fn guarded(&self) -> Context {
        self.environment_on(self.store.clone(), &self.aws, Self::rules(), Reach::default())
    }

    fn environment_on(&self, store: Store, aws: &Aws, rules: Rules, reach: Reach) -> Context {
        let url = |queue: &str| format!("{}/{ACCOUNT}/feedmill-{queue}", self.emulator.endpoints().sqs);
        let urls = Urls { fetch: url("fetch"), fetch_slow: url("fetch-slow"), tasks: url("tasks") };
        let clock = Arc::clone(&self.clock);
        let clock: boot::clock::Clock = Arc::new(move || Timestamp::from_millis(clock.load(Ordering::SeqCst)));
        let settings = Settings { reach, ..Settings::new("1.2.3", "https://feedmill.example/about") };
        let web = Fetcher::new(settings, Arc::clone(&clock)).unwrap();
        let queue = Queue::new(&aws.config(Service::Sqs), urls);
        Context::new(store, queue, Bucket::new(&aws.config(Service::S3), "feedmill"), web, clock, rules)
    }

    /// A source at `path` of the origin, on a host of its own, with its first job queued.
    pub(crate) async fn source(&self, path: &str) -> FetchMessage {
        let host = format!("s{}.localhost", self.sources.fetch_add(1, Ordering::SeqCst));
        self.source_at(&self.origin.url_at(&host, path), &host).await
    }

    pub(crate) async fn source_at(&self, url: &str, host: &str) -> FetchMessage {
        self.source_like(url, host, |_, _| {}).await
    }

    pub(crate) async fn source_like(
        &self,
        url: &str,
        host: &str,
        adjust: impl FnOnce(&mut Head, &mut Target),
    ) -> FetchMessage {
        let (source, now) = (SourceId::draw(&mut SystemEntropy), self.now());
        let mut head = Head {
            source,
            url: url.to_owned(),
            url_keys: vec![format!("{url}#{source}")],
            title: None,
            site: None,
            icon: None,
            state: SourceState::Active,
            since: now,
            reason: None,
            post_count: Place::NONE,
            recent: Recent::default(),
            floor_ordinal: Place::NONE,
            subscribers: 2,
            watchers: 0,
            settings: SourceSettings::DEFAULT,
            created_at: now,
            version: 1,
        };
        let mut target = Target {
            source,
            slot: Slot::of(source, 60, 1),
            url: url.to_owned(),
            host: host.to_owned(),
            lane: Lane::Fast,
            settings: SourceSettings::DEFAULT,
            subscribers: 2,
            watched: false,
        };
        adjust(&mut head, &mut target);
        let pointer = Pointer::first(self.new_job(&target));
        let due = Pace::REAL.minute_of(now).plus(2);
        let new = NewSource { head, target: target.clone(), pointer: pointer.clone(), due };
        assert_eq!(self.store.create(&new).await.unwrap(), Creating::Created);
        message(&target, &pointer, Carry::default())
    }

    fn new_job(&self, target: &Target) -> NewJob {
        let (now, interval) = (self.now(), interval(target));
        NewJob {
            job: self.mint.next(now),
            tick: Pace::REAL.minute_of(now),
            queued_at: now,
            earliest: now,
            lease_until: queued_lease(now, now, interval, Lane::Fast),
            reason: Reason::Scheduled,
        }
    }

    /// Queues the next job, as the dispatcher would when nothing holds it back.
    pub(crate) async fn dispatch(&self, source: SourceId) -> FetchMessage {
        let target = self.store.poll(source).await.unwrap().unwrap().target;
        let look = self.store.looks(&[source]).await.unwrap().remove(&source).unwrap();
        let new = self.new_job(&target);
        match look.pointer.queue(look.finished.is_some(), new, self.now()) {
            Queueing::Swap(next) => {
                let swap = Swap { source, seen: look.pointer.job, next: next.clone() };
                assert!(matches!(self.store.queue(&[swap]).await[..], [Queued::Queued]));
                message(&target, &next, look.finished.unwrap().carry)
            }
            Queueing::Supersede(next) => {
                let carry = match look.pointer.prev {
                    Some(prev) => self.store.finished(source, prev).await.unwrap().unwrap().carry,
                    None => Carry::default(),
                };
                let failure = domain::failure::Failure::new(ErrorCode::LeaseExpired, domain::job::LEASE_EXPIRED);
                let possible = Some(look.pointer.possible_get(Lane::Fast));
                let old = Finished::closed_from_outside(source, &look.pointer, failure, &carry, possible, self.now());
                self.store.supersede(source, &look.pointer, &next, &old).await.unwrap();
                message(&target, &next, old.carry)
            }
            refused => panic!("{refused:?}"),
        }
    }

    /// An hour later, the next poll, all the way: the record of its job.
    pub(crate) async fn poll(&self, ctx: &Context, source: SourceId) -> Finished {
        self.pass(HOUR);
        let message = self.dispatch(source).await;
        self.work(ctx, &message).await
    }

    /// Delivers a fresh message, which must be acknowledged: the record of its job.
    pub(crate) async fn work(&self, ctx: &Context, message: &FetchMessage) -> Finished {
        assert_eq!(self.deliver(ctx, &[(message, 1)]).await, Vec::<usize>::new(), "the message is reported");
        self.end(message).await.unwrap()
    }

    /// The record of a job.
    pub(crate) async fn end(&self, message: &FetchMessage) -> Option<Finished> {
        self.store.finished(message.source, message.job).await.unwrap()
    }

    /// Delivers messages, each received so many times; returns the places of those that are reported.
    pub(crate) async fn deliver(&self, ctx: &Context, messages: &[(&FetchMessage, u32)]) -> Vec<usize> {
        let bodies = messages.iter().map(|(message, receives)| (serde_json::to_string(message).unwrap(), *receives));
        self.deliver_bodies(ctx, bodies.collect()).await
    }

    pub(crate) async fn deliver_bodies(&self, ctx: &Context, bodies: Vec<(String, u32)>) -> Vec<usize> {
        self.deliver_until(ctx, bodies, BATCH).await
    }

    pub(crate) async fn deliver_until(&self, ctx: &Context, bodies: Vec<(String, u32)>, time: Duration) -> Vec<usize> {
        let mut event = SqsEvent::default();
        event.records = bodies.into_iter().enumerate().map(|(n, (body, receives))| record(n, body, receives)).collect();
        let response = handle(ctx, event, self.now() + time).await;
        let mut reported: Vec<usize> =
            response.batch_item_failures.iter().map(|failure| failure.item_identifier.parse().unwrap()).collect();
        reported.sort_unstable();
        reported
    }

    /// Delivers a fresh message, and does something else while its first request for `operation` waits; returns whether it is reported.
    pub(crate) async fn deliver_meanwhile(
        &self,
        ctx: &Context,
        message: &FetchMessage,
        operation: &'static str,
        other: Pin<Box<dyn Future<Output = ()> + '_>>,
    ) -> bool {
        self.breaker.play(Some(Trick::Wait(operation)));
        let batch = [(message, 1)];
        let meanwhile = async {
            self.breaker.waits().await;
            other.await;
            self.breaker.go();
        };
        let (reported, ()) = tokio::join!(Box::pin(self.deliver(ctx, &batch)), meanwhile);
        !reported.is_empty()
    }

    /// What waits in a queue now; it is taken out.
    pub(crate) async fn taken(&self, queue: &str) -> Vec<String> {
        let (sqs, queue) = (self.emulator.sqs(), format!("feedmill-{queue}"));
        let mut bodies = Vec::new();
        loop {
            let ask = Receive { max_messages: 10, wait_seconds: Some(0), visibility_seconds: None };
            let messages = sqs.receive(&queue, ask).await.unwrap();
            if messages.is_empty() {
                return bodies;
            }
            let handles: Vec<_> = messages.iter().map(|message| message.receipt_handle.clone()).collect();
            sqs.delete(&queue, &handles).unwrap();
            bodies.extend(messages.into_iter().map(|message| message.body));
        }
    }

    /// The announcements that wait.
    pub(crate) async fn announced(&self) -> Vec<Announcement> {
        self.taken("tasks").await.iter().map(|body| serde_json::from_str(body).unwrap()).collect()
    }

    /// The fetch messages that wait in the fast lane.
    pub(crate) async fn given_back(&self) -> Vec<FetchMessage> {
        self.taken("fetch").await.iter().map(|body| serde_json::from_str(body).unwrap()).collect()
    }

    /// The posts of a source, oldest first.
    pub(crate) async fn posts(&self, source: SourceId) -> Vec<Post> {
        let page = self.store.page(source, None, 5_000).await.unwrap();
        let numbers: Vec<_> = page.iter().rev().map(|(_, number)| *number).collect();
        self.store.posts(&numbers).await.unwrap()
    }

    /// Their ids as the feed writes them, oldest first.
    pub(crate) async fn ids(&self, source: SourceId) -> Vec<String> {
        self.posts(source).await.into_iter().map(|post| post.external_id.unwrap()).collect()
    }

    /// What holds whatever happened: ordinals without a gap or a double, numbers rising, no post twice, the head in step, nothing open.
    pub(crate) async fn check_whole(&self, source: SourceId, expected: usize) {
        let posts = self.posts(source).await;
        let ordinals: Vec<u64> = posts.iter().map(|post| post.ordinal.get()).collect();
        assert_eq!(ordinals, (1..=expected as u64).collect::<Vec<_>>(), "ordinals");
        assert!(posts.is_sorted_by(|a, b| a.number < b.number), "numbers rise with ordinals");
        let ids: std::collections::HashSet<_> = posts.iter().map(|post| post.key).collect();
        assert_eq!(ids.len(), expected, "a post is there twice");
        let (head, poll) = self.store.view(source).await.unwrap().unwrap();
        assert_eq!(head.post_count.get(), expected as u64);
        assert_eq!(poll.open_landing, None);
        let recent: Vec<_> = posts.iter().rev().take(Recent::CAPACITY).rev().map(|post| post.number).collect();
        assert_eq!(head.recent.numbers(), recent);
    }
}

pub(crate) fn interval(target: &Target) -> Duration {
    Pace::REAL.span(target.settings.interval_minutes)
}

pub(crate) fn message(target: &Target, pointer: &Pointer, carry: Carry) -> FetchMessage {
    FetchMessage {
        v: VERSION,
        job: pointer.job,
        source: target.source,
        url: Some(target.url.clone()),
        host: target.host.clone(),
        timeout_ms: target.settings.timeout.as_millis() as u64,
        interval_ms: interval(target).as_millis() as u64,
        subscribers: target.subscribers,
        watched: target.watched,
        lane: target.lane,
        queued_at: pointer.queued_at,
        tick: pointer.tick,
        earliest: pointer.earliest,
        reason: pointer.reason,
        carry,
        open: pointer.open,
        again: false,
        attempts: pointer.attempts,
        returned: 0,
    }
}

fn record(n: usize, body: String, receives: u32) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = Some(n.to_string());
    record.receipt_handle = Some(format!("receipt-{n}"));
    record.body = Some(body);
    record.attributes = [("ApproximateReceiveCount".to_owned(), receives.to_string())].into();
    record
}

/// The code of a FAILED job.
pub(crate) fn code(finished: &Finished) -> Option<ErrorCode> {
    match &finished.ending {
        Ending::Failed(failure) => Some(failure.code),
        Ending::Completed { .. } => None,
    }
}

/// New and edited posts of a COMPLETED job.
pub(crate) fn counts(finished: &Finished) -> Option<(u32, u32)> {
    match &finished.ending {
        Ending::Completed { posts_count, edits_count, .. } => Some((*posts_count, *edits_count)),
        Ending::Failed(_) => None,
    }
}
