//! What there is to read: subscriptions, tags, and how much is unread.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::names::view;
use super::views::{Counts, Subscriptions, Tags, Unread};
use crate::access::Person;
use crate::context::Context;
use crate::problem::Problem;

pub(super) async fn subscriptions(person: Person, State(context): State<Arc<Context>>) -> Result<Response, Problem> {
    let shelf = context.shelf(person.user).await?;
    // One whose source an administrator deleted has nothing to show.
    let there = shelf.list.iter().filter(|one| one.head.is_some());
    let subscriptions = there.map(|one| view(&shelf, one)).collect();
    Ok(Json(Subscriptions { subscriptions }).into_response())
}

pub(super) async fn tags(person: Person, State(context): State<Arc<Context>>) -> Result<Response, Problem> {
    let (folders, labels) = tokio::try_join!(context.store.folders(person.user), context.store.labels(person.user))?;
    let folders: Vec<&str> = folders.list().iter().map(|folder| folder.name.as_str()).collect();
    Ok(Json(Tags::of(&folders, labels.iter().map(|label| label.as_str()))).into_response())
}

pub(super) async fn unread_count(person: Person, State(context): State<Arc<Context>>) -> Result<Response, Problem> {
    let counts = context.counts(person.user).await?;
    let folders = context.store.folders(person.user).await?;
    let named = |ids: &[_]| {
        let names = ids.iter().filter_map(|id| folders.get(*id));
        names.map(|folder| folder.name.as_str()).collect()
    };
    let unread: Vec<Unread<'_>> = counts
        .iter()
        .map(|count| Unread {
            source: count.subscription.source,
            folders: named(&count.subscription.folders),
            count: count.unread,
            newest: count.newest,
        })
        .collect();
    Ok(Json(Counts::of(&unread)).into_response())
}
