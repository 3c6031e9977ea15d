//! Private sources: a URL that holds a secret, or one that is asked with a user name, a password or a token. What is secret of them is stored sealed,
//! opened by whoever fetches them, and told to nobody.

mod login;
mod vault;

use std::fmt;

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

pub use login::{BadLogin, Login};
pub use vault::{CannotOpen, SealName, Sealed, Vault};

/// A text that is not to be seen: wiped when it is dropped, not printed by `Debug`, and never serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(Zeroizing<String>);

impl Hidden {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(..)")
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// What is secret of a private source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    /// Where it is fetched from.
    pub url: Hidden,
    /// What it is asked with, if its URL is not all that it takes.
    pub login: Option<Login>,
}
