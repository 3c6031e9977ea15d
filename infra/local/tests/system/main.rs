//! The system as a whole: every part in one process, or the real program as people start it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod cli;
#[cfg(unix)]
mod deployed;
mod directions;
mod endpoint;
mod folder;
mod kill;
mod life;
mod newsboat;
mod parse;
mod people;
mod platform;
mod private;
mod process;
mod programs;
mod reader;
mod story;
mod template;
mod terminal;
mod world;
