//! Who may make an account.

use std::str::FromStr;

/// How an installation takes in new people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Whoever comes.
    Open,
    /// Whoever has an invitation.
    Invitation,
    /// Nobody.
    Closed,
}

impl Registration {
    const ALL: [Self; 3] = [Self::Open, Self::Invitation, Self::Closed];

    /// Stable word, as in the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invitation => "invitation",
            Self::Closed => "closed",
        }
    }

    /// Whether someone may register, who has an invitation or has not.
    pub const fn admits(self, invited: bool) -> bool {
        match self {
            Self::Open => true,
            Self::Invitation => invited,
            Self::Closed => false,
        }
    }
}

/// The word names no way to register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a way to register: write open, invitation or closed")]
pub struct BadRegistration;

impl FromStr for Registration {
    type Err = BadRegistration;

    fn from_str(word: &str) -> Result<Self, BadRegistration> {
        Self::ALL.into_iter().find(|way| way.as_str() == word).ok_or(BadRegistration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_counts_where_it_is_asked_for_and_never_where_registration_is_closed() {
        for (word, alone, invited) in [("open", true, true), ("invitation", false, true), ("closed", false, false)] {
            let way: Registration = word.parse().unwrap();
            assert_eq!((way.as_str(), way.admits(false), way.admits(true)), (word, alone, invited));
        }
        for word in ["", "Open", "invite", " open"] {
            assert_eq!(word.parse::<Registration>(), Err(BadRegistration), "{word}");
        }
    }
}
