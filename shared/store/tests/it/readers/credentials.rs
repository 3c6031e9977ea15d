//! Tokens, sessions, and what else a secret is good for.

use std::time::Duration;

use domain::account::{CredentialKind, Ending, Secret, User};
use domain::id::kinds::{Invitation, Reset, Session, Token};
use domain::id::{ShortId, SystemEntropy};
use store::{Issuing, StoreError};

use super::{GIVES_UP, draft, held_at, of_user, secrets, someone, stop_after};
use crate::world::{NOON, World, noon_plus};

#[tokio::test]
async fn a_secret_lets_in_until_the_millisecond_it_expires() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    let (secret, credential) = world.issue::<Session>(&user).await;
    let end = credential.expires_at.unwrap();
    let access = world.store.access(&secret, end - Duration::from_millis(1)).await.unwrap().unwrap();
    assert_eq!((&access.user, &access.credential), (&user, &credential));
    assert_eq!(world.store.access(&secret, end).await.unwrap(), None);
    assert_eq!(world.store.credentials::<Session>(&user, end).await.unwrap(), []);
}

async fn check_stranger<A: CredentialKind, B: CredentialKind>(world: &World, user: &User) {
    let (secret, _) = world.issue::<A>(user).await;
    let posing: Secret<B> = secret.expose().parse().unwrap();
    assert!(world.access(&posing).await.is_none());
    assert!(world.access(&secret).await.is_some());
}

#[tokio::test]
async fn a_secret_is_good_for_one_thing_alone() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    assert_eq!(world.access(&Secret::<Token>::draw(&mut SystemEntropy)).await, None);
    check_stranger::<Session, Token>(&world, &user).await;
    check_stranger::<Token, Session>(&world, &user).await;
    check_stranger::<Invitation, Token>(&world, &user).await;
    check_stranger::<Invitation, Session>(&world, &user).await;
    check_stranger::<Reset, Session>(&world, &user).await;
    check_stranger::<Session, Reset>(&world, &user).await;
}

#[tokio::test]
async fn a_credential_whose_answer_got_lost_is_issued_once() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    let (secret, credential) = draft::<Token>();
    world.lose(GIVES_UP);
    let error = world.store.issue(&user, &credential, &secret.hash()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }));
    assert_eq!(world.store.issue(&user, &credential, &secret.hash()).await.unwrap(), Issuing::Issued);
    assert_eq!(world.store.credentials::<Token>(&user, NOON).await.unwrap(), [credential]);
    assert_eq!(secrets(&world.stored().await), 1);
}

#[tokio::test]
async fn an_id_and_a_secret_are_given_once() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    let (secret, credential) = world.issue::<Token>(&user).await;
    let before = world.stored().await;
    let (other_secret, other) = draft::<Token>();
    assert_eq!(world.store.issue(&user, &credential, &other_secret.hash()).await.unwrap(), Issuing::IdTaken);
    assert_eq!(world.store.issue(&user, &other, &secret.hash()).await.unwrap(), Issuing::IdTaken);
    let bob = world.member("bob@example.org").await;
    assert_eq!(world.store.issue(&bob, &credential, &secret.hash()).await.unwrap(), Issuing::IdTaken);
    assert_eq!(world.access(&secret).await.unwrap().user, user);
    let after = world.stored().await;
    assert!(before.iter().all(|(key, item)| after.get(key) == Some(item)));
    assert_eq!(after.len(), before.len() + 3, "bob, his address and his line in the roll");
}

