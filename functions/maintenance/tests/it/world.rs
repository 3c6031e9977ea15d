//! One installation in memory, a clock moved by hand, and sources with posts.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use blob::{Bucket, Listed, Owner, Shelf};
use boot::aws::{Aws, Service};
use bytes::Bytes;
use domain::account::{NewUser, PasswordHash};
use domain::carry::Carry;
use domain::id::{JobIdMint, Ordinal, PostNumber, SourceId, SystemEntropy, UserId, number_run};
use domain::job::{Ending, Finished, NewJob, Pointer, Reason};
use domain::parsed::{ContentHash, Item, NaturalKey};
use domain::private::Sealed;
use domain::source::{Head, SourceSettings, Target};
use domain::time::Timestamp;
use domain::timing::Lane;
use domain::wheel::{Minute, Pace, Slot};
use emulator::sqs::Attributes;
use emulator::{Emulator, Where};
use faults::{CrashPoint, Stop};
use maintenance::{Answer, Context, Parts, Report, Rules, Start, handle};
use queue::{Queue, Urls};
use store::{
    Body, Chunk, Creating, FeedFacts, Flag, Keeping, Landed, NewPost, NewSource, Packed, PostFacts, Registering,
    Retention, Store, Tables,
};

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);
pub(crate) const RULES: Rules =
    Rules { pace: Pace::REAL, retention: Retention { age: Duration::from_secs(180 * 24 * 3600), count: 20 } };

pub(crate) struct World {
    pub(crate) emulator: Emulator,
    /// Ahead of the wall clock, by which the bucket tells when something was put.
    ahead: Arc<AtomicI64>,
    pub(crate) store: Store,
    pub(crate) bucket: Bucket,
    aws: Aws,
    urls: Urls,
    ids: JobIdMint,
}

