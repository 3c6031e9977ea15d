//! A DynamoDB with all tables, and sources, pointers and jobs as tests need them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region, SharedAsyncSleep};
use aws_sdk_dynamodb::types::TimeToLiveSpecification;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Builder;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use domain::carry::{Carry, Hold, NotBefore};
use domain::failure::{ErrorCode, Failure};
use domain::id::{JobId, JobIdMint, SourceId, SystemEntropy};
use domain::job::{Ending, Finished, NewJob, Pointer, Queueing, Reason};
use domain::response::{BodyHash, RawHeader, Validators};
use domain::source::{Head, SourceSettings, Target};
use domain::time::Timestamp;
use domain::timing::Lane;
use domain::wheel::{Minute, Slot};
use servers::{Kind, Server};
use store::{Creating, NewSource, Store, Tables};

/// Noon of 31 January 2026.
pub(crate) const NOON: Timestamp = Timestamp::from_secs(1_769_860_800);

/// Some seconds after noon.
pub(crate) fn noon_plus(seconds: u64) -> Timestamp {
    NOON + Duration::from_secs(seconds)
}

/// A store with its server.
pub(crate) struct World {
    pub(crate) store: Store,
    /// The same tables without the store in between.
    pub(crate) client: aws_sdk_dynamodb::Client,
    wire: Wire,
    pub(crate) tables: Tables,
    mint: JobIdMint,
    server: Server,
}

impl World {
    pub(crate) async fn new() -> Self {
        let world = Self::empty().await;
        world.make_tables().await;
        world
    }

    /// Without tables.
    pub(crate) async fn empty() -> Self {
        let clock = Arc::new(AtomicI64::new(NOON.as_millis()));
        let server = Server::of_this_run(Arc::new(move || clock.load(Ordering::SeqCst))).await;
        let tables =
            Tables { sources: server.own("sources"), posts: server.own("posts"), readers: server.own("readers") };
        let wire = Wire { inner: Builder::new().build_http(), lost: Arc::default(), said: Arc::default() };
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            // The SDK has one allowance of retries for all clients of a region: no test may use up another's.
            .region(Region::new(server.own("region")))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::from_keys("local", "local", None)))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .http_client(SharedHttpClient::new(wire.clone()))
            .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
            .endpoint_url(&server.endpoints().dynamodb)
            .build();
        Self {
            store: Store::new(&config, tables.clone()),
            client: aws_sdk_dynamodb::Client::new(&config),
            wire,
            tables,
            mint: JobIdMint::default(),
            server,
        }
    }

    async fn make_tables(&self) {
        self.store.create_tables().await.unwrap();
        if self.server.kind() == Kind::Embedded {
            return;
        }
        // Their clocks are right, and noon is long past: nothing would stay.
        for table in [&self.tables.sources, &self.tables.posts, &self.tables.readers] {
            let never = TimeToLiveSpecification::builder().attribute_name(store::TTL).enabled(false).build().unwrap();
            let request = self.client.update_time_to_live().table_name(table).time_to_live_specification(never);
            request.send().await.unwrap();
        }
    }

    /// The next call does not reach the server: it is answered with `status` and `body`. Several wait in line.
    pub(crate) fn say(&self, status: u16, body: impl Into<String>) {
        self.wire.said.lock().unwrap().push_back((status, body.into()));
    }

    /// Forgets what nobody asked for.
    pub(crate) fn hush(&self) {
        self.wire.said.lock().unwrap().clear();
    }

    /// The next `answers` get lost on the wire, after the server did what was asked; the SDK tries again, three times in all.
    pub(crate) fn lose(&self, answers: usize) {
        self.wire.lost.store(answers, Ordering::SeqCst);
    }

    pub(crate) fn job(&self) -> JobId {
        self.mint.next(NOON)
    }

    /// A source that is not in the store yet; its URL ends in its id.
    pub(crate) fn draft(&self) -> NewSource {
        let source = SourceId::draw(&mut SystemEntropy);
        let url = format!("https://example.org/{source}.xml");
        let head = Head {
            title: Some("Herbs & Roots".to_owned()),
            subscribers: 3,
            version: 1,
            ..Head::new(source, url.clone(), url.clone(), SourceSettings::DEFAULT, NOON)
        };
        let target = Target {
            source,
            slot: Slot::of(source, 60, 1),
            url: Some(url),
            host: "example.org".to_owned(),
            lane: Lane::Slow,
            settings: SourceSettings::DEFAULT,
            subscribers: 5,
            watched: true,
        };
        let new = NewJob {
            job: self.job(),
            tick: Minute(29_497_680),
            queued_at: NOON,
            earliest: NOON,
            lease_until: noon_plus(600),
            reason: Reason::First,
        };
        NewSource {
            head,
            target,
            pointer: Pointer::first(new),
            due: Minute(29_497_682),
            sealed: None,
            subscription: None,
        }
    }

    /// A source in the store, its first job QUEUED until ten past noon.
    pub(crate) async fn source(&self) -> (SourceId, Pointer) {
        let draft = self.draft();
        assert_eq!(self.store.create(&draft).await.unwrap(), Creating::Created);
        (draft.head.source, draft.pointer)
    }

    /// A source whose first job is COMPLETED.
    pub(crate) async fn rested(&self) -> (SourceId, Pointer) {
        let (source, pointer) = self.source().await;
        assert!(matches!(self.store.finish(&[unchanged(source, &pointer)]).await[0], store::Finish::Done));
        (source, pointer)
    }

    /// What the pointer becomes when the next job is queued at `now`.
    pub(crate) fn next(&self, pointer: &Pointer, finished: bool, now: Timestamp) -> Pointer {
        let new = NewJob {
            job: self.job(),
            tick: pointer.tick.next(),
            queued_at: now,
            earliest: now,
            lease_until: now + Duration::from_secs(3_800),
            reason: Reason::Scheduled,
        };
        match pointer.queue(finished, new, now) {
            Queueing::Swap(next) | Queueing::Supersede(next) => next,
            refused => panic!("{refused:?}"),
        }
    }

    pub(crate) async fn pointer(&self, source: SourceId) -> Pointer {
        self.store.latest(source).await.unwrap().unwrap().0
    }
}

