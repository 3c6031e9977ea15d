//! Feedmill with everything around it in memory: servers, queues, one scripted feed, and a clock that moves when told.
//!
//! A [`World`] is what outlives a crash. A [`Process`] is what does not: the functions, and what they know between two events.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::emulator::sqs::{Attributes, Message, Receive};
use ::emulator::{ACCOUNT, Emulator, Where};
use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use aws_sdk_dynamodb::types::AttributeValue;
use axum::Router;
use axum::body::Body;
use blob::Bucket;
use boot::aws::{Aws, Service};
use domain::account::{NewUser, OperatorSecret, PasswordHash, Registration};
use domain::id::{InstallationKey, SourceId, SystemEntropy, UserId};
use domain::message::Announcement;
use domain::time::Timestamp;
use domain::timing::{Lane, MAX_RECEIVES, QUEUE_RETENTION};
use domain::wheel::{Minute, Pace};
use faults::{CrashPoint, Stop};
use fetch::{Fetcher, Reach};
use http_body_util::BodyExt as _;
use origin::Origin;
use queue::{Queue, Urls};
use serde_json::{Value, json};
use store::{Post, Registering, Store, Tables};
use tower::ServiceExt as _;

pub(crate) use ::emulator;

use crate::feed::Feed;

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const SOURCES: &str = "feedmill-sources";
const POSTS: &str = "feedmill-posts";
const LANES: [Lane; 2] = [Lane::Fast, Lane::Slow];

/// Time, which the test moves.
#[derive(Clone)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    /// Noon of 31 January 2026.
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_769_860_800_000)))
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn pass(&self, time: Duration) {
        self.0.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    fn for_us(&self) -> boot::clock::Clock {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }
}

/// Servers in memory with all queues, but no tables.
pub(crate) async fn emulator(clock: &Clock) -> Emulator {
    let told = clock.clone();
    let emulator = Emulator::start(Where::Memory, Arc::new(move || told.now().as_millis())).await.unwrap();
    let seconds = |duration: Duration| duration.as_secs().to_string();
    for (name, visibility) in
        [("fetch", Some(Lane::Fast.visibility())), ("fetch-slow", Some(Lane::Slow.visibility())), ("tasks", None)]
    {
        let mut attributes = Attributes::from([("MessageRetentionPeriod".to_owned(), seconds(QUEUE_RETENTION))]);
        if let Some(visibility) = visibility {
            let dead = format!("{name}-dead");
            emulator.sqs().create_queue(&dead, &Attributes::new()).unwrap();
            let redrive =
                json!({ "deadLetterTargetArn": ::emulator::sqs::arn(&dead), "maxReceiveCount": MAX_RECEIVES });
            attributes.insert("VisibilityTimeout".to_owned(), seconds(visibility));
            attributes.insert("RedrivePolicy".to_owned(), redrive.to_string());
        }
        emulator.sqs().create_queue(name, &attributes).unwrap();
    }
    emulator
}

const fn queue_of(lane: Lane) -> &'static str {
    match lane {
        Lane::Fast => "fetch",
        Lane::Slow => "fetch-slow",
    }
}

/// What is the same before and after a crash.
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    aws: Aws,
    sqs_url: String,
    emulator: Emulator,
    origin: Origin,
    web: Fetcher,
    key: InstallationKey,
    chunk_bytes: usize,
    received: Mutex<Vec<(Lane, Message)>>,
    announced: Mutex<Vec<Announcement>>,
}

/// The functions as one machine or one environment runs them, until it crashes.
pub(crate) struct Process {
    pub(crate) crash: CrashPoint,
    pub(crate) dispatcher: dispatcher::Context,
    pub(crate) maintenance: maintenance::Context,
    lanes: [fetcher::Context; 2],
    api: Router,
}

