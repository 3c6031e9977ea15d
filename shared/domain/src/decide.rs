//! What an answer means: unchanged, worth reading, or failed. Pure; the fetcher acts on it.

use std::time::Duration;

use crate::backoff;
use crate::carry::{Carry, Hold, NotBefore};
use crate::failure::{ErrorCode, Failure};
use crate::response::{BodyHash, Response, Validators};
use crate::time::Timestamp;
use crate::wheel::Pace;

/// A server that gives no validators is asked at most this often, in wheel minutes.
pub const NO_VALIDATORS_MINUTES: u32 = 240;
/// Freshness beyond this is taken for a mistake: a feed is looked at once a week whatever it says.
pub const LONGEST_FRESHNESS: Duration = Duration::from_secs(7 * 24 * 3600);
/// A host's 429 pauses the host at most this long; the source itself waits as long as it was told.
pub const LONGEST_HOST_PAUSE: Duration = Duration::from_secs(24 * 3600);
/// A host that says 429 without saying for how long is paused for so many wheel minutes.
pub const HOST_PAUSE_MINUTES: u32 = 60;
/// Longer validators are not kept: the next poll is unconditional, the item stays within a write unit.
pub const LONGEST_VALIDATOR: usize = 200;

/// What stays the same for one source while its answer is judged.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The source's interval.
    pub interval: Duration,
    /// How long the source has to answer.
    pub timeout: Duration,
    /// How long a wheel minute lasts.
    pub pace: Pace,
    /// Host of the URL that was asked.
    pub host: String,
}

/// What an answer means before anything of it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weighed {
    /// 304, or the same body again.
    Unchanged(Carry),
    /// A body that was not seen before. If it is read and landed, this is the carry; if not, [`unreadable`].
    Read(Carry),
    /// The poll failed.
    Failed(Failed),
}

/// A failed poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Why.
    pub failure: Failure,
    /// For the next job; the validators are those it was given.
    pub carry: Carry,
    /// The second 410 in a row: the source ends.
    pub gone: bool,
    /// The host wants to be left alone by all fetchers.
    pub pause_host_until: Option<Timestamp>,
}

/// Weighs what `fetch` brought for a poll that started from `carry` at `started_at`.
pub fn weigh(carry: &Carry, answer: &Result<Response, Failure>, started_at: Timestamp, policy: &Policy) -> Weighed {
    let asked = Carry { last_get: Some(started_at), not_before: None, ..carry.clone() };
    match answer {
        Err(failure) => {
            let fetch_ms = match failure.code {
                // It took at least so long, and belongs with the slow ones.
                ErrorCode::Timeout => asked.fetch_ms_after(policy.timeout),
                _ => asked.fetch_ms,
            };
            Weighed::Failed(fail(Carry { fetch_ms, ..asked }, failure.clone(), None, started_at, policy))
        }
        Ok(response) => weigh_response(asked, response, started_at, policy),
    }
}

fn weigh_response(asked: Carry, response: &Response, started_at: Timestamp, policy: &Policy) -> Weighed {
    let asked = Carry { fetch_ms: asked.fetch_ms_after(response.took()), ..asked };
    if let Some(failure) = refusal(response, !asked.validators.is_empty()) {
        return Weighed::Failed(fail(asked, failure, Some(response), started_at, policy));
    }
    let mut carry = Carry { streak: 0, gone_once: false, ..asked };
    if response.status == 304 {
        // A 304 that carries new validators updates them; it never clears one (RFC 9111 §3.2, §4.3.4).
        let sent = bounded(&response.validators);
        carry.validators.etag = sent.etag.or(carry.validators.etag);
        carry.validators.last_modified = sent.last_modified.or(carry.validators.last_modified);
        carry.quiet = true;
        carry.not_before = not_before(&carry, response, started_at, policy);
        return Weighed::Unchanged(carry);
    }
    carry.validators = bounded(&response.validators);
    carry.not_before = not_before(&carry, response, started_at, policy);
    let hash = BodyHash::of(&response.body);
    if carry.body_hash == Some(hash) {
        carry.quiet = true;
        return Weighed::Unchanged(carry);
    }
    carry.body_hash = Some(hash);
    carry.quiet = false;
    Weighed::Read(carry)
}

/// Over-long validators are dropped whole: a cut one would be a wrong one.
fn bounded(validators: &Validators) -> Validators {
    let keep = |raw: &Option<crate::response::RawHeader>| raw.clone().filter(|raw| raw.0.len() <= LONGEST_VALIDATOR);
    Validators { etag: keep(&validators.etag), last_modified: keep(&validators.last_modified) }
}

/// The latest of what the answer asks for.
fn not_before(carry: &Carry, response: &Response, started_at: Timestamp, policy: &Policy) -> Option<NotBefore> {
    let fresh = response
        .fresh_for
        .map(|fresh| NotBefore { at: response.ended_at + fresh.min(LONGEST_FRESHNESS), why: Hold::Fresh });
    let told = response.retry_after.map(|wait| NotBefore { at: response.ended_at + wait, why: Hold::RetryAfter });
    let blind = carry
        .validators
        .is_empty()
        .then(|| NotBefore { at: started_at + policy.pace.span(NO_VALIDATORS_MINUTES), why: Hold::NoValidators });
    [fresh, told, blind].into_iter().flatten().max_by_key(|hold| hold.at)
}

