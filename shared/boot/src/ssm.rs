//! The two calls of AWS Systems Manager that the installation's key needs: read a parameter, and make it if nobody has.
//!
//! Written out here (AWS JSON 1.1, signature version 4) instead of taken from the service's SDK, which brings some hundred and fifty operations
//! for two; retries, time-outs and connections are those that all clients of the process share.

use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use serde_json::{Value, json};

use crate::clock::Clock;

type Cause = Box<dyn Error + Send + Sync>;

/// Why a parameter cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SsmError {
    /// The function's role does not allow it.
    #[error(
        "the function's role does not permit ssm:{operation} on this parameter, or the use of its key in KMS: add it there"
    )]
    NotPermitted {
        /// As SSM calls it.
        operation: &'static str,
        /// What SSM said.
        source: Cause,
    },
    /// No answer, or one that asks for patience.
    #[error("AWS Systems Manager did not answer {operation}")]
    Unavailable {
        /// As SSM calls it.
        operation: &'static str,
        /// Why.
        source: Cause,
    },
    /// Anything else; the same call would fail again.
    #[error("AWS Systems Manager refused {operation}")]
    Refused {
        /// As SSM calls it.
        operation: &'static str,
        /// What SSM said.
        source: Cause,
    },
}

/// What came of making a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Making {
    Made,
    ThereAlready,
}

/// A client of parameters.
pub(crate) struct Ssm<'a> {
    pub(crate) config: SdkConfig,
    pub(crate) clock: &'a Clock,
}

/// What SSM answers: a status below 500, and JSON.
#[derive(Debug)]
struct Answer {
    status: u16,
    body: Value,
    /// What time it is there.
    date: Option<SystemTime>,
}

/// An answer that is worth another try.
#[derive(Debug, thiserror::Error)]
#[error("status {0}")]
struct Busy(u16);

