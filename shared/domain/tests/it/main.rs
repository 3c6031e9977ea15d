//! The promises of `domain`, as properties and tables.

mod decide;
mod job;
mod plan;
mod shape;