fn refusal(response: &Response, conditional: bool) -> Option<Failure> {
    let status = response.status;
    let (code, message) = match status {
        304 if conditional => return None,
        200..=299 if response.body.is_empty() => (ErrorCode::Empty, "the server sent an empty document".to_owned()),
        200..=299 => return None,
        401 | 402 | 403 | 407 | 451 => (ErrorCode::Forbidden, format!("the server refuses access (HTTP {status})")),
        404 => (ErrorCode::NotFound, "the server has no such document (HTTP 404)".to_owned()),
        410 => (ErrorCode::Gone, "the server says the feed is gone for good (HTTP 410)".to_owned()),
        429 => (ErrorCode::TooManyRequests, "the server asks for fewer requests (HTTP 429)".to_owned()),
        500..=599 => (ErrorCode::ServerError, format!("the server failed (HTTP {status})")),
        _ => (ErrorCode::ClientError, format!("the server answered with HTTP {status}, which is no feed")),
    };
    Some(Failure::new(code, message))
}

fn fail(asked: Carry, failure: Failure, response: Option<&Response>, started_at: Timestamp, policy: &Policy) -> Failed {
    let streak = asked.streak.saturating_add(1);
    let mut hold = NotBefore { at: started_at + backoff::after(streak, policy.interval), why: Hold::Backoff };
    let told = response.and_then(|response| Some(response.ended_at + response.retry_after?));
    match told {
        Some(at) => hold = later(hold, NotBefore { at, why: Hold::RetryAfter }),
        None if matches!(failure.code, ErrorCode::TooManyRequests | ErrorCode::Forbidden) => {
            let refused = NotBefore { at: started_at + policy.pace.scaled(backoff::REFUSED), why: Hold::Refused };
            hold = later(hold, refused);
        }
        None => {}
    }
    let mut pause_host_until = None;
    if let Some(response) = response {
        // Only the host that was asked is paused: nobody can point a redirect at another's host to silence it.
        if failure.code == ErrorCode::TooManyRequests && response.redirects.is_empty() {
            let cap = response.ended_at + LONGEST_HOST_PAUSE;
            let pause = told.unwrap_or(response.ended_at + policy.pace.span(HOST_PAUSE_MINUTES));
            pause_host_until = Some(pause.min(cap));
        }
    }
    let gone_now = failure.code == ErrorCode::Gone;
    let gone = gone_now && asked.gone_once;
    let carry = Carry { streak, gone_once: gone_now, not_before: Some(hold), ..asked };
    Failed { failure, carry, gone, pause_host_until }
}

fn later(a: NotBefore, b: NotBefore) -> NotBefore {
    if b.at > a.at { b } else { a }
}

/// A body came, but it could not be read or landed: it must come again, so the validators stay those of `given`.
pub fn unreadable(given: &Carry, response: &Response, failure: Failure, policy: &Policy) -> Failed {
    let started_at = response.started_at;
    let asked = Carry {
        last_get: Some(started_at),
        not_before: None,
        fetch_ms: given.fetch_ms_after(response.took()),
        ..given.clone()
    };
    let mut failed = fail(asked, failure, None, started_at, policy);
    let bounds = not_before(&failed.carry, response, started_at, policy);
    if let (Some(hold), Some(asked_for)) = (failed.carry.not_before, bounds) {
        failed.carry.not_before = Some(later(hold, asked_for));
    }
    failed
}

/// A body came and was read, but what is new in it could not be stored, for a reason of ours or of the body.
///
/// It must come again, so what is remembered of it is as in `given`; what the server asked for counts as in `landed`, the carry it would have left.
/// A failure of our own leaves the streak alone.
pub fn unlanded(given: &Carry, landed: &Carry, failure: Failure, started_at: Timestamp, policy: &Policy) -> Failed {
    let asked =
        Carry { last_get: landed.last_get, not_before: landed.not_before, fetch_ms: landed.fetch_ms, ..given.clone() };
    if failure.code.is_ours() {
        return Failed { failure, carry: asked, gone: false, pause_host_until: None };
    }
    let mut failed = fail(asked, failure, None, started_at, policy);
    if let (Some(hold), Some(asked_for)) = (failed.carry.not_before, landed.not_before) {
        failed.carry.not_before = Some(later(hold, asked_for));
    }
    failed
}

/// Our own time was up after `took`, before the source's was: it was asked, so its interval counts from `started_at`, and it is no failure of its own.
#[must_use]
pub fn cut_short(given: &Carry, started_at: Timestamp, took: Duration) -> Carry {
    // It is slower than that, so that the next one is begun with more time.
    let fetch_ms = given.fetch_ms_after(took).max(given.fetch_ms);
    Carry { last_get: Some(started_at), fetch_ms, ..given.clone() }
}

/// A landing that held back a restless entry keeps the old validators and hash, so that no 304 hides the entry's last form.
#[must_use]
pub fn held_back(given: &Carry, landed: Carry) -> Carry {
    Carry { validators: given.validators.clone(), body_hash: given.body_hash, ..landed }
}

/// A feed that kills its process rests for a day.
#[must_use]
pub fn poisoned(carry: &Carry, now: Timestamp) -> Carry {
    Carry {
        streak: carry.streak.saturating_add(1),
        not_before: Some(NotBefore { at: now + backoff::POISONED, why: Hold::Poisoned }),
        ..carry.clone()
    }
}
