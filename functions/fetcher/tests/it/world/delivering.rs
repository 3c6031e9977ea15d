//! Deliveries, as the event source mapping makes them.

use std::pin::Pin;
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use domain::id::SourceId;
use domain::job::Finished;
use domain::message::FetchMessage;
use fetcher::{Context, handle};

use super::{BATCH, HOUR, World};
use crate::breaker::Trick;

impl World {
    /// An hour later, the next poll, all the way: the record of its job.
    pub(crate) async fn poll(&self, ctx: &Context, source: SourceId) -> Finished {
        self.pass(HOUR);
        let message = self.dispatch(source).await;
        self.work(ctx, &message).await
    }

    /// Delivers a fresh message, which must be acknowledged: the record of its job.
    pub(crate) async fn work(&self, ctx: &Context, message: &FetchMessage) -> Finished {
        assert_eq!(self.deliver(ctx, &[(message, 1)]).await, Vec::<usize>::new(), "the message is reported");
        self.end(message).await.unwrap()
    }

    /// Delivers messages, each received so many times; returns the places of those that are reported.
    pub(crate) async fn deliver(&self, ctx: &Context, messages: &[(&FetchMessage, u32)]) -> Vec<usize> {
        let bodies = messages.iter().map(|(message, receives)| (serde_json::to_string(message).unwrap(), *receives));
        self.deliver_bodies(ctx, bodies.collect()).await
    }

    pub(crate) async fn deliver_bodies(&self, ctx: &Context, bodies: Vec<(String, u32)>) -> Vec<usize> {
        self.deliver_until(ctx, bodies, BATCH).await
    }

    pub(crate) async fn deliver_until(&self, ctx: &Context, bodies: Vec<(String, u32)>, time: Duration) -> Vec<usize> {
        let mut event = SqsEvent::default();
        event.records = bodies.into_iter().enumerate().map(|(n, (body, receives))| record(n, body, receives)).collect();
        let response = handle(ctx, event, self.now() + time).await;
        let mut reported: Vec<usize> =
            response.batch_item_failures.iter().map(|failure| failure.item_identifier.parse().unwrap()).collect();
        reported.sort_unstable();
        reported
    }

    /// Delivers a fresh message, and does something else while its first request for `operation` waits; returns whether it is reported.
    pub(crate) async fn deliver_meanwhile(
        &self,
        ctx: &Context,
        message: &FetchMessage,
        operation: &'static str,
        other: Pin<Box<dyn Future<Output = ()> + '_>>,
    ) -> bool {
        self.breaker.play(Some(Trick::Wait(operation)));
        let batch = [(message, 1)];
        let meanwhile = async {
            self.breaker.waits().await;
            other.await;
            self.breaker.go();
        };
        let (reported, ()) = tokio::join!(Box::pin(self.deliver(ctx, &batch)), meanwhile);
        !reported.is_empty()
    }
}

fn record(n: usize, body: String, receives: u32) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = Some(n.to_string());
    record.receipt_handle = Some(format!("receipt-{n}"));
    record.body = Some(body);
    record.attributes = [("ApproximateReceiveCount".to_owned(), receives.to_string())].into();
    record
}
