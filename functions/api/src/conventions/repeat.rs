//! `Idempotency-Key`: a POST that is sent again has one effect and one answer (draft-ietf-httpapi-idempotency-key-header-07).
//!
//! It is noted before its effect, with a seed from which all attempts draw the same ids; its answer is kept sealed. So whoever never heard
//! the answer sends the same again, whether the request, the answer or the process in between was lost.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use domain::id::{Entropy, SystemEntropy};
use domain::repeat::{Drawn, Repeat, RepeatKey, Sender};
use store::{Attempt, Repeating};

use super::kept;
use crate::access::Caller;
use crate::context::Context;
use crate::problem::Problem;

/// The header by which a sender names a request.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The most bytes of a request's body: as many as Lambda takes.
const MAX_BODY: usize = 6 << 20;

/// Where a handler draws its new ids and secrets from: the same for every attempt of one request, so that what an earlier attempt has
/// written is recognised as its own.
pub(crate) struct Draws(Option<Drawn>);

impl Entropy for Draws {
    fn fill(&mut self, buf: &mut [u8]) {
        match &mut self.0 {
            Some(drawn) => drawn.fill(buf),
            None => SystemEntropy.fill(buf),
        }
    }
}

/// Left among a request's extensions for [`Draws`].
#[derive(Clone)]
struct Source(Repeat, Attempt);

impl<S: Send + Sync> FromRequestParts<S> for Draws {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<Source>().map(|Source(repeat, attempt)| repeat.draws(&attempt.seed))))
    }
}

/// Paths whose POST is for everybody, signed in or not.
#[derive(Clone)]
pub(super) struct Open(pub(super) Arc<[String]>);

/// Does each named POST once. One without a name is passed on as it is.
pub(super) async fn once(
    State((context, open)): State<(Arc<Context>, Open)>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>().cloned();
    match path {
        Some(path) if request.method() == Method::POST && request.headers().contains_key(KEY) => {
            let is_open = open.0.iter().any(|open| open == path.as_str());
            named(&context, is_open, request, next).await.unwrap_or_else(Problem::into_response)
        }
        _ => next.run(request).await,
    }
}

async fn named(context: &Arc<Context>, open: bool, request: Request, next: Next) -> Result<Response, Problem> {
    let key = key(request.headers())?;
    let (mut parts, body) = request.into_parts();
    let sender = if open { Some(Sender::Anybody) } else { sender(&mut parts, context).await? };
    let Some(sender) = sender else {
        // It will be refused: nothing is noted for strangers.
        return Ok(next.run(Request::from_parts(parts, body)).await);
    };
    let body = to_bytes(body, MAX_BODY).await.map_err(|_| Problem::bad_body("the body is larger than 6 MB"))?;
    let repeat = context.repeats.of(sender, &key);
    let content = content(&repeat, &parts, &body);
    match context.store.begin_repeat(&repeat, &content, context.now()).await? {
        Repeating::Begun(attempt) => {
            parts.extensions.insert(Source(repeat.clone(), attempt.clone()));
            let response = next.run(Request::from_parts(parts, Body::from(body))).await;
            Ok(context.keep(&repeat, &attempt, response).await)
        }
        Repeating::Answered(seed, sealed) => match repeat.open(&seed, &sealed).as_deref().and_then(kept::response) {
            Some(mut response) => {
                response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
                Ok(response)
            }
            None => Err(Problem::answer_not_kept()),
        },
        Repeating::Running => Err(Problem::still_running()),
        Repeating::Another => Err(Problem::key_reused()),
    }
}

async fn sender(parts: &mut Parts, context: &Context) -> Result<Option<Sender>, Problem> {
    Ok(Caller::of(parts, context).await?.map(|caller| match caller {
        Caller::Operator => Sender::Operator,
        Caller::Person(person) => Sender::User(person.user),
    }))
}

/// The one name that a request has.
fn key(headers: &HeaderMap) -> Result<RepeatKey, Problem> {
    let mut values = headers.get_all(KEY).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(Problem::bad_repeat_key()) };
    value.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(Problem::bad_repeat_key)
}

/// What makes a request the same: what it asks for and with what.
fn content(repeat: &Repeat, parts: &Parts, body: &Bytes) -> [u8; 32] {
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    // What a person was told is not told to their program, nor what an administrator was told to who is none any more.
    let who = parts.extensions.get::<Caller>().map_or("", Caller::standing);
    repeat.content(&[target.as_bytes(), who.as_bytes(), body])
}

impl Context {
    /// Keeps the answer of what was done; what was refused had no effect and is forgotten, what failed may be tried again.
    async fn keep(&self, repeat: &Repeat, attempt: &Attempt, response: Response) -> Response {
        let status = response.status();
        let (response, noted) = if status.is_success() {
            match kept::bytes(response).await {
                Ok((response, plain)) => {
                    let sealed = repeat.seal(&attempt.seed, &plain, &mut SystemEntropy);
                    (response, self.store.end_repeat(repeat, attempt, sealed).await.map(drop))
                }
                Err(problem) => (problem.into_response(), Ok(())),
            }
        } else if status.is_server_error() {
            (response, self.store.give_up_repeat(repeat, attempt).await)
        } else {
            (response, self.store.forget_repeat(repeat, attempt).await)
        };
        if let Err(error) = noted {
            let error = boot::logs::causes(&error);
            tracing::warn!(
                error,
                "how a request ended was not noted; a repetition has to wait, and draws the same ids"
            );
        }
        response
    }
}
