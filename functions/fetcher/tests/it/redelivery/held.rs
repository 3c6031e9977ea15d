//! A message whose job someone else holds, on a queue whose receipts are real.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use blob::Bucket;
use boot::aws::{Aws, Service};
use domain::time::Timestamp;
use domain::timing::Lane;
use emulator::sqs::{Message, Receive, Sqs};
use emulator::{ACCOUNT, Emulator, Where};
use fetch::{Fetcher, Settings};
use fetcher::{Context, handle};
use queue::{Outgoing, Queue, Sent, Urls};

use super::Case;
use crate::world::{BATCH, World};

/// The fast lane's queue with its own visibility time-out, and a fetcher that takes from it.
struct RealQueue {
    emulator: Emulator,
    queue: Queue,
    ctx: Context,
}

impl RealQueue {
    const NAME: &str = "feedmill-fetch";

    async fn new(world: &World) -> Self {
        let clock = world.clock();
        let emulator = Emulator::start(Where::Memory, Arc::new(move || clock().as_millis())).await.unwrap();
        let visibility = Lane::Fast.visibility().as_secs().to_string();
        emulator.sqs().create_queue(Self::NAME, &[("VisibilityTimeout".to_owned(), visibility)].into()).unwrap();
        let ends = emulator.endpoints();
        let aws = Aws::local(&ends.dynamodb, &ends.sqs, &ends.s3);
        let url = format!("{}/{ACCOUNT}/{}", ends.sqs, Self::NAME);
        let urls = Urls { fetch: url.clone(), fetch_slow: url.clone(), tasks: url };
        let queue = Queue::new(&aws.config(Service::Sqs), urls);
        let web = Fetcher::new(Settings::new("1.2.3", "https://feedmill.example/about"), world.clock()).unwrap();
        let bucket = Bucket::new(&aws.config(Service::S3), "feedmill");
        let ctx = Context::new(
            world.store_on_wire(),
            queue.clone(),
            bucket,
            web,
            world.clock(),
            World::rules(),
            &crate::world::key(),
        );
        Self { emulator, queue, ctx }
    }

    fn sqs(&self) -> &Sqs {
        self.emulator.sqs()
    }

    /// What may be received now; nobody else sees it for as long as is said, or as the queue says.
    async fn receive(&self, visibility_seconds: Option<i64>) -> Vec<Message> {
        self.sqs().clock_moved();
        let ask = Receive { max_messages: 10, wait_seconds: Some(0), visibility_seconds };
        self.sqs().receive(Self::NAME, ask).await.unwrap()
    }

    /// Hands what was received to the fetcher, with its real receipt; whether it is reported.
    async fn deliver(&self, message: &Message, deadline: Timestamp) -> bool {
        let mut record = SqsMessage::default();
        record.message_id = Some(message.message_id.clone());
        record.receipt_handle = Some(message.receipt_handle.clone());
        record.body = Some(message.body.clone());
        record.attributes = [("ApproximateReceiveCount".to_owned(), message.receive_count.to_string())].into();
        let mut event = SqsEvent::default();
        event.records = vec![record];
        !handle(&self.ctx, event, deadline).await.batch_item_failures.is_empty()
    }
}

#[tokio::test]
async fn a_message_whose_job_is_held_is_invisible_until_the_lease_ends_and_no_longer() {
    let (case, second) = (Case::new().await, Duration::from_secs(1));
    let (world, real) = (&case.world, RealQueue::new(&case.world).await);
    let outgoing = Outgoing { message: case.message.clone(), delay: Duration::ZERO };
    assert!(matches!(real.queue.send(&[outgoing]).await[..], [Sent::Sent]));
    // The first receive is the holder's; the second is a duplicate of the queue's.
    assert_eq!(real.receive(Some(0)).await.len(), 1);
    let held = case.mark(false).await;
    world.pass(Duration::from_secs(10));
    let received = real.receive(None).await;
    assert!(real.deliver(&received[0], world.now() + BATCH).await, "reported");
    world.pass(held.lease_until.since(world.now()) - second);
    assert!(real.receive(None).await.is_empty(), "its holder is still at it");
    world.pass(second);
    assert_eq!(world.now(), held.lease_until);
    let again = real.receive(None).await;
    let receives: Vec<_> = again.iter().map(|message| message.receive_count).collect();
    assert_eq!(receives, [3], "long before its visibility time-out");
    assert_eq!((case.end().await, world.origin.all_requests().len()), (None, 0));
}
