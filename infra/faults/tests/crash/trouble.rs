//! What stands in a function's way and passes: a wrong clock, throttling, a table that is missing, a queue that cannot be reached; and a permission that somebody has
//! to give. Each function tries again while it has time, says what it was and leaves the work to the next delivery; then nothing is lost, nothing is there twice.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::Format as DateFormat;
use boot::aws::Aws;
use boot::logs::{self, Format, causes};
use boot::settings::Vars;
use domain::id::SourceId;
use domain::timing::{Lane, quiet_after};
use domain::wheel::{Minute, Pace};
use faults::Stop;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tracing::instrument::WithSubscriber as _;
use tracing_subscriber::fmt::MakeWriter;

use crate::end::check_landed;
use crate::feed::Feed;
use crate::world::{HOUR, MINUTE, Process, World};

/// How long a fetcher has for a batch here: enough to begin a GET of a source that is given a second.
const BATCH: Duration = Duration::from_secs(9);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// The function's clock is an hour behind, and the servers tell theirs with each answer.
    Clock,
    /// The same, and they do not tell.
    ClockUntold,
    Throttled,
    NoTable,
    NoQueue,
    /// A service permits nothing.
    Forbidden(&'static str),
}

use Trouble::{Clock, ClockUntold, Forbidden, NoQueue, NoTable, Throttled};

impl Trouble {
    /// What the log, or the error that is logged, must say of it.
    fn told(self) -> &'static str {
        match self {
            Clock => "",
            ClockUntold => "Signature expired",
            Throttled => "out of capacity",
            NoTable => "the table feedmill-sources or an index of it does not exist",
            NoQueue => "SQS did not answer",
            Forbidden("dynamodb") => "is not authorized to perform: dynamodb:",
            Forbidden("sqs") => "the function's role does not permit sqs:SendMessage on the queue http://",
            Forbidden(_) => "S3 does not permit s3:PutObject on the bucket feedmill",
        }
    }
}

/// A call: its service, its operation.
fn named(request: &HttpRequest) -> (&'static str, String) {
    match request.headers().get("x-amz-target").and_then(|target| target.split_once('.')) {
        Some(("AmazonSQS", operation)) => ("sqs", operation.to_owned()),
        Some((_, operation)) => ("dynamodb", operation.to_owned()),
        None => ("s3", request.method().to_owned()),
    }
}

fn refusal(status: u16, name: &str, said: &str) -> HttpResponse {
    let body = json!({ "__type": name, "message": said }).to_string();
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))
}

fn xml(status: u16, code: &str, said: &str) -> HttpResponse {
    let body = format!("<Error><Code>{code}</Code><Message>{said}</Message></Error>");
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))
}

/// How far the servers' clock is from the one that the request was signed by, in seconds.
fn off(request: &HttpRequest, there: DateTime) -> i64 {
    // 20260131T120000Z
    let (day, time) = request.headers().get("x-amz-date").unwrap().split_at(8);
    let text = format!("{}-{}-{}T{}:{}:{}Z", &day[..4], &day[4..6], &day[6..], &time[1..3], &time[3..5], &time[5..7]);
    (DateTime::from_str(&text, DateFormat::DateTime).unwrap().secs() - there.secs()).abs()
}

/// A way to the servers on which there is trouble, and what was called on it.
#[derive(Clone, Debug)]
struct Way {
    trouble: Trouble,
    calls: Arc<Mutex<Vec<(&'static str, String)>>>,
    inner: Option<SharedHttpConnector>,
}

impl HttpConnector for Way {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (service, operation) = named(&request);
        self.calls.lock().unwrap().push((service, operation.clone()));
        let there = DateTime::from_secs(boot::clock::now().as_millis() / 1_000 + 3_600);
        let mut answer = match (self.trouble, service) {
            // The embedded S3 looks at the time itself, and its clock is right.
            (Clock | ClockUntold, "dynamodb" | "sqs") if off(&request, there) > 300 => {
                let said = "Signature expired: 20260131T120000Z is now earlier than 20260131T125500Z";
                refusal(400, "InvalidSignatureException", said)
            }
            (Throttled, "dynamodb") => refusal(400, "ProvisionedThroughputExceededException", "slow down"),
            (Throttled, "sqs") => refusal(400, "RequestThrottled", "slow down"),
            (Throttled, _) => xml(503, "SlowDown", "slow down"),
            (NoTable, "dynamodb") => refusal(400, "ResourceNotFoundException", "no such table"),
            (NoQueue, "sqs") => return HttpConnectorFuture::ready(Err(ConnectorError::io("no way there".into()))),
            (Forbidden(which), _) if which == service => {
                let said =
                    format!("User: arn:aws:sts::1:assumed-role/x is not authorized to perform: {service}:{operation}");
                match service {
                    "s3" => xml(403, "AccessDenied", &said),
                    _ => refusal(400, "AccessDeniedException", &said),
                }
            }
            _ => {
                let answering = self.inner.as_ref().unwrap().call(request);
                let dated = self.trouble == Clock && service != "s3";
                return HttpConnectorFuture::new(async move {
                    let mut answer = answering.await?;
                    if dated {
                        answer.headers_mut().insert("date", there.fmt(DateFormat::HttpDate).unwrap());
                    }
                    Ok(answer)
                });
            }
        };
        if self.trouble == Clock {
            answer.headers_mut().insert("date", there.fmt(DateFormat::HttpDate).unwrap());
        }
        HttpConnectorFuture::ready(Ok(answer))
    }
}

