//! Folders: listed, made, renamed, deleted.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::folder::{Folder, FolderName, Folders, Renaming, TooManyFolders};
use domain::id::{FolderId, ShortId, SystemEntropy, UserId};
use serde::Deserialize;
use store::{ChangingFolders, FolderChange};
use utoipa::ToSchema;

use super::change::Edit;
use super::view::{FolderView, FoldersPage};
use crate::access::Person;
use crate::context::Context;
use crate::conventions::Draws;
use crate::extract::{Body, One};
use crate::problem::Problem;

/// A folder's name.
#[derive(Deserialize, ToSchema)]
#[schema(as = FolderName)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    /// Shown as written; two names that differ in case alone are one.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

/// All of one's folders, in the order in which they were made.
#[utoipa::path(
    get, path = "/v1/folders", tag = "folders",
    responses((status = 200, description = "All folders.", body = FoldersPage))
)]
pub(super) async fn list(person: Person, State(context): State<Arc<Context>>) -> Result<Json<FoldersPage>, Problem> {
    let folders = context.store.folders(person.user).await?;
    Ok(Json(FoldersPage { folders: folders.list().iter().map(FolderView::from).collect(), next: None }))
}

/// Makes a folder; the one that has this name already is as good.
#[utoipa::path(
    post, path = "/v1/folders", tag = "folders", request_body = Named,
    responses(
        (status = 201, description = "A new folder.", body = FolderView),
        (status = 200, description = "The folder that has this name already.", body = FolderView),
        (status = 409, description = "`too_many_folders`"),
        (status = 422, description = "`bad_name`"),
    )
)]
pub(super) async fn add(
    person: Person,
    State(context): State<Arc<Context>>,
    mut draws: Draws,
    Body(named): Body<Named>,
) -> Result<(StatusCode, Json<FolderView>), Problem> {
    let name = name(&named.name)?;
    let before = context.store.folders(person.user).await?.named(&name).map(|folder| folder.id);
    let id = FolderId::draw(&mut draws);
    let made = context.folders_named(person.user, &[(name, id)]).await?;
    let made = made.first().ok_or_else(|| Problem::not_found("folder"))?;
    // An earlier attempt at this very request may have made it.
    let is_known = before.is_some_and(|before| before != id);
    Ok((if is_known { StatusCode::OK } else { StatusCode::CREATED }, Json(FolderView::from(made))))
}

/// Gives a folder another name.
#[utoipa::path(
    patch, path = "/v1/folders/{folder}", tag = "folders", request_body = Named,
    responses(
        (status = 200, description = "The folder.", body = FolderView),
        (status = 409, description = "`name_taken`: another folder has this name."),
        (status = 422, description = "`bad_name`"),
    )
)]
pub(super) async fn rename(
    person: Person,
    State(context): State<Arc<Context>>,
    One(folder): One<FolderId>,
    Body(named): Body<Named>,
) -> Result<Json<FolderView>, Problem> {
    let folder = context.rename_folder(person.user, folder, &name(&named.name)?).await?;
    Ok(Json(FolderView::from(&folder)))
}

/// Deletes a folder; the subscriptions in it stay.
#[utoipa::path(
    delete, path = "/v1/folders/{folder}", tag = "folders",
    responses((status = 204, description = "It is gone."))
)]
pub(super) async fn delete(
    person: Person,
    State(context): State<Arc<Context>>,
    One(folder): One<FolderId>,
) -> Result<StatusCode, Problem> {
    context.delete_folder(person.user, folder).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A name that a folder can have.
pub(crate) fn name(written: &str) -> Result<FolderName, Problem> {
    written.parse().map_err(|bad: domain::folder::BadFolderName| Problem::bad_name(bad.to_string()))
}

impl Context {
    /// The folders of these names, in their order; those that are not there are made with these ids, all in one write.
    pub(crate) async fn folders_named(
        &self,
        user: UserId,
        names: &[(FolderName, FolderId)],
    ) -> Result<Vec<Folder>, Problem> {
        let change = |folders: &mut Folders| {
            let before = folders.clone();
            let made: Result<Vec<Folder>, TooManyFolders> =
                names.iter().map(|(name, id)| get_or_make(folders, name, *id)).collect();
            // All or nothing: a part of what was asked for would look like all of it.
            if made.is_err() || *folders == before { FolderChange::Leave(made) } else { FolderChange::Store(made) }
        };
        let made = done(self.store.change_folders(user, change).await?)?;
        made.map_err(|error| Problem::conflict("too_many_folders", error.to_string()))
    }

    /// Gives a folder another name.
    pub(crate) async fn rename_folder(
        &self,
        user: UserId,
        folder: FolderId,
        name: &FolderName,
    ) -> Result<Folder, Problem> {
        let change = |folders: &mut Folders| match folders.rename(folder, name) {
            Renaming::Renamed => FolderChange::Store(Renaming::Renamed),
            other => FolderChange::Leave(other),
        };
        match done(self.store.change_folders(user, change).await?)? {
            Renaming::Renamed => Ok(Folder { id: folder, name: name.clone() }),
            Renaming::Taken(_) => Err(Problem::conflict("name_taken", "another folder has this name")),
            Renaming::Missing => Err(Problem::not_found("folder")),
        }
    }

    /// Deletes a folder. It counts as gone everywhere from the first write on; then the subscriptions in it lose it.
    pub(crate) async fn delete_folder(&self, user: UserId, folder: FolderId) -> Result<(), Problem> {
        let change = |folders: &mut Folders| {
            if folders.remove(folder) { FolderChange::Store(true) } else { FolderChange::Leave(false) }
        };
        if !done(self.store.change_folders(user, change).await?)? {
            return Err(Problem::not_found("folder"));
        }
        let edit = Edit { remove: vec![folder], ..Edit::default() };
        let subscriptions = self.store.subscriptions(user).await?;
        for subscription in subscriptions.iter().filter(|subscription| subscription.folders.contains(&folder)) {
            match self.change(user, subscription.source, &edit).await {
                Err(problem) if !problem.is_not_found() => return Err(problem),
                // Unsubscribed meanwhile.
                Ok(_) | Err(_) => {}
            }
        }
        Ok(())
    }
}

fn get_or_make(folders: &mut Folders, name: &FolderName, mut id: FolderId) -> Result<Folder, TooManyFolders> {
    while folders.named(name).is_none() && folders.get(id).is_some() {
        id = ShortId::draw(&mut SystemEntropy);
    }
    let id = folders.get_or_make(name, id)?;
    let name = folders.get(id).map_or_else(|| name.clone(), |folder| folder.name.clone());
    Ok(Folder { id, name })
}

fn done<T>(changed: ChangingFolders<T>) -> Result<T, Problem> {
    match changed {
        ChangingFolders::Done(told) => Ok(told),
        ChangingFolders::NoUser => Err(Problem::not_signed_in()),
    }
}
