//! The servers that stand in for the cloud on one machine: DynamoDB, SQS and S3 on loopback, spoken to through the
//! ordinary AWS SDK clients. `feedmill up` keeps its data in them, and every test of a store, a queue or a blob runs
//! against them.
//!
//! DynamoDB is dynoxide (SQLite), S3 is s3s-fs (a folder); SQS is ours ([`sqs`], SQLite), because the embeddable ones
//! that exist count receives wrongly.
//!
//! What it must never do: know a table, a queue or a bucket of Feedmill's (those are created through the SDK, as in the
//! cloud), depend on another crate of this workspace, listen anywhere but on loopback, or read the wall clock in its
//! own code: time comes from the [`Clock`] it is given.
//!
//! Data in a folder survives `kill -9`. It may lose the last moments before a power failure, but is never torn: SQLite
//! runs with a write-ahead log that is flushed at checkpoints, not at every commit.

mod direct;
mod dynamodb;
mod error;
mod listen;
pub mod runtime;
mod s3;
pub mod sqs;
mod start;
mod written;

pub use error::StartError;
pub use start::{Emulator, Endpoints, Ports, Where};
pub use written::{Listener, Written};

use std::sync::Arc;

/// Where the servers take the time from: milliseconds since the Unix epoch.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The region that clients are to name.
pub const REGION: &str = "us-east-1";
/// The account that owns the queues; part of their addresses and names (ARNs).
pub const ACCOUNT: &str = "000000000000";
