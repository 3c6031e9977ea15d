//! Looking for a site's feeds: by what its address tells, by what its page says, and last where feeds often are.
//!
//! This is the one place where the api asks other servers. It asks few times, one after the other, for a bounded time, and hosts that asked for a pause not at all.

use std::time::Duration;

use domain::id::UserId;
use domain::response::{Response, Validators};
use feed::discover::{Candidate, Kind, Reason};
use fetch::{FetchError, Request};
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use url::Url;

use crate::context::Context;
use crate::problem::Problem;

/// How long a person waits at most: an answer must go out well before the platform gives up.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long one server may take.
const EACH: Duration = Duration::from_secs(8);
/// How many guesses are tried when the page names no feed.
const GUESSES: usize = 4;
/// What the User-Agent says in the place of a source's id.
const WHO: &str = "discovery";

/// A feed that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where it is.
    pub(crate) url: String,
    /// What it, or the page, calls it.
    pub(crate) title: Option<String>,
    /// Its format, where that is told.
    pub(crate) kind: Option<Kind>,
    /// Why it is taken for one.
    pub(crate) why: Why,
}

/// Why something is taken for a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The address itself is a feed's: it was read.
    Itself,
    /// As the page or its address tells.
    Told(Reason),
}

impl From<Candidate> for Found {
    fn from(candidate: Candidate) -> Self {
        let Candidate { url, title, kind, reason } = candidate;
        Self { url, title, kind, why: Why::Told(reason) }
    }
}

/// What a server sent, once it is read.
enum Page {
    /// A feed, with its title.
    Feed(Option<String>),
    /// Something else, and the feeds that it names.
    Other(Vec<Candidate>),
}

impl Context {
    /// The feeds of a site, or the one feed that is at `url` itself; none if there are none to be found.
    pub(crate) async fn discover(&self, user: UserId, url: &Url) -> Result<Vec<Found>, Problem> {
        let known = self.reachable(feed::discover::guess(url.as_str()));
        if !known.is_empty() {
            return Ok(known.into_iter().map(Found::from).collect());
        }
        self.meters.search(user, self.now())?;
        let by = Instant::now() + PATIENCE;
        let answer = self.look(url, by).await?;
        let place = answer.final_url.clone();
        let named = match read(answer).await? {
            Page::Feed(title) => {
                return Ok(vec![Found { url: url.to_string(), title, kind: None, why: Why::Itself }]);
            }
            Page::Other(named) => self.reachable(named),
        };
        let (declared, others): (Vec<_>, Vec<_>) =
            named.into_iter().partition(|candidate| candidate.reason == Reason::Declared);
        if !declared.is_empty() {
            return Ok(declared.into_iter().map(Found::from).collect());
        }
        let often = self.reachable(feed::discover::common_paths(&place));
        Ok(self.tried(others.into_iter().chain(often), by).await)
    }

    /// Those guesses that are feeds, as far as there is time: what the page links to, else the first place where feeds often are.
    async fn tried(&self, guesses: impl Iterator<Item = Candidate>, by: Instant) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        for guess in guesses.take(GUESSES) {
            if !found.is_empty() && matches!(guess.reason, Reason::Software | Reason::CommonPath) {
                break;
            }
            let Ok(url) = Url::parse(&guess.url) else { continue };
            match self.look(&url, by).await {
                Ok(answer) => {
                    if let Ok(Page::Feed(title)) = read(answer).await {
                        found.push(Found { title: title.or_else(|| guess.title.clone()), ..Found::from(guess) });
                    }
                }
                // A server that asks for a pause gets it; a guess that leads nowhere was a guess.
                Err(problem) if problem.is_a_matter_of_time() => break,
                Err(_) => {}
            }
        }
        found
    }

    /// Those that may be asked at all.
    fn reachable(&self, candidates: Vec<Candidate>) -> Vec<Candidate> {
        let may = |candidate: &Candidate| fetch::check_url(&candidate.url, &self.rules.reach).is_ok();
        candidates.into_iter().filter(may).collect()
    }

    /// One GET that succeeded.
    async fn look(&self, url: &Url, by: Instant) -> Result<Response, Problem> {
        let now = self.now();
        let host = fetch::host_key(url);
        if let Some(until) = self.store.paused_hosts(now).await?.get(&host).filter(|until| **until > now) {
            let detail = format!("{host} asked all fetchers for a pause, until {until}");
            return Err(Problem::too_early(detail, until.until(now)));
        }
        let left = by.saturating_duration_since(Instant::now());
        let request = Request {
            url: url.as_str(),
            validators: &Validators::default(),
            login: None,
            timeout: EACH.min(left),
            subscribers: 1,
            source: WHO,
            start_by: Some(by.checked_sub(EACH).unwrap_or(by).max(Instant::now())),
        };
        let answer = match self.web.get(&request).await {
            Err(FetchError::NotStarted) => {
                return Err(Problem::conflict("busy", "this server is being asked right now; repeat the request"));
            }
            answer => answer?,
        };
        match (answer.status, answer.retry_after) {
            (200..=299, _) => Ok(answer),
            (429 | 503, Some(wait)) => Err(Problem::too_early(format!("{host} asks for a pause"), wait)),
            (status, _) => Err(Problem::origin_refused(status)),
        }
    }
}

/// Reads what came, off the event loop: others wait for their answers too.
async fn read(answer: Response) -> Result<Page, Problem> {
    let reading = spawn_blocking(move || {
        let (content_type, place) = (answer.content_type.as_deref(), answer.final_url.as_str());
        match feed::read(&answer.body, content_type, place) {
            Ok(document) => Page::Feed(document.feed.title),
            Err(_) => Page::Other(feed::discover::links(&answer.body, content_type, place)),
        }
    });
    reading.await.map_err(|error| Problem::ours(&error))
}
