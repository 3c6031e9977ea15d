//! Maintenance: once an hour, what nobody waits for. Deletions of sources and users that one request could not end, sources that nobody has
//! wanted for long, posts that are past their retention, blobs that nobody names; and migrations, when its owner asks for them. After a change of the
//! installation's key it seals again what is sealed.
//!
//! It must never fetch or land anything, never delete what something may still name, never be in two places at once, and never rely on
//! ending: whatever moment it is stopped at, the next run goes on there.
//!
//! `run.rs` says in which order; each other module is one kind of work.

mod blobs;
mod context;
mod ends;
mod erase;
mod floors;
mod migrate;
mod pass;
mod report;
mod run;
mod sealing;
mod start;

pub use crate::context::{Context, Parts, Rules};
pub use crate::migrate::{Migrated, Migration};
pub use crate::report::Report;
pub use crate::run::{Answer, MARGIN, MaintenanceError, handle};
pub use crate::sealing::Sealing;
pub use crate::start::{Migrate, Seal, Start};
