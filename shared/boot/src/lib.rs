//! What every `main` does before its first event: settings, logs, the AWS configuration, the clock, the installation's key.
//!
//! The only crate that reads environment variables and the wall clock. It must never know what a source or a job is,
//! and does no work at start that could wait: each store, queue and blob crate makes its own client from the [`aws`] configuration.

pub mod aws;
pub mod clock;
pub mod key;
pub mod logs;
pub mod metrics;
pub mod settings;
pub mod ssm;
mod stopped;

pub use stopped::Stopped;
