//! People: who they are, and how they show it. Why it is so: `docs/decisions/0011-accounts.md`.
//!
//! What is secret (passwords, what is shown once) has no `Display`, cannot be serialised, and its `Debug` says nothing of it;
//! so does the `Debug` of hashes and of e-mail addresses. Nothing here hashes a password: that takes time, and is done at the edge.

mod credential;
mod email;
mod operator;
mod password;
mod registration;
mod secret;
mod sign_in;
mod user;

pub use credential::{
    BadName, Credential, CredentialKind, Ending, Generations, Invitation, Name, ResetLink, Session, Token, What,
};
pub use email::{BadEmail, Email};
pub use operator::OperatorSecret;
pub use password::{BadPassword, BadPasswordHash, Password, PasswordHash};
pub use registration::{BadRegistration, Registration};
pub use secret::{BadSecret, Secret, SecretHash};
pub use sign_in::Who;
pub use user::{BadRole, NewUser, Role, User};
