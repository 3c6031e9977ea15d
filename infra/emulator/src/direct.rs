//! The tables and the queues without a socket: an SDK client's requests answered in its own process.
//!
//! The same requests and answers as over HTTP, byte for byte, through the same code; what is saved is two passes through
//! the system's network stack a request, which is most of what a small request costs.

use crate::sqs::wire::Server;
use crate::{dynamodb, sqs};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use http::StatusCode;
use std::sync::{Arc, Weak};

/// What answers.
pub(crate) struct Servers {
    pub(crate) tables: Arc<dynamodb::Tables>,
    pub(crate) queues: Arc<Server>,
}

/// Answers for `servers` as long as they are there; what is for another server goes on through `rest`.
pub(crate) fn client(servers: Weak<Servers>, rest: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(Direct { servers, rest })
}

struct Direct {
    /// Weak, so that a client that outlives the emulator does not keep the data in use.
    servers: Weak<Servers>,
    rest: SharedHttpClient,
}

struct Connector {
    servers: Weak<Servers>,
    rest: SharedHttpConnector,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let here = target.starts_with(dynamodb::TARGET_PREFIX) || target.starts_with(sqs::wire::TARGET_PREFIX);
        if !here || request.body().bytes().is_none() {
            return self.rest.call(request);
        }
        let servers = self.servers.upgrade();
        HttpConnectorFuture::new(async move {
            let gone = || ConnectorError::io("the emulator has stopped".into());
            let servers = servers.ok_or_else(gone)?;
            // No socket makes the caller wait, so that without this a task of many requests would keep its thread.
            tokio::task::yield_now().await;
            answer(&servers, &request).await
        })
    }
}

async fn answer(servers: &Servers, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let body = request.body().bytes().unwrap_or_default();
    if target.starts_with(dynamodb::TARGET_PREFIX) {
        let (status, body) = dynamodb::answer(&servers.tables, target, body);
        return Ok(response(status, body));
    }
    let answer = servers.queues.answer(target, body).await;
    let mut response = response(answer.status, answer.body);
    if let Some(query_error) = answer.query_error {
        response.headers_mut().insert("x-amzn-query-error", query_error);
    }
    Ok(response)
}

fn response(status: StatusCode, body: String) -> HttpResponse {
    let mut response = HttpResponse::new(status.into(), SdkBody::from(body));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    response
}

impl HttpClient for Direct {
    fn http_connector(&self, settings: &HttpConnectorSettings, parts: &RuntimeComponents) -> SharedHttpConnector {
        let rest = self.rest.http_connector(settings, parts);
        SharedHttpConnector::new(Connector { servers: self.servers.clone(), rest })
    }

    fn validate_base_client_config(&self, parts: &RuntimeComponentsBuilder, bag: &ConfigBag) -> Result<(), BoxError> {
        self.rest.validate_base_client_config(parts, bag)
    }

    fn validate_final_config(&self, parts: &RuntimeComponents, bag: &ConfigBag) -> Result<(), BoxError> {
        self.rest.validate_final_config(parts, bag)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.rest.connector_metadata()
    }
}

impl std::fmt::Debug for Direct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Direct").field("rest", &self.rest).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").field("rest", &self.rest).finish_non_exhaustive()
    }
}
