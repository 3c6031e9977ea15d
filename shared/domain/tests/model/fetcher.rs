//! A fetcher with one message, cut between every two of its effects.

use std::time::Duration;

use domain::carry::Carry;
use domain::decide;
use domain::failure::ErrorCode;
use domain::job::Reason;
use domain::time::Timestamp;
use domain::timing::queued_lease;
use domain::triage::{Action, possible_get, triage};

use crate::landing::{self, Plan};
use crate::mutations::Protection;
use crate::queue::Outgoing;
use crate::search::Fault;
use crate::state::{Entries, INTERVAL, Known, Letter, Made, Rules, World, lane};
use crate::store::{End, Finish, How, Marking, Range};

#[expect(clippy::large_enum_variant, reason = "worlds are copied whole, and most have somebody at work")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fetcher {
    Idle,
    Busy(Busy),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Busy {
    pub(crate) letter: Letter,
    /// The platform stops it then.
    pub(crate) until: Timestamp,
    /// When it marked the job, if it did.
    pub(crate) marked: Option<Timestamp>,
    /// It marked it to work on it alone.
    pub(crate) alone: bool,
    pub(crate) work: Work,
}

/// What it does next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Work {
    /// Reads pointer and end; a second look does not lead to work.
    Judge {
        second: bool,
    },
    Hold(Timestamp),
    Mark,
    Get,
    /// An answer is there; the body, if it is a new one.
    Got {
        started: Timestamp,
        body: Option<Entries>,
    },
    /// Reads head, poll state and keys.
    Survey {
        started: Timestamp,
        body: Option<Entries>,
    },
    Land {
        started: Timestamp,
        body: Option<Entries>,
        plan: Plan,
    },
    Finish(End),
    Announce(Range),
    Acknowledge,
    /// Failed while it lives: takes its attempt back, then lets the message come again.
    GiveBack,
    /// Sends the message anew, then acknowledges it.
    Resend {
        returned: bool,
        delay: Duration,
    },
}

/// How long what was left over waits.
const LEFTOVER_DELAY: Duration = Duration::from_secs(10);

/// Takes the `n`-th message.
pub(crate) fn receive(
    world: &World,
    rules: &Rules,
    who: usize,
    n: usize,
    double: bool,
    leftover: bool,
) -> Option<World> {
    let mut next = world.clone();
    let letter = next.receive(n, double)?;
    let message = next.message(&letter);
    let until = world.now + lane(message.reason).function_timeout();
    let receives = if rules.keeps(Protection::RedeliveredIsSuspect) { letter.receives } else { 1 };
    let fresh = message.is_fresh(receives.into(), world.now);
    let work = match (leftover, fresh) {
        (true, _) => Work::Resend { returned: false, delay: LEFTOVER_DELAY },
        (false, true) => Work::Get,
        (false, false) => Work::Judge { second: false },
    };
    next.fetchers[who] = Fetcher::Busy(Busy { letter, until, marked: None, alone: false, work });
    Some(next)
}

/// The next effect of fetcher `who`; `None` if that fault cannot befall it.
pub(crate) fn step(world: &World, rules: &Rules, who: usize, fault: Fault) -> Option<World> {
    let Fetcher::Busy(busy) = &world.fetchers[who] else { return None };
    let (mut next, mut busy) = (world.clone(), busy.clone());
    let reads = matches!(busy.work, Work::Judge { .. } | Work::Get | Work::Got { .. } | Work::Survey { .. });
    if reads && fault != Fault::None {
        return None;
    }
    let work = advance(&mut next, rules, &mut busy, fault);
    next.seen.mishaps += u8::from(fault != Fault::None);
    if !rules.keeps(Protection::AnnouncingComesFirst) && matches!(work, Some(Work::Announce(_))) {
        next.acknowledge(busy.letter.id);
    }
    next.fetchers[who] = match work {
        Some(work) => Fetcher::Busy(Busy { work, ..busy }),
        None => Fetcher::Idle,
    };
    Some(next)
}

/// Does one thing; what comes then, or `None` if the message is left for another time or done with.
fn advance(world: &mut World, rules: &Rules, busy: &mut Busy, fault: Fault) -> Option<Work> {
    let done = fault != Fault::Refused;
    let heard = fault == Fault::None;
    match busy.work.clone() {
        Work::Judge { second } => judge(world, &busy.letter, second),
        Work::Hold(until) => {
            if done {
                world.hold(busy.letter.id, until);
            }
            None
        }
        Work::Mark => Some(mark(world, rules, busy, true, fault).unwrap_or(Work::Get)),
        Work::Get => Some(get(world, rules, busy)),
        Work::Got { started, body } => Some(weigh(world, busy, started, body)),
        Work::Survey { started, body } => Some(landing::survey(world, rules, &busy.letter, started, body)),
        Work::Land { started, body, plan } => {
            match (landing::land(world, rules, busy, started, body, &plan, done), heard) {
                (work, true) => Some(work),
                // Busy until its time is up, or it reads again and finds out.
                (_, false) if done => Some(Work::Survey { started, body }),
                (_, false) => busy.fails(rules),
            }
        }
        Work::Finish(end) => {
            let finish = done.then(|| world.store.finish(end.clone(), rules));
            match finish {
                Some(Finish::Done) if heard => Some(settle(&end)),
                Some(Finish::AlreadyDone(other)) if heard => Some(settle(&other)),
                Some(_) | None => busy.fails(rules),
            }
        }
        Work::Announce(range) => {
            if done {
                world.announce(range);
            }
            if heard { Some(Work::Acknowledge) } else { busy.fails(rules) }
        }
        Work::Acknowledge => {
            if done {
                world.acknowledge(busy.letter.id);
            }
            None
        }
        Work::GiveBack => {
            let made = world.made(busy.letter.job);
            let lease = queued_lease(made.queued_at, made.earliest, INTERVAL, lane(made.reason));
            if done && let Some(marked) = busy.marked {
                world.store.give_back(busy.letter.job, marked, lease, busy.alone);
            }
            let delay = lane(reason(world, busy)).ongoing_lease();
            (!heard).then_some(Work::Resend { returned: true, delay })
        }
        Work::Resend { returned, delay } => {
            let mut message = Outgoing::resent(&busy.letter, world.now, delay);
            message.returned += u8::from(returned);
            message.again = rules.keeps(Protection::LeftoversSayAgain);
            if done {
                world.send(message);
            }
            heard.then_some(Work::Acknowledge)
        }
    }
}

