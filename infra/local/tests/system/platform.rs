//! The pump keeps the rules of the queue-to-function mapping.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::time::Timestamp;
use emulator::sqs::{Attributes, Outgoing, Sqs};
use local::pump::{Mapping, feed};
use tokio::sync::{Notify, watch};

const QUEUE: &str = "work";

struct Bench {
    sqs: Sqs,
    now: Arc<AtomicI64>,
    events: Arc<Mutex<Vec<SqsEvent>>>,
    called: Arc<Notify>,
    stopping: watch::Sender<bool>,
}

#[derive(Clone, Copy)]
enum Does {
    Answers(&'static [&'static str]),
    Crashes,
    Hangs,
    NamesAStranger,
}

impl Bench {
    fn new() -> Self {
        let now = Arc::new(AtomicI64::new(1_000_000));
        let time = Arc::clone(&now);
        let sqs = Sqs::open(None, Arc::new(move || time.load(Ordering::SeqCst))).unwrap();
        sqs.create_queue(QUEUE, &Attributes::from([("VisibilityTimeout".to_owned(), "100".to_owned())])).unwrap();
        Self { sqs, now, events: Arc::default(), called: Arc::default(), stopping: watch::Sender::new(false) }
    }

    fn send(&self, bodies: &[&str]) {
        let out: Vec<_> =
            bodies.iter().map(|body| Outgoing { body: (*body).to_owned(), delay_seconds: None }).collect();
        self.sqs.send(QUEUE, &out).unwrap();
    }

    /// A function that reports the bodies it is told to, or does worse.
    fn start(&self, batch: usize, does: Does) -> tokio::task::JoinHandle<()> {
        let mapping = Mapping {
            queue: QUEUE.to_owned(),
            batch,
            window: Duration::from_millis(200),
            concurrency: 1,
            timeout: Duration::from_secs(30),
        };
        let (events, called, now) = (Arc::clone(&self.events), Arc::clone(&self.called), Arc::clone(&self.now));
        let function = move |event: SqsEvent, deadline: Timestamp| {
            assert_eq!(deadline.as_millis() - now.load(Ordering::SeqCst), 29_500);
            let (events, called) = (Arc::clone(&events), Arc::clone(&called));
            async move {
                let mut answer = SqsBatchResponse::default();
                if let Does::Answers(failing) = does {
                    let failing = event.records.iter().filter(|r| failing.contains(&r.body.as_deref().unwrap()));
                    answer.set_failures(failing.map(|r| r.message_id.clone().unwrap()).collect::<Vec<_>>());
                }
                events.lock().unwrap().push(event);
                called.notify_one();
                match does {
                    Does::Crashes => panic!("a bug in the function"),
                    Does::Hangs => std::future::pending().await,
                    Does::NamesAStranger => answer.set_failures(vec!["nobody".to_owned()]),
                    Does::Answers(_) => {}
                }
                answer
            }
        };
        let time = Arc::clone(&self.now);
        let clock: boot::clock::Clock = Arc::new(move || Timestamp::from_millis(time.load(Ordering::SeqCst)));
        let stopping = self.stopping.subscribe();
        #[expect(clippy::disallowed_methods, reason = "`stop_after` waits for it")]
        tokio::spawn(feed(mapping, self.sqs.clone(), clock, function, stopping, Duration::from_secs(5)))
    }

    /// Waits until the function was called `times`, then stops the pump.
    async fn stop_after(&self, times: usize, pump: tokio::task::JoinHandle<()>) {
        while self.events.lock().unwrap().len() < times {
            self.called.notified().await;
        }
        self.stopping.send_replace(true);
        pump.await.unwrap();
    }

    fn count(&self, attribute: &str) -> String {
        self.sqs.queue_attributes(QUEUE).unwrap()[attribute].clone()
    }

    /// Visible, in flight.
    fn check_queue(&self, visible: &str, in_flight: &str) {
        let counts = (self.count("ApproximateNumberOfMessages"), self.count("ApproximateNumberOfMessagesNotVisible"));
        assert_eq!((counts.0.as_str(), counts.1.as_str()), (visible, in_flight), "visible, in flight");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_reported_is_deleted_and_what_is_stays_hidden() {
    let bench = Bench::new();
    bench.send(&["a", "b", "c"]);
    bench.stop_after(1, bench.start(10, Does::Answers(&["b"]))).await;
    bench.check_queue("0", "1");
    let event = bench.events.lock().unwrap()[0].clone();
    assert_eq!(event.records.len(), 3, "one batch");
    let record = &event.records[0];
    assert_eq!(record.event_source_arn.as_deref(), Some("arn:aws:sqs:us-east-1:000000000000:work"));
    assert_eq!(record.attributes["ApproximateReceiveCount"], "1");
    assert_eq!(record.attributes["SentTimestamp"], "1000000");
    // It comes again when its visibility ends, not before, and says that it does.
    bench.now.fetch_add(100_000, Ordering::SeqCst);
    bench.stopping.send_replace(false);
    bench.stop_after(2, bench.start(10, Does::Answers(&[]))).await;
    assert_eq!(bench.events.lock().unwrap()[1].records[0].attributes["ApproximateReceiveCount"], "2");
    bench.check_queue("0", "0");
}

#[tokio::test(start_paused = true)]
async fn a_batch_gathers_within_its_window_and_no_longer() {
    let bench = Bench::new();
    let pump = bench.start(3, Does::Answers(&[]));
    bench.send(&["1"]);
    tokio::time::sleep(Duration::from_millis(100)).await;
    bench.send(&["2", "3", "4"]);
    bench.stop_after(2, pump).await;
    let sizes: Vec<_> = bench.events.lock().unwrap().iter().map(|event| event.records.len()).collect();
    assert_eq!(sizes, [3, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_crash_deletes_nothing_and_the_pump_goes_on() {
    let bench = Bench::new();
    bench.send(&["a", "b"]);
    bench.stop_after(2, bench.start(1, Does::Crashes)).await;
    bench.check_queue("0", "2");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_names_a_stranger_fails_the_batch() {
    let bench = Bench::new();
    bench.send(&["a", "b"]);
    bench.stop_after(1, bench.start(10, Does::NamesAStranger)).await;
    bench.check_queue("0", "2");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_with_the_process_is_back_in_the_queue_at_once() {
    let bench = Bench::new();
    bench.send(&["a"]);
    bench.stop_after(1, bench.start(10, Does::Hangs)).await;
    bench.check_queue("1", "0");
}

#[tokio::test(start_paused = true)]
async fn a_function_out_of_time_is_ended_and_its_messages_stay_hidden() {
    let bench = Bench::new();
    bench.send(&["a", "b"]);
    // The second call can only come after the first was ended.
    let pump = bench.start(1, Does::Hangs);
    while bench.events.lock().unwrap().len() < 2 {
        bench.called.notified().await;
    }
    bench.check_queue("0", "2");
    pump.abort();
}