impl Ssm<'_> {
    /// The value of a parameter, decrypted; `None` if there is none.
    pub(crate) async fn get(&self, name: &str) -> Result<Option<String>, SsmError> {
        const OPERATION: &str = "GetParameter";
        let answer = self.call(OPERATION, &json!({ "Name": name, "WithDecryption": true })).await?;
        if answer.status == 200 {
            let value = answer.body["Parameter"]["Value"].as_str().map(str::to_owned);
            let odd = || SsmError::Refused { operation: OPERATION, source: "its answer has no value".into() };
            return value.ok_or_else(odd).map(Some);
        }
        if answer.code() == "ParameterNotFound" { Ok(None) } else { Err(answer.refused(OPERATION)) }
    }

    /// Makes a SecureString, unless there is a parameter of that name.
    pub(crate) async fn put_if_absent(&self, name: &str, value: &str, about: &str) -> Result<Making, SsmError> {
        const OPERATION: &str = "PutParameter";
        let wanted = json!({
            "Name": name, "Value": value, "Type": "SecureString", "Overwrite": false, "Description": about,
        });
        let answer = self.call(OPERATION, &wanted).await?;
        match (answer.status, answer.code()) {
            (200, _) => Ok(Making::Made),
            (_, "ParameterAlreadyExists") => Ok(Making::ThereAlready),
            _ => Err(answer.refused(OPERATION)),
        }
    }

    /// Calls; if the clock here is wrong, once more by the clock there, as the SDK does.
    async fn call(&self, operation: &'static str, body: &Value) -> Result<Answer, SsmError> {
        let now = UNIX_EPOCH + Duration::from_millis(u64::try_from((self.clock)().as_millis()).unwrap_or_default());
        // Boxed, as all that is done once a process: futures in futures are laid out as one.
        let answer = Box::pin(self.call_at(now, operation, body)).await?;
        match answer.date {
            Some(there) if answer.is_refused_for_its_time() => Box::pin(self.call_at(there, operation, body)).await,
            _ => Ok(answer),
        }
    }

    async fn call_at(&self, now: SystemTime, operation: &'static str, body: &Value) -> Result<Answer, SsmError> {
        let failed = |source: Cause| SsmError::Unavailable { operation, source };
        let endpoint = self.endpoint();
        let request = self.signed(now, operation, &endpoint, body.to_string()).await.map_err(failed)?;
        let http = self.config.http_client().ok_or_else(|| failed("no HTTP client is configured".into()))?;
        let mut call = Operation::builder()
            .service_name("ssm")
            .operation_name(operation)
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            .endpoint_url(&endpoint)
            .no_auth()
            .timeout_config(self.config.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled))
            .retry_classifier(HttpStatusCodeClassifier::default())
            .retry_classifier(TransientErrorClassifier::<Busy>::new());
        call = match self.config.retry_config() {
            Some(retries) => call.standard_retry(retries),
            None => call.no_retry(),
        };
        if let Some(sleep) = self.config.sleep_impl() {
            call = call.sleep_impl(sleep);
        }
        let call = call
            .serializer(|request: Request| request.0.try_clone().ok_or_else(|| "a body cannot be sent twice".into()))
            .deserializer(answer)
            .build();
        call.invoke(Request(request)).await.map_err(|error| failed(Box::new(error)))
    }

    fn endpoint(&self) -> String {
        let region = self.config.region().map_or("us-east-1", |region| region.as_ref());
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let own = self.config.endpoint_url().map(|url| url.trim_end_matches('/').to_owned());
        own.unwrap_or_else(|| format!("https://ssm.{region}.{suffix}"))
    }

    async fn signed(
        &self,
        now: SystemTime,
        operation: &str,
        endpoint: &str,
        body: String,
    ) -> Result<HttpRequest, Cause> {
        let credentials = self.config.credentials_provider().ok_or("no credentials are configured")?;
        let identity = credentials.provide_credentials().await?.into();
        let region = self.config.region().map_or("us-east-1", |region| region.as_ref());
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("ssm")
            .time(now)
            .settings(SigningSettings::default())
            .build()?
            .into();
        let (target, kind) = (format!("AmazonSSM.{operation}"), "application/x-amz-json-1.1");
        let headers = [("content-type", kind), ("x-amz-target", target.as_str())];
        let url = format!("{endpoint}/");
        let signable =
            SignableRequest::new("POST", &url, headers.iter().copied(), SignableBody::Bytes(body.as_bytes()))?;
        let (signature, _) = sign(signable, &params)?.into_parts();
        let mut request = http::Request::post("/").body(SdkBody::from(body))?;
        for (name, value) in headers {
            request.headers_mut().insert(name, value.parse()?);
        }
        signature.apply_to_request_http1x(&mut request);
        Ok(HttpRequest::try_from(request)?)
    }
}

/// A request that does not show what is in it.
struct Request(HttpRequest);

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Request")
    }
}

fn answer(response: &HttpResponse) -> Result<Answer, OrchestratorError<Busy>> {
    let status = response.status().as_u16();
    if status >= 500 || status == 429 {
        return Err(OrchestratorError::operation(Busy(status)));
    }
    let body = response.body().bytes().unwrap_or_default();
    let date = response.headers().get("date").and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
    let date = date.and_then(|date| SystemTime::try_from(date).ok());
    Ok(Answer { status, body: serde_json::from_slice(body).unwrap_or(Value::Null), date })
}

impl Answer {
    /// The error's name, without what some servers put before it.
    fn code(&self) -> &str {
        let code = self.body["__type"].as_str().unwrap_or_default();
        code.rsplit('#').next().unwrap_or_default()
    }

    fn said(&self) -> &str {
        self.body["message"].as_str().or(self.body["Message"].as_str()).unwrap_or_default()
    }

    /// A signature is good for five minutes.
    fn is_refused_for_its_time(&self) -> bool {
        let said = self.said();
        self.code() == "RequestExpired"
            || said.starts_with("Signature expired")
            || said.starts_with("Signature not yet")
    }

    /// What SSM said goes to the log; it names role and resource, never a value.
    fn refused(&self, operation: &'static str) -> SsmError {
        let source: Cause = format!("{} (status {}) {}", self.code(), self.status, self.said()).into();
        match self.code() {
            _ if self.is_refused_for_its_time() => SsmError::Unavailable { operation, source },
            "AccessDeniedException" => SsmError::NotPermitted { operation, source },
            "ThrottlingException" | "TooManyUpdates" | "InternalServerError" => {
                SsmError::Unavailable { operation, source }
            }
            _ => SsmError::Refused { operation, source },
        }
    }
}