#[tokio::test]
async fn who_is_gone_or_has_ended_everything_gets_nothing_more() {
    let world = World::new().await;
    let ada = world.member("ada@example.org").await;
    world.store.end_credentials(ada.id, Ending::Sessions).await.unwrap().unwrap();
    // As `ada` was read before: a sign-in that the end has overtaken.
    let (secret, session) = draft::<Session>();
    assert_eq!(world.store.issue(&ada, &session, &secret.hash()).await.unwrap(), Issuing::Ended);
    let (token_secret, token) = draft::<Token>();
    assert_eq!(world.store.issue(&ada, &token, &token_secret.hash()).await.unwrap(), Issuing::Issued, "not ended");

    let bob = world.member("bob@example.org").await;
    world.store.begin_erasing(bob.id, NOON).await.unwrap();
    assert_eq!(world.store.issue(&bob, &session, &secret.hash()).await.unwrap(), Issuing::Ended);
    let (invitation_secret, invitation) = draft::<Invitation>();
    assert_eq!(world.store.issue(&bob, &invitation, &invitation_secret.hash()).await.unwrap(), Issuing::Ended);
    let nobody = someone("eve@example.org").with_role(domain::account::Role::Member);
    assert_eq!(world.store.issue(&nobody, &session, &secret.hash()).await.unwrap(), Issuing::Ended);
    assert_eq!(world.access(&secret).await, None);
}

#[tokio::test]
async fn one_write_ends_everything_wherever_tidying_up_is_stopped() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    let (token, _) = world.issue::<Token>(&user).await;
    let (other, _) = world.issue::<Session>(&world.member("bob@example.org").await).await;
    for waits in 0.. {
        let before = world.again(user.id).await;
        let (session, _) = world.issue::<Session>(&before).await;
        let stopped = stop_after(waits, world.store.end_credentials(user.id, Ending::Sessions)).await.is_none();
        let now = world.again(user.id).await;
        if now.generations != before.generations {
            assert_eq!(world.access(&session).await, None);
            assert_eq!(world.store.credentials::<Session>(&now, NOON).await.unwrap(), []);
        }
        assert!(world.access(&token).await.is_some() && world.access(&other).await.is_some());
        if !stopped {
            break;
        }
    }
    assert!(world.store.end_credentials(user.id, Ending::SessionsAndTokens).await.unwrap().is_some());
    assert_eq!(world.access(&token).await, None);
    let stored = world.stored().await;
    assert_eq!((secrets(&stored), of_user(&stored, user.id)), (1, vec!["PROFILE".to_owned()]), "all tidied up");
    assert_eq!(world.store.end_credentials(someone("x@y").id, Ending::Sessions).await.unwrap(), None);
}

#[tokio::test]
async fn a_sign_in_beside_a_sign_out_everywhere_is_of_before_or_of_after() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    for _ in 0..16 {
        let read = world.again(user.id).await;
        let (secret, session) = draft::<Session>();
        let hash = secret.hash();
        let (issued, ended) = tokio::join!(
            world.store.issue(&read, &session, &hash),
            world.store.end_credentials(user.id, Ending::Sessions)
        );
        assert!(matches!(issued.unwrap(), Issuing::Issued | Issuing::Ended));
        assert!(ended.unwrap().is_some());
        assert_eq!(world.access(&secret).await, None, "it is of before");
        let (after, _) = world.issue::<Session>(&world.again(user.id).await).await;
        assert!(world.access(&after).await.is_some());
    }
}

#[tokio::test]
async fn tidying_up_leaves_alone_who_has_signed_in_since() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    for waits in 0.. {
        world.issue::<Session>(&world.again(user.id).await).await;
        let ending = world.store.end_credentials(user.id, Ending::Sessions);
        let again = async {
            let now = world.store.end_credentials(user.id, Ending::Sessions).await.unwrap().unwrap();
            let (secret, credential) = draft::<Session>();
            // Refused, where the first ending comes in between.
            world.store.issue(&now, &credential, &secret.hash()).await.unwrap();
            (secret, now)
        };
        let Some((_, (secret, then))) = held_at(waits, ending, again).await else {
            assert!(waits > 1, "it was not held");
            break;
        };
        // Held before its write had come, the first ending is the last.
        let ended = world.again(user.id).await.generations != then.generations;
        assert_eq!(world.access(&secret).await.is_none(), ended, "held at {waits}");
    }
}

