//! One GET with its redirects, from the first wait for a turn to the last byte.

use std::sync::Arc;
use std::time::Duration;

use domain::private::Login;
use domain::response::{Redirect, Response, Validators};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION, USER_AGENT,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use crate::body::{self, Body};
use crate::budget::{Budget, Share, acquire};
use crate::error::{BadUrl, FetchError, RedirectTrouble, SettingsError};
use crate::explain::explain;
use crate::hosts::{Hosts, Turn};
use crate::reach::{Reach, check_url, host_key};
use crate::resolver::Guarded;
use crate::settings::{Clock, Settings};
use crate::{client, headers};

/// The most redirects that are followed.
pub const MAX_REDIRECTS: usize = 5;

/// Feeds first; many servers send them under names that are too general, so those follow.
const FEED_TYPES: &str = "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, \
    application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1";

/// An unwanted body is not waited for longer than this.
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// What to ask for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The feed's URL; judged again here, whatever was judged before.
    pub url: &'a str,
    /// What the last 200 brought. Sent as they are, on every hop: they belong to the answer at the end of the chain. Empty ones make
    /// an unconditional request.
    pub validators: &'a Validators,
    /// What a private source is asked with. Goes to the origin of `url` (scheme, host and port) and never past a redirect to another.
    pub login: Option<&'a Login>,
    /// From the moment the request goes out until the last byte is in, redirects included. Waiting to start is not counted.
    pub timeout: Duration,
    /// Goes into the User-Agent.
    pub subscribers: u32,
    /// The source's short id; goes into the User-Agent. Other characters than letters and digits are left out.
    pub source: &'a str,
    /// When waiting for the host, a permit and memory is given up with [`FetchError::NotStarted`]; `None` waits as long as it takes.
    /// A request that started before ends before `start_by + timeout`.
    pub start_by: Option<Instant>,
}

/// The way out. One per process; clones share connections, turns and permits.
#[derive(Clone)]
pub struct Fetcher {
    inner: Arc<Inner>,
}

struct Inner {
    client: reqwest::Client,
    /// `Feedmill/VERSION (+URL`
    agent: String,
    reach: Reach,
    hosts: Hosts,
    requests: Arc<Semaphore>,
    budget: Budget,
    max_body_bytes: u64,
    clock: Clock,
}

/// All that a request needs before it goes out, taken in this order. A redirect to another host gives everything back first: who
/// holds a permit never waits for a host, so nobody waits in a circle.
struct Place {
    share: Share,
    _permit: OwnedSemaphorePermit,
    _turn: Turn,
}

impl Fetcher {
    /// A fetcher with its client and limits. It trusts the web's certificate authorities and no others.
    ///
    /// # Errors
    /// [`SettingsError`] when `settings` cannot be used.
    pub fn new(settings: Settings, clock: Clock) -> Result<Self, SettingsError> {
        Self::build(settings, clock, None)
    }

    /// As [`Fetcher::new`], but servers whose certificate `authority` (itself a certificate, in DER) has signed are trusted too. For
    /// tests: no setting leads here.
    ///
    /// # Errors
    /// [`SettingsError`] when `settings` or `authority` cannot be used.
    pub fn trusting(settings: Settings, clock: Clock, authority: &[u8]) -> Result<Self, SettingsError> {
        Self::build(settings, clock, Some(authority))
    }

    fn build(settings: Settings, clock: Clock, authority: Option<&[u8]>) -> Result<Self, SettingsError> {
        let agent = format!("Feedmill/{} (+{}", settings.version, settings.about_url);
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && !b"();".contains(&b));
        if !plain(&settings.version) || !plain(&settings.about_url) {
            return Err(SettingsError::UserAgent);
        }
        let max_requests = limit("max_requests", settings.max_requests)?.min(Semaphore::MAX_PERMITS);
        let bytes = usize::try_from(settings.max_bytes_in_flight).unwrap_or(0);
        let budget = Budget::new(limit("max_bytes_in_flight", bytes)?);
        limit("max_body_bytes", usize::try_from(settings.max_body_bytes).unwrap_or(0))?;
        let client = client::build(Guarded { lookup: settings.lookup, reach: settings.reach.clone() }, authority)?;
        let inner = Inner {
            client,
            agent,
            reach: settings.reach,
            hosts: Hosts::default(),
            requests: Arc::new(Semaphore::new(max_requests)),
            budget,
            max_body_bytes: settings.max_body_bytes,
            clock,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Makes the request and follows its redirects. Any status is an answer; the body is read of a 2xx only.
    ///
    /// The body holds its part of [`Settings::max_bytes_in_flight`] until it is dropped: take in one answer before collecting the next.
    /// Dropping the future ends the exchange and closes its connection.
    ///
    /// # Errors
    /// [`FetchError`]: everything that kept an answer from coming.
    pub async fn get(&self, request: &Request<'_>) -> Result<Response, FetchError> {
        self.inner.get(request).await
    }
}

fn limit(name: &'static str, value: usize) -> Result<usize, SettingsError> {
    if value == 0 { Err(SettingsError::Limit { name }) } else { Ok(value) }
}

impl Inner {
    async fn get(&self, request: &Request<'_>) -> Result<Response, FetchError> {
        let url = check_url(request.url, &self.reach)?;
        let headers = self.headers(request);
        let login = request.login.map(header).transpose()?;
        let place = self.place(&url);
        let place = match request.start_by {
            Some(at) => timeout_at(at, place).await.map_err(|_| FetchError::NotStarted)?,
            None => place.await,
        };
        if request.start_by.is_some_and(|at| at < Instant::now()) {
            return Err(FetchError::NotStarted);
        }
        timeout(request.timeout, self.follow(url, headers, login, place))
            .await
            .unwrap_or(Err(FetchError::Timeout { after: request.timeout }))
    }

