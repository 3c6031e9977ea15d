//! What a person's things are called here: subscriptions by their titles and folders, streams by what they mean.

use std::collections::HashMap;

use domain::folder::{Folder, FolderName};
use domain::id::{PostNumber, SourceId, UserId};
use domain::label::LabelName;
use store::Flag;

use super::item::Origin;
use super::stream::{Feed, Stream};
use super::views::{Category, SubscriptionView};
use super::wanted::{self, Wanted};
use crate::context::Context;
use crate::problem::Problem;
use crate::reading::{Scope, Selection};
use crate::subscriptions::{Shelf, Shelved};

/// Subscriptions by source: where items come from, and the names of the folders in which they are.
pub(super) struct Names(HashMap<SourceId, (Origin, Vec<String>)>);

impl Names {
    /// Those of a shelf.
    pub(super) fn of(shelf: &Shelf) -> Self {
        Self(shelf.list.iter().map(|one| (one.source(), (origin(one), folders(shelf, one)))).collect())
    }

    /// Where the items of a subscription come from; none if there is no such subscription.
    pub(super) fn origin(&self, source: SourceId) -> Option<&Origin> {
        self.0.get(&source).map(|(origin, _)| origin)
    }

    /// In which folders it is.
    pub(super) fn folders(&self, source: SourceId) -> impl Iterator<Item = &str> {
        self.0.get(&source).into_iter().flat_map(|(_, folders)| folders).map(String::as_str)
    }

    /// What a stream is called.
    pub(super) fn title(&self, stream: &Stream) -> String {
        let title = match stream {
            Stream::Feed(Feed::Id(source)) => self.origin(*source).map(|origin| origin.title.as_str()),
            Stream::Feed(Feed::Url(url)) => Some(url.as_str()),
            Stream::Label(name) => Some(name.as_str()),
            Stream::State(_) => None,
        };
        title.unwrap_or("Feedmill").to_owned()
    }
}

/// A subscription in the list of all.
pub(super) fn view(shelf: &Shelf, one: &Shelved) -> SubscriptionView {
    let Origin { stream_id, title, html_url } = origin(one);
    SubscriptionView {
        id: stream_id,
        title,
        categories: folders(shelf, one).iter().map(|name| Category::of(name)).collect(),
        url: one.url().unwrap_or(&html_url).to_owned(),
        icon_url: one.icon().unwrap_or_default().to_owned(),
        html_url,
    }
}

fn origin(one: &Shelved) -> Origin {
    // Of a private source the host is all that is shown.
    let host = || one.host().map(|host| format!("https://{host}/"));
    let site = one.site().or_else(|| one.url()).map(str::to_owned);
    let stream_id = Stream::Feed(Feed::Id(one.source())).to_string();
    Origin { stream_id, title: one.title(), html_url: site.or_else(host).unwrap_or_default() }
}

fn folders(shelf: &Shelf, one: &Shelved) -> Vec<String> {
    shelf.folders_of(&one.subscription).into_iter().map(|folder| folder.name.to_string()).collect()
}

/// What a label's name means.
pub(super) enum Label {
    /// Subscriptions.
    Folder(Folder),
    /// Posts.
    Posts(LabelName),
}

impl Context {
    /// The source that a person means, if they subscribe to it.
    pub(super) async fn subscribed(&self, user: UserId, feed: &Feed) -> Result<Option<SourceId>, Problem> {
        let subscription = match feed {
            Feed::Id(source) => self.store.subscription(user, *source).await?,
            Feed::Url(url) => self.subscribed_at(user, url).await?,
        };
        Ok(subscription.map(|subscription| subscription.source))
    }

    /// What a label's name means: a folder if there is one of that name, else posts under that label.
    pub(super) async fn label(&self, user: UserId, name: &str) -> Result<Option<Label>, Problem> {
        if let Ok(folder) = name.parse::<FolderName>()
            && let Some(folder) = self.store.folders(user).await?.named(&folder)
        {
            return Ok(Some(Label::Folder(folder.clone())));
        }
        let Ok(label) = name.parse::<LabelName>() else { return Ok(None) };
        let is_there = self.store.labels(user).await?.contains(&label);
        Ok(is_there.then_some(Label::Posts(label)))
    }

    /// The posts that are wanted; none if the person has no such subscription, folder or label.
    pub(super) async fn selection(&self, user: UserId, wanted: &Wanted) -> Result<Option<Selection>, Problem> {
        let star = wanted.starred.then_some(Flag::Star);
        let (scope, kept) = match &wanted.scope {
            wanted::Scope::Nothing => return Ok(None),
            wanted::Scope::Everything => (Scope::Everything, star),
            wanted::Scope::Feed(feed) => match self.subscribed(user, feed).await? {
                Some(source) => (Scope::Sources(vec![source]), star),
                None => return Ok(None),
            },
            wanted::Scope::Label(name) => match self.label(user, name).await? {
                Some(Label::Folder(folder)) => (Scope::Folder(folder.id), star),
                Some(Label::Posts(_)) if wanted.starred => {
                    return Err(Problem::bad_query("a list can be of starred or of labelled posts, not of both"));
                }
                Some(Label::Posts(label)) => (Scope::Everything, Some(Flag::Label(label))),
                None => return Ok(None),
            },
        };
        let above = wanted.since.and_then(|since| PostNumber::new(since.get().checked_sub(1)?));
        let below = wanted.until.and_then(|until| PostNumber::new(until.get() + 1));
        Ok(Some(Selection { scope, kept, status: wanted.status, order: wanted.order, above, below }))
    }
}
