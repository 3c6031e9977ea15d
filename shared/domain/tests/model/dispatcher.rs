//! A run of the dispatcher, cut between every two of its effects.

use domain::failure::ErrorCode;
use domain::id::JobId;
use domain::job::{Hand, NewJob, Pointer, Queueing, Reason};
use domain::time::Timestamp;
use domain::timing::queued_lease;
use domain::wheel::{Minute, Placement, earliest_start, place};

use crate::mutations::Protection;
use crate::queue::Outgoing;
use crate::search::Fault;
use crate::state::{DISPATCHER_TIMEOUT, INTERVAL, Known, Made, PACE, Rules, SLOT, World, job, lane};
use crate::store::{End, How};

#[expect(clippy::large_enum_variant, reason = "worlds are copied whole, and most have somebody at work")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Dispatcher {
    Idle,
    Run(Run),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Run {
    /// The platform stops it then.
    pub(crate) until: Timestamp,
    /// The present minute when it began.
    pub(crate) last: Minute,
    /// It is done with the source.
    pub(crate) met: bool,
    pub(crate) turn: Turn,
}

/// What it does next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Turn {
    /// Reads what is due in the minute, and the pointer.
    Look(Minute),
    /// Reads the ends of the pointer's job and of the one before it.
    Ends(Minute, Pointer),
    Queue(Minute, Free),
    Send(Minute, Outgoing),
    /// The queue refused the message.
    NotSent(Minute, JobId),
    /// Writes down when to look again, if at all.
    Later(Minute, Option<Minute>),
    Forget(Minute),
    /// Moves the cursor; `whole` says that it may pass the minute.
    Move(Minute),
    /// Lets go of the cursor, which may go as far as this.
    Release(Minute),
}

/// A source that may get a new job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Free {
    seen: Pointer,
    abandoned: bool,
    from: Known,
    start: Timestamp,
}

/// Claims the cursor, if something is due that nobody walks to.
pub(crate) fn begin(world: &World, rules: &Rules, who: usize) -> Option<World> {
    let last = PACE.minute_of(world.now);
    let minute = world.store.next_due(last)?;
    let held = world.store.cursor.until > world.now;
    if held && rules.keeps(Protection::CursorIsClaimed) {
        return None;
    }
    let until = world.now + DISPATCHER_TIMEOUT;
    let mut next = world.clone();
    if next.dispatchers.iter().any(|other| *other != Dispatcher::Idle) {
        next.break_with("two runs walk the wheel at once");
    }
    next.store.cursor.holder = u8::try_from(who).ok();
    next.store.cursor.until = until;
    next.dispatchers[who] = Dispatcher::Run(Run { until, last, met: false, turn: Turn::Look(minute) });
    Some(next)
}

/// The next effect of run `who`; `None` if that fault cannot befall it.
pub(crate) fn step(world: &World, rules: &Rules, who: usize, fault: Fault) -> Option<World> {
    let Dispatcher::Run(run) = &world.dispatchers[who] else { return None };
    let mut next = world.clone();
    let mut run = run.clone();
    let reached = world.store.cursor.minute;
    run.turn = match (run.turn.clone(), fault) {
        (Turn::Look(minute), Fault::None) => match &world.store.pointer {
            Some(pointer) if !run.met && world.store.is_active() => Turn::Ends(minute, pointer.clone()),
            _ => Turn::Later(minute, None),
        },
        (Turn::Ends(minute, pointer), Fault::None) => judge(&next, &mut run, minute, pointer),
        (Turn::Look(_) | Turn::Ends(..), _) => return None,
        (Turn::Queue(minute, free), fault) => {
            let turn = queue(&mut next, rules, &mut run, minute, free, fault)?;
            if fault == Fault::None { turn } else { Turn::Release(reached) }
        }
        (Turn::Send(minute, letter), fault) => {
            let (again, job) = (letter.again, letter.job);
            if fault != Fault::Refused {
                next.seen.again += u8::from(again);
                next.send(letter);
            }
            match fault {
                Fault::None => Turn::Later(minute, None),
                Fault::Refused if !again => Turn::NotSent(minute, job),
                Fault::Refused | Fault::Lost => Turn::Release(reached),
            }
        }
        (Turn::NotSent(minute, job), fault) => {
            let known = world.made(job).from.clone();
            let end = End { job, how: How::Failed(ErrorCode::SendFailed), started_at: None, known };
            if fault != Fault::Refused {
                next.store.finish(end, rules);
            }
            if fault == Fault::None { Turn::Later(minute, Some(run.last.next())) } else { Turn::Release(reached) }
        }
        (Turn::Later(minute, later), fault) => match (later, fault) {
            (None, Fault::None) => forget(world, minute),
            (None, _) => return None,
            (Some(later), fault) => {
                if fault != Fault::Refused {
                    next.store.put_due(later);
                }
                if fault == Fault::None { forget(world, minute) } else { Turn::Release(reached) }
            }
        },
        (Turn::Forget(minute), fault) => {
            if fault != Fault::Refused {
                next.store.due.retain(|due| *due != minute);
            }
            if fault == Fault::None { Turn::Move(minute) } else { Turn::Release(reached) }
        }
        (Turn::Move(minute), fault) => {
            if fault != Fault::Refused {
                move_cursor(&mut next, who, minute, run.until);
            }
            match next.store.next_due(run.last) {
                Some(minute) if fault == Fault::None => Turn::Look(minute),
                None if fault == Fault::None => Turn::Release(run.last),
                Some(_) | None => Turn::Release(reached),
            }
        }
        (Turn::Release(minute), Fault::None) => {
            move_cursor(&mut next, who, minute, Timestamp::EPOCH);
            next.dispatchers[who] = Dispatcher::Idle;
            return Some(next);
        }
        (Turn::Release(_), _) => return None,
    };
    if !rules.keeps(Protection::CursorMovesLast) && matches!(run.turn, Turn::Send(..)) {
        move_cursor(&mut next, who, run.last, run.until);
    }
    next.dispatchers[who] = Dispatcher::Run(run);
    Some(next)
}

