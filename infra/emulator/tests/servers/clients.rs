//! An emulator in memory with a clock moved by hand, and the SDK's clients of it.

use aws_credential_types::Credentials;
use aws_smithy_http_client::Builder;
use emulator::{Clock, Emulator, Endpoints, REGION, Where};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Midnight of 1 January 2026.
pub(crate) const START_MS: i64 = 1_767_225_600_000;

#[derive(Clone)]
pub(crate) struct HandClock(Arc<AtomicI64>);

impl HandClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(START_MS)))
    }

    pub(crate) fn pass_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    pub(crate) fn as_clock(&self) -> Clock {
        let now = Arc::clone(&self.0);
        Arc::new(move || now.load(Ordering::SeqCst))
    }
}

pub(crate) async fn in_memory() -> (Emulator, HandClock) {
    let clock = HandClock::new();
    (Emulator::start(Where::Memory, clock.as_clock()).await.unwrap(), clock)
}

/// Retries are off: a test sees what the server said first.
macro_rules! client {
    ($sdk:ident, $endpoint:expr) => {
        client!($sdk, $endpoint, Builder::new().build_http())
    };
    ($sdk:ident, $endpoint:expr, $http:expr) => {{
        use $sdk::config::{BehaviorVersion, Region, retry::RetryConfig};
        $sdk::config::Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new("local", "local", None, None, "test"))
            .http_client($http)
            .retry_config(RetryConfig::disabled())
            .endpoint_url($endpoint)
    }};
}

pub(crate) fn sqs(endpoints: &Endpoints) -> aws_sdk_sqs::Client {
    aws_sdk_sqs::Client::from_conf(client!(aws_sdk_sqs, &endpoints.sqs).build())
}

pub(crate) fn dynamodb(endpoints: &Endpoints) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::from_conf(client!(aws_sdk_dynamodb, &endpoints.dynamodb).build())
}

pub(crate) fn s3(endpoints: &Endpoints) -> aws_sdk_s3::Client {
    aws_sdk_s3::Client::from_conf(client!(aws_sdk_s3, &endpoints.s3).force_path_style(true).build())
}

/// Tables, queues and blobs through [`Emulator::direct`].
pub(crate) fn direct(emulator: &Emulator) -> (aws_sdk_dynamodb::Client, aws_sdk_sqs::Client, aws_sdk_s3::Client) {
    let http = emulator.direct(Builder::new().build_http());
    // Nobody listens there.
    let nowhere = "http://127.0.0.1:9";
    let tables = client!(aws_sdk_dynamodb, nowhere, http.clone());
    let queues = client!(aws_sdk_sqs, nowhere, http.clone());
    let blobs = client!(aws_sdk_s3, &emulator.endpoints().s3, http).force_path_style(true);
    (
        aws_sdk_dynamodb::Client::from_conf(tables.build()),
        aws_sdk_sqs::Client::from_conf(queues.build()),
        aws_sdk_s3::Client::from_conf(blobs.build()),
    )
}
