//! The store on an emulated DynamoDB: every operation, every outcome, the losing side too.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

mod bulk;
mod hand;
mod jobs;
mod schema;
mod sources;
mod units;
mod wheel;
mod world;
