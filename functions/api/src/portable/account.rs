//! A whole account as JSON: subscriptions with what is read of them, folders, labels, kept posts, preferences. No password, no token, no address of a private feed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::folder::{FolderName, Folders};
use domain::id::{Entropy, FolderId, PostId, PostNumber, SourceId, UserId};
use domain::label::LabelName;
use domain::reading::{ReadState, Shown};
use domain::subscription::Subscription;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Changing, Flag, Flags};
use utoipa::{IntoParams, ToSchema};

use super::rows::{Imported, Row, TIME, distinct};
use crate::access::Person;
use crate::context::Context;
use crate::conventions::Draws;
use crate::conventions::schema::{Cursor, Instant, ShortId};
use crate::extract::File;
use crate::preferences::{PreferencesChange, PreferencesView};
use crate::problem::Problem;
use crate::reading::Marking;

/// What the document calls itself.
const FORMAT: &str = "feedmill-account";
const VERSION: u32 = 1;
/// Bytes of kept posts in one answer; one more post may be over.
const BYTES: usize = 3 << 20;
/// Kept posts that are read at a time.
const AT_ONCE: usize = 50;
/// The most bytes of one read state.
const MAX_READ: usize = 32 << 10;
/// The most kept posts of one part: more than an export puts into one.
const MAX_KEPT: usize = 10_000;

/// One part of an account. All parts but the last name the next; put together, their `kept` are one list.
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
    /// In the first part.
    subscriptions: Vec<ExportedSubscription>,
    kept: Vec<KeptPost>,
    #[schema(value_type = Option<Cursor>)]
    next: Option<String>,
}

/// A subscription, as it is exported.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
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
    /// What is read of it: opaque, and good where the source is the same.
    read: Option<String>,
}

/// A kept post, as it is exported.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptPost {
    #[schema(value_type = ShortId)]
    post: String,
    starred: bool,
    #[serde(default)]
    labels: Vec<String>,
    title: Option<String>,
    url: Option<String>,
    #[schema(value_type = Instant)]
    published: Option<String>,
    /// Sanitised HTML.
    content: Option<String>,
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
    #[serde(default)]
    #[allow(dead_code, reason = "it says when, and changes nothing")]
    exported_at: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<PreferencesView>)]
    preferences: Option<PreferencesChange>,
    #[serde(default)]
    folders: Vec<String>,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    subscriptions: Vec<ExportedSubscription>,
    #[serde(default)]
    kept: Vec<KeptPost>,
    #[serde(default)]
    #[allow(dead_code, reason = "parts are sent one by one")]
    next: Option<String>,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub(super) struct AccountImported {
    subscriptions: Imported,
    /// Posts that are kept now.
    kept: usize,
    /// Posts that are not here: their source has not been fetched, or this is another installation.
    kept_missing: usize,
    /// Subscriptions and posts that there was no time for: send the same part again.
    left: usize,
}

