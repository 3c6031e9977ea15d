//! The configuration from which every AWS client is made.
//!
//! Put together by hand from what Lambda sets, instead of by a chain of providers: a function has its credentials in its environment,
//! and the chain's other providers would be most of the start and of the binary.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::settings::{SettingsError, Vars, is_address};

/// Which service a configuration is for: each may have an endpoint of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `AWS_ENDPOINT_URL_DYNAMODB`.
    DynamoDb,
    /// `AWS_ENDPOINT_URL_SQS`.
    Sqs,
    /// `AWS_ENDPOINT_URL_S3`.
    S3,
    /// `AWS_ENDPOINT_URL_SSM`.
    Ssm,
}

impl Service {
    const fn endpoint_variable(self) -> &'static str {
        match self {
            Self::DynamoDb => "AWS_ENDPOINT_URL_DYNAMODB",
            Self::Sqs => "AWS_ENDPOINT_URL_SQS",
            Self::S3 => "AWS_ENDPOINT_URL_S3",
            Self::Ssm => "AWS_ENDPOINT_URL_SSM",
        }
    }
}

/// The configurations of one process. They share one HTTP client, and so its connections.
#[derive(Clone, Debug)]
pub struct Aws {
    base: SdkConfig,
    endpoints: [Option<String>; 4],
}

impl Aws {
    /// What the environment says: `AWS_REGION`, the credentials that Lambda sets, `AWS_ENDPOINT_URL` and its per-service forms.
    ///
    /// # Errors
    /// [`SettingsError`] for a region or credentials that are not there, or a region or an endpoint that cannot be one.
    pub fn from_vars(vars: &Vars) -> Result<Self, SettingsError> {
        let needed = |name, rule| vars.get(name).ok_or(SettingsError::Missing { name, rule });
        let region = |name| vars.checked(name, REGION, is_region);
        let region = match region("AWS_REGION")? {
            Some(region) => region,
            None => region("AWS_DEFAULT_REGION")?
                .ok_or(SettingsError::Missing { name: "AWS_DEFAULT_REGION", rule: REGION })?,
        };
        let credentials = Credentials::new(
            needed("AWS_ACCESS_KEY_ID", "Lambda sets it; elsewhere export it")?,
            needed("AWS_SECRET_ACCESS_KEY", "Lambda sets it; elsewhere export it")?,
            vars.get("AWS_SESSION_TOKEN").map(str::to_owned),
            None,
            "environment",
        );
        let address = |name| vars.checked(name, "the address of a server, http or https", is_address);
        let common = address("AWS_ENDPOINT_URL")?;
        let endpoint = |service: Service| Ok(address(service.endpoint_variable())?.or_else(|| common.clone()));
        let endpoints =
            [endpoint(Service::DynamoDb)?, endpoint(Service::Sqs)?, endpoint(Service::S3)?, endpoint(Service::Ssm)?];
        let plain = endpoints.iter().all(|e| e.as_ref().is_some_and(|url| url.starts_with("http://")));
        Ok(Self { base: base(&region, credentials, http_client(plain)), endpoints })
    }

    /// Servers on loopback: no TLS, made-up credentials.
    pub fn local(dynamodb: &str, sqs: &str, s3: &str) -> Self {
        Self {
            base: base("us-east-1", Credentials::new("local", "local", None, None, "local"), http_client(true)),
            endpoints: [Some(dynamodb), Some(sqs), Some(s3), None].map(|url| url.map(str::to_owned)),
        }
    }

    /// The same with another HTTP client: the seam where tests make the cloud rude.
    #[must_use]
    pub fn through(&self, wrap: impl FnOnce(SharedHttpClient) -> SharedHttpClient) -> Self {
        let mut base = self.base.to_builder();
        base.set_http_client(self.base.http_client().map(wrap));
        Self { base: base.build(), endpoints: self.endpoints.clone() }
    }

    /// The configuration for one service.
    pub fn config(&self, service: Service) -> SdkConfig {
        let mut builder = self.base.to_builder();
        builder.set_endpoint_url(self.endpoints[service as usize].clone());
        builder.build()
    }
}

const REGION: &str = "the AWS region, for example eu-central-1";

fn is_region(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn base(region: &str, credentials: Credentials, http: SharedHttpClient) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http)
        .sleep_impl(TokioSleep::new())
        .retry_config(RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(50)))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(2))
                .operation_attempt_timeout(Duration::from_secs(5))
                .build(),
        )
        .build()
}

fn http_client(plain: bool) -> SharedHttpClient {
    if plain {
        return Builder::new().build_http();
    }
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(TlsContext::default()).build_https()
}
