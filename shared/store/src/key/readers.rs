//! Keys of the table `readers`.

use domain::account::{CredentialKind, Email, SecretHash, What, Who};
use domain::id::{PostNumber, ShareId, ShortId, SourceId, UserId};
use domain::label::LabelName;
use domain::repeat::{Repeat, Sender};
use domain::time::Timestamp;

use super::{Key, PK, SK};
use crate::row::Item;

/// Sort key of a user.
pub(crate) const PROFILE: &str = "PROFILE";
/// What sort keys of subscriptions begin with; the source follows.
pub(crate) const SUBSCRIPTION_PREFIX: &str = "SUB#";
/// Sort key of all of a user's folders.
pub(crate) const FOLDERS: &str = "FOLDERS";
/// What sort keys of labels begin with; the name follows.
pub(crate) const LABEL_PREFIX: &str = "LABEL#";
const KEPT_PREFIX: &str = "KEPT#";
/// Partition of the roll of all users.
pub(crate) const ROLL: &str = "USERS";
/// What sort keys of shared posts begin with; the number follows.
pub(crate) const SHARE_PREFIX: &str = "SHARE#";
/// Partition of the deletions of users that are under way.
pub(crate) const DELETING: &str = "DELETING";

impl Key {
    fn reader(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self::Reader { pk: pk.into(), sk: sk.into() }
    }

    pub(crate) fn profile(user: UserId) -> Self {
        Self::reader(user_partition(user), PROFILE)
    }

    /// Of nobody: who finds no user reads this one instead, so that both take the same time.
    pub(crate) fn no_profile() -> Self {
        Self::reader("U#-", PROFILE)
    }

    /// Whose an address is.
    pub(crate) fn email(email: &Email) -> Self {
        Self::reader(format!("EMAIL#{}", email.key()), "-")
    }

    /// What a secret is good for. The kind is part of the key: a session's secret is no token.
    pub(crate) fn secret<K: CredentialKind>(hash: &SecretHash<K>) -> Self {
        Self::secret_of(K::WHAT, &hash.to_bytes())
    }

    /// The same, of a kind that only its item knows.
    pub(crate) fn secret_of(what: What, hash: &[u8]) -> Self {
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Self::reader(format!("T#{hex}"), word(what))
    }

    /// A credential among all that is its user's.
    pub(crate) fn credential<K: CredentialKind>(user: UserId, id: ShortId<K>) -> Self {
        Self::reader(user_partition(user), format!("{}{id}", credential_prefix(K::WHAT)))
    }

    /// A user's subscription.
    pub(crate) fn subscription(user: UserId, source: SourceId) -> Self {
        Self::reader(user_partition(user), subscription_sort(source))
    }

    /// All of a user's folders.
    pub(crate) fn folders(user: UserId) -> Self {
        Self::reader(user_partition(user), FOLDERS)
    }

    /// What a user has put on a post.
    pub(crate) fn kept(user: UserId, number: PostNumber) -> Self {
        Self::reader(user_partition(user), kept_sk(number.get()))
    }

    /// A user's copy of a post.
    pub(crate) fn copy(user: UserId, number: PostNumber) -> Self {
        Self::reader(user_partition(user), format!("COPY#{:015}", number.get()))
    }

    /// A user's label.
    pub(crate) fn label(user: UserId, label: &LabelName) -> Self {
        Self::reader(user_partition(user), format!("{LABEL_PREFIX}{label}"))
    }

    /// How a user likes to read.
    pub(crate) fn preferences(user: UserId) -> Self {
        Self::reader(user_partition(user), "PREFS")
    }

    /// A post by a link.
    pub(crate) fn share(id: ShareId) -> Self {
        Self::reader(format!("{SHARE_PREFIX}{id}"), "-")
    }

    /// A share among all that is its user's.
    pub(crate) fn share_line(user: UserId, post: PostNumber) -> Self {
        Self::reader(user_partition(user), format!("{SHARE_PREFIX}{:015}", post.get()))
    }

    /// Failed attempts to sign in, in the minute of `now`.
    pub(crate) fn sign_in(who: &Who<'_>, now: Timestamp) -> Self {
        Self::reader(sign_in_partition(who), sign_in_minute(now))
    }