impl Way {
    /// A process that has just started on such a way.
    fn process(world: &World, trouble: Trouble) -> (Process, Self) {
        let way = Self { trouble, calls: Arc::default(), inner: None };
        let ends = world.endpoints();
        // The SDK has one allowance of retries for all clients of a region: no test may use up another's.
        let region = format!("trouble-{}", ends.dynamodb.rsplit(':').next().unwrap());
        let vars = Vars::of([
            ("AWS_REGION", region.as_str()),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_ENDPOINT_URL", ends.dynamodb.as_str()),
            ("AWS_ENDPOINT_URL_SQS", ends.sqs.as_str()),
            ("AWS_ENDPOINT_URL_S3", ends.s3.as_str()),
        ]);
        let own = way.clone();
        let aws = Aws::from_vars(&vars).unwrap().through(move |client| {
            http_client_fn(move |settings, components| {
                use aws_smithy_runtime_api::client::http::HttpClient as _;
                let inner = Some(client.http_connector(settings, components));
                SharedHttpConnector::new(Self { inner, ..own.clone() })
            })
        });
        (world.process_on(&aws, Stop::Never), way)
    }

    /// Whether what was refused was asked for again at once.
    fn was_tried_again(&self) -> bool {
        self.calls.lock().unwrap().windows(2).any(|two| two[0] == two[1])
    }
}

/// What is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// `work`, and what it logs as Lambda would have it.
async fn logged<T>(work: impl Future<Output = T>) -> (T, String) {
    let lines = Lines::default();
    let done = work.with_subscriber(logs::subscriber(Format::Json, &Vars::default(), lines.clone())).await;
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    (done, text)
}

/// A world with a feed of two entries, one of them long, that a healthy process has added and nobody has polled.
async fn added() -> (World, Process, Feed, SourceId) {
    let world = World::new(1 << 20).await;
    let healthy = world.process(Stop::Never);
    let feed = world.feed("feed");
    feed.publish("short", 200);
    feed.publish("long", 60_000);
    let wish = json!({ "url": feed.url, "timeout_seconds": 2 });
    let (status, told) = world.ask(&healthy, "POST", "/v1/sources", wish).await.unwrap();
    assert_eq!(status, 201, "{told}");
    let source = told["id"].as_str().unwrap().parse().unwrap();
    (world, healthy, feed, source)
}

/// Whatever it was, it is over: in the hours that follow all is as if it had never been.
async fn check_end(world: &World, healthy: &Process, feed: &Feed, source: SourceId) {
    world.live(healthy, 6 * HOUR).await.unwrap();
    check_landed(world, feed, source).await;
    assert_eq!(world.dead_letters(), 0);
}

/// What is said of a trouble, where it is said, and that it was tried again.
fn check_said(trouble: Trouble, said: &str, way: &Way) {
    assert!(said.contains(trouble.told()), "{trouble:?}: {said:?}");
    let passes = matches!(trouble, Clock | Throttled | NoQueue);
    assert!(!passes || way.was_tried_again(), "{trouble:?}: {:?}", way.calls);
}