    async fn place(&self, url: &Url) -> Place {
        let turn = self.hosts.turn(&host_key(url)).await;
        let permit = acquire(Arc::clone(&self.requests), 1).await;
        Place { share: self.budget.share().await, _permit: permit, _turn: turn }
    }

    async fn follow(
        &self,
        mut url: Url,
        headers: HeaderMap,
        mut login: Option<(HeaderName, HeaderValue)>,
        mut place: Place,
    ) -> Result<Response, FetchError> {
        let started_at = (self.clock)();
        let mut redirects: Vec<Redirect> = Vec::new();
        let mut seen = vec![url.clone()];
        let answer = loop {
            let mut headers = headers.clone();
            headers.extend(login.clone());
            let answer = self.ask(&url, headers, !redirects.is_empty()).await?;
            let status = answer.status().as_u16();
            if !matches!(status, 301 | 302 | 303 | 307 | 308) {
                break answer;
            }
            let next = self.target(&url, answer.headers())?;
            let trouble = |reason| Err(FetchError::Redirects { reason });
            if redirects.len() == MAX_REDIRECTS {
                return trouble(RedirectTrouble::TooMany);
            }
            if seen.contains(&next) {
                return trouble(RedirectTrouble::Loop);
            }
            discard(answer).await;
            // Also when the chain comes back: another origin had its say in it.
            login = login.filter(|_| next.origin() == url.origin());
            if host_key(&next) != host_key(&url) {
                drop(place);
                place = self.place(&next).await;
            }
            redirects.push(Redirect { status, target: next.as_str().to_owned() });
            seen.push(next.clone());
            url = next;
        };
        self.finish(answer, started_at, url, redirects, place).await
    }

    /// Sends one request and waits for the head of its answer.
    async fn ask(&self, url: &Url, headers: HeaderMap, redirected: bool) -> Result<reqwest::Response, FetchError> {
        let sent = self.client.get(url.clone()).headers(headers).send().await;
        sent.map_err(|error| explain(error, host_key(url), redirected))
    }

    /// Where a redirect leads, if it may.
    fn target(&self, from: &Url, headers: &HeaderMap) -> Result<Url, FetchError> {
        let no_target = FetchError::Redirects { reason: RedirectTrouble::NoTarget };
        let Some(location) = headers.get(LOCATION) else {
            return Err(no_target);
        };
        let written = std::str::from_utf8(location.as_bytes()).map_err(|_| no_target)?;
        let bad = |reason| FetchError::BadUrl { reason, redirected: true };
        let mut next = from.join(written).map_err(|_| bad(BadUrl::Syntax))?;
        next.set_fragment(None);
        // A relative redirect writes no host; the host it keeps was judged before.
        let relative = next.host() == from.host() && Url::parse(written).is_err();
        let written = if relative { next.as_str() } else { written };
        self.reach.judge(&next, written, true)?;
        Ok(next)
    }

    async fn finish(
        &self,
        answer: reqwest::Response,
        started_at: domain::time::Timestamp,
        url: Url,
        redirects: Vec<Redirect>,
        place: Place,
    ) -> Result<Response, FetchError> {
        let status = answer.status();
        let head = answer.headers().clone();
        let Place { share, _permit, _turn } = place;
        let body = if status.is_success() {
            body::read(answer, &self.budget, share, self.max_body_bytes).await?
        } else {
            Body { bytes: bytes::Bytes::new(), wire_bytes: discard(answer).await }
        };
        let ended_at = (self.clock)();
        Ok(Response {
            started_at,
            ended_at,
            status: status.as_u16(),
            final_url: url.into(),
            redirects,
            validators: headers::validators(&head),
            fresh_for: headers::fresh_for(&head, ended_at),
            retry_after: headers::retry_after(&head, ended_at),
            content_type: headers::content_type(&head),
            body: body.bytes,
            wire_bytes: body.wire_bytes,
        })
    }

    fn headers(&self, request: &Request<'_>) -> HeaderMap {
        let source: String = request.source.chars().filter(char::is_ascii_alphanumeric).collect();
        let agent = format!("{}; {} subscribers; source {source})", self.agent, request.subscribers);
        let validators = request.validators;
        let mut headers = HeaderMap::with_capacity(5);
        headers.insert(ACCEPT, HeaderValue::from_static(FEED_TYPES));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, br"));
        for (name, value) in [
            (USER_AGENT, Some(agent.as_bytes())),
            (IF_NONE_MATCH, validators.etag.as_ref().map(|etag| etag.0.as_slice())),
            (IF_MODIFIED_SINCE, validators.last_modified.as_ref().map(|date| date.0.as_slice())),
        ] {
            // What came in a header fits into one; anything else was damaged on the way and is better left out.
            if let Some(Ok(value)) = value.map(HeaderValue::from_bytes) {
                headers.insert(name, value);
            }
        }
        headers
    }
}

/// The header of a login. It is marked as not to be shown, in logs and in tables of compressed headers.
fn header(login: &Login) -> Result<(HeaderName, HeaderValue), FetchError> {
    let (name, value) = login.line();
    let parts = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value.expose()).ok());
    let (name, mut value) = parts.ok_or(FetchError::BadUrl { reason: BadUrl::Login, redirected: false })?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// Reads what little there is of a body that nobody wants, so that its connection can be used again.
async fn discard(answer: reqwest::Response) -> u64 {
    timeout(DRAIN_TIME, body::drain(answer)).await.unwrap_or(0)
}
