//! Feedmill in one process with a clock that is told the time: what `feedmill up` starts, minute by minute.
//!
//! Between jumps the clock runs: posts are numbered by the millisecond, and no millisecond has room for all of them.

use crate::Outcome;
use crate::rooms::Rooms;
use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use axum::body::{Body, to_bytes};
use blob::Bucket;
use boot::aws::{Aws, Service};
use boot::clock::Clock;
use domain::account::OperatorSecret;
use domain::time::Timestamp;
use domain::timing::Lane;
use emulator::sqs::{Message, Receive};
use emulator::{Emulator, Where};
use http::Request;
use local::names::{self, Choices};
use queue::Queue;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use store::{Meter, Store};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower::ServiceExt as _;

/// Noon of 31 January 2026.
const NOON: Timestamp = Timestamp::from_secs(1_769_860_800);
/// The most messages of one event, and events at once, as on one machine.
const BATCH: usize = 100;
const AT_ONCE: usize = 4;
const MINUTE: Duration = Duration::from_secs(60);
const KEY: &str = "key";

pub(crate) struct Machine {
    pub(crate) meter: Arc<Meter>,
    now: Arc<AtomicI64>,
    pub(crate) clock: Clock,
    emulator: Emulator,
    pub(crate) store: Store,
    dispatcher: dispatcher::Context,
    fetchers: [(Lane, fetcher::Context); 2],
    api: axum::Router,
    pub(crate) rooms: Rooms,
    operator: OperatorSecret,
    choices: Choices,
    folder: TempDir,
}

impl Machine {
    /// Starts everything in a temporary folder. The functions reach the tables and queues over loopback HTTP, or directly.
    pub(crate) async fn start(over_http: bool) -> Outcome<Self> {
        Self::start_at(NOON, over_http).await
    }

    /// The same at another time.
    pub(crate) async fn start_at(begin: Timestamp, over_http: bool) -> Outcome<Self> {
        let now = Arc::new(AtomicI64::new(begin.as_millis()));
        let (told, since) = (Arc::clone(&now), Instant::now());
        let clock: Clock = Arc::new(move || Timestamp::from_millis(told.load(Ordering::SeqCst)) + since.elapsed());
        let folder = TempDir::with_prefix("feedmill-bench-")?;
        let millis = Arc::clone(&clock);
        let place = Where::Folder(folder.path().to_path_buf());
        let emulator = Emulator::start(place, Arc::new(move || millis().as_millis())).await?;
        let ends = emulator.endpoints();
        let mut aws = Aws::local(&ends.dynamodb, &ends.sqs, &ends.s3);
        if !over_http {
            aws = aws.through(|http| emulator.direct(http));
        }
        let choices = Choices { allow_private_networks: true, ..Choices::default() };
        let settings = names::settings(&ends.sqs, &choices)?;
        let key = boot::key::load_or_create(&folder.path().join(KEY))?;
        local::install::install(&aws, emulator.sqs(), &settings, &key, clock()).await?;

        let store = Store::new(&aws.config(Service::DynamoDb), names::tables(&settings));
        let (metered, meter) = store.metered();
        let queue = Queue::new(&aws.config(Service::Sqs), names::urls(&settings));
        let bucket = Bucket::new(&aws.config(Service::S3), settings.bucket.clone());
        let mut out = fetch::Settings::new(env!("CARGO_PKG_VERSION"), settings.contact_url.clone());
        out.reach = fetch::Reach::with_private_networks();
        let web = fetch::Fetcher::new(out, Arc::clone(&clock))?;
        let rules = dispatcher::Rules::from(&settings);
        let dispatcher = dispatcher::Context::new(metered.clone(), queue.clone(), Arc::clone(&clock), rules);
        let fetchers = [Lane::Fast, Lane::Slow].map(|lane| {
            let rules = fetcher::Rules { lane, ..fetcher::Rules::from(&settings) };
            let (store, queue, bucket) = (metered.clone(), queue.clone(), bucket.clone());
            (lane, fetcher::Context::new(store, queue, bucket, web.clone(), Arc::clone(&clock), rules, &key))
        });
        let passwords = Arc::new(api::Passwords::new(api::Cost::OWASP));
        // Nobody waits for the next minute here.
        let limits = api::Limits { per_user: 1_000_000, per_address: 1_000_000 };
        let rules = api::Rules { limits, ..api::Rules::from(&settings) };
        let journal = local::journal::of(&emulator);
        let (operator, time) = (OperatorSecret::of(&key), Arc::clone(&clock));
        let rooms = Rooms { store: metered, journal, queue, bucket, key, web, clock: time, passwords, rules };
        let api = rooms.api();
        Ok(Self { meter, now, clock, emulator, store, dispatcher, fetchers, api, rooms, operator, choices, folder })
    }