    /// A request that may be sent again: among what is its user's, or alone.
    pub(crate) fn repeat(repeat: &Repeat) -> Self {
        let hex: String = repeat.name().iter().map(|byte| format!("{byte:02x}")).collect();
        match repeat.sender() {
            Sender::User(user) => Self::reader(user_partition(user), format!("IDEM#{hex}")),
            Sender::Operator | Sender::Anybody => Self::reader(format!("IDEM#{hex}"), "-"),
        }
    }

    /// A user's line in the roll of all users.
    pub(crate) fn roll(made: Timestamp, user: UserId) -> Self {
        Self::reader(ROLL, roll_line(made, user))
    }

    pub(crate) fn deleting(user: UserId) -> Self {
        Self::reader(DELETING, user.to_string())
    }

    /// Who was the first administrator.
    pub(crate) fn first() -> Self {
        Self::reader("META", "FIRST")
    }

    /// The key of an item of `readers`; `None` for an item without one.
    pub(crate) fn of_reader(item: &Item) -> Option<Self> {
        Some(Self::reader(item.get(PK)?.as_s().ok()?, item.get(SK)?.as_s().ok()?))
    }
}

/// The partition that holds all that is a user's.
pub(crate) fn user_partition(user: UserId) -> String {
    format!("U#{user}")
}

/// The inverse of [`user_partition`].
pub(crate) fn user_of(pk: &str) -> Option<UserId> {
    pk.strip_prefix("U#")?.parse().ok()
}

/// Sort key of a user's line in the roll: when the account was made, in milliseconds, in as many digits as the year 2286 needs, so that text order is time order.
pub(crate) fn roll_line(made: Timestamp, user: UserId) -> String {
    format!("{:013}#{user}", made.as_millis().max(0))
}

/// The inverse of [`roll_line`].
pub(crate) fn rolled(sk: &str) -> Option<(Timestamp, UserId)> {
    let (made, user) = sk.split_once('#')?;
    Some((Timestamp::from_millis(made.parse().ok()?), user.parse().ok()?))
}

const fn word(what: What) -> &'static str {
    match what {
        What::Token => "TOKEN",
        What::Session => "SESSION",
        What::Invitation => "INVITATION",
        What::Reset => "RESET",
    }
}

/// What sort keys of credentials of one kind begin with.
pub(crate) fn credential_prefix(what: What) -> String {
    format!("{}#", word(what))
}

/// The kind of credential under a sort key made by [`Key::credential`].
pub(crate) fn credential_of(sk: &str) -> Option<What> {
    let (before, _) = sk.split_once('#')?;
    What::ALL.into_iter().find(|what| word(*what) == before)
}

/// The sort key of a subscription.
pub(crate) fn subscription_sort(source: SourceId) -> String {
    format!("{SUBSCRIPTION_PREFIX}{source}")
}

/// The source of a subscription's sort key.
pub(crate) fn subscription_of(sk: &str) -> Option<SourceId> {
    sk.strip_prefix(SUBSCRIPTION_PREFIX)?.parse().ok()
}

/// In as many digits as 62^8 has, so that text order is number order.
fn kept_sk(number: u64) -> String {
    format!("{KEPT_PREFIX}{number:015}")
}

/// The first and the last sort key of what is kept from one number to another.
pub(crate) fn kept_between(from: Option<PostNumber>, to: Option<PostNumber>) -> (String, String) {
    (kept_sk(from.map_or(0, PostNumber::get)), kept_sk(to.map_or(PostNumber::END, PostNumber::get)))
}

/// The post under a sort key made by [`Key::kept`].
pub(crate) fn kept_of(sk: &str) -> Option<PostNumber> {
    PostNumber::new(sk.strip_prefix(KEPT_PREFIX)?.parse().ok()?)
}

/// The partition of someone's failed attempts: a hash, since whoever tries can type anything, and it is nobody's business.
pub(crate) fn sign_in_partition(who: &Who<'_>) -> String {
    let hash = blake3::hash(who.key().as_bytes()).to_hex();
    format!("SIGNIN#{}", &hash[..32])
}