#[tokio::test]
async fn a_list_has_ones_own_in_force_newest_first() {
    let world = World::new().await;
    let (ada, bob) = (world.member("ada@example.org").await, world.member("bob@example.org").await);
    assert_eq!(world.store.credentials::<Token>(&ada, NOON).await.unwrap(), []);
    let mut made = Vec::new();
    for hour in 0..3 {
        let (secret, mut token) = draft::<Token>();
        token.created_at = noon_plus(hour * 3_600);
        token.name = Some(format!("phone {hour}").parse().unwrap());
        assert_eq!(world.store.issue(&ada, &token, &secret.hash()).await.unwrap(), Issuing::Issued);
        made.insert(0, token);
    }
    let (_, theirs) = world.issue::<Token>(&bob).await;
    world.issue::<Session>(&ada).await;
    assert_eq!(world.store.credentials::<Token>(&ada, NOON).await.unwrap(), made);
    assert_eq!(world.store.credentials::<Token>(&bob, NOON).await.unwrap(), [theirs]);
}

#[tokio::test]
async fn only_its_own_user_revokes_a_credential() {
    let world = World::new().await;
    let (ada, bob) = (world.member("ada@example.org").await, world.member("bob@example.org").await);
    let (secret, token) = world.issue::<Token>(&ada).await;
    let (kept, _) = world.issue::<Token>(&ada).await;
    assert!(!world.store.revoke(bob.id, token.id).await.unwrap());
    let session: ShortId<Session> = token.id.as_str().parse().unwrap();
    assert!(!world.store.revoke(ada.id, session).await.unwrap(), "no session of that id");
    assert!(world.access(&secret).await.is_some());
    assert!(world.store.revoke(ada.id, token.id).await.unwrap());
    assert_eq!(world.access(&secret).await, None);
    assert!(!world.store.revoke(ada.id, token.id).await.unwrap(), "again");
    assert!(world.access(&kept).await.is_some());
}

#[tokio::test]
async fn a_revocation_that_is_stopped_anywhere_is_ended_by_the_next() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    for waits in 0.. {
        let (secret, token) = world.issue::<Token>(&user).await;
        let stopped = stop_after(waits, world.store.revoke(user.id, token.id)).await.is_none();
        world.store.revoke(user.id, token.id).await.unwrap();
        assert_eq!(world.access(&secret).await, None);
        assert_eq!(of_user(&world.stored().await, user.id), ["PROFILE"]);
        if !stopped {
            break;
        }
    }
}

#[tokio::test]
async fn use_is_noted_once_an_hour_and_brings_nothing_back() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    let (secret, token) = world.issue::<Token>(&user).await;
    let access = world.access(&secret).await.unwrap();
    let (one, other) = tokio::join!(world.store.note_use(&access, NOON), world.store.note_use(&access, NOON));
    assert_ne!(one.unwrap(), other.unwrap(), "two requests at once");
    let access = world.access(&secret).await.unwrap();
    assert_eq!(access.credential.used_at, Some(NOON));
    assert!(!world.store.note_use(&access, noon_plus(3_599)).await.unwrap());
    assert!(world.store.note_use(&access, noon_plus(3_600)).await.unwrap());
    let listed = world.store.credentials::<Token>(&user, NOON).await.unwrap();
    assert_eq!(listed[0].used_at, Some(noon_plus(3_600)));

    world.store.revoke(user.id, token.id).await.unwrap();
    assert!(!world.store.note_use(&access, noon_plus(9_000)).await.unwrap());
    assert_eq!(secrets(&world.stored().await), 0);
}

#[tokio::test]
async fn what_the_store_hands_out_shows_no_secret_and_no_hash_when_it_is_printed() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    let (secret, _) = world.issue::<Session>(&user).await;
    let access = world.access(&secret).await.unwrap();
    world.lose(GIVES_UP);
    let error = world.store.end_credentials(user.id, Ending::Sessions).await.unwrap_err();
    let said = format!("{access:?} {user:?} {secret:?} {error:?} {error}");
    let hex: String = secret.hash().to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    for hidden in [secret.expose(), &hex, user.password.expose(), user.email.as_str()] {
        assert!(!said.contains(hidden), "{said}");
    }
}
