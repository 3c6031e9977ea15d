//! Lists of feeds in OPML, out and in.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::text;
use crate::access::Person;
use crate::context::Context;
use crate::conventions::Draws;
use crate::extract::File;
use crate::problem::Problem;

pub(super) async fn export(person: Person, State(context): State<Arc<Context>>) -> Result<Response, Problem> {
    let list = context.export_opml(person.user).await?;
    Ok(([(CONTENT_TYPE, "text/x-opml; charset=utf-8")], list).into_response())
}

/// Apps can be told of one outcome alone: it is well where every row that could be taken was.
pub(super) async fn import(
    person: Person,
    State(context): State<Arc<Context>>,
    mut draws: Draws,
    File(list): File,
) -> Result<Response, Problem> {
    let done = context.import_opml(person.user, &list, &mut draws).await?;
    if done.left > 0 {
        let detail = format!("there was no time for {} of the feeds; send the same list again", done.left);
        return Err(Problem::conflict("not_all", detail));
    }
    match done.refused.first() {
        Some(refusal) if done.added + done.known == 0 => {
            Err(Problem::bad_body(format!("none of the feeds could be taken; of the first: {}", refusal.reason)))
        }
        _ => Ok(text("OK")),
    }
}