impl World {
    /// With landings cut at `chunk_bytes`.
    pub(crate) async fn new(chunk_bytes: usize) -> Self {
        let clock = Clock::new();
        let emulator = emulator(&clock).await;
        let ends = emulator.endpoints().clone();
        let aws = Aws::local(&ends.dynamodb, &ends.sqs, &ends.s3);
        let store = Store::new(&aws.config(Service::DynamoDb), Tables::default());
        store.create_tables().await.unwrap();
        Bucket::new(&aws.config(Service::S3), "feedmill").create().await.unwrap();
        let settings = fetch::Settings {
            reach: Reach::with_private_networks(),
            ..fetch::Settings::new("1.2.3", "https://feedmill.example/about")
        };
        Self {
            store,
            aws,
            sqs_url: ends.sqs,
            emulator,
            origin: Origin::start().await.unwrap(),
            web: Fetcher::new(settings, clock.for_us()).unwrap(),
            key: InstallationKey::generate(&mut SystemEntropy),
            chunk_bytes,
            received: Mutex::default(),
            announced: Mutex::default(),
            clock,
        }
    }

    /// A feed on a host of its own.
    pub(crate) fn feed(&self, name: &str) -> Feed {
        Feed::at(&self.origin, &self.clock, name)
    }

    /// A process that has just started, and stops at `stop`.
    pub(crate) fn process(&self, stop: Stop) -> Process {
        self.process_on(&self.aws, stop)
    }

    /// The same with another way to the servers.
    pub(crate) fn process_on(&self, aws: &Aws, stop: Stop) -> Process {
        let crash = CrashPoint::new(stop);
        let aws = aws.through(|client| crash.wrap(client));
        let store = Store::new(&aws.config(Service::DynamoDb), Tables::default());
        let url = |name| format!("{}/{ACCOUNT}/{name}", self.sqs_url);
        let urls = Urls { fetch: url("fetch"), fetch_slow: url("fetch-slow"), tasks: url("tasks") };
        let queue = Queue::new(&aws.config(Service::Sqs), urls);
        let bucket = Bucket::new(&aws.config(Service::S3), "feedmill");
        let clock = self.clock.for_us();
        let rules = dispatcher::Rules { pace: Pace::REAL, shards: 1, rate_floor: 2_000, announce_all: true };
        let fetcher = |lane| {
            let rules = fetcher::Rules {
                lane,
                pace: Pace::REAL,
                announce_all: true,
                retention: 24 * 180 * HOUR,
                chunk_bytes: self.chunk_bytes,
            };
            let (store, queue, bucket) = (store.clone(), queue.clone(), bucket.clone());
            fetcher::Context::new(store, queue, bucket, self.web.clone(), clock.clone(), rules, &self.key)
        };
        let lanes = LANES.map(fetcher);
        let dispatcher = dispatcher::Context::new(store.clone(), queue.clone(), clock.clone(), rules);
        let maintenance = maintenance::Context::new(maintenance::Parts {
            store: store.clone(),
            queue: queue.clone(),
            bucket: bucket.clone(),
            clock: clock.clone(),
            rules: maintenance::Rules {
                pace: Pace::REAL,
                retention: store::Retention { age: 24 * 180 * HOUR, count: 10_000 },
            },
        });
        let rules = api::Rules {
            pace: Pace::REAL,
            min_interval_minutes: 60,
            shards: 1,
            reach: Reach::with_private_networks(),
            announce_all: true,
            max_subscriptions: 100,
            max_subscriptions_per_host: 100,
            cors_origins: Vec::new(),
            limits: api::Limits { per_user: 10_000, per_address: 10_000 },
            registration: Registration::Invitation,
            secure_cookies: true,
        };
        let passwords = Arc::new(api::Passwords::new(api::Cost { memory_kib: 8, passes: 1 }));
        let parts = api::Parts {
            store,
            journal: None,
            queue,
            bucket,
            key: self.key.clone(),
            web: self.web.clone(),
            clock,
            passwords,
            rules,
        };
        Process { crash, dispatcher, maintenance, lanes, api: api::router(Arc::new(api::Context::new(parts))) }
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.pass(time);
        self.emulator.sqs().clock_moved();
    }

    /// To the beginning of a minute of the wheel, unless it is past.
    pub(crate) fn pass_to(&self, minute: Minute) {
        self.pass(Pace::REAL.start_of(minute).until(self.clock.now()));
    }

    /// One run of the dispatcher; `None` if the process stopped.
    pub(crate) async fn tick(&self, process: &Process) -> Option<()> {
        let deadline = self.clock.now() + Duration::from_secs(25);
        let run = dispatcher::handle(&process.dispatcher, dispatcher::Start::default(), deadline);
        // What a run could not do is done by the next.
        process.crash.run(Box::pin(run)).await.map(drop)
    }

