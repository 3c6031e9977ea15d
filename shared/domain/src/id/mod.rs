//! Ids: every kind its own type, so that mixing them up does not compile, and parsing the only way in.
//!
//! Made by the application before the write. Randomness and time are arguments; the one door to the operating system's
//! generator is [`SystemEntropy`]. Why there are several forms: `docs/decisions/0001-ids.md`.

pub mod base62;
mod entropy;
pub mod face;
mod job;
pub mod key;
pub mod kinds;
mod number;
mod ordinal;
mod short;
mod slot;
#[cfg(test)]
mod testing;
mod text;
mod user;

pub use entropy::{Entropy, SystemEntropy};
pub use face::PostFace;
pub use job::{JobId, JobIdMint};
pub use key::{BadKey, InstallationKey, Label};
pub use kinds::{
    FolderId, InvitationId, Kind, Post, PostId, Random, ResetId, SessionId, ShareId, Source, SourceId, TokenId,
};
pub use number::{NumberRun, NumbersExhausted, PostNumber, number_run};
pub use ordinal::Ordinal;
pub use short::ShortId;
pub use slot::{SlotLease, SlotPool};
pub use text::BadId;
pub use user::UserId;
