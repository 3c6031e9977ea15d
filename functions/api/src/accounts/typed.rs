//! What people type: addresses and passwords, refused before anything is looked up, and never repeated.

use domain::account::{BadEmail, BadName, BadPassword, Email, Name, Password};

use crate::problem::Problem;

/// An address that somebody is to have.
pub(super) fn email(text: &str) -> Result<Email, Problem> {
    text.parse().map_err(|bad: BadEmail| Problem::bad_input("bad_email", bad.to_string()))
}

/// A password that somebody is to have.
pub(super) fn new_password(text: String) -> Result<Password, Problem> {
    Password::new(text).map_err(|bad: BadPassword| Problem::bad_input("bad_password", bad.to_string()))
}

/// A password that somebody may have. One that nobody can have is wrong, whoever it is tried for.
pub(super) fn password(text: String) -> Result<Password, Problem> {
    Password::new(text).map_err(|_| Problem::wrong_password())
}

/// What somebody calls a token.
pub(super) fn name(text: &str) -> Result<Name, Problem> {
    text.parse().map_err(|bad: BadName| Problem::bad_input("bad_name", bad.to_string()))
}
