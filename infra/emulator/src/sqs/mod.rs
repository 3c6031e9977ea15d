//! SQS, standard queues: what Feedmill's functions and the queue-to-function mapping use of it, over SQLite.
//!
//! [`Sqs`] is the server without HTTP, for a caller in the same process; over HTTP it speaks AWS JSON 1.0. Both are the
//! same code and the same data.
//!
//! Faithful where a worker would notice: a receive counts once and its expiry not at all; a message is moved to the
//! dead-letter queue when it would be received once more than `maxReceiveCount`, and keeps its id, count and first sent
//! time there; a handle of an older receive deletes nothing. Unfaithful by being kind: queues are ordered by the moment
//! of visibility, every receive sees every message, nothing arrives twice by itself, there is no limit to messages in
//! flight, nor to the sum of visibility changes. Refused rather than ignored: FIFO queues and message attributes.

mod attributes;
mod delivery;
mod error;
mod message;
mod shapes;
mod storage;
pub(crate) mod wire;

pub use attributes::{Attributes, arn};
pub use error::SqsError;
pub use message::{Message, Outgoing, Receive, Sent};

use crate::{Clock, StartError};
use attributes::{DELAY_SECONDS, VISIBILITY_SECONDS, WAIT_SECONDS, check_bounds};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use storage::Storage;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// The queues. Clones share them. Calls other than a waiting [`Sqs::receive`] take microseconds, on the calling thread.
#[derive(Clone)]
pub struct Sqs {
    shared: Arc<Shared>,
}

struct Shared {
    storage: Mutex<Storage>,
    clock: Clock,
    /// By queue name: woken when a message may have become visible.
    arrivals: Mutex<HashMap<String, Arc<Notify>>>,
    closed: watch::Sender<bool>,
}

impl std::fmt::Debug for Sqs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sqs").finish_non_exhaustive()
    }
}

