//! What apps do to items: read, unread, starred, labelled; and all of a stream read at once.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use domain::id::PostNumber;
use domain::label::LabelName;
use domain::reading::{Mark, Status};
use store::Flag;

use super::lists::numbers;
use super::params::Params;
use super::tags::Edit;
use super::text;
use super::wanted::{self, Wanted, named, time};
use crate::access::Person;
use crate::context::Context;
use crate::problem::Problem;
use crate::reading::Marking;

pub(super) async fn edit_tag(
    person: Person,
    State(context): State<Arc<Context>>,
    params: Params,
) -> Result<Response, Problem> {
    let (numbers, markings) = (numbers(&params)?, markings(Edit::of(&params)?)?);
    for marking in markings {
        context.mark(person.user, &numbers, &marking).await?;
    }
    Ok(text("OK"))
}

/// The change, step by step. Each step can be repeated: an app that got no answer sends it all again.
fn markings(edit: Edit) -> Result<Vec<Marking>, Problem> {
    let label = |name: &String| {
        let wrong = |error: domain::label::BadLabel| Problem::bad_query(error.to_string());
        name.parse::<LabelName>().map(Flag::Label).map_err(wrong)
    };
    let mark = edit.mark.map(|mark| match mark {
        Mark::Read => Marking::Read,
        Mark::Unread => Marking::Unread,
    });
    let star = edit.star.map(|on| if on { Marking::Keep(Flag::Star) } else { Marking::Drop(Flag::Star) });
    let mut markings: Vec<Marking> = mark.into_iter().chain(star).collect();
    for name in &edit.add {
        markings.push(Marking::Keep(label(name)?));
    }
    for name in &edit.remove {
        markings.push(Marking::Drop(label(name)?));
    }
    Ok(markings)
}

/// Marks what a stream held at `ts`, or holds now, as read.
pub(super) async fn mark_all_as_read(
    person: Person,
    State(context): State<Arc<Context>>,
    params: Params,
) -> Result<Response, Problem> {
    let stream = params.get("s").ok_or_else(|| Problem::bad_query("say with `s` which stream is meant"))?;
    let wanted = Wanted::of(&named(stream)?, &Params::default(), 1)?;
    if wanted.status == Status::Read {
        // They are.
        return Ok(text("OK"));
    }
    let through = match time(&params, "ts")? {
        Some(ts) => PostNumber::last_at(ts),
        None => PostNumber::new(PostNumber::END - 1),
    };
    let Some(selection) = context.selection(person.user, &wanted).await? else {
        // Of what is kept elsewhere nothing is unread; anything else that was not found does not exist.
        return match wanted.scope {
            wanted::Scope::Nothing => Ok(text("OK")),
            _ => Err(Problem::not_found("such stream")),
        };
    };
    if let Some(through) = through {
        context.mark_all(person.user, &selection, through).await?;
    }
    Ok(text("OK"))
}
