//! What must be so in every state and at every step, and that all ends well from wherever it got to.

use std::collections::HashSet;

use domain::failure::ErrorCode;
use domain::id::JobId;
use domain::job::{Hand, Status};
use domain::wheel::Minute;

use crate::fetcher::Fetcher;
use crate::person::Person;
use crate::search::{Action, Fault, apply};
use crate::state::{Budget, FIRST, Leave, Made, Onlooker, PACE, Rules, SLOT, World, print};
use crate::store::{How, Range};

/// What is wrong in one state.
pub(crate) fn of(world: &World) -> Option<&'static str> {
    let (store, seen) = (&world.store, &world.seen);
    let Some(head) = store.head else {
        let left = store.poll.is_some() || store.pointer.is_some() || !store.ends.is_empty();
        return (left || store.keys != 0 || !store.posts.is_empty()).then_some("something was written after the sweep");
    };
    let (poll, pointer) = (store.poll?, store.pointer.as_ref()?);
    if pointer.closed != head.left.is_some() {
        return Some("the pointer and the head do not agree whether the source is active");
    }
    if head.left == Some(Leave::Delete) {
        return seen.broken;
    }
    let unended = |made: &&Made| made.job != pointer.job && store.end(made.job).is_none();
    if world.made.iter().any(|made| unended(&made)) {
        return Some("a job that is not in hand has not ended");
    }
    let mut ordinals: Vec<u8> = store.posts.iter().map(|post| post.0).collect();
    ordinals.sort_unstable();
    if !ordinals.iter().copied().eq(1..=head.count) {
        return Some("ordinals are not dense");
    }
    let entries: HashSet<u8> = store.posts.iter().map(|post| post.1).collect();
    if entries.len() != store.posts.len() {
        return Some("an entry is in two posts");
    }
    if poll.window & !store.keys != 0 || store.ends.iter().any(|end| end.known.body.unwrap_or(0) & !store.keys != 0) {
        return Some("window or validators name what has not landed");
    }
    let covered = |ordinal: u8| {
        let within = |range: Option<Range>| range.is_some_and(|(first, last)| (first..=last).contains(&ordinal));
        let open = poll.open.is_some_and(|first| first <= ordinal);
        open || within(poll.closed.map(|closed| closed.1)) || store.ends.iter().any(|end| within(end.range()))
    };
    if !(1..=head.count).all(covered) {
        return Some("a post is in no range that is ever announced");
    }
    let waits = |job: JobId| world.queue.iter().any(|letter| letter.job == job);
    if store.ends.iter().any(|end| end.range().is_some_and(|range| !announced(world, range)) && !waits(end.job)) {
        return Some("an announcement is lost");
    }
    if poll.closed.is_some_and(|closed| !announced(world, closed.1)) && world.person != Person::Leaves {
        return Some("what was closed by leaving is not announced");
    }
    let tick_comes = store.cursor.minute < pointer.tick
        && (SLOT.next_after(Minute(pointer.tick.0 - 1)) == pointer.tick || store.due.contains(&pointer.tick));
    let sent_again = pointer.hand == Hand::Queued && tick_comes;
    let live = pointer.is_live(store.end(pointer.job).is_some(), world.now);
    if head.left.is_none() && live && !waits(pointer.job) && !sent_again {
        return Some("the job in hand is one that nobody will work on");
    }
    let alone =
        |fetcher: &Fetcher| matches!(fetcher, Fetcher::Busy(busy) if busy.alone && busy.letter.job == pointer.job);
    if world.fetchers.iter().all(alone) {
        return Some("two fetchers work on one job alone");
    }
    let poisoned = store.end(pointer.job).is_some_and(|end| end.how == How::Failed(ErrorCode::Poisoned));
    if poisoned && seen.deaths < domain::timing::POISON_ATTEMPTS {
        return Some("a feed counts as poison that killed nobody");
    }
    seen.broken
}

fn announced(world: &World, (first, last): Range) -> bool {
    (first..=last).all(|ordinal| world.seen.announced & 1 << ordinal != 0)
}

