//! A store, queues and a bucket in memory, a clock that stands still until told, and the router above them.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::{Context, Cost, Parts, Passwords, Rules};
use axum::Router;
use axum::body::Body;
use blob::Bucket;
use boot::aws::{Aws, Service};
use boot::clock::Clock;
use domain::account::{OperatorSecret, Registration};
use domain::id::{InstallationKey, PostFace, SystemEntropy};
use domain::message::FetchMessage;
use domain::time::Timestamp;
use domain::wheel::Pace;
use emulator::sqs::{Attributes, Receive};
use emulator::{Emulator, Listener, Where, Written};
use fetch::{Fetcher, Lookup, Reach};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use queue::{Queue, Urls};
use serde_json::Value;
use store::{Journal, Meter, Store, Tables};
use tower::ServiceExt as _;

use crate::conventions::crawl;

pub(crate) struct World {
    emulator: Emulator,
    pub(crate) store: Store,
    pub(crate) bucket: Bucket,
    pub(crate) router: Router,
    /// Other instances of the function; requests go to all of them in turn.
    others: Vec<Router>,
    turn: AtomicUsize,
    /// What the router's own store consumes.
    pub(crate) meter: Arc<Meter>,
    pub(crate) passwords: Arc<Passwords>,
    /// The tables behind the store's back.
    pub(crate) tables: aws_sdk_dynamodb::Client,
    operator: OperatorSecret,
    /// Numbers and ids of posts.
    pub(crate) face: PostFace,
    time: Arc<AtomicI64>,
    stride: Arc<AtomicI64>,
    /// Of whom nobody else is told.
    pub(crate) people: Mutex<crawl::People>,
}

/// With a world ends what was logged in it.
impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            crawl::logs_told_nothing();
        }
    }
}

/// An answer: status, body as JSON (null when empty), and the headers.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) json: Value,
    pub(crate) headers: http::HeaderMap,
    pub(crate) bytes: usize,
    pub(crate) text: String,
}

impl Answer {
    /// Headers and body.
    pub(crate) fn whole(&self) -> String {
        crawl::whole(&self.headers, &self.text)
    }
}

/// No name leads out of this machine.
fn this_machine(name: &str) -> Vec<fetch::Answer> {
    let here = name == "localhost" || name.ends_with(".localhost");
    if here { vec![IpAddr::from([127, 0, 0, 1]).into()] } else { Vec::new() }
}

