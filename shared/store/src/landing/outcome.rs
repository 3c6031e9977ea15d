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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::carry::Carry;
    use domain::id::{JobId, Ordinal, PostNumber, SourceId};
    use domain::job::{Ending, Finished, Hand, Pointer, Reason};
    use domain::parsed::NaturalKey;
    use domain::source::{Head, Poll, SourceSettings, Target};
    use domain::time::Timestamp;
    use domain::timing::Lane;
    use domain::wheel::{Minute, Slot};
    use domain::window::Window;

    use super::super::FeedFacts;
    use super::*;
    use crate::row::text;

    /// An action whose condition did not hold, and the item there.
    type Obstacle = (Role, Option<Item>);

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn source() -> SourceId {
        "3kTMd9aZ".parse().expect("eight base62 characters")
    }

    fn job(n: u8) -> JobId {
        format!("01890000-0000-7000-8000-0000000000{n:02}").parse().expect("a job id")
    }

    fn head(state: SourceState) -> Head {
        Head { state, version: 1, ..Head::new(source(), String::new(), String::new(), SourceSettings::DEFAULT, NOW) }
    }

    fn poll() -> Poll {
        let target = Target {
            source: source(),
            slot: Slot { period: 61, phase: 0, shard: 0 },
            url: None,
            host: String::new(),
            lane: Lane::Fast,
            settings: SourceSettings::DEFAULT,
            subscribers: 0,
            watched: false,
        };
        Poll { target, window: Window::default(), open_landing: None, sealed: None, version: 1 }
    }

    fn pointer(job: JobId, closed: bool) -> Pointer {
        Pointer {
            job,
            prev: None,
            tick: Minute(0),
            queued_at: NOW,
            earliest: NOW,
            lease_until: NOW,
            hand: Hand::Queued,
            started_at: None,
            attempts: 0,
            reason: Reason::Scheduled,
            open: false,
            closed,
        }
    }

    fn end(started: Timestamp) -> Finished {
        Finished {
            source: source(),
            job: job(1),
            reason: Reason::Scheduled,
            queued_at: NOW,
            started_at: Some(started),
            ended_at: NOW,
            ending: Ending::Completed { posts_count: 0, edits_count: 0, landed: None },
            http_status: None,
            bytes: 0,
            carry: Carry::default(),
        }
    }

    fn check(met: &[&Obstacle], busy: bool, expected: &Landed) {
        let (head, poll, window, ours) = (head(SourceState::Active), poll(), Window::default(), end(NOW));
        let chunk = Chunk {
            source: source(),
            job: job(1),
            head: &head,
            poll: &poll,
            posts: &[],
            edits: &[],
            window: &window,
            first_ordinal: Ordinal::new(1),
            last: Some(&ours),
            touches_pointer: true,
            feed: FeedFacts::default(),
            retention: Duration::ZERO,
            token: "ours".to_owned(),
        };
        // What is met is met in any order, beside actions that nothing was in the way of.
        for reversed in [false, true] {
            let mut met: Vec<_> = met.iter().map(|(role, item)| (*role, Verdict::Refused(item.clone()))).collect();
            met.push((Role::Post, if busy { Verdict::Busy } else { Verdict::Fine }));
            if reversed {
                met.reverse();
            }
            let (roles, verdicts): (Vec<_>, Vec<_>) = met.into_iter().unzip();
            let expected = if *expected == landed_marker() { chunk.landed() } else { expected.clone() };
            assert_eq!(of(&chunk, &roles, &verdicts).expect("readable items"), expected, "{roles:?}");
        }
    }

    /// Stands for "landed" in the table, whatever the states are.
    fn landed_marker() -> Landed {
        Landed::Landed { head: Box::new(head(SourceState::Moved)), poll: Box::new(poll()) }
    }

    #[test]
    fn of_several_things_in_the_way_the_gravest_is_told() {
        let key = NaturalKey([7; 16]);
        let number = PostNumber::new(9).expect("a small number");
        let edit = (Role::Edit(number), None);
        let taken = (Role::Natural(key), Some(Item::new()));
        let number_taken = (Role::Post, Some(Item::new()));
        let moved = (Role::Head, Some(crate::row::head_item(&head(SourceState::Active))));
        let left = (Role::Head, Some(crate::row::head_item(&head(SourceState::Resting))));
        let poll_moved = (Role::Poll, Some(crate::row::poll_item(&poll())));
        let marked = |token: &str| {
            let mut item = crate::row::poll_item(&poll());
            item.insert("token".to_owned(), text(token));
            (Role::Poll, Some(item))
        };
        let other_job = (Role::Pointer, Some(crate::row::pointer_item(source(), &pointer(job(2), false))));
        let closed = (Role::Pointer, Some(crate::row::pointer_item(source(), &pointer(job(1), true))));
        let finished = |at| (Role::Job, Some(crate::row::finished_item(&end(at)).expect("writable")));
        let others = &finished(NOW + Duration::from_secs(1));
        let ours = &finished(NOW);
        let (foreign_mark, our_mark) = (&marked("another's"), &marked("ours"));
        let gone = |role| (role, None);
        let (no_head, no_poll, no_pointer) = (&gone(Role::Head), &gone(Role::Poll), &gone(Role::Pointer));
        let (edit, taken, number_taken, other_job) = (&edit, &taken, &number_taken, &other_job);
        let (moved, left, poll_moved, closed) = (&moved, &left, &poll_moved, &closed);
        let cases: [(&[&Obstacle], Landed); 16] = [
            (&[], Landed::Busy),
            (&[edit], Landed::EditGone(vec![number])),
            (&[edit, number_taken], Landed::NumberTaken),
            (&[edit, number_taken, taken], Landed::KeyTaken(vec![key])),
            (&[taken, moved], Landed::Stale),
            (&[taken, poll_moved], Landed::Stale),
            (&[taken, foreign_mark], Landed::Stale),
            (&[moved, other_job], Landed::Superseded),
            (&[other_job, left], Landed::NotActive),
            (&[moved, closed], Landed::NotActive),
            (&[other_job, no_head], Landed::NotActive),
            (&[moved, no_poll], Landed::NotActive),
            (&[moved, no_pointer], Landed::NotActive),
            (&[left, others, other_job], Landed::AlreadyDone),
            (&[left, ours, poll_moved], landed_marker()),
            (&[taken, moved, our_mark], landed_marker()),
        ];
        for (met, expected) in cases {
            check(met, false, &expected);
            check(met, true, &expected);
        }
    }
}