impl World {
    pub(crate) async fn new() -> Self {
        let ahead = Arc::new(AtomicI64::new(0));
        let ticking = Arc::clone(&ahead);
        let clock: emulator::Clock = Arc::new(move || boot::clock::now().as_millis() + ticking.load(Ordering::SeqCst));
        let emulator = Emulator::start(Where::Memory, clock).await.unwrap();
        let servers = emulator.endpoints().clone();
        for name in ["fetch", "fetch-slow", "tasks"] {
            emulator.sqs().create_queue(name, &Attributes::new()).unwrap();
        }
        let url = |name: &str| format!("{}/{}/{name}", servers.sqs, emulator::ACCOUNT);
        let urls = Urls { fetch: url("fetch"), fetch_slow: url("fetch-slow"), tasks: url("tasks") };
        let aws = Aws::local(&servers.dynamodb, &servers.sqs, &servers.s3);
        let store = Store::new(&aws.config(Service::DynamoDb), Tables::default());
        store.create_tables().await.unwrap();
        let bucket = Bucket::new(&aws.config(Service::S3), "feedmill");
        bucket.create().await.unwrap();
        Self { emulator, ahead, store, bucket, aws, urls, ids: JobIdMint::default() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(boot::clock::now().as_millis() + self.ahead.load(Ordering::SeqCst))
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.ahead.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// A process that has just started, and its crash point.
    pub(crate) fn process(&self, stop: Stop) -> (Context, CrashPoint) {
        let crash = CrashPoint::new(stop);
        let aws = self.aws.through(|client| blueprint::guard("Maintenance", crash.wrap(client)));
        let ahead = Arc::clone(&self.ahead);
        let parts = Parts {
            store: Store::new(&aws.config(Service::DynamoDb), Tables::default()),
            queue: Queue::new(&aws.config(Service::Sqs), self.urls.clone()),
            bucket: Bucket::new(&aws.config(Service::S3), "feedmill"),
            clock: Arc::new(move || {
                Timestamp::from_millis(boot::clock::now().as_millis() + ahead.load(Ordering::SeqCst))
            }),
            rules: RULES,
        };
        (Context::new(parts), crash)
    }

    /// A whole run, as its schedule starts it.
    pub(crate) async fn run(&self) -> Report {
        self.run_until(Stop::Never).await.expect("the process lives")
    }

    /// A run of a new process that stops at `stop`; `None` if it did.
    pub(crate) async fn run_until(&self, stop: Stop) -> Option<Report> {
        let (ctx, crash) = self.process(stop);
        let deadline = self.now() + Duration::from_secs(290);
        let answer = crash.run(handle(&ctx, Start::default(), deadline)).await?;
        match answer.unwrap() {
            Answer::Maintained(report) => Some(report),
            other => panic!("{other:?}"),
        }
    }

    /// A source whose first job is queued.
    pub(crate) async fn source(&self) -> SourceId {
        let source = SourceId::draw(&mut SystemEntropy);
        assert_eq!(self.source_with(source, None).await, Creating::Created);
        source
    }

    /// The same with an id and something sealed.
    pub(crate) async fn source_with(&self, source: SourceId, sealed: Option<Sealed>) -> Creating {
        self.source_of(source, sealed, None).await
    }

    /// The same of somebody's own.
    pub(crate) async fn source_of(&self, source: SourceId, sealed: Option<Sealed>, owner: Option<UserId>) -> Creating {
        let now = self.now();
        let url = format!("https://example.org/{source}");
        let target = Target {
            source,
            slot: Slot { period: 61, phase: 7, shard: 0 },
            url: Some(url.clone()),
            host: "example.org".to_owned(),
            lane: Lane::Fast,
            settings: SourceSettings::DEFAULT,
            subscribers: 0,
            watched: false,
        };
        let head = Head { owner, version: 1, ..Head::new(source, url.clone(), url, SourceSettings::DEFAULT, now) };
        let pointer = Pointer::first(NewJob {
            job: self.ids.next(now),
            tick: Minute(0),
            queued_at: now,
            earliest: now,
            lease_until: now + HOUR,
            reason: Reason::First,
        });
        let new = NewSource { head, target, pointer, due: Minute(0), sealed, subscription: None };
        self.store.create(&new).await.unwrap()
    }

    /// Lands `contents` as the first posts of `source`, which keep for a year.
    pub(crate) async fn land(&self, source: SourceId, contents: &[String]) -> Vec<PostNumber> {
        let (head, poll) = self.store.view(source).await.unwrap().unwrap();
        let (pointer, _) = self.store.latest(source).await.unwrap().unwrap();
        let mut facts = Vec::new();
        for (n, content) in (1..).zip(contents) {
            let item = item(n);
            let body = match Body::pack(None, Some(content)).unwrap() {
                Packed::Whole(body) => body,
                Packed::Split { rest, blob } => {
                    let key = self.bucket.put(Owner::Post(source, item.key), Bytes::from(blob)).await.unwrap();
                    rest.in_blob(&key.name())
                }
            };
            facts.push(PostFacts::of(&item, body, self.now()));
        }
        let numbers = number_run(self.now(), None, u32::try_from(facts.len()).unwrap(), 0).unwrap();
        let posts = (1..).map(Ordinal::new).zip(numbers.numbers()).zip(&facts);
        let posts: Vec<_> = posts.map(|((ordinal, number), facts)| NewPost { number, ordinal, facts }).collect();
        let finished = Finished {
            source,
            job: pointer.job,
            reason: pointer.reason,
            queued_at: pointer.queued_at,
            started_at: Some(self.now()),
            ended_at: self.now(),
            ending: Ending::Completed {
                posts_count: u32::try_from(posts.len()).unwrap(),
                edits_count: 0,
                landed: Some((Ordinal::new(1), Ordinal::new(posts.len() as u64))),
            },
            http_status: Some(200),
            bytes: 1,
            carry: Carry { last_get: Some(self.now()), ..Carry::default() },
        };
        let chunk = Chunk {
            source,
            job: pointer.job,
            head: &head,
            poll: &poll,
            posts: &posts,
            edits: &[],
            window: &poll.window,
            first_ordinal: Ordinal::new(1),
            last: Some(&finished),
            touches_pointer: false,
            feed: FeedFacts::default(),
            retention: DAY * 365,
            token: source.to_string(),
        };
        assert!(matches!(self.store.land(&chunk).await.unwrap(), Landed::Landed { .. }));
        posts.iter().map(|post| post.number).collect()
    }

    /// Lets the source look as if an earlier leaving had closed a landing of its first post, and nobody had told of it.
    pub(crate) async fn close_untold(&self, source: SourceId) {
        let (pointer, _) = self.store.latest(source).await.unwrap().unwrap();
        let text = |text: String| AttributeValue::S(text);
        let client = aws_sdk_dynamodb::Client::new(&self.aws.config(Service::DynamoDb));
        let request = client.update_item().table_name(Tables::default().sources);
        let request = request.key("pk", text(format!("S#{source}"))).key("sk", text("POLL".to_owned()));
        let request = request.update_expression("SET closed_job = :job, closed_first = :one, closed_last = :one");
        let request = request.expression_attribute_values(":job", text(pointer.job.to_string()));
        request.expression_attribute_values(":one", AttributeValue::N("1".to_owned())).send().await.unwrap();
    }

    /// Puts something that is not ours into the bucket.
    pub(crate) async fn put_object(&self, path: &str) {
        let config = aws_sdk_s3::config::Builder::from(&self.aws.config(Service::S3)).force_path_style(true).build();
        let client = aws_sdk_s3::Client::from_conf(config);
        let body = Bytes::from_static(b"somebody else's").into();
        client.put_object().bucket("feedmill").key(path).body(body).send().await.unwrap();
    }

    /// Lets an attribute of a source's item be something else, as by an accident.
    pub(crate) async fn spoil(&self, source: SourceId, item: &str, attribute: &str, value: AttributeValue) {
        let client = aws_sdk_dynamodb::Client::new(&self.aws.config(Service::DynamoDb));
        let text = |text: String| AttributeValue::S(text);
        let request = client.update_item().table_name(Tables::default().sources);
        let request = request.key("pk", text(format!("S#{source}"))).key("sk", text(item.to_owned()));
        let request = request.update_expression("SET #a = :value").expression_attribute_names("#a", attribute);
        request.expression_attribute_values(":value", value).send().await.unwrap();
    }

    /// The same of a post.
    pub(crate) async fn spoil_post(&self, number: PostNumber, attribute: &str, value: AttributeValue) {
        let client = aws_sdk_dynamodb::Client::new(&self.aws.config(Service::DynamoDb));
        let request = client.update_item().table_name(Tables::default().posts);
        let request = request.key("number", AttributeValue::N(number.get().to_string()));
        let request = request.update_expression("SET #a = :value").expression_attribute_names("#a", attribute);
        request.expression_attribute_values(":value", value).send().await.unwrap();
    }

    /// What lies in the bucket.
    pub(crate) async fn blobs(&self) -> Vec<String> {
        let Listed { found, .. } = self.bucket.list(Shelf::Contents, None).await.unwrap();
        found.into_iter().map(|found| found.path).collect()
    }

    /// Somebody with an account.
    pub(crate) async fn member(&self, address: &str) -> UserId {
        let hash = PasswordHash::new("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA").unwrap();
        let id = UserId::draw(&mut SystemEntropy);
        let new = NewUser { id, email: address.parse().unwrap(), password: hash, created_at: self.now() };
        assert_eq!(self.store.register(&new, None).await.unwrap(), Registering::Registered);
        id
    }

    /// Puts a star on a post, or takes it away.
    pub(crate) async fn keep(&self, user: UserId, number: PostNumber, wanted: bool) {
        if !wanted {
            return self.store.unflag(user, &[number], &Flag::Star).await.unwrap();
        }
        let posts = self.store.originals(&[number]).await.unwrap();
        assert_eq!(self.store.keep(user, &posts, &Flag::Star).await.unwrap(), Keeping::Kept);
    }

    /// How many announcements wait in queue `tasks`.
    pub(crate) fn told(&self) -> u64 {
        self.emulator.sqs().queue_attributes("tasks").unwrap()["ApproximateNumberOfMessages"].parse().unwrap()
    }

    /// Every item of every table, without the notes on how far work is.
    pub(crate) async fn items(&self) -> Vec<String> {
        let client = aws_sdk_dynamodb::Client::new(&self.aws.config(Service::DynamoDb));
        let mut keys = Vec::new();
        for table in [Tables::default().sources, Tables::default().posts, Tables::default().readers] {
            let items = client.scan().table_name(table).send().await.unwrap().items.unwrap_or_default();
            keys.extend(items.iter().map(|item| {
                let part = |name| item.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str);
                format!("{} {}", part("pk"), part("sk"))
            }));
        }
        keys.retain(|key| !key.starts_with("META ") && !key.starts_with("DUE#"));
        keys.sort();
        keys
    }
}

fn item(n: u8) -> Item {
    Item {
        id: Some(format!("guid-{n}")),
        title: Some(format!("Post {n}")),
        link: Some(format!("https://example.org/{n}")),
        ..Item::new(NaturalKey([n; 16]), ContentHash([n; 8]))
    }
}

/// Text that does not compress: as long in the store as it looks.
pub(crate) fn noise(bytes: usize, seed: u64) -> String {
    let mut state = seed;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + ((state >> 33) % 26) as u8)
    })
    .take(bytes)
    .collect()
}
