//! The queues as the emulator's SQS has them: what is sent arrives in its lane, not too soon, and each message's fate is told.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, as tests do")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use boot::aws::{Aws, Service};
use domain::carry::Carry;
use domain::id::{JobIdMint, Ordinal};
use domain::job::Reason;
use domain::message::{Announcement, Body, FetchMessage, VERSION, read};
use domain::time::Timestamp;
use domain::timing::Lane;
use domain::wheel::Minute;
use emulator::sqs::{Attributes, Message, Receive};
use emulator::{Emulator, Where};
use queue::{Outgoing, Queue, QueueError, Sent, Urls};

const NOON_MS: i64 = 1_767_268_800_000;
const FAST: &str = "feedmill-fetch";
const SLOW: &str = "feedmill-fetch-slow";
const TASKS: &str = "feedmill-tasks";

struct World {
    emulator: Emulator,
    now: Arc<AtomicI64>,
    queue: Queue,
    ids: JobIdMint,
}

impl World {
    async fn new() -> Self {
        let now = Arc::new(AtomicI64::new(NOON_MS));
        let ticking = Arc::clone(&now);
        let emulator = Emulator::start(Where::Memory, Arc::new(move || ticking.load(Ordering::SeqCst))).await.unwrap();
        for name in [FAST, SLOW, TASKS] {
            emulator.sqs().create_queue(name, &Attributes::new()).unwrap();
        }
        let queue = client(&emulator.endpoints().sqs, "");
        Self { emulator, now, queue, ids: JobIdMint::default() }
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

    fn pass(&self, time: Duration) {
        self.now.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
        self.emulator.sqs().clock_moved();
    }

    /// Takes what can be had of a queue now; it stays taken for a minute.
    async fn take(&self, name: &str) -> Vec<Message> {
        let ask = Receive { max_messages: 100, wait_seconds: Some(0), visibility_seconds: Some(60) };
        self.emulator.sqs().receive(name, ask).await.unwrap()
    }

    /// The sources whose messages can be had of a queue now.
    async fn sources(&self, name: &str) -> Vec<String> {
        let taken = self.take(name).await;
        let mut sources: Vec<_> = taken.iter().map(|taken| fetch(&taken.body).source.to_string()).collect();
        sources.sort_unstable();
        sources
    }
}

fn client(endpoint: &str, suffix: &str) -> Queue {
    let url = |name: &str| format!("{endpoint}/{}/{name}{suffix}", emulator::ACCOUNT);
    let urls = Urls { fetch: url(FAST), fetch_slow: url(SLOW), tasks: url(TASKS) };
    Queue::new(&Aws::local(endpoint, endpoint, endpoint).config(Service::Sqs), urls)
}

fn fetch(body: &str) -> FetchMessage {
    match read(body) {
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
    let (fast, slow) = (world.take(FAST).await, world.take(SLOW).await);
    assert_eq!((fast.len(), slow.len()), (28, 15));
    for (message, out) in fast.iter().zip(outgoing.iter().filter(|out| out.message.lane == Lane::Fast)) {
        assert_eq!(fetch(&message.body), out.message);
    }
}

#[tokio::test]
async fn a_delayed_message_comes_late_rather_than_early() {
    let cases = [(0, 0), (1, 1_000), (1_000, 1_000), (1_001, 2_000), (900_000, 900_000), (5_000_000, 900_000)];
    for (name, (asked, had)) in cases.into_iter().enumerate() {
        let world = World::new().await;
        let delay = Duration::from_millis(asked);
        world.queue.send(&[Outgoing { message: world.message(name, Lane::Fast), delay }]).await;
        if had > 0 {
            world.pass(Duration::from_millis(had - 1));
            assert_eq!(world.sources(FAST).await.len(), 0, "{asked} ms, too early");
            world.pass(Duration::from_millis(1));
        }
        assert_eq!(world.sources(FAST).await.len(), 1, "{asked} ms");
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
    assert_eq!(world.sources(FAST).await.len(), 11);
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
    let missing = client(&world.emulator.endpoints().sqs, "-elsewhere");
    let sent = missing.send(&outgoing).await;
    assert!(
        sent.iter().all(|s| matches!(s, Sent::Refused(e) if !e.is_retryable() && !e.may_have_happened())),
        "{sent:?}"
    );
    let endpoint = world.emulator.endpoints().sqs.clone();
    world.emulator.shutdown().await;
    let sent = client(&endpoint, "").send(&outgoing).await;
    assert!(
        sent.iter().all(|s| matches!(s, Sent::Unknown(e) if e.is_retryable() && e.may_have_happened())),
        "{sent:?}"
    );
}

#[tokio::test]
async fn nothing_to_send_is_sent_without_a_call() {
    let queue = client("http://127.0.0.1:9", "");
    assert!(queue.send(&[]).await.is_empty());
}

#[tokio::test]
async fn the_depth_counts_what_waits_what_is_delayed_and_what_is_being_worked_on() {
    let world = World::new().await;
    assert_eq!(world.queue.depth(Lane::Fast).await.unwrap(), 0);
    world.queue.send(&[now(world.message(1, Lane::Fast))]).await;
    assert_eq!(world.take(FAST).await.len(), 1);
    let delay = Duration::from_secs(30);
    world
        .queue
        .send(&[now(world.message(2, Lane::Fast)), Outgoing { message: world.message(3, Lane::Fast), delay }])
        .await;
    world.queue.send(&[now(world.message(4, Lane::Slow))]).await;
    assert_eq!(world.queue.depth(Lane::Fast).await.unwrap(), 3);
    assert_eq!(world.queue.depth(Lane::Slow).await.unwrap(), 1);
    let missing = client(&world.emulator.endpoints().sqs, "-elsewhere");
    assert!(
        matches!(missing.depth(Lane::Fast).await, Err(QueueError::MissingQueue { queue, .. }) if queue.ends_with("-elsewhere"))
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
    let heard: Announcement = serde_json::from_str(&world.take(TASKS).await[0].body).unwrap();
    assert_eq!(heard, told);
    let missing = client(&world.emulator.endpoints().sqs, "-elsewhere");
    assert!(matches!(missing.announce(&told).await, Err(QueueError::MissingQueue { .. })));
}

#[tokio::test]
async fn a_message_that_is_held_comes_back_when_its_time_has_come() {
    let world = World::new().await;
    world.queue.send(&[now(world.message(1, Lane::Slow))]).await;
    let taken = world.take(SLOW).await;
    world.queue.hold(Lane::Slow, &taken[0].receipt_handle, Duration::from_millis(239_001)).await.unwrap();
    world.pass(Duration::from_millis(239_999));
    assert!(world.take(SLOW).await.is_empty());
    world.pass(Duration::from_millis(1));
    assert_eq!(world.take(SLOW).await[0].receive_count, 2);
    let unknown = world.queue.hold(Lane::Slow, "no handle", Duration::ZERO).await;
    assert!(matches!(unknown, Err(QueueError::Refused(_))), "{unknown:?}");
}