/// What is written to the tables of this emulator.
fn journal(emulator: &Emulator) -> Journal {
    let journal = Journal::default();
    let told = journal.clone();
    let note = move |written: Written| match written {
        Written::Replaced([pk, sk]) => told.replaced(&pk, &sk),
        Written::Changed([pk, sk]) => told.changed(&pk, &sk),
        Written::Named(text) => told.named(&text),
        Written::Anything => told.anything(),
    };
    assert!(emulator.tell(Listener { key: Journal::KEY, told: Box::new(note) }));
    journal
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With rules of one's own.
    pub(crate) async fn with(change: impl FnOnce(&mut Rules)) -> Self {
        Self::made(change, 1, false).await
    }

    /// So many instances of the function, none of which knows what the others do.
    pub(crate) async fn in_the_cloud(instances: usize) -> Self {
        Self::made(|_| {}, instances, false).await
    }

    /// The same with rules of one's own.
    pub(crate) async fn in_the_cloud_with(instances: usize, change: impl FnOnce(&mut Rules)) -> Self {
        Self::made(change, instances, false).await
    }

    /// One instance that is told of all that is written.
    pub(crate) async fn on_one_machine() -> Self {
        Self::made(|_| {}, 1, true).await
    }

    async fn made(change: impl FnOnce(&mut Rules), instances: usize, told_of_writes: bool) -> Self {
        crawl::watch_logs();
        let time = Arc::new(AtomicI64::new(1_800_000_000_000));
        let told = Arc::clone(&time);
        let emulator = Emulator::start(Where::Memory, Arc::new(move || told.load(Ordering::Relaxed))).await.unwrap();
        for queue in ["fetch", "fetch-slow", "tasks"] {
            emulator.sqs().create_queue(queue, &Attributes::new()).unwrap();
        }
        let endpoints = emulator.endpoints().clone();
        let aws = Aws::local(&endpoints.dynamodb, &endpoints.sqs, &endpoints.s3);
        let store = Store::new(&aws.config(Service::DynamoDb), Tables::default());
        store.create_tables().await.unwrap();
        let url = |name: &str| format!("{}/{}/{name}", endpoints.sqs, emulator::ACCOUNT);
        let urls = Urls { fetch: url("fetch"), fetch_slow: url("fetch-slow"), tasks: url("tasks") };
        let bucket = Bucket::new(&aws.config(Service::S3), "feedmill");
        bucket.create().await.unwrap();
        // The function itself may do no more than its role allows.
        let plain = aws;
        let aws = plain.through(|client| blueprint::guard("Api", client));
        let (told, stride) = (Arc::clone(&time), Arc::new(AtomicI64::new(0)));
        let strides = Arc::clone(&stride);
        let clock: Clock = Arc::new(move || {
            Timestamp::from_millis(told.fetch_add(strides.load(Ordering::Relaxed), Ordering::Relaxed))
        });
        let mut rules = Rules {
            pace: Pace::REAL,
            min_interval_minutes: 60,
            shards: 1,
            reach: Reach::default(),
            announce_all: false,
            max_subscriptions: 100,
            max_subscriptions_per_host: 50,
            cors_origins: Vec::new(),
            limits: api::Limits { per_user: 10_000, per_address: 10_000 },
            registration: Registration::Invitation,
            secure_cookies: true,
        };
        change(&mut rules);
        let mut out = fetch::Settings::new("1.2.3", "https://feedmill.example/about");
        out.reach = rules.reach.clone();
        out.lookup = Lookup::Scripted(Arc::new(this_machine));
        let web = Fetcher::new(out, Arc::clone(&clock)).unwrap();
        let key = InstallationKey::generate(&mut SystemEntropy);
        let (operator, face) = (OperatorSecret::of(&key), PostFace::new(&key));
        let queue = Queue::new(&aws.config(Service::Sqs), urls);
        let own = Store::new(&aws.config(Service::DynamoDb), Tables::default());
        let blobs = Bucket::new(&aws.config(Service::S3), "feedmill");
        let (metered, meter) = own.metered();
        let cost = Cost { memory_kib: 8, passes: 1 };
        let passwords = Arc::new(Passwords::new(cost));
        let tables = aws_sdk_dynamodb::Client::new(&plain.config(Service::DynamoDb));
        let journal = told_of_writes.then(|| journal(&emulator));
        let mut routers = (0..instances).map(|instance| {
            let context = Context::new(Parts {
                store: metered.clone(),
                journal: journal.clone(),
                queue: queue.clone(),
                bucket: blobs.clone(),
                key: key.clone(),
                web: web.clone(),
                clock: Arc::clone(&clock),
                // Each has a line of its own.
                passwords: if instance == 0 { Arc::clone(&passwords) } else { Arc::new(Passwords::new(cost)) },
                rules: rules.clone(),
            });
            api::router(Arc::new(context))
        });
        let router = routers.next().unwrap();
        let others = routers.collect();
        Self {
            emulator,
            store,
            bucket,
            router,
            others,
            turn: AtomicUsize::new(0),
            meter,
            passwords,
            tables,
            operator,
            face,
            time,
            stride,
            people: Mutex::default(),
        }
    }

    /// Whenever someone looks at the clock, so much time has passed.
    pub(crate) fn hurry(&self, stride: Duration) {
        self.stride.store(i64::try_from(stride.as_millis()).unwrap(), Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.time.load(Ordering::Relaxed))
    }

    pub(crate) fn pass(&self, duration: Duration) {
        self.time.fetch_add(i64::try_from(duration.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// What the operator shows.
    pub(crate) fn operator(&self) -> String {
        format!("Operator {}", self.operator.expose())
    }

    /// Asks as the operator.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: &str) -> Answer {
        self.ask_with(&[("authorization", &self.operator())], method, path, body).await
    }

    /// Asks with these headers and no others.
    pub(crate) async fn ask_with(&self, headers: &[(&str, &str)], method: Method, path: &str, body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.answer(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub(crate) async fn answer(&self, request: Request<Body>) -> Answer {
        let asked = format!("{} {}", request.method(), request.uri());
        let by = request.headers().get("authorization").and_then(|by| by.to_str().ok()).unwrap_or_default().to_owned();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % (1 + self.others.len());
        let router = turn.checked_sub(1).map_or(&self.router, |other| &self.others[other]);
        let response = router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        self.people.lock().unwrap().hear(&asked, &by, &parts.headers, &text);
        Answer { status: parts.status, json, headers: parts.headers, bytes: bytes.len(), text }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, "").await
    }

    /// Adds a source and gives its id.
    pub(crate) async fn add(&self, url: &str) -> String {
        let added = self.ask(Method::POST, "/v1/sources", &serde_json::json!({ "url": url }).to_string()).await;
        assert_eq!(added.status, StatusCode::CREATED, "{}", added.json);
        added.json["id"].as_str().unwrap().to_owned()
    }

    /// Adds a URL that is known already.
    pub(crate) async fn add_again(&self, url: &str) -> String {
        let known = self.ask(Method::POST, "/v1/sources", &serde_json::json!({ "url": url }).to_string()).await;
        assert_eq!(known.status, StatusCode::OK, "{}", known.json);
        known.json["id"].as_str().unwrap().to_owned()
    }

    /// From now on no message over a kilobyte can be sent.
    pub(crate) fn narrow_queues(&self) {
        let narrow = Attributes::from([("MaximumMessageSize".to_owned(), "1024".to_owned())]);
        for queue in ["fetch", "fetch-slow"] {
            self.emulator.sqs().set_queue_attributes(queue, &narrow).unwrap();
        }
    }

    /// The messages that wait in a queue.
    pub(crate) async fn messages(&self, queue: &str) -> Vec<FetchMessage> {
        let all = Receive { max_messages: 100, wait_seconds: Some(0), visibility_seconds: Some(0) };
        let received = self.emulator.sqs().receive(queue, all).await.unwrap();
        received.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
    }
}
