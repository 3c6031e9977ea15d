//! The table `readers`: users, their credentials, attempts to sign in, and the end of a user.

mod brought;
mod credential;
mod erase;
mod folders;
mod kept;
mod label;
mod preferences;
mod profile;
mod register;
mod repeat;
mod roll;
mod share;
mod sign_in;
mod subscription;
mod turn;

use domain::id::UserId;

use crate::key::Key;
use crate::write::Write;

pub use brought::Brought;
pub use credential::{Access, Issuing};
pub use erase::{Erasing, Erasure};
pub use folders::{ChangingFolders, FolderChange};
pub use kept::{Copy, Flag, Flags, Keeping, Kept, KeptRange, Original};
pub use label::Labelling;
pub use preferences::Preferring;
pub use profile::{ChangingEmail, Resetting, Updating};
pub use register::{Bootstrapping, Registering};
pub use repeat::{Attempt, Repeating};
pub use roll::RollPlace;
pub use share::Sharing;
pub use sign_in::Try;
pub use subscription::{Beginning, Changing, Subscribing};
pub use turn::Turn;
pub(crate) use turn::is_overtaken;

/// A condition that holds of a user who is there to stay.
const ALIVE: &str = "attribute_exists(#pk) AND attribute_not_exists(#deleting)";

/// That `user` is there to stay: whatever is to hang on a user is written on this condition, or it would outlive them.
fn alive(user: UserId) -> Write {
    Write::to(Key::profile(user)).when(ALIVE)
}
