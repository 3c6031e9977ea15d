//! One endpoint for all three AWS servers, so that `AWS_ENDPOINT_URL` alone leads a function to them. A request says by its headers which
//! service it means; it is handed on byte for byte, since its signature covers them.

use std::collections::HashMap;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use emulator::Endpoints;
use http::{StatusCode, Uri};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Hands every request on to one of `endpoints`.
pub fn router(endpoints: &Endpoints) -> Router {
    let authority = |url: &str| url.trim_start_matches("http://").to_owned();
    let ways = [
        ("DynamoDB_20120810", authority(&endpoints.dynamodb)),
        ("AmazonSQS", authority(&endpoints.sqs)),
        // S3 names no target.
        ("", authority(&endpoints.s3)),
    ];
    Router::new().fallback(hand_on).with_state(HashMap::from(ways))
}

async fn hand_on(State(ways): State<HashMap<&'static str, String>>, request: Request) -> Response {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let service = target.split('.').next().unwrap_or_default().to_owned();
    let Some(authority) = ways.get(service.as_str()) else {
        return (StatusCode::NOT_FOUND, "only DynamoDB, SQS and S3 are here\n").into_response();
    };
    match exchange(authority, request).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(service, error = boot::logs::causes(&*error), "cannot hand a request on");
            (StatusCode::BAD_GATEWAY, "the server behind this endpoint did not answer\n").into_response()
        }
    }
}

async fn exchange(authority: &str, mut request: Request) -> Result<Response, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(authority).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    #[expect(
        clippy::disallowed_methods,
        reason = "it carries the answer's body, which is read after this function has returned; with that read and its sender gone it ends"
    )]
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection behind the endpoint broke");
        }
    });
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = Uri::try_from(path)?;
    Ok(sender.send_request(request).await?.map(Body::new))
}