/// One's account, part by part: without secrets, and of private feeds without their addresses.
#[utoipa::path(
    get, path = "/v1/account/export", tag = "portable", operation_id = "account", params(Part),
    responses((status = 200, description = "A part of the document.", body = AccountExport))
)]
pub(super) async fn export(
    person: Person,
    State(context): State<Arc<Context>>,
    query: Result<Query<Part>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<AccountExport>, Problem> {
    let Query(part) = query.map_err(|_| Problem::bad_query("this document takes `cursor` and nothing else"))?;
    context.export_account(person.user, part.cursor.as_deref()).await.map(Json)
}

/// Takes an exported account in, a part at a time. What is here already stays as it is; the same part again changes nothing more.
#[utoipa::path(
    post, path = "/v1/account/import", tag = "portable", operation_id = "import_account", request_body = AccountImport,
    responses(
        (status = 200, description = "What became of it.", body = AccountImported),
        (status = 409, description = "`too_many_folders`, `too_many_labels`"),
        (status = 413, description = "`too_large`: at most 5 MB; send it in parts."),
        (status = 422, description = "`not_account`: of another kind or version. `out_of_range`, `bad_name`"),
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

impl Context {
    async fn export_account(&self, user: UserId, cursor: Option<&str>) -> Result<AccountExport, Problem> {
        let scope = format!("account {user}");
        let below: Option<u64> = cursor.map(|cursor| self.cursors.open(&scope, cursor)).transpose()?;
        let mut part = AccountExport {
            format: FORMAT,
            version: VERSION,
            exported_at: self.now().to_string(),
            preferences: None,
            folders: Vec::new(),
            labels: Vec::new(),
            subscriptions: Vec::new(),
            kept: Vec::new(),
            next: None,
        };
        if cursor.is_none() {
            self.export_shelf(user, &mut part).await?;
        }
        let reached = self.export_kept(user, below, &mut part).await?;
        part.next = reached.map(|number| self.cursors.seal(&scope, &number)).transpose()?;
        Ok(part)
    }

    async fn export_shelf(&self, user: UserId, part: &mut AccountExport) -> Result<(), Problem> {
        let shelf = self.shelf(user).await?;
        part.preferences = Some(self.store.preferences(user).await?.into());
        part.folders = shelf.folders.list().iter().map(|folder| folder.name.to_string()).collect();
        part.labels = self.store.labels(user).await?.iter().map(LabelName::to_string).collect();
        for shelved in &shelf.list {
            let read = shelved.subscription.read.to_bytes().map_err(|error| Problem::ours(&error))?;
            part.subscriptions.push(ExportedSubscription {
                source: shelved.source().to_string(),
                url: shelved.url().map(str::to_owned),
                title: shelved.subscription.title.clone(),
                folders: shelf.folders_of(&shelved.subscription).iter().map(|folder| folder.name.to_string()).collect(),
                read: Some(STANDARD.encode(read)),
            });
        }
        Ok(())
    }

    /// Kept posts below a number, newest first, until there are enough bytes; gives the last number if there are more.
    async fn export_kept(
        &self,
        user: UserId,
        below: Option<u64>,
        part: &mut AccountExport,
    ) -> Result<Option<u64>, Problem> {
        let last = below.map_or(PostNumber::END, |below| below).saturating_sub(1);
        let (Some(from), Some(to)) = (PostNumber::new(0), PostNumber::new(last)) else { return Ok(None) };
        let mut flags: Vec<(PostNumber, Flags)> = self.store.flags(user, from, to).await?.into_iter().collect();
        flags.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(*number));
        // What is in the part already counts, roughly.
        let read = |one: &ExportedSubscription| one.read.as_ref().map_or(0, String::len) + 300;
        let mut bytes: usize = part.subscriptions.iter().map(read).sum();
        for some in flags.chunks(AT_ONCE) {
            let numbers: Vec<PostNumber> = some.iter().map(|(number, _)| *number).collect();
            let copies = self.store.copies(user, &numbers).await?;
            let mut flags: HashMap<PostNumber, &Flags> = some.iter().map(|(number, flags)| (*number, flags)).collect();
            for copy in copies {
                let Some(flags) = flags.remove(&copy.post.number) else { continue };
                if bytes > BYTES {
                    return Ok(Some(copy.post.number.get() + 1));
                }
                let content = self.content(copy.post.content).await?;
                bytes += content.as_ref().map_or(0, String::len) + 500;
                part.kept.push(KeptPost {
                    post: self.face.hide(copy.post.number).to_string(),
                    starred: flags.starred,
                    labels: flags.labels.iter().map(LabelName::to_string).collect(),
                    title: copy.post.title,
                    url: copy.post.url,
                    published: Some(copy.post.published.to_string()),
                    content,
                });
            }
        }
        Ok(None)
    }

    async fn import_account(
        &self,
        person: &Person,
        account: AccountImport,
        entropy: &mut (impl Entropy + Send),
    ) -> Result<AccountImported, Problem> {
        let (user, begun) = (person.user, self.now());
        // What does not fit is refused before anything is done.
        let labels = account.labels.iter().chain(account.kept.iter().flat_map(|kept| &kept.labels));
        let labels: HashSet<LabelName> = labels.filter_map(|name| name.parse().ok()).collect();
        if labels.len() > LabelName::MOST || account.kept.len() > MAX_KEPT {
            let most = LabelName::MOST;
            return Err(Problem::out_of_range(format!("a part has at most {most} labels and {MAX_KEPT} kept posts")));
        }
        self.import_folders(user, &account.folders, entropy).await?;
        if let Some(preferences) = &account.preferences {
            self.prefer(person, preferences).await?;
        }
        for name in &labels {
            self.make_label(user, name).await?;
        }
        let rows = account.subscriptions.iter().filter_map(row);
        let subscriptions = self.import_rows(user, rows.collect(), begun, entropy).await?;
        let mut done = AccountImported { left: subscriptions.left, subscriptions, kept: 0, kept_missing: 0 };
        self.import_all_read(user, &account.subscriptions, begun, &mut done).await?;
        self.import_kept(user, &account.kept, begun, &mut done).await?;
        Ok(done)
    }

    async fn import_folders(
        &self,
        user: UserId,
        names: &[String],
        entropy: &mut (impl Entropy + Send),
    ) -> Result<(), Problem> {
        let wanted = distinct(names.iter().filter_map(|name| name.parse::<FolderName>().ok()), Folders::MAX + 1);
        let wanted: Vec<_> = wanted.into_iter().map(|name| (name, FolderId::draw(entropy))).collect();
        if !wanted.is_empty() {
            self.folders_named(user, &wanted).await?;
        }
        Ok(())
    }

    /// What was read of each source, if the source is the very one, and nothing was done to the subscription since it began.
    async fn import_all_read(
        &self,
        user: UserId,
        exported: &[ExportedSubscription],
        begun: Timestamp,
        done: &mut AccountImported,
    ) -> Result<(), Problem> {
        let there = self.store.subscriptions(user).await?;
        let untouched: HashSet<SourceId> =
            there.into_iter().filter(|one| one.version == 0).map(|one| one.source).collect();
        let known = exported.iter().filter_map(|one| Some((one.source.parse::<SourceId>().ok()?, one)));
        let mut wanted = known.filter(|(source, _)| untouched.contains(source));
        while let Some((source, one)) = wanted.next() {
            if self.now().since(begun) >= TIME {
                done.left += 1 + wanted.count();
                break;
            }
            self.import_read(user, source, one).await?;
        }
        Ok(())
    }

    async fn import_read(
        &self,
        user: UserId,
        source: SourceId,
        exported: &ExportedSubscription,
    ) -> Result<(), Problem> {
        let read = exported.read.as_ref().filter(|text| text.len() <= MAX_READ);
        let read =
            read.and_then(|text| STANDARD.decode(text).ok()).and_then(|bytes| ReadState::from_bytes(&bytes).ok());
        let (Some(read), Some(head)) = (read, self.store.head(source).await?) else { return Ok(()) };
        let read = read.within(Shown { floor: head.floor_ordinal, last: head.post_count });
        let set = |subscription: &mut Subscription| {
            let is_untouched = subscription.version == 0 && subscription.read != read;
            if is_untouched {
                subscription.read.clone_from(&read);
            }
            is_untouched
        };
        match self.store.change_subscription(user, source, set).await? {
            Changing::Changed(_) | Changing::Missing => Ok(()),
        }
    }

    /// Puts stars and labels back on the posts that are here, a page at a time.
    async fn import_kept(
        &self,
        user: UserId,
        kept: &[KeptPost],
        begun: Timestamp,
        done: &mut AccountImported,
    ) -> Result<(), Problem> {
        for (at, some) in kept.chunks(AT_ONCE).enumerate() {
            if self.now().since(begun) >= TIME {
                done.left += kept.len() - at * AT_ONCE;
                break;
            }
            let found = self.import_kept_page(user, some).await?;
            done.kept += found;
            done.kept_missing += some.len() - found;
        }
        Ok(())
    }

    async fn import_kept_page(&self, user: UserId, kept: &[KeptPost]) -> Result<usize, Problem> {
        let named = kept.iter().filter_map(|kept| Some((self.face.reveal(kept.post.parse::<PostId>().ok()?), kept)));
        let named: Vec<(PostNumber, &KeptPost)> = named.collect();
        let numbers: Vec<PostNumber> = distinct(named.iter().map(|(number, _)| *number), AT_ONCE);
        // In another installation an id may be another post's: the address tells.
        let there: HashMap<PostNumber, Option<String>> =
            self.entries(user, &numbers).await?.into_iter().map(|entry| (entry.post.number, entry.post.url)).collect();
        let mut flags: HashMap<Option<LabelName>, Vec<PostNumber>> = HashMap::new();
        let mut count = 0;
        for (number, kept) in named.iter().filter(|(number, kept)| there.get(number) == Some(&kept.url)) {
            count += 1;
            if kept.starred {
                flags.entry(None).or_default().push(*number);
            }
            for label in kept.labels.iter().filter_map(|name| name.parse().ok()) {
                flags.entry(Some(label)).or_default().push(*number);
            }
        }
        for (label, numbers) in flags {
            let flag = label.map_or(Flag::Star, Flag::Label);
            self.mark(user, &distinct(numbers.into_iter(), AT_ONCE), &Marking::Keep(flag)).await?;
        }
        Ok(count)
    }
}

fn row(exported: &ExportedSubscription) -> Option<Row> {
    Some(Row {
        line: None,
        url: exported.url.clone()?,
        title: exported.title.clone(),
        folders: exported.folders.clone(),
        interval_minutes: None,
    })
}
