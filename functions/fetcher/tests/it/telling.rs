//! What a batch tells: one line of metrics, no line for a poll that worked, one line for each failure of our own, with its causes.

use std::io;
use std::sync::{Arc, Mutex};

use boot::logs::{self, Format};
use boot::metrics::Metrics;
use boot::settings::Vars;
use domain::message::FetchMessage;
use origin::Reply;
use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use crate::breaker::Trick;
use crate::feeds::rss;
use crate::world::World;

/// Lines, of logs or of metrics.
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

impl Lines {
    fn json(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn push(&self, line: &str) {
        self.0.lock().unwrap().extend_from_slice(format!("{line}\n").as_bytes());
    }
}

/// What this thread logs as Lambda would have it, while the guard lives.
fn logged() -> (Lines, tracing::subscriber::DefaultGuard) {
    let lines = Lines::default();
    let subscriber = logs::subscriber(Format::Json, &Vars::default(), lines.clone());
    (lines, tracing::subscriber::set_default(subscriber))
}

/// Delivers `messages` as one batch of an event; what it logged, and its lines of metrics.
async fn deliver(world: &World, messages: &[FetchMessage]) -> (Vec<Value>, Vec<Value>) {
    let (logs, guard) = logged();
    let metrics = Lines::default();
    let kept = metrics.clone();
    let ctx = world.environment().with_metrics(Metrics::to("Feedmill", move |line| kept.push(line)));
    let batch: Vec<_> = messages.iter().map(|message| (message, 1)).collect();
    world.deliver(&ctx, &batch).await;
    drop(guard);
    (logs.json(), metrics.json())
}

#[tokio::test]
async fn polls_that_work_and_sources_that_fail_are_one_line_of_metrics_and_no_other() {
    let world = World::new().await;
    let mut messages = Vec::new();
    for n in 0..12 {
        let path = format!("/{n}");
        let reply = if n < 9 { Reply::ok(rss([("a", "text"), ("b", "text")])) } else { Reply::status(502) };
        world.origin.always(&path, reply);
        messages.push(world.source(&path).await);
    }
    messages[7].earliest = domain::time::Timestamp::from_millis(messages[7].earliest.as_millis() - 90_000);
    let (logs, metrics) = deliver(&world, &messages).await;
    assert_eq!(logs, Vec::<Value>::new());
    assert_eq!(metrics.len(), 1);
    let line = &metrics[0];
    let counts = ["Polls", "Failures", "Posts", "messages", "reported", "unchanged"].map(|name| line[name].as_u64());
    assert_eq!(counts, [12, 3, 18, 12, 0, 0].map(Some), "{line}");
    assert_eq!(line["FetchTime"].as_array().map(Vec::len), Some(12));
    let mut late: Vec<_> = line["Lateness"].as_array().unwrap().iter().map(|late| late.as_u64().unwrap()).collect();
    late.sort_unstable();
    assert_eq!((late.len(), late[10], late[11]), (12, 0, 90), "one was due a minute and a half ago");
    assert_eq!(
        line["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
        serde_json::json!([[]]),
        "no dimension, least of all a source"
    );
    assert!(!line.to_string().contains(messages[0].source.as_str()));
}

#[tokio::test]
async fn each_failure_of_our_own_is_one_line_with_its_job_and_its_causes() {
    let world = World::new().await;
    let mut messages = Vec::new();
    for n in 0..4 {
        let path = format!("/{n}");
        world.origin.always(&path, Reply::status(502));
        messages.push(world.source(&path).await);
    }
    world.breaker.play(Some(Trick::Lose("BatchExecuteStatement")));
    let (logs, metrics) = deliver(&world, &messages).await;
    let told: Vec<&Value> = logs.iter().filter(|line| line["message"] == "a result could not be stored").collect();
    assert_eq!(logs.len(), 4, "{logs:?}");
    assert_eq!(told.len(), 4, "{logs:?}");
    for message in &messages {
        let line = told.iter().find(|line| line["job"] == message.job.to_string()).expect("each job is named");
        let causes = line["error"].as_str().unwrap();
        assert!(causes.starts_with("the store did not answer") && causes.matches(": ").count() >= 1, "{causes}");
    }
    let counts = ["Polls", "reported"].map(|name| metrics[0][name].as_u64());
    assert_eq!((metrics.len(), counts), (1, [Some(0), Some(4)]), "what is not stored is not counted");
}
