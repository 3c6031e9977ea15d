//! What people see of their subscriptions, folders, and of feeds that were found.

use domain::folder::Folder;
use domain::id::{FolderId, SourceId};
use feed::discover::{Kind, Reason};
use serde::Serialize;
use utoipa::ToSchema;

use super::discovery::{Found, Why};
use super::shelf::{Shelf, Shelved};
use crate::conventions::schema::{Cursor, Instant, ShortId};
use crate::view::{JobView, NextFetch, SourceView};

/// A subscription.
#[derive(Serialize, ToSchema)]
#[schema(as = Subscription)]
pub(super) struct SubscriptionView {
    /// That of its source.
    #[schema(value_type = ShortId)]
    id: SourceId,
    #[schema(value_type = ShortId)]
    source: SourceId,
    /// What one calls it, else what it calls itself, else its host.
    title: String,
    /// What it calls itself.
    feed_title: Option<String>,
    /// Ids of the folders it is in.
    #[schema(value_type = Vec<ShortId>)]
    folders: Vec<FolderId>,
    /// Of a private source nobody is told.
    url: Option<String>,
    host: Option<String>,
    site: Option<String>,
    icon: Option<String>,
    /// One's own alone: it is asked with a secret.
    private: bool,
    #[schema(value_type = Instant)]
    added_at: String,
    unread: u64,
    state: &'static str,
    reason: Option<String>,
    interval_minutes: Option<u32>,
    /// The job that is or was last in hand: how the first fetch ends is seen here.
    latest_job: Option<JobView>,
    /// The last one that ended.
    last_finished_job: Option<JobView>,
    next_fetch: Option<NextFetch>,
}

impl SubscriptionView {
    /// `source` is what is known of its jobs.
    pub(super) fn new(shelf: &Shelf, shelved: &Shelved, source: Option<SourceView>) -> Self {
        let head = shelved.head.as_ref();
        let (latest_job, last_finished_job, next_fetch) = source.map(SourceView::into_jobs).unwrap_or_default();
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            id: shelved.source(),
            source: shelved.source(),
            title: shelved.title(),
            feed_title: head.and_then(|head| head.title.clone()),
            folders: shelf.folders_of(&shelved.subscription).iter().map(|folder| folder.id).collect(),
            url: owned(shelved.url()),
            host: shelved.host(),
            site: owned(shelved.site()),
            icon: owned(shelved.icon()),
            private: shelved.is_private(),
            added_at: shelved.subscription.added_at.to_string(),
            unread: shelved.unread(),
            state: shelved.state().as_str(),
            reason: head.and_then(|head| head.reason.clone()),
            interval_minutes: head.map(|head| head.settings.interval_minutes),
            latest_job,
            last_finished_job,
            next_fetch,
        }
    }
}

/// A page of subscriptions.
#[derive(Serialize, ToSchema)]
pub(super) struct SubscriptionsPage {
    pub(super) subscriptions: Vec<SubscriptionView>,
    #[schema(value_type = Option<Cursor>)]
    pub(super) next: Option<String>,
}

/// A folder.
#[derive(Serialize, ToSchema)]
#[schema(as = Folder)]
pub(super) struct FolderView {
    #[schema(value_type = ShortId)]
    id: FolderId,
    name: String,
}

impl From<&Folder> for FolderView {
    fn from(folder: &Folder) -> Self {
        Self { id: folder.id, name: folder.name.to_string() }
    }
}

/// All folders.
#[derive(Serialize, ToSchema)]
pub(super) struct FoldersPage {
    pub(super) folders: Vec<FolderView>,
    /// Always null: there are so few that they are on one page.
    #[schema(value_type = Option<Cursor>)]
    pub(super) next: Option<String>,
}

/// A feed that was found.
#[derive(Serialize, ToSchema)]
#[schema(as = FoundFeed)]
pub(super) struct FoundView {
    url: String,
    title: Option<String>,
    /// `rss`, `atom` or `json`, where that is told.
    kind: Option<&'static str>,
    /// `itself`: the address that was given is a feed's. `declared`: the page says so. `known_site`: such sites have their feeds there. `linked`,
    /// `linked_elsewhere`: the page links to it. `software`, `common_path`: feeds are often there. `comments`: a feed of comments. All but `declared` and
    /// `known_site` were read.
    reason: &'static str,
}

impl From<Found> for FoundView {
    fn from(found: Found) -> Self {
        let kind = found.kind.map(|kind| match kind {
            Kind::Rss => "rss",
            Kind::Atom => "atom",
            Kind::Json => "json",
        });
        let reason = match found.why {
            Why::Itself => "itself",
            Why::Told(Reason::Declared) => "declared",
            Why::Told(Reason::KnownSite) => "known_site",
            Why::Told(Reason::Linked) => "linked",
            Why::Told(Reason::LinkedElsewhere) => "linked_elsewhere",
            Why::Told(Reason::Software) => "software",
            Why::Told(Reason::CommonPath) => "common_path",
            Why::Told(Reason::Comments) => "comments",
        };
        Self { url: found.url, title: found.title, kind, reason }
    }
}

/// The feeds that were found.
#[derive(Serialize, ToSchema)]
pub(super) struct FoundFeeds {
    /// The likeliest first.
    pub(super) feeds: Vec<FoundView>,
}

impl From<Vec<Found>> for FoundFeeds {
    fn from(found: Vec<Found>) -> Self {
        Self { feeds: found.into_iter().map(FoundView::from).collect() }
    }
}
