//! The queues as an SQS has them, the embedded one or another: what is sent arrives in its lane, not too soon, and each message's fate is told.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, as tests do")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName as Fact};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use boot::aws::{Aws, Service};
use boot::logs::causes;
use domain::carry::Carry;
use domain::id::{JobIdMint, Ordinal};
use domain::job::Reason;
use domain::message::{Announcement, Body, FetchMessage, VERSION, read};
use domain::time::Timestamp;
use domain::timing::Lane;
use domain::wheel::Minute;
use queue::{Outgoing, Queue, QueueError, Sent, Urls};
use servers::Server;

const NOON_MS: i64 = 1_767_268_800_000;
/// What is waited for on servers that have the time from elsewhere.
const PATIENCE: Duration = Duration::from_secs(2);

struct World {
    server: Server,
    now: Arc<AtomicI64>,
    queue: Queue,
    urls: Urls,
    /// The same queues without the crate in between.
    client: aws_sdk_sqs::Client,
    ids: JobIdMint,
}

impl World {
    async fn new() -> Self {
        let now = Arc::new(AtomicI64::new(NOON_MS));
        let ticking = Arc::clone(&now);
        let server = Server::of_this_run(Arc::new(move || ticking.load(Ordering::SeqCst))).await;
        let config = config(&server.endpoints().sqs);
        let client = aws_sdk_sqs::Client::new(&config);
        let made = async |name| {
            let made = client.create_queue().queue_name(server.own(name)).send().await;
            made.unwrap().queue_url.unwrap()
        };
        let urls =
            Urls { fetch: made("fetch").await, fetch_slow: made("fetch-slow").await, tasks: made("tasks").await };
        Self { server, now, queue: Queue::new(&config, urls.clone()), urls, client, ids: JobIdMint::default() }
    }

    /// The queues under names that there are not.
    fn missing(&self) -> Queue {
        Queue::new(&config(&self.server.endpoints().sqs), elsewhere(&self.urls))
    }

    fn message(&self, name: usize, lane: Lane) -> FetchMessage {
        let now = Timestamp::from_millis(NOON_MS);
        FetchMessage {
            v: VERSION,
            job: self.ids.next(now),
            source: format!("s{name:07}").parse().unwrap(),
            url: Some(format!("https://host{name}.example/feed")),
            host: format!("host{name}.example"),
            timeout_ms: 20_000,
            interval_ms: 3_600_000,
            subscribers: 1,
            watched: false,
            lane,
            queued_at: now,
            tick: Minute(29_454_480),
            earliest: now,
            reason: Reason::Scheduled,
            carry: Carry::default(),
            open: false,
            again: false,
            attempts: 0,
            returned: 0,
        }
    }

    /// Whether so much time can pass on this server: who has no clock to be moved is waited for, though not long.
    fn can_pass(&self, time: Duration) -> bool {
        let can = self.server.emulator().is_some() || time <= PATIENCE;
        if !can {
            self.server.not_tried(&format!("{time:?} would have to pass"));
        }
        can
    }

    /// As late before `time` as can be told; who cannot be told the time is asked at once.
    fn just_before(&self, time: Duration) -> Duration {
        if self.server.emulator().is_some() { time - Duration::from_millis(1) } else { Duration::ZERO }
    }

    async fn pass(&self, time: Duration) {
        let Some(emulator) = self.server.emulator() else {
            return tokio::time::sleep(time).await;
        };
        self.now.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
        emulator.sqs().clock_moved();
    }

    /// Takes what can be had of a queue now; it stays taken for a minute.
    async fn take(&self, url: &str) -> Vec<Message> {
        let mut taken = Vec::new();
        loop {
            let ask = self.client.receive_message().queue_url(url).max_number_of_messages(10);
            let ask = ask.visibility_timeout(60).message_system_attribute_names(Fact::ApproximateReceiveCount);
            match ask.send().await.unwrap().messages.unwrap_or_default() {
                none if none.is_empty() => return taken,
                some => taken.extend(some),
            }
        }
    }