fn forget(world: &World, minute: Minute) -> Turn {
    if world.store.due.contains(&minute) { Turn::Forget(minute) } else { Turn::Move(minute) }
}

fn move_cursor(world: &mut World, who: usize, minute: Minute, until: Timestamp) {
    let cursor = &mut world.store.cursor;
    if cursor.holder.map(usize::from) == Some(who) {
        cursor.minute = cursor.minute.max(minute);
        cursor.until = until;
    }
}

/// What the job in hand says.
fn judge(world: &World, run: &mut Run, minute: Minute, pointer: Pointer) -> Turn {
    if pointer.closed {
        return Turn::Later(minute, None);
    }
    let before = || {
        let end = pointer.prev.and_then(|prev| world.store.end(prev));
        end.map(|end| end.known.clone()).unwrap_or_default()
    };
    let finished = world.store.end(pointer.job);
    let live = pointer.is_live(finished.is_some(), world.now);
    let (from, abandoned) = match finished {
        Some(end) => (end.known.clone(), false),
        None if !live => {
            let mut from = before();
            from.carry = from.carry.with_possible_get(Some(pointer.possible_get(lane(pointer.reason))));
            (from, true)
        }
        None if pointer.hand == Hand::Queued && pointer.tick == minute => {
            run.met = true;
            return Turn::Send(minute, Outgoing { again: true, ..Outgoing::of(&pointer) });
        }
        None => return Turn::Later(minute, None),
    };
    run.met = true;
    let earliest = earliest_start(from.carry.last_get, INTERVAL, from.carry.not_before, None);
    match place(earliest, world.now, run.last, SLOT, PACE) {
        Placement::Queue(start) => Turn::Queue(minute, Free { seen: pointer, abandoned, from, start }),
        Placement::Due(later) => Turn::Later(minute, Some(later)),
        Placement::Slot => Turn::Later(minute, None),
    }
}

fn queue(world: &mut World, rules: &Rules, run: &mut Run, minute: Minute, free: Free, fault: Fault) -> Option<Turn> {
    if world.made.len() >= rules.jobs {
        return None;
    }
    let Free { seen, abandoned, from, start } = free;
    let (now, id) = (world.now, job(world.made.len()));
    let reason = if from.carry.last_get.is_none() { Reason::First } else { Reason::Scheduled };
    let earliest = start.max(now);
    let lease_until = queued_lease(now, earliest, INTERVAL, lane(reason));
    let new = NewJob { job: id, tick: minute, queued_at: now, earliest, lease_until, reason };
    let made = Made { job: id, tick: minute, queued_at: now, earliest, reason, from: from.clone() };
    let (next, queued) = match seen.queue(!abandoned, new, now) {
        Queueing::Swap(next) => (next.clone(), fault == Fault::Refused || world.store.queue(&seen, next)),
        Queueing::Supersede(next) => {
            let how = How::Failed(ErrorCode::LeaseExpired);
            let old = End { job: seen.job, how, started_at: seen.started_at, known: from };
            (next.clone(), fault == Fault::Refused || world.store.supersede(&seen, next, old, rules))
        }
        Queueing::Live(_) | Queueing::NotActive => return Some(Turn::Later(minute, None)),
    };
    if !queued {
        run.met = false;
        // Raced: judged again by what is there.
        return (fault == Fault::None).then_some(Turn::Look(minute));
    }
    if fault != Fault::Refused {
        world.made.push(made);
        if !abandoned {
            world.seen.deaths = 0;
        }
    }
    Some(Turn::Send(minute, Outgoing::of(&next)))
}
