//! All that a person subscribes to, with what is known of each: what lists and other APIs are made of.

use std::sync::Arc;

use domain::folder::{Folder, Folders};
use domain::id::{FolderId, SourceId, UserId};
use domain::reading::Shown;
use domain::source::{Head, SourceState};
use domain::subscription::Subscription;
use url::Url;

use super::address::Address;
use crate::context::Context;
use crate::problem::Problem;

/// A person's subscriptions and folders.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    /// Their folders.
    pub(crate) folders: Folders,
    /// What they subscribe to, by source.
    pub(crate) list: Vec<Shelved>,
}

/// One subscription, and its source.
#[derive(Clone, Debug)]
pub(crate) struct Shelved {
    /// As its user has it.
    pub(crate) subscription: Subscription,
    /// The source; none if an administrator deleted it.
    pub(crate) head: Option<Head>,
}

impl Shelf {
    /// The folders of a subscription that are there: those that were deleted count no more.
    pub(crate) fn folders_of(&self, subscription: &Subscription) -> Vec<&Folder> {
        subscription.folders.iter().filter_map(|folder| self.folders.get(*folder)).collect()
    }
}

impl Shelved {
    /// Which source.
    pub(crate) fn source(&self) -> SourceId {
        self.subscription.source
    }

    /// What its user calls it, else what it calls itself, else where it is.
    pub(crate) fn title(&self) -> String {
        let own = self.subscription.title.clone();
        let head = self.head.as_ref();
        let known = own.or_else(|| head.and_then(|head| head.title.clone()));
        known.or_else(|| self.host()).unwrap_or_else(|| self.source().to_string())
    }

    /// Where it is fetched from; of a private source nobody is told.
    pub(crate) fn url(&self) -> Option<&str> {
        self.head.as_ref().filter(|head| head.owner.is_none()).map(|head| head.url.as_str())
    }

    /// Its host.
    pub(crate) fn host(&self) -> Option<String> {
        let url = Url::parse(&self.head.as_ref()?.url).ok()?;
        Some(fetch::host_key(&url)).filter(|host| !host.is_empty())
    }

    /// The site it belongs to, as the feed says.
    pub(crate) fn site(&self) -> Option<&str> {
        self.head.as_ref()?.site.as_deref()
    }

    /// Its icon, as the feed says.
    pub(crate) fn icon(&self) -> Option<&str> {
        self.head.as_ref()?.icon.as_deref()
    }

    /// Whether it is its user's alone.
    pub(crate) fn is_private(&self) -> bool {
        self.head.as_ref().is_some_and(|head| head.owner.is_some())
    }

    /// Posts that are unread.
    pub(crate) fn unread(&self) -> u64 {
        let head = self.head.as_ref().filter(|head| head.state != SourceState::Deleting);
        head.map_or(0, |head| self.subscription.read.unread(shown(head)))
    }

    /// Whether its source is polled, and if not, why.
    pub(crate) fn state(&self) -> SourceState {
        self.head.as_ref().map_or(SourceState::Deleting, |head| head.state)
    }
}

fn shown(head: &Head) -> Shown {
    Shown { floor: head.floor_ordinal, last: head.post_count }
}

impl Context {
    /// All that `user` subscribes to.
    pub(crate) async fn shelf(&self, user: UserId) -> Result<Shelf, Problem> {
        let subscriptions = self.subscriptions(user).await?.into_iter().map(Arc::unwrap_or_clone).collect();
        let list = self.shelved(subscriptions).await?;
        Ok(Shelf { folders: self.store.folders(user).await?, list })
    }

    /// Some subscriptions with their sources. A source that is too new for the batch read is read alone.
    pub(super) async fn shelved(&self, subscriptions: Vec<Subscription>) -> Result<Vec<Shelved>, Problem> {
        let sources: Vec<SourceId> = subscriptions.iter().map(|subscription| subscription.source).collect();
        let mut heads = self.heads_of(&sources).await?;
        let mut list = Vec::with_capacity(subscriptions.len());
        for mut subscription in subscriptions {
            let head = match heads.remove(&subscription.source) {
                Some(head) => Some(Arc::unwrap_or_clone(head)),
                None => self.store.head(subscription.source).await?,
            };
            if let Some(head) = &head {
                subscription.begin(head.first());
            }
            list.push(Shelved { subscription, head });
        }
        Ok(list)
    }

    /// One subscription with its source, as of now.
    pub(crate) async fn shelved_one(&self, user: UserId, source: SourceId) -> Result<Shelved, Problem> {
        let subscription = self.store.subscription(user, source).await?;
        let mut subscription = subscription.ok_or_else(|| Problem::not_found("subscription"))?;
        let head = self.store.head(source).await?;
        if let Some(head) = &head {
            subscription.begin(head.first());
        }
        Ok(Shelved { subscription, head })
    }

    /// The subscription of `user` to the feed at an address that someone wrote, if there is one.
    pub(crate) async fn subscribed_at(&self, user: UserId, written: &str) -> Result<Option<Subscription>, Problem> {
        let Ok(address) = Address::read(written, None, &self.rules.reach) else { return Ok(None) };
        match self.store.find_by_url(&address.key(user, &self.vault)?).await? {
            Some(source) => Ok(self.store.subscription(user, source).await?),
            None => Ok(None),
        }
    }

    /// Refuses folders that are none of `user`'s, with the words for those that do not exist.
    pub(super) async fn check_folders(&self, user: UserId, folders: &[FolderId]) -> Result<(), Problem> {
        if folders.is_empty() {
            return Ok(());
        }
        if folders.len() > Subscription::MAX_FOLDERS {
            let most = Subscription::MAX_FOLDERS;
            return Err(Problem::out_of_range(format!("a subscription can be in {most} folders")));
        }
        let there = self.store.folders(user).await?;
        if folders.iter().all(|folder| there.get(*folder).is_some()) {
            Ok(())
        } else {
            Err(Problem::not_found("folder"))
        }
    }
}
