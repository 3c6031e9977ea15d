//! Servers of the AWS wire protocols that no one here wrote, as processes on loopback; and which server the tests of `store`,
//! `queue` and `blob` speak to in this run.
//!
//! ministack plays all of AWS (Python), DynamoDB Local only DynamoDB (Java, by Amazon). Both are second opinions: `cargo xtask
//! servers` runs the tests against each, the deployed test deploys into the first.
//!
//! What it must never do: be in a program that people run, leave a process behind, be needed for an ordinary `cargo test`, or know a
//! table, a queue or a bucket of Feedmill.

#[cfg(feature = "choice")]
mod choice;
mod dynamodb_local;
mod kind;
mod ministack;
mod process;

#[cfg(feature = "choice")]
pub use choice::Server;
pub use dynamodb_local::DynamodbLocal;
pub use kind::{Kind, NOT_TRIED, SETTING, UnknownServer};
pub use ministack::Ministack;
pub use process::{NoServer, target_folder};
