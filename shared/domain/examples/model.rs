//! The protocol's model (`tests/model`) within wider bounds than its tests have; takes minutes:
//!
//! ```sh
//! cargo run --release -p domain --example model
//! ```
//!
//! It says how many states each scene has. Where something is wrong it ends with the shortest way to it.
#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "these modules are tests, and here is not everything that they need"
)]

#[path = "../tests/model/dispatcher.rs"]
mod dispatcher;
#[path = "../tests/model/fetcher.rs"]
mod fetcher;
#[path = "../tests/model/invariants.rs"]
mod invariants;
#[path = "../tests/model/landing.rs"]
mod landing;
#[path = "../tests/model/mutations.rs"]
mod mutations;
#[path = "../tests/model/onlooker.rs"]
mod onlooker;
#[path = "../tests/model/person.rs"]
mod person;
#[path = "../tests/model/queue.rs"]
mod queue;
#[path = "../tests/model/scenes.rs"]
mod scenes;
#[path = "../tests/model/search.rs"]
mod search;
#[path = "../tests/model/state.rs"]
mod state;
#[path = "../tests/model/store.rs"]
mod store;

use scenes::{CRASH, MAKING, NOTHING, POLL};
use state::{Budget, Leave, Rules};

/// More of what the tests have.
const WIDER: &[Rules] = &[
    Rules { name: "a source is made, two deaths", budget: Budget { crashes: 2, ..NOTHING }, ..MAKING },
    Rules {
        name: "a poll, two deaths, a message twice, a lost answer",
        budget: Budget { crashes: 2, doubles: 1, errors: 1, ..NOTHING },
        ..POLL
    },
    Rules {
        name: "two jobs, two deaths",
        budget: Budget { crashes: 2, ..NOTHING },
        jobs: 3,
        minutes: 140,
        fetchers: 1,
        dispatchers: 1,
        ..POLL
    },
    Rules {
        name: "two jobs, two lost answers",
        budget: Budget { errors: 2, ..NOTHING },
        jobs: 3,
        minutes: 140,
        fetchers: 1,
        dispatchers: 1,
        ..POLL
    },
    Rules {
        name: "a landing, two deaths, a lost answer",
        budget: Budget { crashes: 2, errors: 1, ..NOTHING },
        script: &[0b1, 0b111],
        dispatchers: 1,
        ..POLL
    },
    Rules {
        name: "deletion, a death, a leftover",
        leave: Some(Leave::Delete),
        budget: Budget { leftovers: 1, ..CRASH },
        script: &[0b1, 0b111],
        dispatchers: 1,
        fetchers: 1,
        minutes: 180,
        ..POLL
    },
    Rules {
        name: "a landing, leaving, coming back, a death",
        leave: Some(Leave::Rest),
        returns: true,
        budget: CRASH,
        script: &[0b1, 0b111],
        dispatchers: 1,
        fetchers: 1,
        jobs: 3,
        minutes: 140,
        ..POLL
    },
];

fn main() {
    scenes::hold(WIDER);
}