async fn dispatcher_meets(trouble: Trouble) {
    let (world, healthy, feed, source) = added().await;
    world.live(&healthy, HOUR / 2).await.unwrap();
    feed.publish("another", 200);
    let polled = feed.asked().len();
    let (troubled, way) = Way::process(&world, trouble);
    let mut said = String::new();
    for _ in 0..10 {
        let now = Pace::REAL.minute_of(world.clock.now());
        let due = world.next_due(now).await;
        world.skip(now, Minute(due.0 - 1)).await;
        world.pass_to(due);
        let deadline = world.clock.now() + Duration::from_secs(25);
        let run = Box::pin(dispatcher::handle(&troubled.dispatcher, dispatcher::Start::default(), deadline));
        let (answer, log) = logged(run).await;
        let failed = answer.as_ref().is_err();
        assert!(
            failed == matches!(trouble, ClockUntold | Throttled | NoTable | Forbidden("dynamodb")),
            "{trouble:?}: {answer:?}"
        );
        said = format!("{log} {}", answer.as_ref().err().map(|error| causes(error)).unwrap_or_default());
        let (queued, refused) = answer.map_or((0, 0), |report| (report.queued, report.refused + report.unfinished));
        assert!(queued == 0 || trouble == Clock, "{trouble:?}: a message was sent");
        if failed || queued + refused > 0 {
            break;
        }
    }
    check_said(trouble, &said, &way);
    world.deliver_all(&healthy).await.unwrap();
    assert!(trouble == Clock || feed.asked().len() == polled, "{trouble:?}: what was not queued was fetched");
    check_end(&world, &healthy, &feed, source).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dispatcher_leaves_it_to_the_next_run() {
    let all = [Clock, ClockUntold, Throttled, NoTable, NoQueue, Forbidden("dynamodb"), Forbidden("sqs")];
    join_all(all.map(|trouble| Box::pin(dispatcher_meets(trouble)))).await;
}

async fn fetcher_meets(trouble: Trouble) {
    let (world, healthy, feed, source) = added().await;
    let (troubled, way) = Way::process(&world, trouble);
    let ((messages, reported), said) = logged(world.work_on(&troubled, Lane::Slow, BATCH)).await;
    assert_eq!(messages, 1);
    // What S3 forbids is a job that failed, in the table: it comes again with the wheel.
    let over = matches!(trouble, Clock | Forbidden("s3"));
    assert_eq!(reported, usize::from(!over), "{trouble:?}: {said}");
    check_said(trouble, &said, &way);
    assert!(trouble != NoTable || way.was_tried_again(), "{:?}", way.calls);
    world.pass(Lane::Slow.visibility());
    check_end(&world, &healthy, &feed, source).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fetcher_has_its_messages_come_again() {
    let all =
        [Clock, ClockUntold, Throttled, NoTable, NoQueue, Forbidden("dynamodb"), Forbidden("sqs"), Forbidden("s3")];
    join_all(all.map(|trouble| Box::pin(fetcher_meets(trouble)))).await;
}

async fn maintenance_meets(trouble: Trouble) {
    let (world, healthy, _, source) = added().await;
    world.live(&healthy, HOUR / 2).await.unwrap();
    let path = format!("/v1/sources/{source}");
    let (status, told) = world.ask(&healthy, "DELETE", &path, Value::Null).await.unwrap();
    assert_eq!(status / 100, 2, "{told}");
    let now = world.clock.now();
    world.pass(quiet_after(now).since(now) + MINUTE);
    let (troubled, way) = Way::process(&world, trouble);
    let deadline = world.clock.now() + Duration::from_secs(25);
    let run = Box::pin(maintenance::handle(&troubled.maintenance, maintenance::Start::default(), deadline));
    let (answer, log) = logged(run).await;
    let said = format!("{log} {}", answer.as_ref().err().map(|error| causes(error)).unwrap_or_default());
    assert_eq!(answer.is_err(), trouble != Clock, "{trouble:?}: {answer:?}");
    check_said(trouble, &said, &way);
    let left = world.partition(source, "").await.len();
    assert_eq!(left == 0, trouble == Clock, "{trouble:?}: {left} items are left");
    world.pass(HOUR);
    world.maintain(&healthy).await.unwrap();
    assert_eq!(world.partition(source, "").await.len(), 0, "{trouble:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn maintenance_leaves_it_to_the_next_run() {
    let all = [Clock, ClockUntold, Throttled, NoTable, Forbidden("dynamodb")];
    join_all(all.map(|trouble| Box::pin(maintenance_meets(trouble)))).await;
}

async fn api_meets(trouble: Trouble, status: u16) {
    let world = World::new(1 << 20).await;
    let (healthy, feed) = (world.process(Stop::Never), world.feed("feed"));
    feed.publish("one", 200);
    let (troubled, way) = Way::process(&world, trouble);
    let asking = world.ask(&troubled, "POST", "/v1/sources", json!({ "url": feed.url }));
    let (answer, said) = logged(asking).await;
    let (told, body) = answer.unwrap();
    assert_eq!(told, status, "{trouble:?}: {body}");
    check_said(trouble, &said, &way);
    let source = world.add(&healthy, &feed).await;
    check_end(&world, &healthy, &feed, source).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_says_when_to_come_again_or_that_it_is_not_its_clients_fault() {
    let all = [
        (Clock, 201),
        (ClockUntold, 503),
        (Throttled, 503),
        (NoTable, 503),
        // It is made; the wheel queues what could not be sent.
        (NoQueue, 201),
        (Forbidden("dynamodb"), 500),
        (Forbidden("sqs"), 201),
    ];
    join_all(all.map(|(trouble, status)| Box::pin(api_meets(trouble, status)))).await;
}