    /// The sources whose messages can be had of a queue now.
    async fn sources(&self, url: &str) -> Vec<String> {
        let taken = self.take(url).await;
        let mut sources: Vec<_> = taken.iter().map(|taken| fetch(taken).source.to_string()).collect();
        sources.sort_unstable();
        sources
    }
}

fn config(endpoint: &str) -> aws_types::SdkConfig {
    Aws::local(endpoint, endpoint, endpoint).config(Service::Sqs)
}

/// An SQS that refuses everything, with this code and these words.
#[derive(Clone, Copy, Debug)]
struct Refusing(&'static str, &'static str);

impl HttpConnector for Refusing {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let body = format!(r#"{{"__type":"com.amazonaws.sqs#{}","message":"{}"}}"#, self.0, self.1);
        HttpConnectorFuture::ready(Ok(HttpResponse::new(400.try_into().unwrap(), SdkBody::from(body))))
    }
}

impl Refusing {
    fn queue(self) -> Queue {
        let client = http_client_fn(move |_, _| SharedHttpConnector::new(self));
        let nowhere = "http://127.0.0.1:9";
        let urls = ["fetch", "fetch-slow", "tasks"].map(|name| format!("{nowhere}/1/{name}"));
        let [fetch, fetch_slow, tasks] = urls;
        let config = Aws::local(nowhere, nowhere, nowhere).through(|_| client).config(Service::Sqs);
        Queue::new(&config, Urls { fetch, fetch_slow, tasks })
    }

    /// What each kind of call comes to, with the action that IAM asks for it, and its queue.
    async fn all(self, world: &World) -> [(QueueError, &'static str, &'static str); 4] {
        let queue = self.queue();
        let message = now(world.message(1, Lane::Slow));
        let told = Announcement {
            v: VERSION,
            source: message.message.source,
            job: message.message.job,
            from: Ordinal::new(1),
            to: Ordinal::new(1),
        };
        let (Sent::Refused(sent) | Sent::Unknown(sent)) = queue.send(&[message]).await.remove(0) else {
            panic!("it was sent")
        };
        [
            (sent, "sqs:SendMessage", "fetch-slow"),
            (queue.announce(&told).await.unwrap_err(), "sqs:SendMessage", "tasks"),
            (queue.depth(Lane::Fast).await.unwrap_err(), "sqs:GetQueueAttributes", "fetch"),
            (queue.hold(Lane::Fast, "handle", PATIENCE).await.unwrap_err(), "sqs:ChangeMessageVisibility", "fetch"),
        ]
    }
}

fn elsewhere(urls: &Urls) -> Urls {
    let elsewhere = |url: &str| format!("{url}-elsewhere");
    Urls { fetch: elsewhere(&urls.fetch), fetch_slow: elsewhere(&urls.fetch_slow), tasks: elsewhere(&urls.tasks) }
}

fn fetch(message: &Message) -> FetchMessage {
    match read(message.body().unwrap()) {
        Body::Message(message) => *message,
        other => panic!("{other:?}"),
    }
}

fn now(message: FetchMessage) -> Outgoing {
    Outgoing { message, delay: Duration::ZERO }
}

#[tokio::test]
async fn messages_of_both_lanes_arrive_whole_each_in_its_queue() {
    let world = World::new().await;
    let lane = |n: usize| if n.is_multiple_of(3) { Lane::Slow } else { Lane::Fast };
    let outgoing: Vec<_> = (0..43).map(|n| now(world.message(n, lane(n)))).collect();
    let sent = world.queue.send(&outgoing).await;
    assert!(sent.len() == 43 && sent.iter().all(|sent| matches!(sent, Sent::Sent)), "{sent:?}");
    let (fast, slow) = (world.take(&world.urls.fetch).await, world.take(&world.urls.fetch_slow).await);
    assert_eq!((fast.len(), slow.len()), (28, 15));
    // In any order: queues keep none.
    let mut came: Vec<_> = fast.iter().chain(&slow).map(fetch).collect();
    came.sort_unstable_by_key(|message| message.source);
    assert!(came.iter().eq(outgoing.iter().map(|out| &out.message)), "{came:?}");
}

