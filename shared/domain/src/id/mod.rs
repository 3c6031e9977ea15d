//! Ids. Each is made before the write, parsed before any look-up, and of a type of its own: mixing them up does not compile.

pub mod base62;
mod entropy;
mod face;
mod job;
mod key;
mod kinds;
mod mint;
mod number;
mod short;
mod user;

pub use entropy::{Entropy, SystemEntropy};
pub use face::PostFace;
pub use job::{JobId, JobIdMint};
pub use key::{InstallationKey, Label};
pub use kinds::{Post, PostId, Source, SourceId};
pub use mint::{NumberRun, NumbersExhausted, SlotLease, SlotPool, number_run};
pub use number::{Ordinal, PostNumber};
pub use short::ShortId;
pub use user::UserId;

/// The text is no id of this kind. It is not repeated: it may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}: it has {shape}")]
pub struct BadId {
    /// What was expected, for people.
    pub kind: &'static str,
    /// What one looks like.
    pub shape: &'static str,
}
