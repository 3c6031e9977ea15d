//! How many requests a minute: of a person who is signed in, else of an address. Said in every answer, as
//! draft-ietf-httpapi-ratelimit-headers-11 has it.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use domain::id::UserId;
use domain::time::Timestamp;

use super::address::ClientAddress;
use super::buckets::{Buckets, Level, WINDOW, Who};
use crate::context::Context;
use crate::problem::Problem;

/// The header that tells the limit.
pub(super) const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// The header that tells what is left of it.
pub(super) const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// Requests a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of one person who is signed in, on all their devices.
    pub per_user: u32,
    /// Of one address (of IPv6 a /64), as long as nobody is signed in.
    pub per_address: u32,
}

/// What has been sent.
pub(crate) struct Meters {
    limits: Limits,
    buckets: Buckets,
    searches: Buckets,
}

/// How often a minute one person may have other servers asked, each time a few of them.
const SEARCHES: u32 = 30;

impl Meters {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, buckets: Buckets::new(), searches: Buckets::new() }
    }

    /// Counts a search for feeds.
    ///
    /// # Errors
    /// 429 for a person who has searched too often: other people's servers answer for it.
    pub(crate) fn search(&self, user: UserId, now: Timestamp) -> Result<(), Problem> {
        self.searches.take(Who::User(user), SEARCHES, now).map(drop).map_err(|level| {
            let detail = format!("feeds can be searched for {SEARCHES} times a minute; go on when Retry-After is over");
            Problem::too_many_requests(detail, level.wait)
        })
    }

    const fn quota(&self, who: Who) -> u32 {
        match who {
            Who::User(_) => self.limits.per_user,
            Who::Network(_) => self.limits.per_address,
        }
    }
}

/// Whose limit a request counts against, as far as is known.
#[derive(Clone, Copy)]
enum Count {
    Of(Who, Level),
    /// Whoever holds the installation's key needs no limit.
    OfNobody,
}

/// Goes with a request until it is known who asks.
#[derive(Clone)]
struct Tab(Arc<Mutex<Count>>);

/// Before anything is looked up: whoever has sent too much gets no further.
pub(super) async fn limited(State(context): State<Arc<Context>>, mut request: Request, next: Next) -> Response {
    let who = Who::network(ClientAddress::of(request.extensions()).0);
    let (tab, response) = match context.meters.buckets.take(who, context.meters.quota(who), context.now()) {
        Err(level) => (Tab::new(Count::Of(who, level)), too_many(who, level).into_response()),
        Ok(level) => {
            let tab = Tab::new(Count::Of(who, level));
            request.extensions_mut().insert(tab.clone());
            (tab, next.run(request).await)
        }
    };
    tab.told(response)
}

/// To be called as soon as it is known who asks (`None`: the operator), at least once: from then on the request counts as theirs.
///
/// # Errors
/// 429 for a person who has sent too much.
pub(crate) fn count_as(user: Option<UserId>, extensions: &Extensions, context: &Context) -> Result<(), Problem> {
    if let Some(user) = user {
        tracing::Span::current().record("user.id", tracing::field::display(user));
    }
    let Some(Tab(count)) = extensions.get() else { return Ok(()) };
    let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
    let Count::Of(before @ Who::Network(_), _) = *count else { return Ok(()) };
    let meters = &context.meters;
    meters.buckets.give_back(before, meters.quota(before));
    let Some(user) = user else {
        *count = Count::OfNobody;
        return Ok(());
    };
    let who = Who::User(user);
    let taken = meters.buckets.take(who, meters.quota(who), context.now());
    *count = Count::Of(who, taken.unwrap_or_else(|level| level));
    taken.map(drop).map_err(|level| too_many(who, level))
}

fn too_many(who: Who, level: Level) -> Problem {
    let whose = match who {
        Who::User(_) => "you have",
        Who::Network(_) => "your address has",
    };
    let detail = format!("{whose} sent more than {} requests in a minute; go on when Retry-After is over", level.quota);
    Problem::too_many_requests(detail, level.wait)
}

impl Tab {
    fn new(count: Count) -> Self {
        Self(Arc::new(Mutex::new(count)))
    }

    fn told(&self, mut response: Response) -> Response {
        let Count::Of(who, Level { quota, left, wait }) = *self.0.lock().unwrap_or_else(PoisonError::into_inner) else {
            return response;
        };
        let name = match who {
            Who::User(_) => "user",
            Who::Network(_) => "address",
        };
        let (window, wait) = (WINDOW.as_secs(), wait.as_millis().div_ceil(1_000));
        let headers = response.headers_mut();
        for (header, value) in
            [(POLICY, format!("\"{name}\";q={quota};w={window}")), (LEFT, format!("\"{name}\";r={left};t={wait}"))]
        {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(header, value);
            }
        }
        response
    }
}