#[tokio::test]
async fn a_delayed_message_comes_late_rather_than_early() {
    let cases = [(0, 0), (1, 1_000), (1_000, 1_000), (1_001, 2_000), (900_000, 900_000), (5_000_000, 900_000)];
    for (name, (asked, had)) in cases.into_iter().enumerate() {
        let world = World::new().await;
        let (delay, had) = (Duration::from_millis(asked), Duration::from_millis(had));
        if !world.can_pass(had) {
            continue;
        }
        world.queue.send(&[Outgoing { message: world.message(name, Lane::Fast), delay }]).await;
        if !had.is_zero() {
            let early = world.just_before(had);
            world.pass(early).await;
            assert_eq!(world.sources(&world.urls.fetch).await.len(), 0, "{asked} ms, too early");
            world.pass(had - early).await;
        }
        assert_eq!(world.sources(&world.urls.fetch).await.len(), 1, "{asked} ms");
    }
}

#[tokio::test]
async fn one_message_that_is_refused_holds_up_no_other() {
    let world = World::new().await;
    let mut outgoing: Vec<_> = (0..12).map(|n| now(world.message(n, Lane::Fast))).collect();
    // A character that SQS does not take.
    outgoing[4].message.url = Some("https://host4.example/\u{FFFE}".to_owned());
    let sent = world.queue.send(&outgoing).await;
    for (n, sent) in sent.iter().enumerate() {
        match sent {
            Sent::Refused(error) => assert!(n == 4 && !error.is_retryable(), "{n}: {error:?}"),
            Sent::Sent => assert_ne!(n, 4),
            Sent::Unknown(error) => panic!("{n}: {error:?}"),
        }
    }
    assert_eq!(world.sources(&world.urls.fetch).await.len(), 11);
}

#[tokio::test]
async fn big_messages_are_spread_over_more_calls() {
    let world = World::new().await;
    let mut outgoing: Vec<_> = (0..9).map(|n| now(world.message(n, Lane::Fast))).collect();
    for out in &mut outgoing {
        out.message.url = Some(format!("https://host.example/{}", "x".repeat(200_000)));
    }
    let sent = world.queue.send(&outgoing).await;
    assert!(sent.iter().all(|sent| matches!(sent, Sent::Sent)), "{sent:?}");
}

#[tokio::test]
async fn a_queue_that_is_not_there_refuses_and_one_that_does_not_answer_leaves_it_open() {
    let world = World::new().await;
    let outgoing = [now(world.message(1, Lane::Fast)), now(world.message(2, Lane::Slow))];
    let sent = world.missing().send(&outgoing).await;
    assert!(
        sent.iter().all(|s| matches!(s, Sent::Refused(e) if !e.is_retryable() && !e.may_have_happened())),
        "{sent:?}"
    );
    let urls = elsewhere(&world.urls);
    let gone = world.server.gone().await;
    let sent = Queue::new(&config(&gone.sqs), urls).send(&outgoing).await;
    assert!(
        sent.iter().all(|s| matches!(s, Sent::Unknown(e) if e.is_retryable() && e.may_have_happened())),
        "{sent:?}"
    );
}

#[tokio::test]
async fn nothing_to_send_is_sent_without_a_call() {
    let nowhere = || "http://127.0.0.1:9/queue".to_owned();
    let urls = Urls { fetch: nowhere(), fetch_slow: nowhere(), tasks: nowhere() };
    let queue = Queue::new(&config("http://127.0.0.1:9"), urls);
    assert!(queue.send(&[]).await.is_empty());
}

