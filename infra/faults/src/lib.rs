//! Makes the cloud rude: throttles, conflicts, lost answers, partial batches, indexes that lag, messages twice and late, and processes
//! that stop at any call.
//!
//! Everything sits below the SDK, where `boot::aws::Aws::through` lets a test put its own HTTP client: one seam for DynamoDB, SQS and S3,
//! and the only place where an answer can get lost after the work was done, retries of the SDK included. What happens follows from a
//! seed, or from a script.
//!
//! For tests and benches. No function may depend on it: a release has no way to be rude. It must never know what the calls mean to
//! Feedmill, and never invent an answer that the real services would not give. It rewrites requests, so that their signatures are
//! wrong: it is for servers that do not look at them.

mod answers;
mod between;
mod call;
mod crash;
mod deliveries;
mod dice;
mod fault;
mod layer;
mod partial;
mod plan;

pub use call::{Call, Service};
pub use crash::{CrashPoint, Stop};
pub use deliveries::{Deliveries, Done, Mischief};
pub use dice::Dice;
pub use fault::Fault;
pub use layer::{Faults, Seen};
pub use plan::{Plan, Script};