fn reason(world: &World, busy: &Busy) -> Reason {
    world.made(busy.letter.job).reason
}

impl Busy {
    /// It cannot go on, but lives: only an attempt alone has to be taken back.
    fn fails(&self, rules: &Rules) -> Option<Work> {
        (self.alone && rules.keeps(Protection::TheLivingTakeTheirAttemptBack)).then_some(Work::GiveBack)
    }
}

fn settle(end: &End) -> Work {
    end.range().map_or(Work::Acknowledge, Work::Announce)
}

fn judge(world: &World, letter: &Letter, second: bool) -> Option<Work> {
    let (pointer, end) = (world.store.pointer.as_ref(), world.store.end(letter.job));
    let finished = end.map(End::finished);
    let message = world.message(letter);
    Some(match triage(&message, pointer, finished.as_ref(), world.now) {
        Action::Acknowledge => Work::Acknowledge,
        Action::AnnounceAgain => end.map_or(Work::Acknowledge, settle),
        Action::HeldUntil(until) => Work::Hold(until),
        Action::Work if second => return None,
        Action::Work => Work::Mark,
        Action::Fail(code) => {
            let mine = pointer.filter(|pointer| pointer.job == letter.job);
            let get = possible_get(&message, pointer, letter.receives.into());
            let mut known = world.made(letter.job).from.clone();
            known.carry = known.carry.with_possible_get(get.map(|at| at.min(world.now)));
            if code == ErrorCode::Poisoned {
                known.carry = decide::poisoned(&known.carry, world.now);
            }
            let started_at = mine.and_then(|pointer| pointer.started_at);
            Work::Finish(End { job: letter.job, how: How::Failed(code), started_at, known })
        }
    })
}

/// Marks the job; `None` if it is ours.
fn mark(world: &mut World, rules: &Rules, busy: &mut Busy, alone: bool, fault: Fault) -> Option<Work> {
    let lane = lane(reason(world, busy));
    if fault == Fault::Refused {
        return Some(Work::GiveBack);
    }
    match world.store.mark(busy.letter.job, world.now, lane, alone, rules) {
        Marking::Marked => {
            (busy.marked, busy.alone) = (Some(world.now), alone);
            // That it was counted is not known: it was no death, so it is taken back by its own mark.
            (fault == Fault::Lost).then_some(Work::GiveBack)
        }
        Marking::Superseded => Some(Work::Judge { second: true }),
        Marking::HeldUntil(until) => Some(Work::Hold(until)),
    }
}

/// A fresh attempt that takes long shows itself.
pub(crate) fn show(world: &World, rules: &Rules, who: usize) -> Option<World> {
    let Fetcher::Busy(busy) = &world.fetchers[who] else { return None };
    if busy.marked.is_some() || !matches!(busy.work, Work::Got { .. }) {
        return None;
    }
    let (mut next, mut busy) = (world.clone(), busy.clone());
    if let Some(work) = mark(&mut next, rules, &mut busy, false, Fault::None) {
        busy.work = work;
    }
    next.fetchers[who] = Fetcher::Busy(busy);
    Some(next)
}

fn get(world: &mut World, rules: &Rules, busy: &Busy) -> Work {
    let body = world.body(rules);
    world.witness_get(busy.letter.job, busy.marked.is_some(), rules);
    let known = world.made(busy.letter.job).from.body;
    Work::Got { started: world.now, body: (known != Some(body)).then_some(body) }
}

/// A body that cannot be read: it must come again.
pub(crate) fn unreadable(world: &World, rules: &Rules, who: usize) -> Option<World> {
    let Fetcher::Busy(busy) = &world.fetchers[who] else { return None };
    let Work::Got { started, body: Some(body) } = busy.work else { return None };
    let mut end = ended(world.made(busy.letter.job), started, How::Failed(ErrorCode::NotAFeed));
    if !rules.keeps(Protection::FailuresKeepTheOldValidators) {
        end.known.body = Some(body);
    }
    let mut next = world.clone();
    next.fetchers[who] = Fetcher::Busy(Busy { work: Work::Finish(end), ..busy.clone() });
    Some(next)
}

fn weigh(world: &World, busy: &Busy, started: Timestamp, body: Option<Entries>) -> Work {
    if body.is_some() || busy.letter.open {
        return Work::Survey { started, body };
    }
    Work::Finish(ended(world.made(busy.letter.job), started, How::Completed(None)))
}

/// The end of a job by its holder, after a GET; the validators are those that it was given.
pub(crate) fn ended(made: &Made, started: Timestamp, how: How) -> End {
    let Known { carry, body } = made.from.clone();
    let carry = Carry { last_get: Some(started), not_before: None, ..carry };
    End { job: made.job, how, started_at: Some(started), known: Known { carry, body } }
}

/// First and last of what a job landed.
pub(crate) fn range(first: u8, last: u8) -> Option<Range> {
    (last >= first).then_some((first, last))
}
