//! A user, as the store keeps one.

use std::str::FromStr;

use super::{Email, Generations, PasswordHash};
use crate::id::UserId;
use crate::time::Timestamp;

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sees all sources and users, invites, and resets passwords. Nobody becomes one by registering.
    Administrator,
    /// Everybody else.
    Member,
}

impl Role {
    /// Stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Member => "member",
        }
    }
}

/// The word names no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a role: expected administrator or member")]
pub struct BadRole;

impl FromStr for Role {
    type Err = BadRole;

    fn from_str(word: &str) -> Result<Self, BadRole> {
        [Self::Administrator, Self::Member].into_iter().find(|role| role.as_str() == word).ok_or(BadRole)
    }
}

/// Someone who is about to have an account. The role is no part of it: it follows from the way the account is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// Drawn.
    pub id: UserId,
    /// Must be nobody else's.
    pub email: Email,
    /// Hashed.
    pub password: PasswordHash,
    /// Now.
    pub created_at: Timestamp,
}

impl NewUser {
    /// The user that comes of it.
    pub fn with_role(self, role: Role) -> User {
        let Self { id, email, password, created_at } = self;
        User { id, email, role, created_at, password, generations: Generations::default(), version: 1 }
    }
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The only name of a user that ever leaves.
    pub id: UserId,
    /// Unique, whatever its case.
    pub email: Email,
    /// What the user may do.
    pub role: Role,
    /// When the account was made.
    pub created_at: Timestamp,
    /// Of the password in force.
    pub password: PasswordHash,
    /// Which credentials are in force.
    pub generations: Generations,
    /// Rises with every change.
    pub version: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SystemEntropy;

    #[test]
    fn a_role_is_one_of_two_words() {
        for role in [Role::Administrator, Role::Member] {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert_eq!("admin".parse::<Role>(), Err(BadRole));
    }

    #[test]
    fn debug_of_a_user_tells_the_id_and_nothing_private() {
        let new = NewUser {
            id: UserId::draw(&mut SystemEntropy),
            email: "ada@example.org".parse().unwrap(),
            password: PasswordHash::new("$argon2id$v=19$c2FsdA$aGFzaA").unwrap(),
            created_at: Timestamp::EPOCH,
        };
        let said = format!("{new:?} {:?}", new.clone().with_role(Role::Member));
        assert!(said.contains(&new.id.to_string()));
        assert!(!said.contains("ada") && !said.contains("argon2"), "{said}");
    }
}
