//! Subscribing: to the source that is there, to a new one, or to what a site says are its feeds.

use domain::id::{Entropy, FolderId, SourceId, UserId};
use domain::source::{Head, SourceSettings, SourceState};
use domain::subscription::Subscription;
use store::{Beginning, Subscribing};

use super::address::Address;
use super::discovery::Found;
use super::limits::Quota;
use crate::context::Context;
use crate::making::{DRAWS, Draft, Making};
use crate::problem::Problem;

/// What a person wants to subscribe to.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// Which feed, or which site.
    pub(crate) address: Address,
    /// What they call it.
    pub(crate) title: Option<String>,
    /// Where they keep it; folders of theirs.
    pub(crate) folders: Vec<FolderId>,
    /// How often it is polled at most.
    pub(crate) interval_minutes: Option<u32>,
    /// So many of the last posts are unread at first.
    pub(crate) unread: u64,
    /// Whether the address may be a site's: then it is asked. One that is private never is.
    pub(crate) discover: bool,
}

/// What became of it.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// They subscribe from now on.
    New(Subscription),
    /// They did before; title and folders are as they were.
    Known(Subscription),
    /// There are several feeds: one is to be chosen.
    Choices(Vec<Found>),
}

impl Context {
    /// Subscribes `user`. The first fetch of a new source is queued at once; how it ends is seen in the source's latest job.
    /// `entropy` draws the id of a new source: that of the request, so that a repeated one knows what it made.
    pub(crate) async fn subscribe(
        &self,
        user: UserId,
        wish: &Wish,
        quota: &mut Quota,
        entropy: &mut (impl Entropy + Send),
    ) -> Result<Outcome, Problem> {
        let is_known = self.store.find_by_url(&wish.address.key(user, &self.vault)?).await?.is_some();
        if !wish.discover || is_known || wish.address.secrets().is_some() {
            return self.subscribe_to_feed(user, wish, quota, entropy).await;
        }
        let mut found = self.discover(user, &wish.address.url()?).await?;
        match (found.pop(), found.is_empty()) {
            (None, _) => Err(Problem::no_feed()),
            (Some(only), true) => {
                let address = Address::read(&only.url, None, &self.rules.reach)?;
                self.subscribe_to_feed(user, &Wish { address, ..wish.clone() }, quota, entropy).await
            }
            (Some(last), false) => {
                found.push(last);
                Ok(Outcome::Choices(found))
            }
        }
    }

    async fn subscribe_to_feed(
        &self,
        user: UserId,
        wish: &Wish,
        quota: &mut Quota,
        entropy: &mut (impl Entropy + Send),
    ) -> Result<Outcome, Problem> {
        let (url, key) = (wish.address.url()?, wish.address.key(user, &self.vault)?);
        let settings = self.settings_of(wish)?;
        let mut wait = None;
        for _ in 0..DRAWS {
            let id = SourceId::draw(entropy);
            let there = self.store.find_by_url(&key).await?;
            if let Some(source) = there
                && let Some(known) = self.store.subscription(user, source).await?
            {
                self.renew_login(source, wish).await?;
                self.wake(source).await?;
                // An earlier attempt at this very request may have made it.
                return Ok(if source == id { Outcome::New(known) } else { Outcome::Known(known) });
            }
            let wait = match wait {
                Some(wait) => wait,
                None => *wait.insert(quota.take(wish.address.host())?),
            };
            let done = match there {
                Some(source) => self.join(user, source, wish).await?,
                None => {
                    let (beginning, secrets) = (beginning(wish), wish.address.secrets());
                    let reader = Some((user, &beginning));
                    self.begin(&Draft { id, url: &url, key: &key, settings, reader, secrets, wait }).await?
                }
            };
            if let Some(subscription) = done {
                return Ok(Outcome::New(subscription));
            }
        }
        Err(Problem::conflict("busy", "this source is changing right now; repeat the request"))
    }

    /// A new source; `None` if somebody was faster.
    async fn begin(&self, draft: &Draft<'_>) -> Result<Option<Subscription>, Problem> {
        match self.make(draft).await? {
            Making::Made(new) => Ok(new.subscription),
            Making::Again => Ok(None),
            Making::NoUser => Err(Problem::not_signed_in()),
        }
    }

    /// The source that is there; `None` if it is going.
    async fn join(&self, user: UserId, source: SourceId, wish: &Wish) -> Result<Option<Subscription>, Problem> {
        let Some(before) = self.store.head(source).await? else { return Ok(None) };
        let subscription = match self.store.subscribe_as(user, source, &beginning(wish), self.now()).await? {
            Subscribing::Subscribed(subscription) => subscription,
            Subscribing::NoSource => return Ok(None),
            Subscribing::NoUser => return Err(Problem::not_signed_in()),
        };
        self.renew_login(source, wish).await?;
        self.hasten(source, &before, wish).await?;
        if before.state != SourceState::Active {
            self.refresh_if_polite(source).await?;
        }
        Ok(Some(subscription))
    }

    /// Whoever comes to a source has it polled as often as a new one would be, or as often as they ask.
    async fn hasten(&self, source: SourceId, before: &Head, wish: &Wish) -> Result<(), Problem> {
        let wanted = self.settings_of(wish)?.interval_minutes;
        if wanted < before.settings.interval_minutes {
            let sooner = |head: &Head| {
                let interval_minutes = head.settings.interval_minutes.min(wanted);
                Ok(SourceSettings { interval_minutes, ..head.settings })
            };
            self.set(source, sooner).await?;
        }
        Ok(())
    }

    /// A job at once, if that is polite; if it is not, the wheel brings the next.
    pub(super) async fn refresh_if_polite(&self, source: SourceId) -> Result<(), Problem> {
        match self.refresh_source(source).await {
            Ok(_) => Ok(()),
            Err(problem) if problem.is_a_matter_of_time() => Ok(()),
            Err(problem) => Err(problem),
        }
    }

    /// Who adds a private source again says what it is asked with now.
    async fn renew_login(&self, source: SourceId, wish: &Wish) -> Result<(), Problem> {
        match wish.address.secrets() {
            Some(secrets) if secrets.login.is_some() => self.reseal(source, secrets).await.map(drop),
            _ => Ok(()),
        }
    }

    fn settings_of(&self, wish: &Wish) -> Result<SourceSettings, Problem> {
        let settings = self.rules.default_settings();
        let Some(interval_minutes) = wish.interval_minutes else { return Ok(settings) };
        self.rules.check_interval(interval_minutes)?;
        Ok(SourceSettings { interval_minutes, ..settings })
    }
}

fn beginning(wish: &Wish) -> Beginning {
    Beginning { unread: wish.unread, title: wish.title.clone(), folders: wish.folders.clone() }
}
