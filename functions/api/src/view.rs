//! What people see: the JSON of sources, jobs and posts. Instants are RFC 3339 in UTC; what is unknown is null.

use domain::id::{JobId, PostId, SourceId};
use domain::job::Job;
use domain::parsed::Enclosure;
use domain::source::Head;
use domain::time::Timestamp;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use store::{Flags, Post};
use utoipa::ToSchema;

use crate::MAX_ANSWER_BYTES;
use crate::conventions::schema::{Cursor, Instant, JobUuid, ShortId};
use crate::problem::Problem;

/// A source.
#[derive(Serialize, ToSchema)]
#[schema(as = Source)]
pub(crate) struct SourceView {
    #[schema(value_type = ShortId)]
    id: SourceId,
    /// Of a private source unknown, as are title, site and icon.
    url: Option<String>,
    /// One person's alone: it is asked with a secret.
    private: bool,
    title: Option<String>,
    site: Option<String>,
    icon: Option<String>,
    state: &'static str,
    #[schema(value_type = Instant)]
    since: String,
    reason: Option<String>,
    post_count: u64,
    subscribers: u32,
    timeout_seconds: u64,
    interval_minutes: u32,
    #[schema(value_type = Instant)]
    created_at: String,
    /// The job that is or was last in hand.
    latest_job: Option<JobView>,
    /// The last one that ended: "last fetched" and "last error" are read here.
    last_finished_job: Option<JobView>,
    next_fetch: Option<NextFetch>,
}

/// When a source will be fetched next, and why not earlier.
#[derive(Serialize, ToSchema)]
pub(crate) struct NextFetch {
    #[schema(value_type = Instant)]
    pub(crate) at: String,
    pub(crate) reason: &'static str,
    pub(crate) detail: String,
}

impl SourceView {
    /// Whether it is this source's.
    pub(crate) fn is(&self, source: SourceId) -> bool {
        self.id == source
    }

    /// The latest job, the last one that ended, and the next fetch.
    pub(crate) fn into_jobs(self) -> (Option<JobView>, Option<JobView>, Option<NextFetch>) {
        (self.latest_job, self.last_finished_job, self.next_fetch)
    }

    pub(crate) fn new(
        head: Head,
        latest: Option<Job>,
        last_finished: Option<Job>,
        next_fetch: Option<NextFetch>,
    ) -> Self {
        let is_private = head.owner.is_some();
        let public = |text: Option<String>| text.filter(|_| !is_private);
        Self {
            id: head.source,
            url: public(Some(head.url)),
            private: is_private,
            title: public(head.title),
            site: public(head.site),
            icon: public(head.icon),
            state: head.state.as_str(),
            since: head.since.to_string(),
            reason: head.reason,
            post_count: head.post_count.get(),
            subscribers: head.subscribers,
            timeout_seconds: head.settings.timeout.as_secs(),
            interval_minutes: head.settings.interval_minutes,
            created_at: head.created_at.to_string(),
            latest_job: latest.map(JobView::from),
            last_finished_job: last_finished.map(JobView::from),
            next_fetch,
        }
    }
}

/// A job.
#[derive(Serialize, ToSchema)]
#[schema(as = Job)]
pub(crate) struct JobView {
    #[schema(value_type = JobUuid)]
    id: JobId,
    #[schema(value_type = ShortId)]
    source: SourceId,
    status: &'static str,
    reason: &'static str,
    #[schema(value_type = Instant)]
    queued_at: String,
    #[schema(value_type = Option<Instant>)]
    started_at: Option<String>,
    #[schema(value_type = Option<Instant>)]
    ended_at: Option<String>,
    error_code: Option<&'static str>,
    error_message: Option<String>,
    posts_count: u32,
    edits_count: u32,
    http_status: Option<u16>,
    bytes: u64,
}

impl From<Job> for JobView {
    fn from(job: Job) -> Self {
        let text = |at: Timestamp| at.to_string();
        Self {
            id: job.id,
            source: job.source,
            status: job.status.as_str(),
            reason: job.reason.as_str(),
            queued_at: text(job.queued_at),
            started_at: job.started_at.map(text),
            ended_at: job.ended_at.map(text),
            error_code: job.failure.as_ref().map(|failure| failure.code.as_str()),
            error_message: job.failure.map(|failure| failure.message),
            posts_count: job.posts_count,
            edits_count: job.edits_count,
            http_status: job.http_status,
            bytes: job.bytes,
        }
    }
}

