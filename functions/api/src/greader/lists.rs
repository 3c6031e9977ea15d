//! Lists of items: their ids, and the items themselves, in JSON or as Atom.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use domain::id::{PostNumber, UserId};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::atom::Atom;
use super::item::{Facts, Origin};
use super::item_id;
use super::names::Names;
use super::params::Params;
use super::stream::{Feed, State as Kind, Stream};
use super::wanted::{Wanted, named};
use crate::MAX_ANSWER_BYTES;
use crate::access::Person;
use crate::context::Context;
use crate::problem::Problem;
use crate::reading::Entry;

/// The most ids of one answer: 5 MB of them.
const MOST_IDS: usize = 200_000;
/// The most items of one answer.
const MOST_ITEMS: usize = 1_000;
/// The most items that one call names.
pub(super) const MOST_NAMED: usize = 10_000;
/// Items that are read at a time, where a call names them.
const AT_ONCE: usize = 100;
/// Bytes of an answer around its items.
const AROUND: usize = 10_000;

/// Ids, decimal here and nowhere else.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemRefs {
    item_refs: Vec<ItemRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation: Option<String>,
}

#[derive(Serialize)]
struct ItemRef {
    id: String,
}

/// Items.
#[derive(Serialize)]
struct Contents {
    id: String,
    title: String,
    updated: i64,
    items: Vec<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation: Option<String>,
}

pub(super) async fn ids(
    person: Person,
    State(context): State<Arc<Context>>,
    params: Params,
) -> Result<Response, Problem> {
    let wanted = Wanted::of(&asked(&params)?, &params, MOST_IDS)?;
    let (mut numbers, mut continuation) = (Vec::new(), None);
    if let Some(selection) = context.selection(person.user, &wanted).await? {
        let cursor = wanted.continuation.as_deref();
        let page = context.numbers(person.user, &selection, cursor, wanted.limit).await?;
        (numbers, continuation) = (page.listed, page.next);
    }
    let item_refs = numbers.iter().map(|listed| ItemRef { id: listed.number.to_string() }).collect();
    Ok(Json(ItemRefs { item_refs, continuation }).into_response())
}

/// The stream in the parameters; all that there is to read unless they name one.
fn asked(params: &Params) -> Result<Stream, Problem> {
    params.get("s").map_or(Ok(Stream::State(Kind::ReadingList)), named)
}

/// Items of the stream in the parameters.
pub(super) async fn contents(
    person: Person,
    State(context): State<Arc<Context>>,
    params: Params,
) -> Result<Response, Problem> {
    context.contents(person.user, &asked(&params)?, &params).await
}

/// Items of the stream in the path.
pub(super) async fn contents_of(
    person: Person,
    State(context): State<Arc<Context>>,
    Path(stream): Path<String>,
    params: Params,
) -> Result<Response, Problem> {
    context.contents(person.user, &named(&stream)?, &params).await
}

/// The items that `i` names.
pub(super) async fn items(
    person: Person,
    State(context): State<Arc<Context>>,
    params: Params,
) -> Result<Response, Problem> {
    let numbers = numbers(&params)?;
    let names = Names::of(&context.shelf(person.user).await?);
    let mut items = Items::default();
    'all: for some in numbers.chunks(AT_ONCE) {
        for entry in context.entries(person.user, some).await? {
            if !items.push(&names, &entry)? {
                break 'all;
            }
        }
    }
    let stream = Stream::State(Kind::ReadingList);
    context.items_answer(&stream, &names, items, None)
}

/// The items of a stream as Atom.
pub(super) async fn atom(
    person: Person,
    State(context): State<Arc<Context>>,
    Path(stream): Path<String>,
    params: Params,
) -> Result<Response, Problem> {
    let stream = named(&stream)?;
    let wanted = Wanted::of(&stream, &params, MOST_ITEMS)?;
    let names = Names::of(&context.shelf(person.user).await?);
    let mut atom = Atom::of(&stream.to_string(), &names.title(&stream), context.now());
    if let Some(selection) = context.selection(person.user, &wanted).await? {
        let take = |entry: Entry| with_facts(&names, &entry, |facts| atom.push(facts, MAX_ANSWER_BYTES));
        context.page(person.user, &selection, wanted.continuation.as_deref(), wanted.limit, take).await?;
    }
    Ok(([(CONTENT_TYPE, "application/atom+xml; charset=utf-8")], atom.finish()).into_response())
}