/// What is wrong about one step.
pub(crate) fn of_step(before: &World, after: &World) -> Option<&'static str> {
    let active = before.store.is_active();
    if !active && (after.made.len() > before.made.len() || after.store.posts.len() > before.store.posts.len()) {
        return Some("something was queued or landed though the source was not active");
    }
    if before.store.sweep.is_some() {
        return None;
    }
    for end in &before.store.ends {
        if after.store.end(end.job) != Some(end) {
            return Some("a job that had ended changed");
        }
    }
    let allowed = |made: &Made| match (status(before, made.job), status(after, made.job)) {
        (None, _) => true,
        (Some(before), Some(after)) => may_become(before, after),
        (Some(_), None) => false,
    };
    (!before.made.iter().all(allowed)).then_some("a job went a way that no job goes")
}

fn status(world: &World, job: JobId) -> Option<Status> {
    match world.store.end(job).map(|end| end.how) {
        Some(How::Completed(_)) => Some(Status::Completed),
        Some(How::Failed(_)) => Some(Status::Failed),
        None => world.store.pointer.as_ref().filter(|pointer| pointer.job == job).map(|pointer| match pointer.hand {
            Hand::Queued => Status::Queued,
            Hand::Ongoing => Status::Ongoing,
        }),
    }
}

fn may_become(before: Status, after: Status) -> bool {
    match before {
        Status::Queued => true,
        // QUEUED again: a living holder gave it back.
        Status::Ongoing => true,
        Status::Completed | Status::Failed => before == after,
    }
}

/// How many steps and minutes all may take to end well.
const STEPS: usize = 1_000;
const MINUTES: u64 = 1441 + 61 * 3;

/// Whether, if nothing goes wrong any more, the feed is not landed and announced in time. Asked of states in which nobody is at work;
/// `well` remembers those from which all went well.
pub(crate) fn ends_badly(world: &World, rules: &Rules, well: &mut HashSet<u64>) -> Option<&'static str> {
    if !rules.ends_well || !world.is_calm() {
        return None;
    }
    let since_first = PACE.minute_of(world.now).0 - FIRST.0;
    let rules = Rules { jobs: 30, minutes: since_first + MINUTES, leave: None, ..rules.clone() };
    let mut now = World {
        budget: Budget::default(),
        seen: Onlooker { announced: world.seen.announced, ..Onlooker::default() },
        ..world.clone()
    };
    let mut met = Vec::new();
    for _ in 0..STEPS {
        let here = print(&now);
        if is_well(&now, &rules) || well.contains(&here) {
            well.extend(met);
            return None;
        }
        met.push(here);
        let Some(next) = quietly(&now, &rules) else { break };
        now = next;
    }
    Some("the wheel forgot the source, or an entry never landed")
}

/// The next thing when nothing goes wrong and nobody is late.
fn quietly(world: &World, rules: &Rules) -> Option<World> {
    let mut actions = vec![Action::Person];
    for who in 0..2 {
        actions.extend([Action::Fetcher(who, Fault::None), Action::Dispatcher(who, Fault::None)]);
    }
    for message in 0..world.queue.len() {
        actions.push(Action::Receive { message, double: false, leftover: false });
    }
    actions.extend([Action::Sweep, Action::Run, Action::Wait]);
    actions.into_iter().find_map(|action| apply(world, rules, action))
}

fn is_well(world: &World, rules: &Rules) -> bool {
    let store = &world.store;
    let Some(head) = store.head else { return world.queue.is_empty() };
    if head.left == Some(Leave::Delete) || !world.queue.is_empty() || !world.is_calm() {
        return false;
    }
    let heard = head.count == 0 || announced(world, (1, head.count));
    let body = world.body(rules);
    let polled = store.pointer.as_ref().and_then(|pointer| store.end(pointer.job)).is_some_and(|end| {
        matches!(end.how, How::Completed(_)) && end.known.body == Some(body) && body & !store.keys == 0
    });
    heard && (polled || head.left.is_some())
}
