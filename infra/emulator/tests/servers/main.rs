//! The servers as the SDK's clients see them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod clients;
mod direct;
mod dynamodb;
mod life;
mod pages;
mod s3;
mod sqs;
mod waiting;
mod world;
mod written;
