//! SQS: the queues between dispatcher, fetchers and whoever hears of new posts.
//!
//! The only crate that names the SQS client. It must never know tables, blobs or the internet, and decides nothing:
//! it sends, counts and holds back, and says for each message what became of it.

mod error;

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use domain::message::{Announcement, FetchMessage};
use domain::timing::{Lane, MAX_DELAY};
use futures_util::{StreamExt as _, stream};

pub use crate::error::QueueError;
use crate::error::classify;

/// SQS takes this many messages at once.
const BATCH: usize = 10;
/// So many batches are on their way at a time: a hundred messages would else be ten times as long on the way as one.
const AT_ONCE: usize = 5;
/// Bytes of one batch: half of what SQS took when it took least (256 KiB), since a message is a kilobyte.
const BATCH_BYTES: usize = 128 * 1024;

/// The queues of one installation, by URL.
#[derive(Clone, Debug)]
pub struct Urls {
    /// Lane fast.
    pub fetch: String,
    /// Lane slow.
    pub fetch_slow: String,
    /// Announcements.
    pub tasks: String,
}

/// A message on its way to a fetcher.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// What to do.
    pub message: FetchMessage,
    /// Delivered no sooner than this from now: rounded up to seconds, at most 15 minutes.
    pub delay: Duration,
}

/// What became of one message.
#[derive(Debug)]
pub enum Sent {
    /// It is in the queue.
    Sent,
    /// SQS did not take it.
    Refused(QueueError),
    /// Nobody knows: it may be in the queue.
    Unknown(QueueError),
}

/// A client of the installation's queues; cheap to clone.
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    urls: Urls,
}

impl Queue {
    /// A queue client on `config`.
    pub fn new(config: &aws_types::SdkConfig, urls: Urls) -> Self {
        Self { client: Client::new(config), urls }
    }

    fn url(&self, lane: Lane) -> &str {
        match lane {
            Lane::Fast => &self.urls.fetch,
            Lane::Slow => &self.urls.fetch_slow,
        }
    }

    /// Sends messages by tens, each to the queue of its lane, some tens at a time; the answers are in the order of `outgoing`.
    pub async fn send(&self, outgoing: &[Outgoing]) -> Vec<Sent> {
        let mut answers: Vec<Option<Sent>> = outgoing.iter().map(|_| None).collect();
        let mut batches = Vec::new();
        for lane in [Lane::Fast, Lane::Slow] {
            let of_lane = outgoing.iter().enumerate().filter(|(_, out)| out.message.lane == lane);
            let entries = of_lane.map(|(at, out)| (at, serde_json::to_string(&out.message), seconds(out.delay)));
            let mut batch = Batch::default();
            for (at, body, delay) in entries {
                match body {
                    Ok(body) if batch.is_full_for(&body) => {
                        batches.push((lane, std::mem::take(&mut batch)));
                        batch.push(at, body, delay);
                    }
                    Ok(body) => batch.push(at, body, delay),
                    Err(error) => answers[at] = Some(Sent::Refused(QueueError::unwritable(error))),
                }
            }
            if !batch.entries.is_empty() {
                batches.push((lane, batch));
            }
        }
        let sending = batches.into_iter().map(|(lane, batch)| self.send_batch(self.url(lane), batch));
        let mut sending = stream::iter(sending).buffer_unordered(AT_ONCE);
        while let Some(sent) = sending.next().await {
            for (at, sent) in sent {
                answers[at] = Some(sent);
            }
        }
        answers.into_iter().map(|answer| answer.unwrap_or_else(|| Sent::Refused(QueueError::unanswered()))).collect()
    }

