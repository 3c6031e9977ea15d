//! Breadth first through everything that can happen, so that what is found is found by the shortest way.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};

use domain::time::Timestamp;

use crate::dispatcher::{self, Dispatcher};
use crate::fetcher::{self, Fetcher, Work};
use crate::invariants;
use crate::person::{self, Person};
use crate::scenes::begin;
use crate::state::{FIRST, PACE, Rules, SLOT, World, print};

/// What may befall one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// It is not done, and whoever asked hears so.
    Refused,
    /// It is done, and whoever asked does not hear of it.
    Lost,
}

/// What can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Dispatcher(usize, Fault),
    DispatcherDies(usize),
    Run,
    Fetcher(usize, Fault),
    FetcherDies(usize),
    Shows(usize),
    Unreadable(usize),
    Receive { message: usize, double: bool, leftover: bool },
    Person,
    PersonDies,
    Leave,
    Return,
    Sweep,
    Publish,
    Wait,
}

/// What was seen of a scene.
pub(crate) struct Found {
    pub(crate) states: usize,
    /// What is wrong, and how it came to that.
    pub(crate) broken: Option<(&'static str, Vec<Action>)>,
}

/// Explores all of a scene, or until something is wrong.
pub(crate) fn explore(rules: &Rules) -> Found {
    let first = begin(rules);
    let mut met = HashMap::from([(print(&first), None)]);
    let mut well = HashSet::new();
    let mut todo = VecDeque::from([first]);
    while let Some(world) = todo.pop_front() {
        let here = print(&world);
        for (action, next) in successors(&world, rules) {
            let there = print(&next);
            let Entry::Vacant(entry) = met.entry(there) else { continue };
            entry.insert(Some((here, action)));
            let broken = invariants::of_step(&world, &next).or_else(|| invariants::of(&next));
            let broken = broken.or_else(|| invariants::ends_badly(&next, rules, &mut well));
            if let Some(what) = broken {
                return Found { states: met.len(), broken: Some((what, way(&met, there))) };
            }
            todo.push_back(next);
        }
    }
    Found { states: met.len(), broken: None }
}

/// A way, step by step, with what everybody was about to do.
pub(crate) fn told(rules: &Rules, way: &[Action]) -> String {
    let mut world = begin(rules);
    let mut lines = Vec::new();
    for action in way {
        let about = match action {
            Action::Dispatcher(who, _) | Action::DispatcherDies(who) => match &world.dispatchers[*who] {
                Dispatcher::Run(run) => format!("{:?}", run.turn),
                Dispatcher::Idle => String::new(),
            },
            Action::Fetcher(who, _) | Action::FetcherDies(who) => match &world.fetchers[*who] {
                Fetcher::Busy(busy) => format!("letter {} {:?}", busy.letter.id, busy.work),
                Fetcher::Idle => String::new(),
            },
            Action::Receive { message, .. } => format!("{:?}", world.queue[*message]),
            _ => String::new(),
        };
        lines.push(format!("{} {action:?} {about}", world.now));
        let Some(next) = apply(&world, rules, *action) else { break };
        world = next.in_order();
    }
    lines.join("\n")
}

fn way(met: &HashMap<u64, Option<(u64, Action)>>, mut at: u64) -> Vec<Action> {
    let mut way = Vec::new();
    while let Some(Some((before, action))) = met.get(&at) {
        way.push(*action);
        at = *before;
    }
    way.reverse();
    way
}

/// Everything that can happen in `world`.
fn successors(world: &World, rules: &Rules) -> Vec<(Action, World)> {
    let mut actions = vec![
        Action::Run,
        Action::Person,
        Action::PersonDies,
        Action::Leave,
        Action::Return,
        Action::Sweep,
        Action::Publish,
        Action::Wait,
    ];
    for who in 0..2 {
        for fault in [Fault::None, Fault::Refused, Fault::Lost] {
            actions.extend([Action::Dispatcher(who, fault), Action::Fetcher(who, fault)]);
        }
        actions.extend([
            Action::DispatcherDies(who),
            Action::FetcherDies(who),
            Action::Shows(who),
            Action::Unreadable(who),
        ]);
    }
    for message in 0..world.queue.len() {
        for (double, leftover) in [(false, false), (true, false), (false, true)] {
            actions.push(Action::Receive { message, double, leftover });
        }
    }
    let apply = |action| Some((action, apply(world, rules, action)?.in_order()));
    actions.into_iter().filter_map(apply).collect()
}

/// What `action` makes of `world`; `None` if it cannot happen.
pub(crate) fn apply(world: &World, rules: &Rules, action: Action) -> Option<World> {
    let budget = &world.budget;
    match action {
        Action::Dispatcher(who, Fault::None) => dispatcher::step(world, rules, who, Fault::None),
        Action::Dispatcher(who, fault) if budget.errors > 0 => {
            spent(dispatcher::step(world, rules, who, fault), |world| world.budget.errors -= 1)
        }
        Action::Fetcher(who, _) if rules.deadly && reads_a_body(world, who) => None,
        Action::Fetcher(who, Fault::None) => fetcher::step(world, rules, who, Fault::None),
        Action::Fetcher(who, fault) if budget.errors > 0 => {
            spent(fetcher::step(world, rules, who, fault), |world| world.budget.errors -= 1)
        }
        Action::Dispatcher(..) | Action::Fetcher(..) => None,
        Action::DispatcherDies(who) => {
            let mut next = (budget.crashes > 0 && world.dispatchers[who] != Dispatcher::Idle).then(|| world.clone())?;
            next.budget.crashes -= 1;
            next.dispatchers[who] = Dispatcher::Idle;
            Some(next)
        }
        Action::FetcherDies(who) => {
            let own = rules.deadly && reads_a_body(world, who);
            let mut next =
                (own || budget.crashes > 0 && world.fetchers[who] != Fetcher::Idle).then(|| world.clone())?;
            next.budget.crashes -= u8::from(!own);
            next.witness_death(who);
            Some(next)
        }
        Action::Shows(who) => fetcher::show(world, rules, who),
        Action::Unreadable(who) if budget.unreadable > 0 => {
            spent(fetcher::unreadable(world, rules, who), |world| world.budget.unreadable -= 1)
        }
        Action::Unreadable(_) => None,
        Action::Run => {
            let who = (0..rules.dispatchers).find(|who| world.dispatchers[*who] == Dispatcher::Idle)?;
            dispatcher::begin(world, rules, who)
        }
        Action::Receive { message, double, leftover } => {
            if double && budget.doubles == 0 || leftover && budget.leftovers == 0 {
                return None;
            }
            let who = (0..rules.fetchers).find(|who| world.fetchers[*who] == Fetcher::Idle)?;
            spent(fetcher::receive(world, rules, who, message, double, leftover), |world| {
                world.budget.doubles -= u8::from(double);
                world.budget.leftovers -= u8::from(leftover);
            })
        }
        Action::Person => person::step(world),
        Action::PersonDies => {
            let dies = budget.crashes > 0 && matches!(world.person, Person::Makes(_));
            let mut next = dies.then(|| world.clone())?;
            next.budget.crashes -= 1;
            next.person = Person::Done;
            Some(next)
        }
        Action::Leave => person::leave(world, rules),
        Action::Return => person::come_back(world, rules),
        Action::Sweep => person::sweep(world, rules),
        Action::Publish => {
            let mut next = (usize::from(world.feed) + 1 < rules.script.len()).then(|| world.clone())?;
            next.feed += 1;
            Some(next)
        }
        Action::Wait => wait(world, rules),
    }
}

fn spent(next: Option<World>, pay: impl FnOnce(&mut World)) -> Option<World> {
    let mut next = next?;
    pay(&mut next);
    Some(next)
}

fn reads_a_body(world: &World, who: usize) -> bool {
    matches!(&world.fetchers[who], Fetcher::Busy(busy) if matches!(busy.work, Work::Got { body: Some(_), .. }))
}

/// Time goes on to the next instant at which something changes by itself. Whoever is at work has to end, or die, before he is stopped.
fn wait(world: &World, rules: &Rules) -> Option<World> {
    let (now, store) = (world.now, &world.store);
    let mut at: Vec<Timestamp> = world.queue.iter().map(|letter| letter.visible_at).collect();
    at.extend(world.queue.iter().map(|letter| world.message(letter).work_until()));
    at.extend(
        store.pointer.iter().filter(|pointer| store.end(pointer.job).is_none()).map(|pointer| pointer.lease_until),
    );
    at.push(store.cursor.until);
    at.extend(store.due.iter().map(|minute| PACE.start_of(*minute)));
    at.extend(store.is_active().then(|| PACE.start_of(SLOT.next_after(PACE.minute_of(now)))));
    at.extend(store.sweep.map(|since| person::quiet_after(since, rules)));
    let next = at.into_iter().filter(|at| *at > now).min()?;
    let runs = world.dispatchers.iter().all(|it| !matches!(it, Dispatcher::Run(run) if run.until <= next));
    let works = world.fetchers.iter().all(|it| !matches!(it, Fetcher::Busy(busy) if busy.until <= next));
    let within = PACE.minute_of(next).0 <= FIRST.0 + rules.minutes;
    // A person does not wait for minutes.
    (runs && works && within && world.person == Person::Done).then(|| World { now: next, ..world.clone() })
}