    /// The environment in which a function's program works for this machine.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let ends = self.emulator.endpoints();
        let mut all = names::variables(&ends.sqs, &self.choices);
        all.extend([
            ("AWS_REGION", emulator::REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", ends.dynamodb.clone()),
            ("AWS_ENDPOINT_URL_SQS", ends.sqs.clone()),
            ("AWS_ENDPOINT_URL_S3", ends.s3.clone()),
            ("FEEDMILL_KEY_FILE", self.folder.path().join(KEY).display().to_string()),
        ]);
        all
    }

    /// What the operator shows.
    pub(crate) fn operator(&self) -> String {
        format!("Operator {}", self.operator.expose())
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.now.fetch_add(i64::try_from(time.as_millis()).unwrap_or(0), Ordering::SeqCst);
        self.emulator.sqs().clock_moved();
    }

    /// Adds a source as its owner would; its first job is queued.
    pub(crate) async fn add(&self, url: &str) -> Outcome<()> {
        let body = serde_json::json!({ "url": url }).to_string();
        let request = Request::post("/v1/sources")
            .header("content-type", "application/json")
            .header("authorization", self.operator())
            .body(Body::from(body))?;
        let answer = self.api.clone().oneshot(request).await?;
        let status = answer.status();
        let body = to_bytes(answer.into_body(), 1 << 20).await?;
        if !status.is_success() {
            return Err(format!("{url} was not added: {status} {}", String::from_utf8_lossy(&body)).into());
        }
        Ok(())
    }

    /// A minute of the wheel: the dispatcher's run, and whatever the queue has by the minute's end. Gives the polls made.
    pub(crate) async fn minute(&self) -> Outcome<u64> {
        let deadline = (self.clock)() + Duration::from_secs(15);
        dispatcher::handle(&self.dispatcher, dispatcher::Start::default(), deadline).await?;
        self.pass(MINUTE - Duration::from_secs(1));
        let polls = self.drain().await?;
        self.pass(Duration::from_secs(1));
        Ok(polls)
    }

    /// Works on what is visible in the queues. Gives the polls made.
    pub(crate) async fn drain(&self) -> Outcome<u64> {
        let mut polls = 0;
        for (lane, fetcher) in &self.fetchers {
            polls += self.drain_lane(*lane, fetcher).await?;
        }
        Ok(polls)
    }

    /// In events of a hundred, four at once.
    async fn drain_lane(&self, lane: Lane, fetcher: &fetcher::Context) -> Outcome<u64> {
        let (sqs, queue) = (self.emulator.sqs(), names::queue(lane));
        let ask = Receive { max_messages: BATCH, wait_seconds: Some(0), visibility_seconds: None };
        let (mut running, mut polls) = (JoinSet::new(), 0);
        loop {
            let messages = if running.len() < AT_ONCE { sqs.receive(queue, ask).await? } else { Vec::new() };
            if !messages.is_empty() {
                running.spawn(work(fetcher.clone(), messages, (self.clock)() + lane.function_timeout()));
                continue;
            }
            let Some(done) = running.join_next().await else { return Ok(polls) };
            let handles = done?;
            polls += handles.len() as u64;
            sqs.delete(queue, &handles)?;
        }
    }

    /// Posts of all sources together.
    pub(crate) async fn posts(&self) -> Outcome<u64> {
        let (mut posts, mut after) = (0, None);
        loop {
            let (heads, next) = self.store.list(after, 100).await?;
            posts += heads.iter().map(|head| head.post_count.get()).sum::<u64>();
            if next.is_none() {
                return Ok(posts);
            }
            after = next;
        }
    }
}

/// Hands an event to the fetcher; gives the receipt handles of what it is done with.
async fn work(fetcher: fetcher::Context, messages: Vec<Message>, deadline: Timestamp) -> Vec<String> {
    let mut event = SqsEvent::default();
    event.records = messages.iter().map(record).collect();
    let answer = fetcher::handle(&fetcher, event, deadline).await;
    let again: HashSet<String> = answer.batch_item_failures.into_iter().map(|item| item.item_identifier).collect();
    let done = messages.into_iter().filter(|message| !again.contains(&message.message_id));
    done.map(|message| message.receipt_handle).collect()
}

fn record(message: &Message) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = Some(message.message_id.clone());
    record.receipt_handle = Some(message.receipt_handle.clone());
    record.body = Some(message.body.clone());
    record.attributes = [("ApproximateReceiveCount".to_owned(), message.receive_count.to_string())].into();
    record
}