/// A post.
#[derive(Serialize, ToSchema)]
#[schema(as = Post)]
pub(crate) struct PostView {
    #[schema(value_type = ShortId)]
    pub(crate) id: PostId,
    #[schema(value_type = ShortId)]
    pub(crate) source: SourceId,
    pub(crate) title: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) authors: Vec<String>,
    #[schema(value_type = Instant)]
    pub(crate) published: String,
    #[schema(value_type = Option<Instant>)]
    pub(crate) updated: Option<String>,
    #[schema(value_type = Instant)]
    pub(crate) arrived: String,
    pub(crate) summary: Option<String>,
    pub(crate) content: Option<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) enclosures: Vec<EnclosureView>,
    pub(crate) image: Option<String>,
    pub(crate) comments: Option<String>,
    pub(crate) revision: u32,
    /// Whether you have read it; null in the list of a source.
    read: Option<bool>,
    /// Whether it has your star; likewise.
    starred: Option<bool>,
    /// Your labels on it, by name; likewise.
    labels: Option<Vec<String>>,
}

impl PostView {
    /// A post with its content in `html`.
    pub(crate) fn new(id: PostId, post: Post, html: Option<String>) -> Self {
        Self {
            id,
            source: post.source,
            title: post.title,
            url: post.url,
            authors: post.authors,
            published: post.published.to_string(),
            updated: post.updated.map(|at| at.to_string()),
            arrived: post.arrived.to_string(),
            summary: post.summary,
            content: html,
            categories: post.categories,
            enclosures: post.enclosures.into_iter().map(EnclosureView::from).collect(),
            image: post.image,
            comments: post.comments,
            revision: post.revision,
            read: None,
            starred: None,
            labels: None,
        }
    }

    /// The post as one person sees it.
    pub(crate) fn read_by(self, read: bool, flags: &Flags) -> Self {
        let labels = flags.labels.iter().map(ToString::to_string).collect();
        Self { read: Some(read), starred: Some(flags.starred), labels: Some(labels), ..self }
    }

    /// As JSON; one that would not fit an answer comes without its content.
    pub(crate) fn json(mut self) -> Result<Box<RawValue>, Problem> {
        let raw = to_raw_value(&self).map_err(|error| Problem::ours(&error))?;
        if raw.get().len() <= MAX_ANSWER_BYTES {
            return Ok(raw);
        }
        self.content = None;
        to_raw_value(&self).map_err(|error| Problem::ours(&error))
    }
}

/// A file that a post carries.
#[derive(Serialize, ToSchema)]
#[schema(as = Enclosure)]
pub(crate) struct EnclosureView {
    url: String,
    /// Media type, as the feed says.
    #[serde(rename = "type")]
    media_type: Option<String>,
    /// Bytes, as the feed says.
    length: Option<u64>,
}

impl From<Enclosure> for EnclosureView {
    fn from(enclosure: Enclosure) -> Self {
        Self { url: enclosure.url, media_type: enclosure.media_type, length: enclosure.length }
    }
}

/// One page of sources.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourcesPage {
    pub(crate) sources: Vec<SourceView>,
    #[schema(value_type = Option<Cursor>)]
    pub(crate) next: Option<String>,
}

/// One page of jobs.
#[derive(Serialize, ToSchema)]
pub(crate) struct JobsPage {
    pub(crate) jobs: Vec<JobView>,
    #[schema(value_type = Option<Cursor>)]
    pub(crate) next: Option<String>,
}

/// One page of posts.
#[derive(Serialize, ToSchema)]
pub(crate) struct PostsPage {
    #[schema(value_type = Vec<PostView>)]
    pub(crate) posts: Vec<Box<serde_json::value::RawValue>>,
    #[schema(value_type = Option<Cursor>)]
    pub(crate) next: Option<String>,
}
