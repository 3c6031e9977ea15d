//! Feedmill in one process with a clock that is told the time: what `feedmill up` starts, minute by minute.
//!
//! Between jumps the clock runs: posts are numbered by the millisecond, and no millisecond has room for all of them.

use crate::Outcome;
use crate::meters::Meters;
use crate::rooms::Rooms;
use crate::split::{self, Account};
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
use serde_json::Value;
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
const KEY: &str = "key";
/// What a run of the dispatcher gets of its minute, as on one machine.
const DISPATCH_TIME: Duration = Duration::from_secs(15);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// How a machine is set up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Setup {
    /// The functions reach the tables and queues over loopback HTTP, not directly.
    pub(crate) over_http: bool,
    /// When it starts; otherwise at noon of that day.
    pub(crate) begin: Option<Timestamp>,
    /// Messages a minute that the dispatcher trusts the fetchers with; otherwise as everywhere.
    pub(crate) rate_floor: Option<u64>,
}

pub(crate) struct Machine {
    pub(crate) meter: Arc<Meter>,
    pub(crate) meters: Arc<Meters>,
    pub(crate) over_http: bool,
    sources_table: String,
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
        Self::start_with(Setup { over_http, ..Setup::default() }).await
    }

    /// The same at another time.
    pub(crate) async fn start_at(begin: Timestamp, over_http: bool) -> Outcome<Self> {
        Self::start_with(Setup { begin: Some(begin), over_http, ..Setup::default() }).await
    }

    /// Starts everything as `setup` says.
    pub(crate) async fn start_with(setup: Setup) -> Outcome<Self> {
        let now = Arc::new(AtomicI64::new(setup.begin.unwrap_or(NOON).as_millis()));
        let (told, since) = (Arc::clone(&now), Instant::now());
        let clock: Clock = Arc::new(move || Timestamp::from_millis(told.load(Ordering::SeqCst)) + since.elapsed());
        let folder = TempDir::with_prefix("feedmill-bench-")?;
        let millis = Arc::clone(&clock);
        let place = Where::Folder(folder.path().to_path_buf());
        let emulator = Emulator::start(place, Arc::new(move || millis().as_millis())).await?;
        let ends = emulator.endpoints();
        let mut aws = Aws::local(&ends.dynamodb, &ends.sqs, &ends.s3);
        if !setup.over_http {
            aws = aws.through(|http| emulator.direct(http));
        }
        let meters = Arc::new(Meters::default());
        aws = aws.through(|http| meters.tap.wrap(http));
        let choices = Choices { allow_private_networks: true, ..Choices::default() };
        let settings = names::settings(&ends.sqs, &choices)?;
        let key = boot::key::load_or_create(&folder.path().join(KEY))?;
        local::install::install(&aws, emulator.sqs(), &settings, &key, clock()).await?;

        let store = Store::new(&aws.config(Service::DynamoDb), names::tables(&settings));
        let (metered, meter) = store.metered();
        meters.watch(Arc::clone(&meter));
        let queue = Queue::new(&aws.config(Service::Sqs), names::urls(&settings));
        let bucket = Bucket::new(&aws.config(Service::S3), settings.bucket.clone());
        let mut out = fetch::Settings::new(env!("CARGO_PKG_VERSION"), settings.contact_url.clone());
        out.reach = fetch::Reach::with_private_networks();
        let web = fetch::Fetcher::new(out, Arc::clone(&clock))?;
        let mut rules = dispatcher::Rules::from(&settings);
        rules.rate_floor = setup.rate_floor.unwrap_or(rules.rate_floor);
        let metrics = meters.metrics();
        let dispatcher = dispatcher::Context::new(metered.clone(), queue.clone(), Arc::clone(&clock), rules);
        let fetchers = [Lane::Fast, Lane::Slow].map(|lane| {
            let rules = fetcher::Rules { lane, ..fetcher::Rules::from(&settings) };
            let (store, queue, bucket) = (metered.clone(), queue.clone(), bucket.clone());
            let context = fetcher::Context::new(store, queue, bucket, web.clone(), Arc::clone(&clock), rules, &key);
            (lane, context.with_metrics(metrics.clone()))
        });
        let passwords = Arc::new(api::Passwords::new(api::Cost::OWASP));
        // Nobody waits for the next minute here.
        let limits = api::Limits { per_user: 1_000_000, per_address: 1_000_000 };
        let rules = api::Rules { limits, ..api::Rules::from(&settings) };
        let journal = local::journal::of(&emulator);
        let (operator, time) = (OperatorSecret::of(&key), Arc::clone(&clock));
        let rooms = Rooms { store: metered, journal, queue, bucket, key, web, clock: time, passwords, rules };
        let api = rooms.api();
        Ok(Self {
            meter,
            meters,
            over_http: setup.over_http,
            sources_table: settings.sources_table.clone(),
            now,
            clock,
            emulator,
            store,
            dispatcher,
            fetchers,
            api,
            rooms,
            operator,
            choices,
            folder,
        })
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
        self.dispatch(DISPATCH_TIME).await?;
        self.pass(MINUTE - Duration::from_secs(1));
        let polls = self.drain().await?;
        self.pass(Duration::from_secs(1));
        Ok(polls)
    }

    /// The dispatcher's run, which is to end within `time`.
    pub(crate) async fn dispatch(&self, time: Duration) -> Outcome<dispatcher::Report> {
        let began = Instant::now();
        let run = dispatcher::handle(&self.dispatcher, dispatcher::Start::default(), (self.clock)() + time);
        let report = split::charged(Account::Functions, Box::pin(run)).await?;
        self.meters.metrics().emit(report.record(), (self.clock)());
        self.meters.invoked(0, began.elapsed());
        Ok(report)
    }

    /// The rows of table `sources`, as DynamoDB's JSON: as many as one answer holds.
    pub(crate) fn rows(&self) -> Outcome<Vec<Value>> {
        let request = serde_json::json!({ "TableName": self.sources_table }).to_string();
        let (_, answer) = self.emulator.ask_tables("Scan", &request);
        match serde_json::from_str::<Value>(&answer)?["Items"].take() {
            Value::Array(rows) => Ok(rows),
            _ => Err(answer.into()),
        }
    }

    /// Puts rows into table `sources`, past the store.
    pub(crate) fn put_rows(&self, rows: Vec<Value>) -> Outcome<()> {
        Ok(self.emulator.put_rows(&self.sources_table, rows)?)
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
            let receive = split::charged(Account::Servers, sqs.receive(queue, ask));
            let messages = if running.len() < AT_ONCE { receive.await? } else { Vec::new() };
            if !messages.is_empty() {
                let meters = Arc::clone(&self.meters);
                running.spawn(work(fetcher.clone(), meters, messages, (self.clock)() + lane.function_timeout()));
                continue;
            }
            let Some(done) = running.join_next().await else { return Ok(polls) };
            let handles = done?;
            polls += handles.len() as u64;
            split::charged(Account::Servers, async { sqs.delete(queue, &handles) }).await?;
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
async fn work(
    fetcher: fetcher::Context,
    meters: Arc<Meters>,
    messages: Vec<Message>,
    deadline: Timestamp,
) -> Vec<String> {
    let began = Instant::now();
    let mut event = SqsEvent::default();
    event.records = messages.iter().map(record).collect();
    let answer = split::charged(Account::Functions, Box::pin(fetcher::handle(&fetcher, event, deadline))).await;
    meters.invoked(messages.len(), began.elapsed());
    let again: HashSet<String> = answer.batch_item_failures.into_iter().map(|item| item.item_identifier).collect();
    let done = messages.into_iter().filter(|message| !again.contains(&message.message_id));
    done.map(|message| message.receipt_handle).collect()
}

/// A message as an event of the fetcher has it.
pub(crate) fn record(message: &Message) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = Some(message.message_id.clone());
    record.receipt_handle = Some(message.receipt_handle.clone());
    record.body = Some(message.body.clone());
    record.attributes = [("ApproximateReceiveCount".to_owned(), message.receive_count.to_string())].into();
    record
}
