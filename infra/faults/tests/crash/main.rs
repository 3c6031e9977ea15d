//! The process is stopped before and after every call of what it does, and the cloud is rude: the end is always the same.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::large_futures,
    reason = "helpers of tests are tests, and say in the output which case they are at"
)]

mod end;
mod feed;
mod layer;
mod scene;
mod stories;
mod trouble;
mod wheel;
mod world;
