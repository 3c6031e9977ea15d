//! A landing: plan, transactions of one post each, and what comes of them.

use domain::landing::{Piece, chunks};
use domain::time::Timestamp;

use crate::fetcher::{Busy, Work, ended, range};
use crate::mutations::Protection;
use crate::state::{Entries, Letter, Rules, World};
use crate::store::{Chunk, How, Landed, Poll};

/// What is to be landed, on what was read, and which transaction is next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Plan {
    count: u8,
    poll: Poll,
    /// Oldest first; those that are in already are gone from here.
    new: Vec<Entries>,
    window: Entries,
    touches_pointer: bool,
}

/// Reads head, poll state and keys, and decides.
pub(crate) fn survey(world: &World, rules: &Rules, letter: &Letter, started: Timestamp, body: Option<Entries>) -> Work {
    let (Some(head), Some(poll)) = (world.store.head, world.store.poll) else { return Work::Acknowledge };
    if head.left.is_some() && rules.keeps(Protection::LandingAsksWhetherTheSourceIsActive) {
        return Work::Acknowledge;
    }
    let keys = if head.count == 0 { 0 } else { world.store.keys };
    let unknown = body.unwrap_or(0) & !poll.window & !keys;
    let new: Vec<Entries> = (0..8).map(|n| 1 << n).filter(|entry| unknown & entry != 0).collect();
    let window = body.unwrap_or(poll.window);
    if new.is_empty() && window == poll.window && poll.open.is_none() {
        let mut end = ended(world.made(letter.job), started, How::Completed(None));
        end.known.body = body.or(end.known.body);
        return Work::Finish(end);
    }
    let touches_pointer = new.len() > 1 || poll.open.is_some();
    Work::Land { started, body, plan: Plan { count: head.count, poll, new, window, touches_pointer } }
}

/// Does one transaction, unless it is not `done`.
pub(crate) fn land(
    world: &mut World,
    rules: &Rules,
    busy: &Busy,
    started: Timestamp,
    body: Option<Entries>,
    plan: &Plan,
    done: bool,
) -> Work {
    let pieces = vec![Piece { actions: 2, bytes: 1 }; plan.new.len()];
    let cuts = chunks(&pieces, 2, 1);
    let is_last = cuts.len() == 1;
    let entries: Vec<Entries> = plan.new[cuts[0].clone()].to_vec();
    let landed: Entries = entries.iter().sum();
    let count = plan.count + entries.len() as u8;
    let first = plan.poll.open.unwrap_or(plan.count + 1);
    let early = !rules.keeps(Protection::ValidatorsMoveLast);
    let last = (is_last || early).then(|| {
        let mut end = ended(world.made(busy.letter.job), started, How::Completed(range(first, count)));
        end.known.body = body.or(end.known.body);
        end
    });
    let window = if is_last { plan.window } else { (plan.poll.window & plan.window) | landed };
    let touches_pointer = plan.touches_pointer;
    let chunk = Chunk {
        job: busy.letter.job,
        count: plan.count,
        poll: plan.poll,
        entries,
        window,
        first,
        last,
        touches_pointer,
    };
    if !done {
        return Work::Survey { started, body };
    }
    match world.store.land(&chunk, rules) {
        Landed::Whole if chunk.last.is_some() => range(first, count).map_or(Work::Acknowledge, Work::Announce),
        Landed::Whole => {
            let poll = Poll { version: plan.poll.version + 1, window, open: Some(first), closed: plan.poll.closed };
            let new = plan.new[cuts[0].end..].to_vec();
            Work::Land { started, body, plan: Plan { count, poll, new, ..plan.clone() } }
        }
        Landed::AlreadyDone | Landed::Superseded => Work::Judge { second: true },
        Landed::NotActive => Work::Acknowledge,
        Landed::Stale | Landed::KeyTaken => Work::Survey { started, body },
    }
}
