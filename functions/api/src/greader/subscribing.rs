//! What apps do to subscriptions: begin, end, rename, put into folders.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::folder::FolderName;
use domain::id::{FolderId, SourceId, UserId};
use serde::Serialize;

use super::changes::{Action, Change};
use super::params::Params;
use super::stream::{Feed, Stream};
use super::text;
use crate::access::Person;
use crate::context::Context;
use crate::conventions::Draws;
use crate::problem::Problem;
use crate::subscriptions::{self, Address, Edit, Outcome, Wish, title};

pub(super) async fn edit(
    person: Person,
    State(context): State<Arc<Context>>,
    mut draws: Draws,
    params: Params,
) -> Result<Response, Problem> {
    let change = Change::of(&params)?;
    for feed in &change.feeds {
        match change.action {
            Action::Subscribe => context.begin_subscription(person.user, feed, &change, &mut draws).await.map(drop)?,
            Action::Unsubscribe => context.end_subscription(person.user, feed).await?,
            Action::Edit => {
                let source = context.subscribed(person.user, feed).await?.ok_or_else(missing)?;
                context.edit_subscription(person.user, source, &change, &mut draws).await?;
            }
        }
    }
    Ok(text("OK"))
}

/// What came of adding a feed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct QuickAdded {
    num_results: u8,
    query: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_name: Option<String>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Subscribes to a feed, or to the first feed of a site.
pub(super) async fn quick_add(
    person: Person,
    State(context): State<Arc<Context>>,
    mut draws: Draws,
    params: Params,
) -> Result<Response, Problem> {
    let query = params.get("quickadd").ok_or_else(|| Problem::bad_query("say with `quickadd` which feed is meant"))?;
    let none =
        Change { action: Action::Subscribe, feeds: Vec::new(), title: None, into: Vec::new(), out_of: Vec::new() };
    let query = query.to_owned();
    let added = match context.begin_subscription(person.user, &Feed::parse(&query), &none, &mut draws).await {
        Ok(source) => {
            let title = context.shelved_one(person.user, source).await?.title();
            let id = Stream::Feed(Feed::Id(source)).to_string();
            QuickAdded { num_results: 1, query, stream_id: Some(id), stream_name: Some(title), error: None }
        }
        // Nothing is wrong but what was asked for: apps look for the number, and show the words.
        Err(problem) if problem.is_of_the_request() => {
            let error = Some(problem.detail().to_owned());
            QuickAdded { num_results: 0, query, stream_id: None, stream_name: None, error }
        }
        Err(problem) => return Err(problem),
    };
    Ok(Json(added).into_response())
}

fn missing() -> Problem {
    Problem::not_found("subscription")
}

impl Context {
    /// Subscribes a person, or changes the subscription that they have.
    async fn begin_subscription(
        &self,
        user: UserId,
        feed: &Feed,
        change: &Change,
        draws: &mut Draws,
    ) -> Result<SourceId, Problem> {
        let Feed::Url(url) = feed else {
            // Whoever has not subscribed to a source does not know its id.
            let source = self.subscribed(user, feed).await?.ok_or_else(missing)?;
            return self.edit_subscription(user, source, change, draws).await.map(|()| source);
        };
        let mut wish = Wish {
            address: Address::read(url, None, &self.rules.reach)?,
            title: title(change.title.as_deref())?,
            folders: self.folders_for(user, &change.into, draws).await?,
            interval_minutes: None,
            unread: self.unread_on_subscribe(user).await?,
            discover: true,
        };
        let mut quota = self.quota(user, 1).await?;
        let mut outcome = self.subscribe(user, &wish, &mut quota, draws).await?;
        if let Outcome::Choices(found) = &outcome
            && let Some(first) = found.first()
        {
            // There is no way to ask back: a site names its main feed first.
            wish = Wish { address: Address::read(&first.url, None, &self.rules.reach)?, discover: false, ..wish };
            outcome = self.subscribe(user, &wish, &mut quota, draws).await?;
        }
        match outcome {
            Outcome::New(subscription) => Ok(subscription.source),
            Outcome::Known(known) => {
                self.edit_subscription(user, known.source, change, draws).await.map(|()| known.source)
            }
            Outcome::Choices(_) => Err(Problem::no_feed()),
        }
    }

    /// The folders of these names, made where they are missing.
    async fn folders_for(&self, user: UserId, names: &[String], draws: &mut Draws) -> Result<Vec<FolderId>, Problem> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let named = folder_names(names)?.into_iter().map(|name| (name, FolderId::draw(draws))).collect::<Vec<_>>();
        let folders = self.folders_named(user, &named).await?;
        Ok(folders.into_iter().map(|folder| folder.id).collect())
    }

    /// What is gone already is as it should be.
    async fn end_subscription(&self, user: UserId, feed: &Feed) -> Result<(), Problem> {
        match self.subscribed(user, feed).await? {
            Some(source) => self.unsubscribe(user, source).await,
            None => Ok(()),
        }
    }

    async fn edit_subscription(
        &self,
        user: UserId,
        source: SourceId,
        change: &Change,
        draws: &mut Draws,
    ) -> Result<(), Problem> {
        let add = self.folders_for(user, &change.into, draws).await?;
        let (there, names) = (self.store.folders(user).await?, folder_names(&change.out_of)?);
        let remove: Vec<FolderId> = names.iter().filter_map(|name| Some(there.named(name)?.id)).collect();
        let title = title(change.title.as_deref())?.map(Some);
        self.change(user, source, &Edit { title, add, remove, ..Edit::default() }).await.map(drop)
    }
}

fn folder_names(names: &[String]) -> Result<Vec<FolderName>, Problem> {
    names.iter().map(|name| subscriptions::name(name)).collect()
}
