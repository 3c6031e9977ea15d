//! Labels: listed, made, renamed, ended. Names are in bodies and queries, since a path has no room for all of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::label::LabelName;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::view::{LabelBody, LabelQuery, LabelView, LabelsView, RenameBody};
use crate::access::Person;
use crate::context::Context;
use crate::extract::{Body, Queried};
use crate::problem::Problem;

pub(super) fn routes() -> OpenApiRouter<Arc<Context>> {
    OpenApiRouter::new().routes(routes!(list, add, rename, end))
}

/// A label's name.
pub(super) fn name(text: &str) -> Result<LabelName, Problem> {
    text.parse().map_err(|bad: domain::label::BadLabel| Problem::bad_label(bad.to_string()))
}

/// Your labels.
#[utoipa::path(get, path = "/v1/labels", tag = "labels", responses((status = 200, description = "All of them, by name.", body = LabelsView)))]
async fn list(person: Person, State(context): State<Arc<Context>>) -> Result<Json<LabelsView>, Problem> {
    let labels = context.store.labels(person.user).await?;
    let labels = labels.into_iter().map(|label| LabelView { name: label.to_string() }).collect();
    Ok(Json(LabelsView { labels, next: None }))
}

/// Makes a label, or finds that it is there.
#[utoipa::path(
    post, path = "/v1/labels", tag = "labels", request_body = LabelBody,
    responses(
        (status = 201, description = "It is there.", body = LabelView),
        (status = 409, description = "`too_many_labels`: 500 are the most."),
        (status = 422, description = "`bad_label`"),
    )
)]
async fn add(
    person: Person,
    State(context): State<Arc<Context>>,
    Body(body): Body<LabelBody>,
) -> Result<(StatusCode, Json<LabelView>), Problem> {
    let label = name(&body.name)?;
    context.make_label(person.user, &label).await?;
    Ok((StatusCode::CREATED, Json(LabelView { name: label.to_string() })))
}

/// Renames a label, on all posts.
#[utoipa::path(
    patch, path = "/v1/labels", tag = "labels", request_body = RenameBody,
    responses(
        (status = 200, description = "As it is called now.", body = LabelView),
        (status = 409, description = "`too_many_labels`: 500 are the most."),
        (status = 422, description = "`bad_label`"),
    )
)]
async fn rename(
    person: Person,
    State(context): State<Arc<Context>>,
    Body(body): Body<RenameBody>,
) -> Result<Json<LabelView>, Problem> {
    let (label, to) = (name(&body.name)?, name(&body.to)?);
    context.rename_label(person.user, &label, &to).await?.ok_or_else(|| Problem::not_found("label"))?;
    Ok(Json(LabelView { name: to.to_string() }))
}

/// Ends a label: it is taken from all posts.
#[utoipa::path(
    delete, path = "/v1/labels", tag = "labels", params(LabelQuery),
    responses((status = 204, description = "It is gone."), (status = 422, description = "`bad_label`"))
)]
async fn end(
    person: Person,
    State(context): State<Arc<Context>>,
    Queried(query): Queried<LabelQuery>,
) -> Result<StatusCode, Problem> {
    let label = name(&query.name)?;
    if !context.store.labels(person.user).await?.contains(&label) {
        return Err(Problem::not_found("label"));
    }
    context.store.end_label(person.user, &label).await?;
    Ok(StatusCode::NO_CONTENT)
}
