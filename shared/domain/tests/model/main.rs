//! The protocol of jobs, messages, wheel, landing and deletion as a small machine, explored exhaustively within bounds: two dispatchers,
//! two fetchers, deaths between every two effects, messages twice and late, answers lost, a deletion at any time.
//!
//! Decisions are those of `domain`; what the store does on condition is written out in `store`. What was found, and what is not
//! explored, is in `docs/decisions/0007-protocol-model.md`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed"
)]

mod dispatcher;
mod fetcher;
mod invariants;
mod landing;
mod mutations;
mod onlooker;
mod person;
mod queue;
mod scenes;
mod search;
mod state;
mod store;
