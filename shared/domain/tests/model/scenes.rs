//! What is explored: each scene with its own bounds, so that all of them together stay within a minute.

use domain::carry::Carry;
use domain::job::{NewJob, Pointer, Reason};
use domain::time::Timestamp;
use domain::timing::{MAX_DELAY, queued_lease};
use domain::wheel::Minute;

use crate::dispatcher::Dispatcher;
use crate::fetcher::{Fetcher, range};
use crate::person::Person;
use crate::queue::Outgoing;
use crate::search::{explore, told};
use crate::state::{Budget, FIRST, INTERVAL, Known, Leave, Made, Onlooker, PACE, Rules, SLOT, World, job, lane};
use crate::store::{Cursor, End, Head, How, Poll, Store};

/// How the world begins.
pub(crate) fn begin(rules: &Rules) -> World {
    let first = Minute(FIRST.0 + 1);
    let mut world = made(rules, first);
    if rules.polled {
        let body = rules.script[0];
        let count = body.count_ones() as u8;
        // It was late then, so the next one has to wait as long as a message can wait in the queue.
        let now = world.now + MAX_DELAY;
        world.person = Person::Done;
        world.seen.announced = (1..=count).map(|ordinal| 1 << ordinal).sum();
        world.seen.gets.push((job(0), now));
        let store = &mut world.store;
        store.due.clear();
        store.head = Some(Head { left: None, returned: false, count });
        store.poll = Some(Poll { version: 1, window: body, open: None, closed: None });
        store.keys = body;
        store.posts = (1..).zip((0..8).map(|n| 1 << n).filter(|entry| body & entry != 0)).collect();
        let carry = Carry { last_get: Some(now), ..Carry::default() };
        let known = Known { carry, body: Some(body) };
        store.ends.push(End { job: job(0), how: How::Completed(range(1, count)), started_at: Some(now), known });
        let next = SLOT.next_after(first);
        store.cursor.minute = Minute(next.0 - 1);
        world.now = PACE.start_of(next);
    }
    world
}

/// A source was made in `minute`.
fn made(rules: &Rules, minute: Minute) -> World {
    let now = PACE.start_of(minute);
    let tick = Minute(minute.0 + 2);
    let reason = Reason::First;
    let lease_until = queued_lease(now, now, INTERVAL, lane(reason));
    let pointer = Pointer::first(NewJob { job: job(0), tick, queued_at: now, earliest: now, lease_until, reason });
    let from = Known { carry: Carry::default(), body: None };
    World {
        now,
        made: vec![Made { job: job(0), tick, queued_at: now, earliest: now, reason, from }],
        queue: Vec::new(),
        letters: 0,
        feed: 0,
        dispatchers: [Dispatcher::Idle, Dispatcher::Idle],
        fetchers: [Fetcher::Idle, Fetcher::Idle],
        person: Person::Makes(Outgoing::of(&pointer)),
        budget: rules.budget,
        seen: Onlooker::default(),
        store: Store {
            head: Some(Head { left: None, returned: false, count: 0 }),
            poll: Some(Poll { version: 0, window: 0, open: None, closed: None }),
            pointer: Some(pointer),
            ends: Vec::new(),
            keys: 0,
            posts: Vec::new(),
            cursor: Cursor { minute: FIRST, holder: None, until: Timestamp::EPOCH },
            due: vec![tick],
            sweep: None,
        },
    }
}

/// What goes wrong in no scene.
pub(crate) const NOTHING: Budget = Budget { crashes: 0, doubles: 0, errors: 0, unreadable: 0, leftovers: 0 };

/// A source with one entry, polled once more; nothing goes wrong.
pub(crate) const POLL: Rules = Rules {
    name: "poll",
    polled: true,
    script: &[0b1],
    budget: NOTHING,
    jobs: 2,
    minutes: 84,
    dispatchers: 2,
    fetchers: 2,
    leave: None,
    returns: false,
    deadly: false,
    ends_well: true,
    without: None,
};

/// The same for a source that was just made, which has two entries.
pub(crate) const MAKING: Rules = Rules { name: "making", polled: false, script: &[0b11], jobs: 1, minutes: 20, ..POLL };

/// One death.
pub(crate) const CRASH: Budget = Budget { crashes: 1, ..NOTHING };

const SCENES: &[Rules] = &[
    Rules { name: "a source is made, one death", budget: CRASH, ..MAKING },
    Rules { name: "a poll, two deaths", budget: Budget { crashes: 2, ..NOTHING }, ..POLL },
    Rules {
        name: "a poll, a message twice, a leftover, a death",
        budget: Budget { doubles: 1, leftovers: 1, ..CRASH },
        ..POLL
    },
    Rules { name: "a poll, a lost answer, a death", budget: Budget { errors: 1, ..CRASH }, fetchers: 1, ..POLL },
    Rules {
        name: "a landing, two deaths",
        budget: Budget { crashes: 2, ..NOTHING },
        script: &[0b1, 0b111],
        dispatchers: 1,
        ..POLL
    },
    Rules {
        name: "a landing, two lost answers",
        budget: Budget { errors: 2, ..NOTHING },
        script: &[0b1, 0b111],
        dispatchers: 1,
        fetchers: 1,
        ..POLL
    },
    Rules {
        name: "a landing, leaving, a death",
        leave: Some(Leave::Rest),
        budget: CRASH,
        script: &[0b1, 0b111],
        dispatchers: 1,
        ..POLL
    },
    Rules {
        name: "a landing, leaving, coming back",
        leave: Some(Leave::Rest),
        returns: true,
        script: &[0b1, 0b111],
        dispatchers: 1,
        fetchers: 1,
        jobs: 3,
        minutes: 140,
        ..POLL
    },
    Rules {
        name: "a landing, the feed goes back, a death",
        budget: CRASH,
        script: &[0b1, 0b111, 0b1],
        dispatchers: 1,
        fetchers: 1,
        jobs: 3,
        minutes: 140,
        ..POLL
    },
    Rules {
        name: "a body that cannot be read",
        budget: Budget { unreadable: 1, ..NOTHING },
        script: &[0b1, 0b11],
        dispatchers: 1,
        fetchers: 1,
        jobs: 3,
        minutes: 140,
        ..POLL
    },
    Rules { name: "two jobs, a death", budget: CRASH, dispatchers: 1, fetchers: 1, jobs: 3, minutes: 140, ..POLL },
    Rules {
        name: "two jobs, a lost answer",
        budget: Budget { errors: 1, ..NOTHING },
        dispatchers: 1,
        fetchers: 1,
        jobs: 3,
        minutes: 140,
        ..POLL
    },
    Rules {
        name: "deletion",
        leave: Some(Leave::Delete),
        script: &[0b1, 0b11],
        dispatchers: 1,
        fetchers: 1,
        minutes: 180,
        ..POLL
    },
    Rules {
        name: "a feed that kills its fetcher",
        deadly: true,
        script: &[0b1, 0b11],
        budget: Budget { errors: 1, ..NOTHING },
        dispatchers: 1,
        fetchers: 1,
        minutes: 100,
        ends_well: false,
        ..POLL
    },
];

#[test]
fn nothing_that_may_happen_breaks_the_protocol() {
    hold(SCENES);
}

/// Explores them; ends with the shortest way to what is wrong, if anything is.
pub(crate) fn hold(scenes: &[Rules]) {
    for rules in scenes {
        let found = explore(rules);
        println!("{}: {} states", rules.name, found.states);
        if let Some((what, way)) = found.broken {
            panic!("{}: {what}, by\n{}", rules.name, told(rules, &way));
        }
    }
}
