//! What a cancelled chunk comes to. Pure.

use domain::source::SourceState;

use super::actions::{Role, is_marked};
use super::{Chunk, Landed, is_ours};
use crate::call::Verdict;
use crate::error::StoreError;
use crate::row::{self, Item, Row};

/// The first thing that was in the way, in the order of [`Landed`]; the action of role `roles[i]` had the verdict `verdicts[i]`.
pub(super) fn of(chunk: &Chunk<'_>, roles: &[Role], verdicts: &[Verdict]) -> Result<Landed, StoreError> {
    let mut met = Met::default();
    for (role, verdict) in roles.iter().zip(verdicts) {
        if verdict.is_refused() {
            met.meet(chunk, *role, verdict.item())?;
        }
    }
    Ok(met.worst(chunk))
}

/// What the end of the chunk's own job comes to.
pub(super) fn of_job(chunk: &Chunk<'_>, item: &Item) -> Result<Landed, StoreError> {
    Ok(if is_ours(chunk, item)? { chunk.landed() } else { Landed::AlreadyDone })
}

/// Everything that was in the way.
#[derive(Default)]
struct Met {
    /// An earlier try of this very chunk landed; its answer got lost.
    ours: bool,
    done: bool,
    not_active: bool,
    superseded: bool,
    stale: bool,
    keys: Vec<domain::parsed::NaturalKey>,
    number: bool,
    edits: Vec<domain::id::PostNumber>,
}

impl Met {
    /// Takes up that the condition of an action did not hold, with the item as it is.
    fn meet(&mut self, chunk: &Chunk<'_>, role: Role, item: Option<&Item>) -> Result<(), StoreError> {
        match (role, item) {
            (Role::Job, Some(item)) if is_ours(chunk, item)? => self.ours = true,
            (Role::Job, _) => self.done = true,
            (Role::Poll, Some(item)) if is_marked(item, &chunk.token) => self.ours = true,
            (Role::Head | Role::Poll | Role::Pointer, None) => self.not_active = true,
            (Role::Head, Some(item)) if !is_active(item)? => self.not_active = true,
            (Role::Pointer, Some(item)) if row::pointer(item)?.closed => self.not_active = true,
            (Role::Pointer, Some(_)) => self.superseded = true,
            (Role::Head | Role::Poll, Some(_)) => self.stale = true,
            (Role::Natural(key), _) => self.keys.push(key),
            (Role::Post, _) => self.number = true,
            (Role::Edit(number), _) => self.edits.push(number),
        }
        Ok(())
    }

    fn worst(self, chunk: &Chunk<'_>) -> Landed {
        match self {
            Self { ours: true, .. } => chunk.landed(),
            Self { done: true, .. } => Landed::AlreadyDone,
            Self { not_active: true, .. } => Landed::NotActive,
            Self { superseded: true, .. } => Landed::Superseded,
            Self { stale: true, .. } => Landed::Stale,
            Self { keys, .. } if !keys.is_empty() => Landed::KeyTaken(keys),
            Self { number: true, .. } => Landed::NumberTaken,
            Self { edits, .. } if !edits.is_empty() => Landed::EditGone(edits),
            Self { .. } => Landed::Busy,
        }
    }
}

fn is_active(head: &Item) -> Result<bool, StoreError> {
    Ok(Row::of("head", head)?.text("state")? == SourceState::Active.as_str())
}