/// Minutes since the epoch, in as many digits as the year 2286 needs, so that text order is time order.
pub(crate) fn sign_in_minute(now: Timestamp) -> String {
    format!("{:09}", now.as_secs().max(0) / 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::{InstallationKey, InvitationId, ResetId, SessionId, SystemEntropy, TokenId};
    use domain::repeat::Repeats;

    fn check(key: &Key, pk: &str, sk: &str) {
        assert_eq!(key, &Key::reader(pk, sk));
        assert_eq!(Key::of_reader(&key.item()).as_ref(), Some(key));
    }

    #[test]
    fn keys_never_change_and_come_back_as_they_were_made() {
        let user: UserId = "9f1c2d3e-4b5a-4678-9abc-def012345678".parse().unwrap();
        let mine = "U#9f1c2d3e-4b5a-4678-9abc-def012345678";
        check(&Key::profile(user), mine, "PROFILE");
        check(&Key::credential(user, "3kTMd9aZ".parse::<TokenId>().unwrap()), mine, "TOKEN#3kTMd9aZ");
        check(&Key::credential(user, "3kTMd9aZ".parse::<SessionId>().unwrap()), mine, "SESSION#3kTMd9aZ");
        check(&Key::credential(user, "3kTMd9aZ".parse::<InvitationId>().unwrap()), mine, "INVITATION#3kTMd9aZ");
        check(&Key::credential(user, "3kTMd9aZ".parse::<ResetId>().unwrap()), mine, "RESET#3kTMd9aZ");
        check(&Key::email(&"Ada@Example.org".parse().unwrap()), "EMAIL#ada@example.org", "-");
        let number = PostNumber::new(6_000_000_000_000).unwrap();
        check(&Key::kept(user, number), mine, "KEPT#006000000000000");
        check(&Key::copy(user, number), mine, "COPY#006000000000000");
        check(&Key::label(user, &"to #read".parse().unwrap()), mine, "LABEL#to #read");
        assert_eq!(kept_of("KEPT#006000000000000"), Some(number));
        check(&Key::preferences(user), mine, "PREFS");
        check(&Key::share("3kTMd9aZ".parse().unwrap()), "SHARE#3kTMd9aZ", "-");
        check(&Key::share_line(user, PostNumber::new(42).unwrap()), mine, "SHARE#000000000000042");
        check(&Key::deleting(user), "DELETING", &user.to_string());
        check(&Key::folders(user), mine, "FOLDERS");
        check(&Key::first(), "META", "FIRST");
        let repeats = Repeats::new(&InstallationKey::from_bytes([7; 32]));
        let key = "8e03978e-40d5-43dd-bc93-6894a57f9324".parse().unwrap();
        check(&Key::repeat(&repeats.of(Sender::User(user), &key)), mine, "IDEM#e00f5fcede8b189321dc4a5daef6c33b");
        check(&Key::repeat(&repeats.of(Sender::Anybody, &key)), "IDEM#8358295ba092446e12f242e14bc7583c", "-");
        let made = Timestamp::from_millis(1_780_000_000_123);
        check(&Key::roll(made, user), "USERS", &format!("1780000000123#{user}"));
        assert_eq!(rolled(&roll_line(made, user)), Some((made, user)));
        let hash = SecretHash::<domain::id::kinds::Session>::from_bytes([0xa5; 32]);
        check(&Key::secret(&hash), &format!("T#{}", "a5".repeat(32)), "SESSION");

        assert_eq!(user_of(mine), Some(user));
        assert_eq!(subscription_of("SUB#3kTMd9aZ"), "3kTMd9aZ".parse().ok());
        for what in What::ALL {
            assert_eq!(credential_of(&format!("{}3kTMd9aZ", credential_prefix(what))), Some(what));
        }
        assert_eq!((credential_of("STAR#1"), credential_of(PROFILE), user_of("U#-")), (None, None, None));
    }

    #[test]
    fn failed_attempts_sort_by_time_and_name_nobody() {
        let email = "ada@example.org".parse().unwrap();
        let who = Who::Email(&email);
        assert!(!sign_in_partition(&who).contains("ada"));
        let minute = |secs| sign_in_minute(Timestamp::from_secs(secs));
        assert_eq!(minute(119), "000000001");
        assert!(minute(59) < minute(60) && minute(1_780_000_000) < minute(9_999_999_999));
    }

    #[test]
    fn nobody_has_the_key_of_nobody() {
        assert_ne!(Key::no_profile(), Key::profile(UserId::draw(&mut SystemEntropy)));
    }
}
