//! The deployment template as data, and a guard under the SDK that lets a function do only what its role in the template allows.
//!
//! For tests and chores. No function may depend on it, and it must never allow more than IAM would: what it does not understand it
//! refuses. Servers of the wire protocols check no permissions, so that a missing one would first be met in the cloud; with this guard
//! every test of a function meets it.

mod guard;
mod needs;
mod records;
mod roles;
mod template;

pub use guard::guard;
pub use needs::Need;
pub use records::{Used, forget, used};
pub use roles::{Allowed, Role, WITHOUT_A_CALL};
pub use template::{Blueprint, Unreadable};
