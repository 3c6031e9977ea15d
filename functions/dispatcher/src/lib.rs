//! The dispatcher: once a minute it walks the wheel from where the last run stopped, queues a job for each source that is due, and
//! sends its message.
//!
//! It must never fetch, parse or land anything, never know how a table is laid out, and never move its cursor past a minute of which
//! something is neither sent nor written down for later: whatever moment it dies at, the next run takes up the same jobs.
//!
//! `minute.rs` is the order of one minute's work; who goes when is decided in `domain` ([`domain::wheel`], [`domain::shape`]).

mod context;
mod judge;
mod look;
mod minute;
mod report;
mod run;
mod send;
mod start;

pub use crate::context::{Context, Rules};
pub use crate::report::Report;
pub use crate::run::{DispatchError, MARGIN, handle};
pub use crate::start::Start;
