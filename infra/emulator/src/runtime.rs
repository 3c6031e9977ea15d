//! Lambda's runtime API, for one program: it is handed events one after the other, as the platform does, and its answers come back.

mod program;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use tokio::sync::{mpsc, oneshot};

use crate::StartError;
use crate::listen::{self, Running};

pub use program::{Program, ProgramError};

const SERVER: &str = "runtime API";
/// What is under way when the server stops is not worth waiting for.
const PATIENCE: Duration = Duration::from_millis(100);

/// An event, and what the platform says beside it.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its body, JSON.
    pub body: Bytes,
    /// The request's id, a UUID.
    pub request: String,
    /// The header of a trace, `Root=…;Parent=…;Sampled=…`.
    pub trace: String,
    /// When the program is stopped, in milliseconds since the Unix epoch.
    pub deadline: i64,
}

/// What a program made of an event: its answer, or the error that it tells.
pub type Answer = Result<Bytes, Bytes>;

/// The runtime API of one program, on loopback.
pub struct Runtime {
    address: SocketAddr,
    events: mpsc::Sender<(Event, oneshot::Sender<Answer>)>,
    running: Running,
}

struct Shared {
    events: tokio::sync::Mutex<mpsc::Receiver<(Event, oneshot::Sender<Answer>)>>,
    /// The request in hand.
    asked: Mutex<Option<(String, oneshot::Sender<Answer>)>>,
}

impl Runtime {
    /// Starts on a free port.
    ///
    /// # Errors
    /// [`StartError`] when no port can be had.
    pub fn start() -> Result<Self, StartError> {
        let listener = listen::on_loopback(SERVER, 0)?;
        let address = listener.local_addr().map_err(|source| StartError::Port { server: SERVER, port: 0, source })?;
        let (events, receiver) = mpsc::channel(1);
        let shared = Arc::new(Shared { events: tokio::sync::Mutex::new(receiver), asked: Mutex::default() });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{request}/response", post(answered))
            .route("/2018-06-01/runtime/invocation/{request}/error", post(failed))
            .layer(DefaultBodyLimit::disable())
            .with_state(shared);
        Ok(Self { address, events, running: Running::router(listener, router) })
    }

    /// For `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Hands the program an event; none if the server stopped before there was an answer. A program that dies never answers: look after it meanwhile.
    pub async fn invoke(&self, event: Event) -> Option<Answer> {
        let (answer, told) = oneshot::channel();
        self.events.send((event, answer)).await.ok()?;
        told.await.ok()
    }

    /// Stops.
    pub async fn stop(self) {
        drop(self.events);
        self.running.stop(SERVER, PATIENCE).await;
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let Some((event, answer)) = shared.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let headers = [
        ("lambda-runtime-aws-request-id", event.request.clone()),
        ("lambda-runtime-deadline-ms", event.deadline.to_string()),
        ("lambda-runtime-trace-id", event.trace),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:tried".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    *shared.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some((event.request, answer));
    (headers, event.body).into_response()
}

async fn answered(State(shared): State<Arc<Shared>>, Path(request): Path<String>, body: Bytes) -> StatusCode {
    shared.told(&request, Ok(body))
}

async fn failed(State(shared): State<Arc<Shared>>, Path(request): Path<String>, body: Bytes) -> StatusCode {
    shared.told(&request, Err(body))
}

impl Shared {
    fn told(&self, request: &str, answer: Answer) -> StatusCode {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        match asked.take_if(|(known, _)| known == request) {
            // Who asked may not wait any more: the program is not to blame.
            Some((_, sender)) => sender.send(answer).map_or(StatusCode::ACCEPTED, |()| StatusCode::ACCEPTED),
            None => StatusCode::BAD_REQUEST,
        }
    }
}
