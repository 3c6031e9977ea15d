//! Folders and labels by their names: renamed, deleted.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use domain::label::{BadLabel, LabelName};

use super::names::Label;
use super::params::Params;
use super::stream::Stream;
use super::text;
use crate::access::Person;
use crate::context::Context;
use crate::problem::Problem;
use crate::subscriptions;

pub(super) async fn rename(
    person: Person,
    State(context): State<Arc<Context>>,
    params: Params,
) -> Result<Response, Problem> {
    let (label, name) = (context.tag(&person, &params).await?, tag_name(params.get("dest"))?);
    match label {
        Label::Folder(folder) => {
            context.rename_folder(person.user, folder.id, &subscriptions::name(&name)?).await?;
        }
        Label::Posts(label) => {
            let name: LabelName = name.parse().map_err(|bad: BadLabel| Problem::bad_query(bad.to_string()))?;
            // One that went meanwhile is renamed no more.
            context.rename_label(person.user, &label, &name).await?;
        }
    }
    Ok(text("OK"))
}

/// Deletes a folder, whose subscriptions stay, or takes a label from all posts.
pub(super) async fn disable(
    person: Person,
    State(context): State<Arc<Context>>,
    params: Params,
) -> Result<Response, Problem> {
    match context.tag(&person, &params).await? {
        Label::Folder(folder) => context.delete_folder(person.user, folder.id).await?,
        Label::Posts(label) => context.store.end_label(person.user, &label).await?,
    }
    Ok(text("OK"))
}

impl Context {
    /// The folder or label that `s` names; some apps say `t`, and the name alone.
    async fn tag(&self, person: &Person, params: &Params) -> Result<Label, Problem> {
        let name = tag_name(params.get("s").or(params.get("t")))?;
        self.label(person.user, &name).await?.ok_or_else(|| Problem::not_found("folder or label of that name"))
    }
}

fn tag_name(text: Option<&str>) -> Result<String, Problem> {
    match text.map(|text| (text, Stream::parse(text))) {
        Some((_, Some(Stream::Label(name)))) => Ok(name),
        Some((name, None)) if !name.contains('/') => Ok(name.to_owned()),
        _ => Err(Problem::bad_query(
            "say with `s` which tag is meant, and with `dest` what it is to be: `user/-/label/…`",
        )),
    }
}
