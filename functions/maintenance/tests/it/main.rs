//! Maintenance against the embedded servers, at a time that the tests set, stopped at each of its calls.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::large_futures,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod blobs;
mod ends;
mod erase;
mod events;
mod floors;
mod sealing;
mod world;
