//! The dispatcher against the embedded servers, at a time that the tests set: each rule of the wheel, and its losing side.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::large_futures,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod again;
mod backlog;
mod cost;
mod cursor;
mod day;
mod events;
mod hosts;
mod races;
mod refused;
mod rude;
mod supersede;
mod when;
mod world;
