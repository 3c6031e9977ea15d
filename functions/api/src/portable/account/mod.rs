//! A whole account as JSON: subscriptions with what is read of them, folders, labels, kept posts, preferences. No password, no token, no address of a private feed.

mod export;
mod import;
mod incoming;
mod kept;
mod last;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::rows::{Imported, Refusal, TOLD};
use crate::access::Person;
use crate::context::Context;
use crate::conventions::Draws;
use crate::conventions::schema::{Cursor, Instant, ShortId};
use crate::extract::{File, Queried};
use crate::preferences::{PreferencesChange, PreferencesView};
use crate::problem::Problem;

/// What the document calls itself.
const FORMAT: &str = "feedmill-account";
const VERSION: u32 = 1;
/// Kept posts that are read at a time.
const AT_ONCE: usize = 50;

/// One part of an account. All parts but the last name the next; put together, their `subscriptions` and their `kept` are a list each.
#[derive(Serialize, ToSchema)]
pub(super) struct AccountExport {
    /// `feedmill-account`
    format: &'static str,
    version: u32,
    #[schema(value_type = Instant)]
    exported_at: String,
    /// In the first part.
    preferences: Option<PreferencesView>,
    /// Names; in the first part.
    folders: Vec<String>,
    /// Names; in the first part.
    labels: Vec<String>,
    subscriptions: Vec<ExportedSubscription>,
    kept: Vec<KeptPost>,
    #[schema(value_type = Option<Cursor>)]
    next: Option<String>,
}

/// A subscription, as it is exported.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "a subscription")]
pub(super) struct ExportedSubscription {
    #[schema(value_type = ShortId)]
    source: String,
    /// Of a private feed none.
    url: Option<String>,
    /// What its user calls it.
    title: Option<String>,
    /// Names.
    #[serde(default)]
    folders: Vec<String>,
    /// What is read of it: opaque, and good in the installation where it was exported.
    #[serde(default)]
    read: Option<String>,
    /// Of its last posts, the keys of those that are read: 32 hexadecimal digits each, the same in any installation.
    #[serde(default)]
    #[schema(max_items = 100)]
    last_read: Vec<String>,
    /// Of its last posts, the keys of those that are not.
    #[serde(default)]
    #[schema(max_items = 100)]
    last_unread: Vec<String>,
}

/// A kept post, as it is exported.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "a kept post")]
pub(super) struct KeptPost {
    #[schema(value_type = ShortId)]
    post: String,
    starred: bool,
    #[serde(default)]
    labels: Vec<String>,
    /// Its identity within its source: 32 hexadecimal digits, the same in any installation.
    key: Option<String>,
    title: Option<String>,
    url: Option<String>,
    #[serde(default)]
    authors: Vec<String>,
    #[schema(value_type = Option<Instant>)]
    published: Option<String>,
    #[schema(value_type = Option<Instant>)]
    updated: Option<String>,
    /// When it came to the installation where it was exported.
    #[schema(value_type = Option<Instant>)]
    arrived: Option<String>,
    /// Sanitised HTML.
    summary: Option<String>,
    /// Sanitised HTML.
    content: Option<String>,
    #[serde(default)]
    enclosures: Vec<KeptFile>,
    image: Option<String>,
    #[serde(default)]
    categories: Vec<String>,
    comments: Option<String>,
    /// Its source there.
    #[schema(value_type = Option<ShortId>)]
    source: Option<String>,
    source_title: Option<String>,
    /// Of a private feed none.
    source_url: Option<String>,
}

/// A file of a kept post.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "a file")]
pub(super) struct KeptFile {
    url: String,
    #[serde(default, rename = "type")]
    media_type: Option<String>,
    #[serde(default)]
    length: Option<u64>,
}

/// Which part.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// What the part before called `next`.
    #[serde(default)]
    cursor: Option<String>,
}

/// An account, or one part of it, as it was exported.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountImport {
    /// `feedmill-account`
    format: String,
    version: u32,
    /// It changes nothing.
    #[serde(default, rename = "exported_at")]
    #[schema(value_type = Option<Instant>)]
    _exported_at: Option<IgnoredAny>,
    #[serde(default)]
    #[schema(value_type = Option<PreferencesView>)]
    preferences: Option<PreferencesChange>,
    #[serde(default)]
    folders: Vec<String>,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    #[schema(value_type = Vec<ExportedSubscription>)]
    subscriptions: Vec<Value>,
    #[serde(default)]
    #[schema(value_type = Vec<KeptPost>)]
    kept: Vec<Value>,
    /// Nothing: parts are sent one by one.
    #[serde(default, rename = "next")]
    #[schema(value_type = Option<Cursor>)]
    _next: Option<IgnoredAny>,
}

/// What became of it.
#[derive(Default, Serialize, ToSchema)]
pub(super) struct AccountImported {
    subscriptions: Imported,
    /// Posts that are kept now.
    kept: usize,
    /// Posts that cannot be kept, each with its reason; at most 1,000 of them.
    kept_refused: Vec<Refusal>,
    /// How many posts cannot be kept.
    kept_refused_count: usize,
    /// New subscriptions whose posts have not come yet: what is read of them is taken when the same part is sent again after that.
    waiting: usize,
    /// Subscriptions and posts that there was no time for: send the same part again.
    left: usize,
}

impl AccountImported {
    fn refuse_kept(&mut self, refusal: Refusal) {
        self.kept_refused_count += 1;
        if self.kept_refused.len() < TOLD {
            self.kept_refused.push(refusal);
        }
    }
}

/// One's account, part by part: without secrets, and of private feeds without their addresses.
#[utoipa::path(
    get, path = "/v1/account/export", tag = "portable", operation_id = "account", params(Part),
    responses((status = 200, description = "A part of the document.", body = AccountExport))
)]
pub(super) async fn export(
    person: Person,
    State(context): State<Arc<Context>>,
    Queried(part): Queried<Part>,
) -> Result<Json<AccountExport>, Problem> {
    context.export_account(person.user, part.cursor.as_deref()).await.map(Json)
}

/// Takes an exported account in, a part at a time: good rows go in, bad ones are named. What is here already stays as it is; the same part again goes on where it was.
#[utoipa::path(
    post, path = "/v1/account/import", tag = "portable", operation_id = "import_account", request_body = AccountImport,
    responses(
        (status = 200, description = "What became of it.", body = AccountImported),
        (status = 409, description = "`too_many_folders`, `too_many_labels`"),
        (status = 413, description = "`too_large`: at most 5 MB; send it in parts."),
        (status = 422, description = "`not_account`: of another kind or version. `out_of_range`"),
    )
)]
pub(super) async fn import(
    person: Person,
    State(context): State<Arc<Context>>,
    mut draws: Draws,
    File(bytes): File,
) -> Result<Json<AccountImported>, Problem> {
    let account: AccountImport = serde_json::from_slice(&bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Problem::bad_body(format!("this is no exported account: look at line {line}, column {column}"))
    })?;
    if account.format != FORMAT || account.version != VERSION {
        return Err(Problem::not_account(format!("this takes `format` {FORMAT}, `version` {VERSION}")));
    }
    context.import_account(&person, account, &mut draws).await.map(Json)
}
