//! The promises of `domain`, as properties and tables.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod decide;
mod job;
mod lateness;
mod listing;
mod plan;
mod reading;
mod shape;
mod triage;
