//! What is asked of a reading room and what it answers, as JSON.

use domain::id::{FolderId, PostId, SourceId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::conventions::schema::{Cursor, Instant, ShortId};

/// Which posts a list holds.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum StatusWord {
    Unread,
    Read,
    #[default]
    All,
}

/// Which way a list goes.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum OrderWord {
    #[default]
    Newest,
    Oldest,
}

/// A list of posts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct PostsQuery {
    /// `all` if not said.
    #[param(inline)]
    #[serde(default)]
    pub(super) status: StatusWord,
    /// Posts of this subscription alone.
    #[param(value_type = Option<ShortId>)]
    #[serde(default)]
    pub(super) source: Option<SourceId>,
    /// Posts of the subscriptions in this folder alone.
    #[param(value_type = Option<ShortId>)]
    #[serde(default)]
    pub(super) folder: Option<FolderId>,
    /// `true`: only those with a star.
    #[serde(default)]
    pub(super) starred: bool,
    /// Only those with this label.
    #[serde(default)]
    pub(super) label: Option<String>,
    /// Only those that arrived then or later. Posts can be seen a few seconds after they arrived, so the list reaches back ten seconds further: who asks for what came since
    /// their last visit misses none, and may get some again.
    #[param(value_type = Option<Instant>)]
    #[serde(default)]
    pub(super) since: Option<String>,
    /// Only those that arrived before then.
    #[param(value_type = Option<Instant>)]
    #[serde(default)]
    pub(super) before: Option<String>,
    /// `newest` first if not said.
    #[param(inline)]
    #[serde(default)]
    pub(super) order: OrderWord,
    /// `false`: without `content`.
    #[serde(default)]
    pub(super) content: Option<bool>,
    /// How many at most; 50 if not said.
    #[param(minimum = 1, maximum = 200)]
    #[serde(default)]
    pub(super) limit: Option<usize>,
    /// What the page before called `next`.
    #[param(value_type = Option<Cursor>)]
    #[serde(default)]
    pub(super) cursor: Option<String>,
}

/// What becomes of posts.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum MarkWord {
    Read,
    Unread,
    Star,
    Unstar,
    Label,
    Unlabel,
}

/// Posts to be marked.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Marks)]
#[serde(deny_unknown_fields)]
pub(super) struct MarksBody {
    #[schema(inline)]
    pub(super) mark: MarkWord,
    /// Those that you cannot see are passed over.
    #[schema(value_type = Vec<ShortId>, min_items = 1, max_items = 1000)]
    pub(super) posts: Vec<PostId>,
    /// For `label` and `unlabel`: its name. It is made if it is not there.
    #[schema(min_length = 1, max_length = 100)]
    #[serde(default)]
    pub(super) label: Option<String>,
}

/// Up to where all is to be read: exactly one of `through` and `before`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MarkAll)]
#[serde(deny_unknown_fields)]
pub(super) struct MarkAllBody {
    /// This post, and all that arrived before it.
    #[schema(value_type = Option<ShortId>)]
    #[serde(default)]
    pub(super) through: Option<PostId>,
    /// All that arrived before then. Of a time that is past: without the ten seconds before it, since what arrived in them may not have been there to be seen.
    #[schema(value_type = Option<Instant>)]
    #[serde(default)]
    pub(super) before: Option<String>,
    /// Of this subscription alone.
    #[schema(value_type = Option<ShortId>)]
    #[serde(default)]
    pub(super) source: Option<SourceId>,
    /// Of the subscriptions in this folder alone.
    #[schema(value_type = Option<ShortId>)]
    #[serde(default)]
    pub(super) folder: Option<FolderId>,
}

/// Unread posts.
#[derive(Serialize, ToSchema)]
#[schema(as = Counts)]
pub(super) struct CountsView {
    /// All together.
    pub(super) unread: u64,
    /// Of each subscription.
    pub(super) sources: Vec<SourceCount>,
}

/// Unread posts of a subscription.
#[derive(Serialize, ToSchema)]
pub(super) struct SourceCount {
    #[schema(value_type = ShortId)]
    pub(super) source: SourceId,
    pub(super) unread: u64,
    /// When its newest post arrived.
    #[schema(value_type = Option<Instant>)]
    pub(super) newest_at: Option<String>,
}

/// All labels.
#[derive(Serialize, ToSchema)]
#[schema(as = Labels)]
pub(super) struct LabelsView {
    /// By name.
    pub(super) labels: Vec<LabelView>,
    /// Always null: they are all on one page.
    #[schema(value_type = Option<Cursor>)]
    pub(super) next: Option<String>,
}

/// A label.
#[derive(Serialize, ToSchema)]
#[schema(as = Label)]
pub(super) struct LabelView {
    pub(super) name: String,
}

/// A label to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AddLabel)]
#[serde(deny_unknown_fields)]
pub(super) struct LabelBody {
    /// Without control characters.
    #[schema(min_length = 1, max_length = 100)]
    pub(super) name: String,
}

/// A label to be renamed.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RenameLabel)]
#[serde(deny_unknown_fields)]
pub(super) struct RenameBody {
    /// As it is called.
    #[schema(min_length = 1, max_length = 100)]
    pub(super) name: String,
    /// As it is to be called. If there is such a label, the two become one.
    #[schema(min_length = 1, max_length = 100)]
    pub(super) to: String,
}

/// One label.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct LabelQuery {
    /// Its name.
    pub(super) name: String,
}
