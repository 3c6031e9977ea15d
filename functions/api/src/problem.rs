//! Problems: RFC 9457, with a stable `code`. The one file that maps errors to HTTP.
//!
//! What a client sees and what the log keeps are different texts: causes go to the log, here, once.

use std::error::Error;
use std::time::Duration;

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use blob::BlobError;
use boot::logs::causes;
use domain::id::BadId;
use fetch::FetchError;
use queue::QueueError;
use serde::Serialize;
use store::StoreError;

use crate::conventions::RequestId;

/// An answer that is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    retry_after: Option<Duration>,
    instance: Option<RequestId>,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, title, detail: detail.into(), retry_after: None, instance: None }
    }

    pub(crate) fn no_such_path() -> Self {
        let detail = "there is nothing at this path; see docs/API.md for those that exist";
        Self::new(StatusCode::NOT_FOUND, "no_such_path", "No such path", detail)
    }

    pub(crate) fn wrong_method() -> Self {
        let detail = "this path does not take this method; the Allow header lists those that it takes";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", "Wrong method", detail)
    }

    pub(crate) fn not_found(what: &str) -> Self {
        let detail = format!("there is no {what} with this id");
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found", detail)
    }

    pub(crate) fn no_such_user() -> Self {
        let detail = "there is no user with this id or e-mail address";
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found", detail)
    }

    pub(crate) fn not_signed_in() -> Self {
        let detail = "sign in first: send a token or the secret of a session as `Authorization: Bearer SECRET`";
        Self::new(StatusCode::UNAUTHORIZED, "not_signed_in", "Not signed in", detail)
    }

    pub(crate) fn bad_credential() -> Self {
        let detail = "what the Authorization header or the cookie shows lets nobody in, or not any more: sign in again, or make another token";
        Self::new(StatusCode::UNAUTHORIZED, "bad_credential", "Not let in", detail)
    }

    pub(crate) fn foreign_origin() -> Self {
        let detail = "a cookie lets only pages of this origin change anything; programs send `Authorization: Bearer SECRET` instead";
        Self::new(StatusCode::FORBIDDEN, "foreign_origin", "Foreign origin", detail)
    }

    pub(crate) fn administrators_only() -> Self {
        let detail = "this is for administrators";
        Self::new(StatusCode::FORBIDDEN, "administrators_only", "For administrators only", detail)
    }

    pub(crate) fn operator_only() -> Self {
        let detail = "this is for the operator alone, who holds the installation's key: use the command line where Feedmill runs";
        Self::new(StatusCode::FORBIDDEN, "operator_only", "For the operator only", detail)
    }

    pub(crate) fn not_for_tokens() -> Self {
        let detail = "a program's token neither sees nor changes what lets people in: sign in for this";
        Self::new(StatusCode::FORBIDDEN, "not_for_tokens", "Not for tokens", detail)
    }

    pub(crate) fn wrong_password() -> Self {
        let detail = "this e-mail address and this password do not belong together";
        Self::new(StatusCode::FORBIDDEN, "wrong_password", "Wrong password", detail)
    }

    /// Too many wrong passwords within `window`.
    pub(crate) fn too_many_failures(window: Duration) -> Self {
        let detail = "there were too many wrong passwords for this e-mail address or from this network: wait a quarter of an hour, or use a session or token that is in force";
        let title = "Too many wrong passwords";
        let failures = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_failures", title, detail);
        Self { retry_after: Some(window), ..failures }
    }

    /// More passwords to hash than there is memory for.
    pub(crate) fn too_many_at_once() -> Self {
        let detail = "too many people show their password right now; repeat the request in a moment";
        let later = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not available right now", detail);
        Self { retry_after: Some(Duration::from_secs(1)), ..later }
    }

    pub(crate) fn registration_closed() -> Self {
        let detail = "this installation takes in nobody by registration: ask an administrator for an account";
        Self::new(StatusCode::FORBIDDEN, "registration_closed", "Registration is closed", detail)
    }

    pub(crate) fn invitation_needed() -> Self {
        let detail = "this installation takes in whoever is invited: ask an administrator for an invitation";
        Self::new(StatusCode::FORBIDDEN, "invitation_needed", "An invitation is needed", detail)
    }

    pub(crate) fn invitation_spent() -> Self {
        let detail = "this invitation was used, is over or was taken back: ask an administrator for another";
        Self::new(StatusCode::FORBIDDEN, "invitation_spent", "The invitation is spent", detail)
    }

    pub(crate) fn reset_spent() -> Self {
        let detail =
            "this way back was used, is over, or ended with the sessions of its user: ask an administrator for another";
        Self::new(StatusCode::FORBIDDEN, "reset_spent", "The reset link is spent", detail)
    }

    pub(crate) fn email_taken() -> Self {
        Self::conflict("email_taken", "somebody has an account with this e-mail address")
    }

    pub(crate) fn already_bootstrapped() -> Self {
        let detail = "this installation has had its first administrator: make an account, then let the operator make it an administrator's";
        Self::conflict("already_bootstrapped", detail)
    }

    pub(crate) fn account_busy() -> Self {
        Self::conflict("busy", "someone else changed this account at the same time; repeat the request")
    }

    pub(crate) fn no_free_id() -> Self {
        Self::conflict("no_free_id", "no free id was found; repeat the request")
    }

    /// A value that cannot be what it is to be.
    pub(crate) fn bad_input(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, "A value cannot be used", detail)
    }

    pub(crate) fn needs_user() -> Self {
        let detail = "this is done for one user: say which with the header `Feedmill-User: UUID or e-mail address`";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "needs_user", "Which user?", detail)
    }

    pub(crate) fn bad_body(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_body", "The body is not what this path takes", detail)
    }

    pub(crate) fn too_many(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_many", "Too much at once", detail)
    }

    pub(crate) fn bad_query(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_query", "The query is not what this path takes", detail)
    }

    pub(crate) fn bad_cursor() -> Self {
        let detail = "this cursor was not made for this list; start without one";
        Self::new(StatusCode::BAD_REQUEST, "bad_cursor", "Bad cursor", detail)
    }

    pub(crate) fn bad_label(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_label", "This is no label's name", detail)
    }

    pub(crate) fn out_of_range(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "out_of_range", "A value is out of its range", detail)
    }

    pub(crate) fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, "This is not possible as things are", detail)
    }

    pub(crate) fn too_early(detail: impl Into<String>, wait: Duration) -> Self {
        let early = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_early", "Too early to fetch again", detail);
        Self { retry_after: Some(wait), ..early }
    }

    pub(crate) fn too_many_requests(detail: impl Into<String>, wait: Duration) -> Self {
        let many = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Too many requests", detail);
        Self { retry_after: Some(wait), ..many }
    }

    pub(crate) fn bad_repeat_key() -> Self {
        let detail = "`Idempotency-Key` must be one name of 1 to 255 printable ASCII characters, for example a UUID";
        Self::new(StatusCode::BAD_REQUEST, "bad_idempotency_key", "Bad Idempotency-Key", detail)
    }

    pub(crate) fn key_reused() -> Self {
        let detail = "this `Idempotency-Key` was used for another request; use a new one for each";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", "Idempotency-Key used before", detail)
    }

    pub(crate) fn still_running() -> Self {
        let detail = "the request of this `Idempotency-Key` is under way; repeat it in a moment for its answer";
        let wait = Some(Duration::from_secs(1));
        Self { retry_after: wait, ..Self::conflict("idempotency_key_in_use", detail) }
    }

    pub(crate) fn answer_not_kept() -> Self {
        let detail = "this was done before, but its answer cannot be shown again; look at what is there";
        Self::conflict("idempotent_answer_gone", detail)
    }

    /// The same, naming the request in which it occurred.
    pub(crate) fn of_request(self, id: RequestId) -> Self {
        Self { instance: Some(id), ..self }
    }

    pub(crate) fn looks_private() -> Self {
        let detail = "this URL looks as if it held a secret, so it belongs to one person: subscribe to it, and it is kept private";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "looks_private", "This URL looks private", detail)
    }

    pub(crate) fn not_private() -> Self {
        let detail = "this source is shared with all who subscribe to it; unsubscribe, and subscribe again with credentials to have it for yourself";
        Self::conflict("not_private", detail)
    }

    pub(crate) fn bad_credentials(detail: impl Into<String>) -> Self {
        let title = "A feed cannot be asked with these credentials";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_credentials", title, detail)
    }

    pub(crate) fn bad_name(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_name", "This name cannot be used", detail)
    }

    pub(crate) fn no_feed() -> Self {
        let detail = "no feed was found there; give the address of the feed itself";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "no_feed", "There is no feed", detail)
    }

    pub(crate) fn origin_refused(status: u16) -> Self {
        let detail = format!("the server answered with status {status}, so that no feed can be looked for there");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "origin_refused", "The site cannot be asked", detail)
    }

    /// Whether what was asked for is not there.
    pub(crate) fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    /// The stable word.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// Whether it lies in what was asked for, not in who asked, how often, or in Feedmill.
    pub(crate) fn is_of_the_request(&self) -> bool {
        let others = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS];
        self.status.is_client_error() && !others.contains(&self.status)
    }

    /// The sentence for people.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Whether it is for us to mend, and says nothing of what was asked for.
    pub(crate) fn is_ours(&self) -> bool {
        self.status.is_server_error() || self.status == StatusCode::UNAUTHORIZED
    }

    pub(crate) fn not_opml(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "not_opml", "This is no list of feeds", detail)
    }

    pub(crate) fn not_account(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "not_account", "This is no exported account", detail)
    }

    pub(crate) fn too_large(most: usize) -> Self {
        let detail = format!("a document of at most {} MB is taken at once: send it in parts", most >> 20);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The document is too large", detail)
    }

    /// Whether it is not known who asks.
    pub(crate) fn is_unauthorized(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    /// Whether nothing is wrong but the moment: too early, or someone else is at it.
    pub(crate) fn is_a_matter_of_time(&self) -> bool {
        matches!(self.code, "too_early" | "busy")
    }

    /// Something that is our fault and that repeating does not mend. Logs the causes.
    pub(crate) fn ours(error: &(dyn Error + 'static)) -> Self {
        tracing::error!(error = causes(error), "a request failed");
        let detail = "Feedmill failed at this request; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error", detail)
    }

    /// Something that is our fault and may work in a moment. Logs the causes.
    pub(crate) fn unavailable(error: &(dyn Error + 'static)) -> Self {
        tracing::warn!(error = causes(error), "a request has to be repeated");
        let detail = "Feedmill cannot do this right now; repeat the request in a moment";
        let later = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not available right now", detail);
        Self { retry_after: Some(Duration::from_secs(1)), ..later }
    }

    /// The function cannot begin to work: its key or its store is out of reach, or not for it. Logs the causes.
    pub fn not_ready(error: &(dyn Error + 'static)) -> Self {
        Self::unavailable(error)
    }

    fn judged(error: &(dyn Error + 'static), retryable: bool) -> Self {
        if retryable { Self::unavailable(error) } else { Self::ours(error) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = Document {
            kind: format!("urn:feedmill:problem:{}", self.code),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            instance: self.instance.map(|id| format!("urn:uuid:{id}")),
        };
        let mut response = (self.status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        // For the frame around all answers, which knows the request's name.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<BadId> for Problem {
    fn from(bad: BadId) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_id", "Malformed id", bad.to_string())
    }
}

impl From<FetchError> for Problem {
    fn from(error: FetchError) -> Self {
        let failure = error.failure();
        let title = "This URL cannot be fetched";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, failure.code.as_str(), title, failure.message)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::judged(&error, error.is_retryable())
    }
}

impl From<QueueError> for Problem {
    fn from(error: QueueError) -> Self {
        Self::judged(&error, error.is_retryable())
    }
}

impl From<BlobError> for Problem {
    fn from(error: BlobError) -> Self {
        Self::judged(&error, error.is_retryable())
    }
}
