//! What goes between the SDK and the servers, counted for each service; and the servers' CPU, where they answer in this process.

use crate::split::{self, Account};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::config_bag::ConfigBag;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters of what passes by. Repetitions by the SDK count each, as they do on the bill.
#[derive(Debug, Default)]
pub(crate) struct Tap {
    dynamodb: AtomicU64,
    sqs: AtomicU64,
    s3: AtomicU64,
    bytes: AtomicU64,
    wait_nanos: AtomicU64,
}

/// What a [`Tap`] shows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) dynamodb: u64,
    pub(crate) sqs: u64,
    pub(crate) s3: u64,
    /// Bodies, both ways.
    pub(crate) bytes: u64,
}

impl Tap {
    /// `next` behind this tap.
    pub(crate) fn wrap(self: &Arc<Self>, next: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Client { tap: Arc::clone(self), next })
    }

    /// What passed by since the last call of this method.
    pub(crate) fn take(&self) -> Traffic {
        let take = |counter: &AtomicU64| counter.swap(0, Ordering::Relaxed);
        Traffic { dynamodb: take(&self.dynamodb), sqs: take(&self.sqs), s3: take(&self.s3), bytes: take(&self.bytes) }
    }

    /// From now on each answer takes so much longer.
    pub(crate) fn wait(&self, latency: Duration) {
        self.wait_nanos.store(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn count(&self, request: &HttpRequest) {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let counter = match target.split_once('.').map(|(service, _)| service) {
            Some("AmazonSQS") => &self.sqs,
            Some(_) => &self.dynamodb,
            None => &self.s3,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(request.body().content_length().unwrap_or(0), Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Client {
    tap: Arc<Tap>,
    next: SharedHttpClient,
}

#[derive(Debug)]
struct Connector {
    tap: Arc<Tap>,
    next: SharedHttpConnector,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.tap.count(&request);
        let tap = Arc::clone(&self.tap);
        let answer = self.next.call(request);
        HttpConnectorFuture::new(async move {
            match tap.wait_nanos.load(Ordering::Relaxed) {
                0 => {}
                nanos => tokio::time::sleep(Duration::from_nanos(nanos)).await,
            }
            let answer = split::charged(Account::Servers, answer).await?;
            tap.bytes.fetch_add(answer.body().content_length().unwrap_or(0), Ordering::Relaxed);
            Ok(answer)
        })
    }
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, parts: &RuntimeComponents) -> SharedHttpConnector {
        let next = self.next.http_connector(settings, parts);
        SharedHttpConnector::new(Connector { tap: Arc::clone(&self.tap), next })
    }

    fn validate_base_client_config(&self, parts: &RuntimeComponentsBuilder, bag: &ConfigBag) -> Result<(), BoxError> {
        self.next.validate_base_client_config(parts, bag)
    }

    fn validate_final_config(&self, parts: &RuntimeComponents, bag: &ConfigBag) -> Result<(), BoxError> {
        self.next.validate_final_config(parts, bag)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.next.connector_metadata()
    }
}
