//! OPML, as every reader reads and writes it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use domain::folder::FolderName;
use domain::id::{Entropy, FolderId, UserId};
use feed::opml::{self, Opml, OpmlError, Reason};

use super::rows::{Imported, Refusal, Row};
use crate::access::Person;
use crate::context::Context;
use crate::conventions::Draws;
use crate::extract::File;
use crate::problem::Problem;

/// What stands between the names of folders that are in one another: there is one level here.
const WITHIN: &str = " / ";

/// One's subscriptions as OPML 2.0. Private feeds are left out: their addresses are secret.
#[utoipa::path(
    get, path = "/v1/opml", tag = "portable", operation_id = "opml",
    responses((status = 200, description = "The list.", content_type = "text/x-opml", body = String))
)]
pub(super) async fn export(person: Person, State(context): State<Arc<Context>>) -> Result<Response, Problem> {
    let list = context.export_opml(person.user).await?;
    let headers =
        [(CONTENT_TYPE, "text/x-opml; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"feedmill.opml\"")];
    Ok((headers, list).into_response())
}

/// Subscribes to the feeds of a list: OPML 1.0 or 2.0, however broken. Good rows go in, bad ones are named.
///
/// Folders within folders become one, as `Outer / Inner`. What there is no time for is counted in `left`: send the same list again.
#[utoipa::path(
    post, path = "/v1/opml", tag = "portable", operation_id = "import_opml", request_body(content = String, content_type = "text/x-opml"),
    responses(
        (status = 200, description = "What became of each row.", body = Imported),
        (status = 409, description = "`too_many_folders`: nothing was taken."),
        (status = 413, description = "`too_large`: at most 5 MB; send it in parts."),
        (status = 422, description = "`not_opml`: this is no list of feeds."),
    )
)]
pub(super) async fn import(
    person: Person,
    State(context): State<Arc<Context>>,
    mut draws: Draws,
    File(bytes): File,
) -> Result<Json<Imported>, Problem> {
    context.import_opml(person.user, &bytes, &mut draws).await.map(Json)
}

impl From<OpmlError> for Problem {
    fn from(error: OpmlError) -> Self {
        Self::not_opml(error.to_string())
    }
}

impl Context {
    /// What `user` subscribes to, as OPML; without what is private.
    pub(crate) async fn export_opml(&self, user: UserId) -> Result<String, Problem> {
        let shelf = self.shelf(user).await?;
        let mut list = Opml { title: Some("Feedmill".to_owned()), ..Opml::default() };
        let mut places: HashMap<FolderId, usize> = HashMap::new();
        for folder in shelf.folders.list() {
            places.insert(folder.id, list.folders.len());
            list.folders.push(opml::Folder { name: folder.name.to_string(), parent: None });
        }
        for shelved in &shelf.list {
            let Some(url) = shelved.url() else { continue };
            let folders = shelf.folders_of(&shelved.subscription);
            list.feeds.push(opml::Subscription {
                url: url.to_owned(),
                title: Some(shelved.title()),
                site: shelved.site().map(str::to_owned),
                description: None,
                folders: folders.iter().filter_map(|folder| places.get(&folder.id).copied()).collect(),
            });
        }
        Ok(opml::write(&list))
    }

    /// Subscribes `user` to the feeds of a list.
    pub(crate) async fn import_opml(
        &self,
        user: UserId,
        bytes: &Bytes,
        entropy: &mut (impl Entropy + Send),
    ) -> Result<Imported, Problem> {
        let (list, lines) = opml::read_with_lines(bytes)?;
        let rows = list.feeds.iter().zip(lines).map(|(feed, line)| Row {
            line: Some(line),
            url: feed.url.clone(),
            title: feed.title.clone(),
            folders: feed.folders.iter().filter_map(|folder| folder_name(&list, *folder)).collect(),
            interval_minutes: None,
        });
        let mut done = self.import_rows(user, rows.collect(), self.now(), entropy).await?;
        for row in list.refused {
            done.refuse(Refusal {
                line: Some(row.line),
                title: row.title,
                url: None,
                code: code(row.reason),
                reason: row.reason.to_string(),
            });
        }
        Ok(done)
    }
}

/// The name of a folder with those around it; without them where that gets too long.
fn folder_name(list: &Opml, folder: usize) -> Option<String> {
    let path = list.path(folder);
    let whole = path.join(WITHIN);
    let inner = || path.last().map(|inner| (*inner).to_owned());
    if whole.len() <= FolderName::MAX_BYTES { Some(whole) } else { inner() }
}

fn code(reason: Reason) -> &'static str {
    match reason {
        Reason::NoAddress => "no_address",
        Reason::BadAddress => "bad_address",
        Reason::OtherKind => "other_kind",
        Reason::CutOff => "cut_off",
        Reason::TooMany => "too_many",
    }
}