    /// One run of maintenance; `None` if the process stopped.
    pub(crate) async fn maintain(&self, process: &Process) -> Option<()> {
        let deadline = self.clock.now() + Duration::from_secs(25);
        let run = maintenance::handle(&process.maintenance, maintenance::Start::default(), deadline);
        // What a run could not do is done by the next.
        process.crash.run(Box::pin(run)).await.map(drop)
    }

    /// Delivers what can be received, once; `None` if the process stopped, and how many there were otherwise.
    pub(crate) async fn deliver(&self, process: &Process) -> Option<usize> {
        let mut count = 0;
        for lane in LANES {
            let messages = self.receive(queue_of(lane)).await;
            count += messages.len();
            self.received.lock().unwrap().extend(messages.iter().map(|message| (lane, message.clone())));
            let done = self.hand_over(process, lane, &messages).await?;
            self.emulator.sqs().delete(queue_of(lane), &done).unwrap();
        }
        Some(count)
    }

    /// The visible messages of a queue, up to ten.
    async fn receive(&self, queue: &str) -> Vec<Message> {
        let ask = Receive { max_messages: 10, wait_seconds: Some(0), visibility_seconds: None };
        self.emulator.sqs().receive(queue, ask).await.unwrap()
    }

    /// Where the servers are.
    pub(crate) fn endpoints(&self) -> &::emulator::Endpoints {
        self.emulator.endpoints()
    }

    /// Lets a fetcher work for so long on what can be received of its queue; how many messages there were, and how many it reported.
    pub(crate) async fn work_on(&self, process: &Process, lane: Lane, time: Duration) -> (usize, usize) {
        let messages = self.receive(queue_of(lane)).await;
        let mut event = SqsEvent::default();
        event.records = messages.iter().map(record).collect();
        let answer = fetcher::handle(&process.lanes[lane as usize], event, self.clock.now() + time).await;
        let failed = |id: &str| answer.batch_item_failures.iter().any(|item| item.item_identifier == id);
        let done = messages.iter().filter(|message| !failed(&message.message_id));
        let done: Vec<_> = done.map(|message| message.receipt_handle.clone()).collect();
        self.emulator.sqs().delete(queue_of(lane), &done).unwrap();
        (messages.len(), answer.batch_item_failures.len())
    }

    /// Lets a fetcher work on a batch; the receipts of what is done with come back.
    async fn hand_over(&self, process: &Process, lane: Lane, messages: &[Message]) -> Option<Vec<String>> {
        if messages.is_empty() {
            return Some(Vec::new());
        }
        let mut event = SqsEvent::default();
        event.records = messages.iter().map(record).collect();
        let deadline = self.clock.now() + lane.function_timeout() - Duration::from_millis(500);
        let work = fetcher::handle(&process.lanes[lane as usize], event, deadline);
        let answer = process.crash.run(Box::pin(work)).await?;
        let failed = |id: &str| answer.batch_item_failures.iter().any(|item| item.item_identifier == id);
        let done = messages.iter().filter(|message| !failed(&message.message_id));
        Some(done.map(|message| message.receipt_handle.clone()).collect())
    }

    /// A request of a client: status and body; `None` if the process stopped.
    pub(crate) async fn ask(&self, process: &Process, method: &str, path: &str, body: Value) -> Option<(u16, Value)> {
        self.ask_as(None, process, method, path, body).await
    }

    /// The same, in the name of `reader`.
    pub(crate) async fn ask_as(
        &self,
        reader: Option<&str>,
        process: &Process,
        method: &str,
        path: &str,
        body: Value,
    ) -> Option<(u16, Value)> {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = axum::http::Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Operator {}", OperatorSecret::of(&self.key).expose()));
        let request = reader.into_iter().fold(request, |request, reader| request.header("feedmill-user", reader));
        let request = request.body(body).unwrap();
        let answer = async {
            let answer = process.api.clone().oneshot(request).await.unwrap();
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
        };
        process.crash.run(Box::pin(answer)).await
    }