/// The end of a poll that found nothing new, with a carry as large as they usually come.
pub(crate) fn unchanged(source: SourceId, pointer: &Pointer) -> Finished {
    Finished {
        source,
        job: pointer.job,
        reason: pointer.reason,
        queued_at: pointer.queued_at,
        started_at: Some(noon_plus(2)),
        ended_at: noon_plus(3),
        ending: Ending::Completed { posts_count: 0, edits_count: 0, landed: None },
        http_status: Some(304),
        bytes: 0,
        carry: Carry {
            last_get: Some(noon_plus(2)),
            validators: Validators {
                etag: Some(RawHeader(vec![b'e'; 100])),
                last_modified: Some(RawHeader(b"Sat, 31 Jan 2026 11:00:00 GMT".to_vec())),
            },
            body_hash: Some(BodyHash::of(b"body")),
            streak: 3,
            not_before: Some(NotBefore { at: noon_plus(900), why: Hold::Fresh }),
            gone_once: false,
            fetch_ms: 180,
            quiet: true,
        },
    }
}

/// The same job, FAILED from outside.
pub(crate) fn failed(source: SourceId, pointer: &Pointer, code: ErrorCode) -> Finished {
    let failure = Failure::new(code, "a test says so");
    Finished::closed_from_outside(source, pointer, failure, &Carry::default(), None, noon_plus(60))
}

/// A wire that loses answers, or makes them up.
#[derive(Clone, Debug)]
struct Wire {
    inner: SharedHttpClient,
    lost: Arc<AtomicUsize>,
    said: Arc<Mutex<VecDeque<(u16, String)>>>,
}

#[derive(Clone, Debug)]
struct Line {
    inner: SharedHttpConnector,
    wire: Wire,
}

impl HttpClient for Wire {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        let wire = self.clone();
        SharedHttpConnector::new(Line { inner, wire })
    }
}

impl HttpConnector for Line {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if let Some((status, body)) = self.wire.said.lock().unwrap().pop_front() {
            let answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
            return HttpConnectorFuture::ready(Ok(answer));
        }
        let (answer, lost) = (self.inner.call(request), Arc::clone(&self.wire.lost));
        HttpConnectorFuture::new(async move {
            let answer = answer.await;
            let lose = lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            match lose {
                Ok(_) => Err(ConnectorError::io("the answer got lost".into())),
                Err(_) => answer,
            }
        })
    }
}