#[tokio::test]
async fn the_depth_counts_what_waits_what_is_delayed_and_what_is_being_worked_on() {
    let world = World::new().await;
    assert_eq!(world.queue.depth(Lane::Fast).await.unwrap(), 0);
    world.queue.send(&[now(world.message(1, Lane::Fast))]).await;
    assert_eq!(world.take(&world.urls.fetch).await.len(), 1);
    let delay = Duration::from_secs(30);
    world
        .queue
        .send(&[now(world.message(2, Lane::Fast)), Outgoing { message: world.message(3, Lane::Fast), delay }])
        .await;
    world.queue.send(&[now(world.message(4, Lane::Slow))]).await;
    assert_eq!(world.queue.depth(Lane::Fast).await.unwrap(), 3);
    assert_eq!(world.queue.depth(Lane::Slow).await.unwrap(), 1);
    assert!(
        matches!(world.missing().depth(Lane::Fast).await, Err(QueueError::MissingQueue { queue, .. }) if queue.ends_with("-elsewhere"))
    );
}

#[tokio::test]
async fn a_landing_is_announced_to_whoever_waits_for_it() {
    let world = World::new().await;
    let told = Announcement {
        v: VERSION,
        source: "s0000001".parse().unwrap(),
        job: world.ids.next(Timestamp::from_millis(NOON_MS)),
        from: Ordinal::new(3),
        to: Ordinal::new(5),
    };
    world.queue.announce(&told).await.unwrap();
    let heard: Announcement = serde_json::from_str(world.take(&world.urls.tasks).await[0].body().unwrap()).unwrap();
    assert_eq!(heard, told);
    assert!(matches!(world.missing().announce(&told).await, Err(QueueError::MissingQueue { .. })));
}

#[tokio::test]
async fn a_message_that_is_held_comes_back_when_its_time_has_come() {
    for (asked, had) in [(1_001, 2_000), (239_001, 240_000)] {
        let world = World::new().await;
        let (asked, had) = (Duration::from_millis(asked), Duration::from_millis(had));
        if !world.can_pass(had) {
            continue;
        }
        world.queue.send(&[now(world.message(1, Lane::Slow))]).await;
        let taken = world.take(&world.urls.fetch_slow).await;
        world.queue.hold(Lane::Slow, taken[0].receipt_handle().unwrap(), asked).await.unwrap();
        let early = world.just_before(had);
        world.pass(early).await;
        assert!(world.take(&world.urls.fetch_slow).await.is_empty(), "{asked:?}, too early");
        world.pass(had - early).await;
        let again = world.take(&world.urls.fetch_slow).await;
        assert_eq!(again[0].attributes().unwrap()[&Fact::ApproximateReceiveCount], "2", "{asked:?}");
        let unknown = world.queue.hold(Lane::Slow, "no handle", Duration::ZERO).await;
        assert!(matches!(unknown, Err(QueueError::Refused(_))), "{unknown:?}");
    }
}

#[tokio::test]
async fn a_permission_that_is_missing_is_named_with_the_queue_that_it_is_missing_for() {
    let said = "User: arn:aws:sts::1:assumed-role/fetcher is not authorized to perform: that on resource: this";
    let world = World::new().await;
    for code in ["AccessDenied", "AccessDeniedException"] {
        for (error, action, queue) in Refusing(code, said).all(&world).await {
            let sentence = format!(
                "the function's role does not permit {action} on the queue http://127.0.0.1:9/1/{queue}: add it there"
            );
            assert_eq!(causes(&error), format!("{sentence}: {said}"));
            assert!(!error.is_retryable() && !error.may_have_happened(), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_queue_that_is_throttled_or_whose_clock_is_another_is_worth_another_try() {
    let world = World::new().await;
    let expired = "Signature expired: 20260131T120000Z is now earlier than 20260131T130000Z";
    let unlike = "The request signature we calculated does not match the signature you provided.";
    for (code, said, again) in [
        ("ThrottlingException", "slow down", true),
        ("InvalidSignatureException", expired, true),
        ("InvalidSignatureException", unlike, false),
        ("InvalidAddress", "no", false),
    ] {
        for (error, action, _) in Refusing(code, said).all(&world).await {
            assert_eq!(error.is_retryable(), again, "{code} {action}: {error:?}");
            assert!(causes(&error).ends_with(said), "{code} {action}: {}", causes(&error));
        }
    }
}
