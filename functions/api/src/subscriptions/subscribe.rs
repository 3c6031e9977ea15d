//! Subscribing: to the source that is there, to a new one, or to what a site says are its feeds.

use domain::id::{Entropy, FolderId, SourceId, UserId};
use domain::source::{Head, SourceSettings, SourceState};
use domain::subscription::Subscription;
use store::{Beginning, Patience, Subscribing, Turn};

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

/// What became of one attempt.
enum Tried {
    Subscribed(Subscription),
    /// Something moved: look again.
    Again,
    /// The same person made something meanwhile: count again.
    Overtaken,
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
        let (mut wait, mut patience) = (None, Patience::new());
        let (mut id, mut drawn) = (SourceId::draw(entropy), 1);
        while drawn <= DRAWS {
            let there = self.store.find_by_url(&key).await?;
            if let Some(source) = there
                && let Some(known) = self.store.subscription(user, source).await?
            {
                self.renew_login(source, wish).await?;
                self.wake(source).await?;
                // An earlier attempt at this very request may have made it.
                return Ok(if source == id { Outcome::New(known) } else { Outcome::Known(known) });
            }
            let host = wish.address.host();
            self.check_place(quota, host).await?;
            let wait = *wait.get_or_insert_with(|| quota.spread(host));
            let beginning = beginning(wish, quota.turn());
            let tried = match there {
                Some(source) => self.join(user, source, wish, &beginning).await?,
                None => {
                    let (reader, secrets) = (Some((user, &beginning)), wish.address.secrets());
                    self.begin(&Draft { id, url: &url, key: &key, settings, reader, secrets, wait }).await?
                }
            };
            match tried {
                Tried::Subscribed(subscription) => {
                    quota.made(host);
                    return Ok(Outcome::New(subscription));
                }
                Tried::Again => (id, drawn) = (SourceId::draw(entropy), drawn + 1),
                Tried::Overtaken => {
                    patience.wait_or("subscribing").await?;
                    self.overtaken(quota).await?;
                }
            }
        }
        Err(Problem::conflict("busy", "this source is changing right now; repeat the request"))
    }

    /// A new source.
    async fn begin(&self, draft: &Draft<'_>) -> Result<Tried, Problem> {
        Ok(match self.make(draft).await? {
            Making::Made(new) => new.subscription.map_or(Tried::Again, Tried::Subscribed),
            Making::Again => Tried::Again,
            Making::Overtaken => Tried::Overtaken,
            Making::NoUser => return Err(Problem::not_signed_in()),
        })
    }

    /// The source that is there, if it is not going.
    async fn join(&self, user: UserId, source: SourceId, wish: &Wish, beginning: &Beginning) -> Result<Tried, Problem> {
        let Some(before) = self.store.head(source).await? else { return Ok(Tried::Again) };
        let subscription = match self.store.subscribe_as(user, source, beginning, self.now()).await? {
            Subscribing::Subscribed(subscription) => subscription,
            Subscribing::NoSource => return Ok(Tried::Again),
            Subscribing::Overtaken => return Ok(Tried::Overtaken),
            Subscribing::NoUser => return Err(Problem::not_signed_in()),
        };
        self.renew_login(source, wish).await?;
        self.hasten(source, &before, wish).await?;
        if before.state != SourceState::Active {
            self.refresh_if_polite(source).await?;
        }
        Ok(Tried::Subscribed(subscription))
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

fn beginning(wish: &Wish, turn: Turn) -> Beginning {
    Beginning { unread: wish.unread, title: wish.title.clone(), folders: wish.folders.clone(), turn: Some(turn) }
}