impl Sqs {
    /// Opens the queues in `file`, or new ones in memory.
    ///
    /// # Errors
    /// [`StartError::Database`] when the file is not a database of this version.
    pub fn open(file: Option<&Path>, clock: Clock) -> Result<Self, StartError> {
        let storage = Storage::open(file).map_err(|reason| StartError::Database {
            file: file.map_or_else(|| ":memory:".into(), Path::to_path_buf),
            reason,
        })?;
        let shared = Shared {
            storage: Mutex::new(storage),
            clock,
            arrivals: Mutex::default(),
            closed: watch::Sender::new(false),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Creates a queue. One that exists with the same attributes is left as it is.
    ///
    /// # Errors
    /// A name or an attribute out of bounds, a dead-letter queue that does not exist, or
    /// [`SqsError::QueueNameExists`] when the queue exists with other attributes.
    pub fn create_queue(&self, queue: &str, attributes: &Attributes) -> Result<(), SqsError> {
        self.storage().create(queue, attributes, self.now())
    }

    /// Changes the attributes that are named.
    ///
    /// # Errors
    /// As [`Sqs::create_queue`], and [`SqsError::QueueDoesNotExist`].
    pub fn set_queue_attributes(&self, queue: &str, attributes: &Attributes) -> Result<(), SqsError> {
        self.storage().set_attributes(queue, attributes, self.now())
    }

    /// All attributes of a queue, its approximate counts (exact here) included.
    ///
    /// # Errors
    /// [`SqsError::QueueDoesNotExist`].
    pub fn queue_attributes(&self, queue: &str) -> Result<Attributes, SqsError> {
        let now = self.now();
        let mut storage = self.storage();
        storage.sweep(queue, now)?;
        let counts = storage.counts(queue, now)?;
        let known = storage.queue(queue)?;
        let mut all = known.settings.to_attributes();
        all.extend([
            ("QueueArn".to_owned(), arn(queue)),
            ("CreatedTimestamp".to_owned(), (known.created_at / 1_000).to_string()),
            ("LastModifiedTimestamp".to_owned(), (known.modified_at / 1_000).to_string()),
            ("ApproximateNumberOfMessages".to_owned(), counts.visible.to_string()),
            ("ApproximateNumberOfMessagesNotVisible".to_owned(), counts.in_flight.to_string()),
            ("ApproximateNumberOfMessagesDelayed".to_owned(), counts.delayed.to_string()),
        ]);
        Ok(all)
    }

    /// Refuses a queue that does not exist.
    fn check_queue(&self, queue: &str) -> Result<(), SqsError> {
        self.storage().queue(queue).map(drop)
    }

    /// The names of the queues that start with `prefix`.
    pub fn list_queues(&self, prefix: &str) -> Vec<String> {
        self.storage().names(prefix)
    }

    /// Sends messages, each with its own outcome, in one transaction.
    ///
    /// # Errors
    /// [`SqsError::QueueDoesNotExist`].
    pub fn send(&self, queue: &str, messages: &[Outgoing]) -> Result<Vec<Result<Sent, SqsError>>, SqsError> {
        let mut storage = self.storage();
        let largest = storage.queue(queue)?.settings.largest;
        let outcomes: Vec<Result<Sent, SqsError>> = messages
            .iter()
            .map(|message| {
                message::check_body(&message.body, largest)?;
                check_bounds("DelaySeconds", message.delay_seconds, DELAY_SECONDS)?;
                let message_id = uuid::Uuid::new_v4().to_string();
                Ok(Sent { message_id, md5_of_body: message::md5_of(&message.body) })
            })
            .collect();
        let good = outcomes.iter().zip(messages);
        let good = good.filter_map(|(outcome, message)| Some((outcome.as_ref().ok()?.message_id.as_str(), message)));
        storage.add(queue, good, self.now())?;
        drop(storage);
        self.wake(queue);
        Ok(outcomes)
    }

    /// Receives messages, waiting for a first one if so asked. Returns early, and empty, when the server closes.
    ///
    /// The wait is measured by Tokio's clock. Messages become visible by the clock that the server was given; if that one
    /// jumps, call [`Sqs::clock_moved`].
    ///
    /// # Errors
    /// [`SqsError::QueueDoesNotExist`], or [`SqsError::InvalidParameterValue`] when a bound is broken.
    pub async fn receive(&self, queue: &str, ask: Receive) -> Result<Vec<Message>, SqsError> {
        check_bounds("WaitTimeSeconds", ask.wait_seconds, WAIT_SECONDS)?;
        check_bounds("VisibilityTimeout", ask.visibility_seconds, VISIBILITY_SECONDS)?;
        let default_wait = self.storage().queue(queue)?.settings.wait;
        let wait = u64::try_from(ask.wait_seconds.unwrap_or(default_wait)).unwrap_or(0);
        let deadline = Instant::now() + Duration::from_secs(wait);
        let arrivals = self.arrivals(queue);
        let mut closed = self.shared.closed.subscribe();
        loop {
            let mut arrival = std::pin::pin!(arrivals.notified());
            // From here on no arrival is missed, however it falls between the look and the wait.
            arrival.as_mut().enable();
            let (messages, next_due) = self.look(queue, ask)?;
            let now = Instant::now();
            if !messages.is_empty() || now >= deadline || *closed.borrow() {
                return Ok(messages);
            }
            let until = next_due.map_or(deadline, |due| deadline.min(now + due));
            tokio::select! {
                () = arrival => {}
                () = tokio::time::sleep_until(until) => {}
                _ = closed.wait_for(|closed| *closed) => {}
            }
        }
    }

    /// One look at the queue: what can be received, or else how long until something becomes visible.
    fn look(&self, queue: &str, ask: Receive) -> Result<(Vec<Message>, Option<Duration>), SqsError> {
        let now = self.now();
        let mut storage = self.storage();
        let received = storage.take(queue, ask.max_messages, ask.visibility_seconds, now)?;
        let next = if received.messages.is_empty() { storage.next_visible(queue, now)? } else { None };
        drop(storage);
        if let Some(target) = received.moved_to {
            self.wake(&target);
        }
        Ok((received.messages, next.map(|due| Duration::from_millis(due.abs_diff(now)))))
    }

    /// Deletes messages by receipt handle, each with its own outcome. A message received again since, or gone, is no error
    /// and not touched.
    ///
    /// # Errors
    /// [`SqsError::QueueDoesNotExist`].
    pub fn delete<S: AsRef<str>>(&self, queue: &str, handles: &[S]) -> Result<Vec<Result<(), SqsError>>, SqsError> {
        self.storage().delete(queue, handles)
    }

    /// Hides received messages for so many seconds (0 to 43,200) from now on, each with its own outcome; 0 makes a message
    /// visible at once.
    ///
    /// # Errors
    /// [`SqsError::QueueDoesNotExist`].
    pub fn change_visibility<S: AsRef<str>>(
        &self,
        queue: &str,
        entries: &[(S, i64)],
    ) -> Result<Vec<Result<(), SqsError>>, SqsError> {
        let outcomes = self.storage().change_visibility(queue, entries, self.now())?;
        self.wake(queue);
        Ok(outcomes)
    }

    /// Deletes all messages of a queue, those in flight too.
    ///
    /// # Errors
    /// [`SqsError::QueueDoesNotExist`].
    pub fn purge(&self, queue: &str) -> Result<(), SqsError> {
        self.storage().purge(queue)
    }

    /// Makes waiting receives look again, because the clock was moved by hand.
    pub fn clock_moved(&self) {
        for arrivals in self.shared.arrivals.lock().unwrap_or_else(PoisonError::into_inner).values() {
            arrivals.notify_waiters();
        }
    }

    /// How many receives wait for a message at this moment.
    pub fn waiting_receives(&self) -> usize {
        self.shared.closed.receiver_count()
    }

    /// Ends waiting receives, now and from now on.
    pub(crate) fn close(&self) {
        self.shared.closed.send_replace(true);
    }

    fn now(&self) -> i64 {
        (self.shared.clock)()
    }

    /// A panic elsewhere leaves the database sound: its transaction was rolled back.
    fn storage(&self) -> MutexGuard<'_, Storage> {
        self.shared.storage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arrivals(&self, queue: &str) -> Arc<Notify> {
        let mut all = self.shared.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(queue.to_owned()).or_default())
    }

    fn wake(&self, queue: &str) {
        if let Some(arrivals) = self.shared.arrivals.lock().unwrap_or_else(PoisonError::into_inner).get(queue) {
            arrivals.notify_waiters();
        }
    }
}