    /// What became of each message of `batch`, by its place.
    async fn send_batch(&self, url: &str, batch: Batch) -> Vec<(usize, Sent)> {
        let places: Vec<usize> = batch.entries.iter().map(|(at, ..)| *at).collect();
        let mut answers = Vec::with_capacity(places.len());
        let mut request = self.client.send_message_batch().queue_url(url);
        for (at, body, delay) in batch.entries {
            let entry =
                SendMessageBatchRequestEntry::builder().id(at.to_string()).message_body(body).delay_seconds(delay);
            match entry.build() {
                Ok(entry) => request = request.entries(entry),
                Err(error) => answers.push((at, Sent::Refused(QueueError::unwritable(error)))),
            }
        }
        match request.send().await {
            Ok(output) => {
                let place = |id: &str| id.parse::<usize>().ok().filter(|at| places.contains(at));
                answers.extend(output.successful().iter().filter_map(|sent| Some((place(sent.id())?, Sent::Sent))));
                answers.extend(output.failed().iter().filter_map(|failed| {
                    let error = QueueError::entry(failed.code(), failed.sender_fault());
                    Some((place(failed.id())?, Sent::Refused(error)))
                }));
            }
            Err(error) => {
                let error = classify("sqs:SendMessage", url, error);
                let answer = if error.may_have_happened() { Sent::Unknown } else { Sent::Refused };
                answers.extend(places.into_iter().map(|at| (at, answer(error.clone()))));
            }
        }
        answers
    }

    /// Tells queue `tasks` of a landing.
    ///
    /// # Errors
    /// [`QueueError`] when it is not certain that the message is in the queue; telling it again does no harm.
    pub async fn announce(&self, announcement: &Announcement) -> Result<(), QueueError> {
        let body = serde_json::to_string(announcement).map_err(QueueError::unwritable)?;
        let request = self.client.send_message().queue_url(&self.urls.tasks).message_body(body);
        request.send().await.map(drop).map_err(|error| classify("sqs:SendMessage", &self.urls.tasks, error))
    }

    /// About how many messages wait in a lane, delayed and taken ones included.
    ///
    /// # Errors
    /// [`QueueError`] when the queue does not answer.
    pub async fn depth(&self, lane: Lane) -> Result<u64, QueueError> {
        let wanted = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let request = self.client.get_queue_attributes().queue_url(self.url(lane));
        let output = request
            .set_attribute_names(Some(wanted.to_vec()))
            .send()
            .await
            .map_err(|error| classify("sqs:GetQueueAttributes", self.url(lane), error))?;
        // A count that is left out is not none: whoever sends by this would send too much.
        let counts = wanted.iter().map(|name| output.attributes()?.get(name)?.parse::<u64>().ok());
        counts.sum::<Option<u64>>().ok_or_else(QueueError::unanswered)
    }

    /// Lets a message that someone else works on come back after `wait`: at most twelve hours, rounded up to seconds.
    ///
    /// # Errors
    /// [`QueueError`] when the queue refuses; the message then comes back when its visibility time-out ends.
    pub async fn hold(&self, lane: Lane, receipt: &str, wait: Duration) -> Result<(), QueueError> {
        let seconds = whole_seconds(wait).min(12 * 3600);
        let request = self.client.change_message_visibility().queue_url(self.url(lane)).receipt_handle(receipt);
        request
            .visibility_timeout(seconds)
            .send()
            .await
            .map(drop)
            .map_err(|error| classify("sqs:ChangeMessageVisibility", self.url(lane), error))
    }
}

#[derive(Default)]
struct Batch {
    entries: Vec<(usize, String, i32)>,
    bytes: usize,
}

impl Batch {
    fn is_full_for(&self, body: &str) -> bool {
        self.entries.len() >= BATCH || (self.bytes + body.len() > BATCH_BYTES && !self.entries.is_empty())
    }

    fn push(&mut self, at: usize, body: String, delay: i32) {
        self.bytes += body.len();
        self.entries.push((at, body, delay));
    }
}

fn seconds(delay: Duration) -> i32 {
    whole_seconds(delay.min(MAX_DELAY))
}

/// Rounded up: a message may come late, never early.
fn whole_seconds(duration: Duration) -> i32 {
    let up = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    i32::try_from(up).unwrap_or(i32::MAX)
}
