//! Tokens, sessions, invitations and reset links: one form, since all of them are a secret that stands for a user.

use std::str::FromStr;
use std::time::Duration;

use crate::id::ShortId;
use crate::id::kinds::{self, Kind, Random};
use crate::time::Timestamp;

/// Everything that a secret can be good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// A program acts for its user, until it is revoked.
    Token,
    /// A person is signed in.
    Session,
    /// One person may register.
    Invitation,
    /// One new password may be set.
    Reset,
}

impl What {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Token, Self::Session, Self::Invitation, Self::Reset];

    /// How long one is good for, unless it is used up or ended before.
    pub const fn life(self) -> Option<Duration> {
        const DAY: u64 = 86_400;
        match self {
            Self::Token => None,
            Self::Session => Some(Duration::from_secs(30 * DAY)),
            Self::Invitation => Some(Duration::from_secs(7 * DAY)),
            Self::Reset => Some(Duration::from_secs(DAY)),
        }
    }
}

/// A kind of thing whose secret stands for a user.
pub trait CredentialKind: Random {
    /// The kind as a value.
    const WHAT: What;
}

impl CredentialKind for kinds::Token {
    const WHAT: What = What::Token;
}

impl CredentialKind for kinds::Session {
    const WHAT: What = What::Session;
}

impl CredentialKind for kinds::Invitation {
    const WHAT: What = What::Invitation;
}

impl CredentialKind for kinds::Reset {
    const WHAT: What = What::Reset;
}

/// What there is to tell about a credential. Its secret is not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential<K: Kind> {
    /// Its name in URLs.
    pub id: ShortId<K>,
    /// What its user calls it.
    pub name: Option<Name>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is good for nothing, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to within [`Self::USE_NOTED_EVERY`].
    pub used_at: Option<Timestamp>,
}

/// A token of a program.
pub type Token = Credential<kinds::Token>;
/// A signed-in person.
pub type Session = Credential<kinds::Session>;
/// A door for one new person.
pub type Invitation = Credential<kinds::Invitation>;
/// A way back for one who forgot the password.
pub type ResetLink = Credential<kinds::Reset>;

impl<K: CredentialKind> Credential<K> {
    /// How often it is noted that a credential is in use: a write is not worth more exactness.
    pub const USE_NOTED_EVERY: Duration = Duration::from_secs(3_600);

    /// A new one without a name, good for as long as its kind is.
    pub fn new(id: ShortId<K>, now: Timestamp) -> Self {
        let expires_at = K::WHAT.life().map(|life| now + life);
        Self { id, name: None, created_at: now, expires_at, used_at: None }
    }

    /// Whether it is good for anything at `now`, as far as time goes.
    pub fn lives(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether a use at `now` is to be noted.
    pub fn use_is_due(&self, now: Timestamp) -> bool {
        self.used_at.is_none_or(|before| now >= before + Self::USE_NOTED_EVERY)
    }
}

/// What someone calls a token: 1 to 64 characters, none of them a control character, no white space around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// The longest name, in characters.
    pub const MAX_CHARS: usize = 64;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a name: expected 1 to 64 characters on one line")]
pub struct BadName;

impl FromStr for Name {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let text = text.trim();
        let fits = (1..=Self::MAX_CHARS).contains(&text.chars().count());
        (fits && !text.contains(char::is_control)).then(|| Self(text.to_owned())).ok_or(BadName)
    }
}

/// What a user ends at one stroke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All sessions, and reset links with them.
    Sessions,
    /// All tokens too.
    SessionsAndTokens,
}

/// Counters of a user. A credential is in force while it is of its user's present generation, so that one write ends all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Generations {
    /// Of sessions and reset links.
    pub sessions: u64,
    /// Of tokens.
    pub tokens: u64,
}

impl Generations {
    /// The one that credentials of this kind belong to. Invitations end one by one.
    pub const fn of(self, what: What) -> u64 {
        match what {
            What::Token => self.tokens,
            What::Session | What::Reset => self.sessions,
            What::Invitation => 0,
        }
    }

    /// The next ones.
    #[must_use]
    pub const fn after(self, ending: Ending) -> Self {
        let sessions = self.sessions + 1;
        match ending {
            Ending::Sessions => Self { sessions, ..self },
            Ending::SessionsAndTokens => Self { sessions, tokens: self.tokens + 1 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SystemEntropy;
    use proptest::prelude::*;

    const NOON: Timestamp = Timestamp::from_secs(1_780_000_000);

    #[test]
    fn a_session_lives_until_the_millisecond_it_expires_and_a_token_for_ever() {
        let session = Session::new(ShortId::draw(&mut SystemEntropy), NOON);
        let end = NOON + Duration::from_secs(30 * 86_400);
        assert!(session.lives(end - Duration::from_millis(1)) && !session.lives(end));
        let token = Token::new(ShortId::draw(&mut SystemEntropy), NOON);
        assert!(token.lives(Timestamp::from_millis(i64::MAX)));
    }

    #[test]
    fn use_is_noted_once_an_hour() {
        let mut token = Token::new(ShortId::draw(&mut SystemEntropy), NOON);
        assert!(token.use_is_due(NOON), "the first time");
        token.used_at = Some(NOON);
        let hour = NOON + Duration::from_secs(3_600);
        assert!(!token.use_is_due(hour - Duration::from_millis(1)) && token.use_is_due(hour));
        assert!(!token.use_is_due(NOON - Duration::from_secs(9)), "a clock that is behind");
    }

    #[test]
    fn an_ending_ends_what_it_names_and_nothing_else() {
        let before = Generations { sessions: 3, tokens: 7 };
        for (ending, ended) in [
            (Ending::Sessions, &[What::Session, What::Reset][..]),
            (Ending::SessionsAndTokens, &[What::Session, What::Reset, What::Token]),
        ] {
            for what in What::ALL {
                let goes = before.after(ending).of(what) != before.of(what);
                assert_eq!(goes, ended.contains(&what), "{ending:?} {what:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_name_is_one_line_of_up_to_64_characters(text in "(\\PC{0,70})|([ -~\\n\\t]{0,9})") {
            let trimmed = text.trim();
            let good = (1..=64).contains(&trimmed.chars().count()) && !trimmed.chars().any(char::is_control);
            let parsed = text.parse::<Name>();
            prop_assert_eq!(parsed.is_ok(), good);
            if let Ok(name) = parsed {
                prop_assert_eq!(name.as_str(), trimmed);
                prop_assert_eq!(name.as_str().parse::<Name>(), Ok(name));
            }
        }
    }
}
