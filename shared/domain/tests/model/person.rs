//! People: whoever made the source sends its first message; somebody takes it off the schedule; and what sweeps behind them.

use domain::failure::ErrorCode;
use domain::time::Timestamp;
use domain::timing;

use crate::mutations::Protection;
use crate::queue::Outgoing;
use crate::state::{Leave, Rules, World, lane};
use crate::store::{End, How, Poll};

/// What a person's request still has to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Person {
    /// The source is made; its first message is to be sent.
    Makes(Outgoing),
    /// The source is off the schedule; what was half landed is to be announced. Who dies here is asked again.
    Leaves,
    Done,
}

/// The next thing a request does.
pub(crate) fn step(world: &World) -> Option<World> {
    let mut next = world.clone();
    match world.person.clone() {
        Person::Makes(message) => next.send(message),
        Person::Leaves => next.announce(world.store.poll?.closed?.1),
        Person::Done => return None,
    }
    next.person = Person::Done;
    Some(next)
}

/// Takes the source off the schedule, in one transaction.
pub(crate) fn leave(world: &World, rules: &Rules) -> Option<World> {
    let leave = rules.leave?;
    let mut next = world.clone();
    let store = &mut next.store;
    let head = store.head.as_mut().filter(|head| head.left.is_none() && !head.returned)?;
    let (poll, pointer) = (store.poll.as_mut()?, store.pointer.as_mut()?);
    head.left = Some(leave);
    let closed = poll.open.filter(|first| *first <= head.count).map(|first| (pointer.job, (first, head.count)));
    *poll = Poll { version: poll.version + 1, open: None, closed, ..*poll };
    (pointer.closed, pointer.open) = (true, false);
    let pointer = pointer.clone();
    if leave == Leave::Delete {
        store.sweep = Some(world.now);
    }
    if store.end(pointer.job).is_none() {
        let mut known = world.made(pointer.job).from.clone();
        known.carry = known.carry.with_possible_get(Some(pointer.possible_get(lane(pointer.reason))));
        let how = How::Failed(ErrorCode::Closed);
        store.ends.push(End { job: pointer.job, how, started_at: pointer.started_at, known });
    }
    if closed.is_some() && world.person == Person::Done {
        next.person = Person::Leaves;
    } else if closed.is_some() {
        return None;
    }
    Some(next)
}

/// Puts a source that rests back on the schedule, once, in one transaction; whoever put it to rest may have died before announcing.
pub(crate) fn come_back(world: &World, rules: &Rules) -> Option<World> {
    let mut next = world.clone();
    let store = &mut next.store;
    let head = store.head.as_mut().filter(|head| head.left == Some(Leave::Rest) && rules.returns)?;
    let (poll, pointer) = (store.poll.as_mut()?, store.pointer.as_mut()?);
    (head.left, head.returned) = (None, true);
    let reopened =
        poll.closed.filter(|_| rules.keeps(Protection::ReturnOpensWhatLeavingClosed)).map(|closed| closed.1.0);
    *poll = Poll { version: poll.version + 1, open: reopened, closed: None, ..*poll };
    *pointer = pointer.reopened(reopened.is_some(), world.now);
    next.person = Person::Done;
    Some(next)
}

/// Deletes some of what hangs on a deleted source.
pub(crate) fn sweep(world: &World, rules: &Rules) -> Option<World> {
    let since = world.store.sweep?;
    let mut next = world.clone();
    let store = &mut next.store;
    if !store.ends.is_empty() {
        store.ends.clear();
    } else if store.keys != 0 || !store.posts.is_empty() {
        store.keys = 0;
        store.posts.clear();
    } else if world.now >= quiet_after(since, rules) {
        (store.head, store.poll, store.pointer, store.sweep) = (None, None, None, None);
    } else {
        return None;
    }
    Some(next)
}

/// When the last pass may be made.
pub(crate) fn quiet_after(since: Timestamp, rules: &Rules) -> Timestamp {
    if rules.keeps(Protection::SweepWaits) { timing::quiet_after(since) } else { since }
}
