//! Changing a subscription, and ending it.

use domain::id::{FolderId, SourceId, UserId};
use domain::message::{Announcement, VERSION};
use domain::private::{Login, Secrets};
use domain::source::{Head, SourceSettings, SourceState};
use domain::subscription::Subscription;
use store::{Changing, Resealing, Resuming};

use crate::context::{Context, Rules};
use crate::making::DRAWS;
use crate::problem::Problem;
use crate::sources::SWEEP_AT_ONCE;

/// What is to be changed of a subscription.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edit {
    /// What its user calls it; `Some(None)` for what it calls itself.
    pub(crate) title: Option<Option<String>>,
    /// All folders it is to be in.
    pub(crate) folders: Option<Vec<FolderId>>,
    /// Folders it is to be in as well.
    pub(crate) add: Vec<FolderId>,
    /// Folders it is not to be in any more.
    pub(crate) remove: Vec<FolderId>,
}

impl Edit {
    /// Whether it changed anything.
    fn apply(&self, subscription: &mut Subscription) -> bool {
        let before = (subscription.title.clone(), subscription.folders.clone());
        if let Some(title) = &self.title {
            subscription.title.clone_from(title);
        }
        if let Some(folders) = &self.folders {
            subscription.folders.clone_from(folders);
        }
        subscription.folders.extend(self.add.iter().copied());
        subscription.folders.retain(|folder| !self.remove.contains(folder));
        let mut met = Vec::new();
        subscription.folders.retain(|folder| {
            !met.contains(folder) && {
                met.push(*folder);
                true
            }
        });
        before != (subscription.title.clone(), subscription.folders.clone())
    }
}

impl Rules {
    /// Refuses an interval that no source may have.
    pub(super) fn check_interval(&self, minutes: u32) -> Result<(), Problem> {
        let (low, high) = (self.min_interval_minutes, SourceSettings::MAX_INTERVAL_MINUTES);
        if (low..=high).contains(&minutes) {
            return Ok(());
        }
        Err(Problem::out_of_range(format!("`interval_minutes` must be {low} to {high}")))
    }
}

/// The title that someone writes for a subscription: none if it is blank.
///
/// # Errors
/// A problem if it is too long or holds control characters.
pub(crate) fn title(written: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(title) = written.map(str::trim).filter(|title| !title.is_empty()) else { return Ok(None) };
    if title.len() > Subscription::MAX_TITLE || title.contains(char::is_control) {
        let most = Subscription::MAX_TITLE;
        return Err(Problem::out_of_range(format!("`title` has at most {most} bytes and no control characters")));
    }
    Ok(Some(title.to_owned()))
}

impl Context {
    /// Changes title and folders; whoever else changes the same subscription meanwhile loses nothing.
    pub(crate) async fn change(&self, user: UserId, source: SourceId, edit: &Edit) -> Result<Subscription, Problem> {
        match self.store.change_subscription(user, source, |there| edit.apply(there)).await? {
            Changing::Changed(subscription) => Ok(subscription),
            Changing::Missing => Err(Problem::not_found("subscription")),
        }
    }

    /// How often a source is polled at most, at the wish of a subscriber: more often is nobody's harm, more seldom is for who reads it alone.
    pub(super) async fn change_interval(&self, source: SourceId, minutes: u32) -> Result<(), Problem> {
        self.rules.check_interval(minutes)?;
        let settle = |head: &Head| {
            if minutes > head.settings.interval_minutes && head.subscribers > 1 {
                let detail = "others subscribe to this source too, so it cannot be polled more seldom for you";
                return Err(Problem::conflict("shared_source", detail));
            }
            Ok(SourceSettings { interval_minutes: minutes, ..head.settings })
        };
        self.set(source, settle).await.map(drop)
    }

    /// What a private source is asked with from now on; `None` for its address alone.
    pub(super) async fn change_login(&self, source: SourceId, login: Option<Login>) -> Result<(), Problem> {
        let sealed = self.store.poll(source).await?.and_then(|poll| poll.sealed).ok_or_else(Problem::not_private)?;
        let opened = self.vault.open(source, &sealed).map_err(|error| Problem::ours(&error))?;
        if !self.reseal(source, &Secrets { login, ..opened }).await? {
            return Err(Problem::not_private());
        }
        if self.wake(source).await? {
            return Ok(());
        }
        self.refresh_if_polite(source).await
    }

    /// Puts the source of someone who subscribes to it back on the schedule if it was gone, with a job at once where that is polite; says whether it was.
    pub(super) async fn wake(&self, source: SourceId) -> Result<bool, Problem> {
        let head = self.store.head(source).await?;
        let is_away = head.is_some_and(|head| matches!(head.state, SourceState::Gone | SourceState::Resting));
        if is_away && self.store.resume(source, self.now()).await? == Resuming::Resumed {
            self.refresh_if_polite(source).await?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Seals what is secret of a private source anew; false if it is none, or going.
    pub(super) async fn reseal(&self, source: SourceId, secrets: &Secrets) -> Result<bool, Problem> {
        for _ in 0..DRAWS {
            match self.store.reseal(source, &self.sealed(source, secrets).await?).await? {
                Resealing::Sealed => return Ok(true),
                Resealing::NotPrivate => return Ok(false),
                Resealing::OtherKey => {}
            }
        }
        Err(Problem::conflict("busy", "this source is changing right now; repeat the request"))
    }

    /// Ends a subscription. The source rests with the last one; a private one is deleted, and what was sealed of it is gone at once.
    pub(crate) async fn unsubscribe(&self, user: UserId, source: SourceId) -> Result<(), Problem> {
        let there = self.store.subscription(user, source).await?;
        let now = self.now();
        if let Some((job, from, to)) = self.store.unsubscribe(user, source, now).await? {
            self.queue.announce(&Announcement { v: VERSION, source, job, from, to }).await?;
        }
        if there.is_none() {
            return Err(Problem::not_found("subscription"));
        }
        let head = self.store.head(source).await?;
        if head.is_some_and(|head| head.state == SourceState::Deleting) {
            self.store.sweep(source, now, SWEEP_AT_ONCE).await?;
        }
        Ok(())
    }
}
