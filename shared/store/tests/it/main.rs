//! The store on an emulated DynamoDB: every operation, every outcome, the losing side too.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

mod back;
mod bulk;
mod desk;
mod folders;
mod hand;
mod jobs;
mod kept;
mod landing;
mod life;
mod posts;
mod private;
mod readers;
mod retention;
mod schema;
mod sources;
mod subscriptions;
mod trouble;
mod units;
mod wheel;
mod world;
