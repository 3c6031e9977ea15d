//! The pump plays the platform: the queue-to-function mapping as Lambda does it, and the schedule ([`schedule`]).
//!
//! As there, a batch is gathered and handed over as one event; what the function reports stays in the queue, the rest is deleted; a
//! function that crashes or runs out of time has nothing deleted; and messages come again when their visibility ends.

pub mod schedule;

mod batch;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use boot::clock::Clock;
use domain::time::Timestamp;
use emulator::sqs::{Message, Receive, Sqs};
use tokio::sync::{Semaphore, watch};
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// What the platform keeps of a function's time for itself.
const MARGIN: Duration = Duration::from_millis(500);
/// A queue that fails is asked again after this.
const PAUSE: Duration = Duration::from_secs(1);
/// How long one receive waits for a message: the longest that SQS knows.
const WAIT_SECONDS: i64 = 20;

/// Which queue feeds which function, and how.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The queue's name.
    pub queue: String,
    /// The most messages of one event.
    pub batch: usize,
    /// How long a batch gathers after its first message. In the cloud it is longer: there each call costs money.
    pub window: Duration,
    /// How many events are worked on at once.
    pub concurrency: usize,
    /// After this the function is ended.
    pub timeout: Duration,
}

/// Feeds `function` from its queue until `stopping` says to stop; then what is under way has `grace` to end, and what has not ended by
/// then is back in the queue when this returns.
///
/// The function gets an event and the instant by which it must have answered.
pub async fn feed<F, R>(
    mapping: Mapping,
    sqs: Sqs,
    clock: Clock,
    function: F,
    mut stopping: watch::Receiver<bool>,
    grace: Duration,
) where
    F: Fn(SqsEvent, Timestamp) -> R,
    R: Future<Output = SqsBatchResponse> + Send + 'static,
{
    let free = Arc::new(Semaphore::new(mapping.concurrency));
    let intake = Intake { mapping: mapping.clone(), sqs: sqs.clone() };
    let mut hands = Hands { queue: mapping.queue, sqs, running: JoinSet::new(), held: HashMap::new() };
    loop {
        let permit = tokio::select! {
            biased;
            () = stopped(&mut stopping) => break,
            Some(ended) = hands.running.join_next_with_id() => { hands.settle(ended); continue }
            permit = Arc::clone(&free).acquire_owned() => permit,
        };
        let messages = tokio::select! {
            biased;
            () = stopped(&mut stopping) => break,
            Some(ended) = hands.running.join_next_with_id() => { hands.settle(ended); continue }
            messages = intake.first() => messages,
        };
        let messages = intake.gather(messages).await;
        if messages.is_empty() {
            continue;
        }
        let limit = intake.mapping.timeout;
        let work = function(batch::event(&hands.queue, &messages), clock() + limit - MARGIN);
        let task = hands.running.spawn(async move {
            let answer = timeout(limit, work).await;
            drop(permit);
            answer.ok()
        });
        hands.held.insert(task.id(), messages);
    }
    hands.finish(grace).await;
}

/// Resolves when someone says so, or when nobody is left who could.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    drop(stopping.wait_for(|stop| *stop).await);
}

type Ended = Result<(Id, Option<SqsBatchResponse>), tokio::task::JoinError>;

/// Takes messages out of the queue.
struct Intake {
    mapping: Mapping,
    sqs: Sqs,
}

impl Intake {
    /// Waits for messages; none after a while, or when the queue fails. Nothing is taken if this is dropped while it waits.
    async fn first(&self) -> Vec<Message> {
        match self.receive(self.mapping.batch, WAIT_SECONDS).await {
            Ok(messages) => messages,
            Err(error) => {
                tracing::error!(queue = self.mapping.queue, %error, "cannot receive");
                sleep(PAUSE).await;
                Vec::new()
            }
        }
    }

    /// Fills the batch up with what arrives within its window.
    async fn gather(&self, mut messages: Vec<Message>) -> Vec<Message> {
        if messages.is_empty() {
            return messages;
        }
        let end = Instant::now() + self.mapping.window;
        while messages.len() < self.mapping.batch {
            let room = self.mapping.batch - messages.len();
            match timeout_at(end, self.receive(room, WAIT_SECONDS)).await {
                Ok(Ok(more)) if !more.is_empty() => messages.extend(more),
                _ => break,
            }
        }
        messages
    }

    async fn receive(&self, max_messages: usize, wait: i64) -> Result<Vec<Message>, emulator::sqs::SqsError> {
        let ask = Receive { max_messages, wait_seconds: Some(wait), visibility_seconds: None };
        self.sqs.receive(&self.mapping.queue, ask).await
    }
}

/// The events under way, and the messages that each of them holds.
struct Hands {
    queue: String,
    sqs: Sqs,
    running: JoinSet<Option<SqsBatchResponse>>,
    held: HashMap<Id, Vec<Message>>,
}

impl Hands {
    /// Deletes what an event is done with.
    fn settle(&mut self, ended: Ended) {
        let (id, answer) = match ended {
            Ok((id, answer)) => (id, answer),
            Err(crash) => {
                tracing::error!(queue = self.queue, %crash, "the function crashed; its messages come again");
                (crash.id(), None)
            }
        };
        let Some(messages) = self.held.remove(&id) else { return };
        let Some(answer) = answer else {
            tracing::warn!(queue = self.queue, messages = messages.len(), "an event has no answer");
            return;
        };
        let done = batch::done_with(&messages, &answer);
        if let Err(error) = self.sqs.delete(&self.queue, &done) {
            tracing::error!(queue = self.queue, %error, "cannot delete; the messages come again");
        }
    }

    /// Lets what is under way end, and gives back what does not.
    async fn finish(mut self, grace: Duration) {
        let end = Instant::now() + grace;
        while let Ok(Some(ended)) = timeout_at(end, self.running.join_next_with_id()).await {
            self.settle(ended);
        }
        self.running.shutdown().await;
        let back: Vec<(&str, i64)> =
            self.held.values().flatten().map(|message| (message.receipt_handle.as_str(), 0)).collect();
        if back.is_empty() {
            return;
        }
        tracing::info!(queue = self.queue, messages = back.len(), "given back to the queue");
        if let Err(error) = self.sqs.change_visibility(&self.queue, &back) {
            tracing::error!(queue = self.queue, %error, "cannot give back; the messages come again later");
        }
    }
}
