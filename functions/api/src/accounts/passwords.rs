//! Hashing passwords: slow and hungry on purpose, so only a few at once, and whoever waits waits in a short line.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc};
use argon2::{Argon2, Params};
use domain::account::{Password, PasswordHash};
use domain::id::{Entropy, SystemEntropy};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Problem;

/// So many passwords are hashed at once: with [`Cost::OWASP`] that is 38 MiB.
const AT_ONCE: usize = 2;
/// So many more may wait, which takes a second or two.
const WAITING: usize = 62;
/// Bytes of a salt (RFC 9106, section 3.1).
const SALT: usize = 16;

/// What it costs to try one password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// How often it is gone through.
    pub passes: u32,
}

impl Cost {
    /// 19 MiB, twice: what the OWASP Password Storage Cheat Sheet asks of Argon2id.
    pub const OWASP: Self = Self { memory_kib: 19 * 1024, passes: 2 };

    /// Argon2id (RFC 9106) at this cost, one lane.
    fn argon2(self) -> Result<Argon2<'static>, Problem> {
        let params = Params::new(self.memory_kib, self.passes, 1, None);
        params.map(Argon2::from).map_err(|error| Problem::ours(&error))
    }
}

/// Hashes and compares passwords, a few at once.
pub struct Passwords {
    cost: Cost,
    line: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    hashed: AtomicU64,
}

/// Leave to hash. While someone has it, at most one other has.
pub(super) struct Turn<'a> {
    passwords: &'a Passwords,
    // Also held by the work itself: that goes on when nobody waits for it any more.
    permits: Arc<[OwnedSemaphorePermit; 2]>,
}

impl Passwords {
    /// At this cost.
    pub fn new(cost: Cost) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { cost, line: semaphore(AT_ONCE + WAITING), turns: semaphore(AT_ONCE), hashed: AtomicU64::new(0) }
    }

    /// How many passwords were hashed so far, be it to store them or to compare them.
    pub fn hashed(&self) -> u64 {
        self.hashed.load(Ordering::Relaxed)
    }

    /// Waits for a turn, unless too many wait already.
    pub(super) async fn turn(&self) -> Result<Turn<'_>, Problem> {
        let in_line = Arc::clone(&self.line).try_acquire_owned().map_err(|_| Problem::too_many_at_once())?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|error| Problem::ours(&error))?;
        Ok(Turn { passwords: self, permits: Arc::new([in_line, turn]) })
    }
}

impl Turn<'_> {
    /// The hash of `password`, under a new salt.
    pub(super) async fn hash(&self, password: Password, entropy: &mut impl Entropy) -> Result<PasswordHash, Problem> {
        let argon2 = self.passwords.cost.argon2()?;
        let mut salt = [0; SALT];
        entropy.fill(&mut salt);
        let phc = self.work(move || hash(&argon2, &password, &salt)).await?.map_err(|error| Problem::ours(&error))?;
        PasswordHash::new(phc).map_err(|error| Problem::ours(&error))
    }

    /// Whether `password` is the one that `hash` was made of. Of nobody's it is not, but finding that out is as much work.
    pub(super) async fn is(&self, password: Password, hash: Option<&PasswordHash>) -> Result<bool, Problem> {
        let Some(stored) = hash else {
            return self.hash(password, &mut SystemEntropy).await.map(|_| false);
        };
        let (argon2, stored) = (self.passwords.cost.argon2()?, stored.clone());
        // The stored hash says at what cost it was made. The comparison takes the same time wherever they differ.
        self.work(move || argon2.verify_password(password.expose(), stored.expose()).is_ok()).await
    }

    /// Away from the threads that serve requests.
    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        self.passwords.hashed.fetch_add(1, Ordering::Relaxed);
        let permits = Arc::clone(&self.permits);
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permits);
            result
        });
        done.await.map_err(|crash| Problem::ours(&crash))
    }
}

fn hash(argon2: &Argon2<'_>, password: &Password, salt: &[u8]) -> argon2::password_hash::Result<String> {
    let hash: phc::PasswordHash = argon2.hash_password_with_salt(password.expose(), salt)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { memory_kib: 8, passes: 1 };

    fn password(text: &str) -> Password {
        Password::new(text).unwrap()
    }

    #[tokio::test]
    async fn a_password_is_its_own_hash_and_no_other_however_long() {
        let passwords = Passwords::new(CHEAP);
        let turn = passwords.turn().await.unwrap();
        let (long, longer) = ("x".repeat(1_023) + "y", "x".repeat(1_023) + "z");
        for (text, other) in [("correct horse", "correct horsf"), ("        ", "         "), (&long, &longer)] {
            let stored = turn.hash(password(text), &mut SystemEntropy).await.unwrap();
            assert!(turn.is(password(text), Some(&stored)).await.unwrap());
            assert!(!turn.is(password(other), Some(&stored)).await.unwrap());
            assert_ne!(turn.hash(password(text), &mut SystemEntropy).await.unwrap(), stored, "another salt");
        }
        assert_eq!(passwords.hashed(), 12);
    }

    #[tokio::test]
    async fn what_is_stored_names_argon2id_and_the_cost_and_an_older_cost_is_understood() {
        let (cheap, other) = (Passwords::new(CHEAP), Passwords::new(Cost { memory_kib: 16, passes: 3 }));
        let stored = cheap.turn().await.unwrap().hash(password("correct horse"), &mut SystemEntropy).await.unwrap();
        assert!(stored.expose().starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{}", stored.expose());
        assert!(other.turn().await.unwrap().is(password("correct horse"), Some(&stored)).await.unwrap());
    }

    #[tokio::test]
    async fn nobody_s_password_is_as_much_work() {
        let passwords = Passwords::new(CHEAP);
        let turn = passwords.turn().await.unwrap();
        assert!(!turn.is(password("correct horse"), None).await.unwrap());
        assert_eq!(passwords.hashed(), 1);
    }

    #[tokio::test]
    async fn two_have_their_turn_at_once_sixty_two_wait_and_the_next_is_refused() {
        let passwords = Arc::new(Passwords::new(CHEAP));
        let mut turns = vec![passwords.turn().await.unwrap(), passwords.turn().await.unwrap()];
        let mut waiting: Vec<_> = (0..WAITING).map(|_| Box::pin(passwords.turn())).collect();
        for one in &mut waiting {
            assert!(futures_util::poll!(one).is_pending());
        }
        assert!(passwords.turn().await.is_err());
        turns.clear();
        drop(waiting);
        assert!(passwords.turn().await.is_ok());
    }

    #[tokio::test]
    async fn a_turn_lasts_as_long_as_its_work_even_if_nobody_waits_for_it() {
        let passwords = Passwords::new(CHEAP);
        let (release, gate) = std::sync::mpsc::channel::<()>();
        let turn = passwords.turn().await.unwrap();
        let mut work = Box::pin(turn.work(move || gate.recv().is_ok()));
        assert!(futures_util::poll!(&mut work).is_pending());
        drop(work);
        drop(turn);
        let other = passwords.turn().await.unwrap();
        let mut third = Box::pin(passwords.turn());
        assert!(futures_util::poll!(&mut third).is_pending(), "the abandoned work still has its memory");
        release.send(()).unwrap();
        assert!(third.await.is_ok());
        drop(other);
    }
}
