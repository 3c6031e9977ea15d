//! What the API's JSON means to the command line.

use serde::Deserialize;
use serde_json::Value;

use crate::trouble::Trouble;

/// A source.
#[derive(Clone, Debug, Deserialize)]
pub struct Source {
    /// Short id.
    pub id: String,
    /// Of the feed; a private one's is not told, nor its title.
    pub url: Option<String>,
    /// Of the feed.
    pub title: Option<String>,
    /// `active`, `gone`, …
    pub state: String,
    /// Why it is not active.
    pub reason: Option<String>,
    /// Posts that ever arrived.
    pub post_count: u64,
    /// In hand, or the last one.
    pub latest_job: Option<Job>,
    /// The last one that ended.
    pub last_finished_job: Option<Job>,
    /// When it is fetched next.
    pub next_fetch: Option<NextFetch>,
}

/// When and why.
#[derive(Clone, Debug, Deserialize)]
pub struct NextFetch {
    /// RFC 3339.
    pub at: String,
    /// A stable word.
    pub reason: String,
    /// For people.
    pub detail: String,
}

/// A job.
#[derive(Clone, Debug, Deserialize)]
pub struct Job {
    /// `UUIDv7`.
    pub id: String,
    /// Short id of its source.
    pub source: String,
    /// QUEUED, ONGOING, COMPLETED, FAILED, in any case.
    pub status: String,
    /// Why it was queued.
    pub reason: String,
    /// RFC 3339.
    pub queued_at: String,
    /// RFC 3339.
    pub started_at: Option<String>,
    /// RFC 3339.
    pub ended_at: Option<String>,
    /// A stable word.
    pub error_code: Option<String>,
    /// For people.
    pub error_message: Option<String>,
    /// New posts.
    pub posts_count: u64,
    /// Changed posts.
    pub edits_count: u64,
    /// What the server answered.
    pub http_status: Option<u16>,
}

/// A post.
#[derive(Clone, Debug, Deserialize)]
pub struct Post {
    /// Short id.
    pub id: String,
    /// Short id of its source.
    pub source: String,
    /// Plain text.
    pub title: Option<String>,
    /// Where it is read.
    pub url: Option<String>,
    /// RFC 3339.
    pub published: String,
    /// RFC 3339.
    pub arrived: String,
    /// Files.
    #[serde(default)]
    pub enclosures: Vec<Value>,
    /// By whoever asks; unknown where nobody is named.
    #[serde(default)]
    pub read: Option<bool>,
    /// Likewise.
    #[serde(default)]
    pub starred: Option<bool>,
    /// Likewise.
    #[serde(default)]
    pub labels: Option<Vec<String>>,
}

/// A subscription.
#[derive(Clone, Debug, Deserialize)]
pub struct Subscription {
    /// Short id, that of its source.
    pub id: String,
    /// What its reader or the feed calls it.
    pub title: String,
    /// Ids.
    pub folders: Vec<String>,
    /// Of the feed; a private one's is not told.
    pub url: Option<String>,
    /// Posts.
    pub unread: u64,
    /// `active`, `gone`, …
    pub state: String,
    /// The last one that ended.
    pub last_finished_job: Option<Job>,
}

/// A folder.
#[derive(Clone, Debug, Deserialize)]
pub struct Folder {
    /// Short id.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
}

/// An object of the API as `T`.
///
/// # Errors
/// As [`read`].
pub fn read_one<T: for<'de> Deserialize<'de>>(object: &Value) -> Result<T, Trouble> {
    T::deserialize(object)
        .map_err(|error| Trouble::failed("the API answers in another way than this version expects", &error))
}

/// Objects of the API as `T`.
///
/// # Errors
/// [`Trouble::Failed`] when they are something else.
pub fn read<T: for<'de> Deserialize<'de>>(objects: &[Value]) -> Result<Vec<T>, Trouble> {
    objects.iter().map(read_one).collect()
}