/// The posts that `i` names. What names none is passed over: apps keep ids of posts that are gone, and do not go on while they are refused.
pub(super) fn numbers(params: &Params) -> Result<Vec<PostNumber>, Problem> {
    let named: Vec<&str> = params.all("i").collect();
    if named.is_empty() {
        return Err(Problem::bad_query("say with `i` which items are meant"));
    }
    if named.len() > MOST_NAMED {
        return Err(Problem::too_many(format!("at most {MOST_NAMED} items can be named at once")));
    }
    let mut numbers: Vec<PostNumber> = named.into_iter().filter_map(item_id::parse).collect();
    let mut seen = std::collections::HashSet::new();
    numbers.retain(|number| seen.insert(*number));
    Ok(numbers)
}

impl Context {
    async fn contents(&self, user: UserId, stream: &Stream, params: &Params) -> Result<Response, Problem> {
        let wanted = Wanted::of(stream, params, MOST_ITEMS)?;
        let names = Names::of(&self.shelf(user).await?);
        let (mut items, mut next, mut failed) = (Items::default(), None, None);
        if let Some(selection) = self.selection(user, &wanted).await? {
            let take = |entry: Entry| match items.push(&names, &entry) {
                Ok(fits) => fits,
                Err(problem) => {
                    failed = Some(problem);
                    false
                }
            };
            next = self.page(user, &selection, wanted.continuation.as_deref(), wanted.limit, take).await?;
        }
        failed.map_or(Ok(()), Err)?;
        self.items_answer(stream, &names, items, next)
    }

    fn items_answer(
        &self,
        stream: &Stream,
        names: &Names,
        items: Items,
        continuation: Option<String>,
    ) -> Result<Response, Problem> {
        let (id, title, updated) = (stream.to_string(), names.title(stream), self.now().as_secs());
        Ok(Json(Contents { id, title, updated, items: items.shown, continuation }).into_response())
    }
}

/// Items of one answer, as many as it holds.
#[derive(Default)]
struct Items {
    shown: Vec<Box<RawValue>>,
    bytes: usize,
}

impl Items {
    /// Adds an item; false when it does not fit any more. One that would not fit an answer of its own comes without its content.
    fn push(&mut self, names: &Names, entry: &Entry) -> Result<bool, Problem> {
        let item = with_facts(names, entry, |facts| {
            let whole = to_raw_value(&facts.item())?;
            if whole.get().len() + AROUND <= MAX_ANSWER_BYTES {
                return Ok(whole);
            }
            facts.html = None;
            to_raw_value(&facts.item())
        });
        let item = item.map_err(|error: serde_json::Error| Problem::ours(&error))?;
        let bytes = self.bytes + item.get().len() + 1;
        let fits = bytes + AROUND <= MAX_ANSWER_BYTES;
        if fits {
            self.shown.push(item);
            self.bytes = bytes;
        }
        Ok(fits)
    }
}

/// What `with` makes of a post, as far as apps see it.
fn with_facts<T>(names: &Names, entry: &Entry, with: impl FnOnce(&mut Facts<'_>) -> T) -> T {
    let post = &entry.post;
    let labels = entry.flags.labels.iter().map(|label| label.as_str());
    // A post that was kept outlives its subscription.
    let left = Origin {
        stream_id: Stream::Feed(Feed::Id(post.source)).to_string(),
        title: entry.source_title.clone().unwrap_or_default(),
        html_url: String::new(),
    };
    with(&mut Facts {
        number: post.number,
        title: post.title.as_deref(),
        url: post.url.as_deref(),
        authors: &post.authors,
        published: post.published,
        updated: post.updated,
        html: entry.html.as_deref().or(post.summary.as_deref()),
        enclosures: &post.enclosures,
        categories: &post.categories,
        read: entry.read,
        starred: entry.flags.starred,
        labels: names.folders(post.source).chain(labels).collect(),
        origin: names.origin(post.source).unwrap_or(&left),
    })
}