    /// Someone with this address.
    pub(crate) async fn register(&self, email: &str) -> UserId {
        let password = PasswordHash::new("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA").unwrap();
        let (id, email) = (UserId::draw(&mut SystemEntropy), email.parse().unwrap());
        let new = NewUser { id, email, password, created_at: self.clock.now() };
        assert_eq!(self.store.register(&new, None).await.unwrap(), Registering::Registered);
        id
    }

    /// A client that adds a feed, and repeats the request until it is answered well.
    pub(crate) async fn add(&self, process: &Process, feed: &Feed) -> SourceId {
        for _ in 0..20 {
            let answer = self.ask(process, "POST", "/v1/sources", json!({ "url": feed.url })).await.unwrap();
            if let (200 | 201, body) = answer {
                return body["id"].as_str().unwrap().parse().unwrap();
            }
        }
        panic!("{} cannot be added", feed.url);
    }

    /// Delivers until nothing can be received; `None` if the process stopped.
    pub(crate) async fn deliver_all(&self, process: &Process) -> Option<()> {
        while Box::pin(self.deliver(process)).await? > 0 {}
        Some(())
    }

    /// Delivers everything that was ever received once more, late: as if no receipt had ever been accepted.
    pub(crate) async fn redeliver(&self, process: &Process) {
        let received = self.received.lock().unwrap().clone();
        for (lane, message) in received {
            let again = Message { receive_count: message.receive_count + 1, ..message };
            self.hand_over(process, lane, &[again]).await.unwrap();
        }
    }

    /// What was announced so far.
    pub(crate) async fn announced(&self) -> Vec<Announcement> {
        loop {
            let messages = self.receive("tasks").await;
            if messages.is_empty() {
                return self.announced.lock().unwrap().clone();
            }
            for message in messages {
                self.announced.lock().unwrap().push(serde_json::from_str(&message.body).unwrap());
                self.emulator.sqs().delete("tasks", &[message.receipt_handle]).unwrap();
            }
        }
    }

    /// Messages that nobody could work on.
    pub(crate) fn dead_letters(&self) -> u64 {
        let count = |lane| {
            let attributes = self.emulator.sqs().queue_attributes(&format!("{}-dead", queue_of(lane))).unwrap();
            attributes["ApproximateNumberOfMessages"].parse::<u64>().unwrap()
        };
        LANES.map(count).iter().sum()
    }

    /// All posts of a source, by ordinal, straight from the table: what the index and the count say is compared with it.
    pub(crate) async fn posts(&self, source: SourceId) -> BTreeMap<u64, Vec<Post>> {
        let mut by_ordinal: BTreeMap<u64, Vec<Post>> = BTreeMap::new();
        for item in self.items(POSTS).await {
            if item["source"].as_s().unwrap() == source.as_str() {
                let number = item["number"].as_n().unwrap().parse().unwrap();
                let post = self.store.post(domain::id::PostNumber::new(number).unwrap()).await.unwrap().unwrap();
                by_ordinal.entry(post.ordinal.get()).or_default().push(post);
            }
        }
        by_ordinal
    }

    /// What a source has in `sources`, by the beginning of the sort key.
    pub(crate) async fn partition(&self, source: SourceId, prefix: &str) -> Vec<Item> {
        let mut items = self.items(SOURCES).await;
        items.retain(|item| {
            let key = |name: &str| item[name].as_s().unwrap();
            key("pk").ends_with(source.as_str()) && key("sk").starts_with(prefix)
        });
        items
    }

    pub(crate) fn tables(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.aws.config(Service::DynamoDb))
    }

    /// Everything in a table.
    pub(crate) async fn items(&self, table: &str) -> Vec<Item> {
        let pages = self.tables().scan().table_name(table).consistent_read(true).into_paginator().items().send();
        pages.collect::<Result<Vec<_>, _>>().await.unwrap()
    }
}

pub(crate) type Item = std::collections::HashMap<String, AttributeValue>;

pub(crate) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// As Lambda writes it.
fn record(message: &Message) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = Some(message.message_id.clone());
    record.receipt_handle = Some(message.receipt_handle.clone());
    record.body = Some(message.body.clone());
    record.attributes.insert("ApproximateReceiveCount".to_owned(), message.receive_count.to_string());
    record
}
