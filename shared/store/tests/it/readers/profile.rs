//! Users that change.

use std::time::Duration;

use domain::account::{Ending, User};
use domain::id::kinds::{Reset, Session, Token};
use store::{ChangingEmail, Erasing, Registering, Resetting, Updating};

use super::{GIVES_UP, email, hash, of_user, someone, stop_after};
use crate::world::{NOON, World, noon_plus};

#[tokio::test]
async fn a_new_password_ends_the_sessions_and_the_tokens_only_when_asked() {
    for ending in [Ending::Sessions, Ending::SessionsAndTokens] {
        let world = World::new().await;
        let user = world.member("ada@example.org").await;
        let (session, _) = world.issue::<Session>(&user).await;
        let (reset, _) = world.issue::<Reset>(&user).await;
        let (token, _) = world.issue::<Token>(&user).await;
        let password = hash();
        let updated = world.store.change_password(&user, &password, ending).await.unwrap();
        let generations = user.generations.after(ending);
        let wanted = User { password, generations, version: user.version + 1, ..user };
        assert_eq!(updated, Updating::Updated(wanted.clone()));
        assert_eq!(world.again(wanted.id).await, wanted);
        assert_eq!((world.access(&session).await, world.access(&reset).await), (None, None));
        assert_eq!(world.access(&token).await.is_some(), ending == Ending::Sessions);
        let left = of_user(&world.stored().await, wanted.id).len();
        assert_eq!(left, if ending == Ending::Sessions { 2 } else { 1 }, "nothing is left of what ended");
    }
}

#[tokio::test]
async fn of_two_passwords_at_once_one_is_set_and_the_other_hears_of_it() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    let (a, b) = (hash(), hash());
    let (one, other) = tokio::join!(
        world.store.change_password(&user, &a, Ending::Sessions),
        world.store.change_password(&user, &b, Ending::Sessions),
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    let set = if matches!(one, Updating::Updated(_)) { &a } else { &b };
    assert!([&one, &other].contains(&&Updating::Conflict), "{one:?} {other:?}");
    assert_eq!(world.again(user.id).await.password, *set);
}

#[tokio::test]
async fn a_change_whose_answer_got_lost_is_told_when_asking_again() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    let password = hash();
    world.lose(GIVES_UP);
    assert!(world.store.change_password(&user, &password, Ending::Sessions).await.unwrap_err().is_retryable());
    let again = world.store.change_password(&user, &password, Ending::Sessions).await.unwrap();
    let user = world.again(user.id).await;
    assert_eq!((again, &user.password), (Updating::Updated(user.clone()), &password));

    for address in ["ADA@example.org", "eve@example.org"] {
        let user = world.again(user.id).await;
        world.lose(GIVES_UP);
        assert!(world.store.change_email(&user, &email(address)).await.unwrap_err().is_retryable());
        let again = world.store.change_email(&user, &email(address)).await.unwrap();
        assert_eq!(again, ChangingEmail::Changed(world.again(user.id).await));
    }
}

#[tokio::test]
async fn who_is_not_there_cannot_be_changed() {
    let world = World::new().await;
    let gone = world.member("ada@example.org").await;
    assert_eq!(world.store.begin_erasing(gone.id, NOON).await.unwrap(), Erasing::Begun);
    let nobody = someone("bob@example.org").with_role(domain::account::Role::Member);
    for user in [gone, nobody] {
        let changed = world.store.change_password(&user, &hash(), Ending::Sessions).await.unwrap();
        assert_eq!(changed, Updating::Missing);
        for address in ["ADA@example.org", "BOB@example.org", "eve@example.org"] {
            assert_eq!(world.store.change_email(&user, &email(address)).await.unwrap(), ChangingEmail::Missing);
        }
        assert_eq!(world.store.user(user.id).await.unwrap(), None);
    }
    assert_eq!(world.store.user_by_email(&email("eve@example.org")).await.unwrap(), None);
}

#[tokio::test]
async fn an_old_address_is_free_and_a_new_one_is_taken_in_one_step() {
    let world = World::new().await;
    let ada = world.member("ada@example.org").await;
    world.member("bob@example.org").await;
    let before = world.stored().await;
    assert_eq!(world.store.change_email(&ada, &email("BOB@example.org")).await.unwrap(), ChangingEmail::Taken);
    assert_eq!(world.stored().await, before);

    let ChangingEmail::Changed(moved) = world.store.change_email(&ada, &email("eve@example.org")).await.unwrap() else {
        panic!("nobody was in the way");
    };
    assert_eq!(world.store.user_by_email(&email("EVE@example.org")).await.unwrap(), Some(moved.clone()));
    assert_eq!(world.store.user_by_email(&ada.email).await.unwrap(), None);
    assert_eq!(world.store.register(&someone("Ada@example.org"), None).await.unwrap(), Registering::Registered);
    let stale = world.store.change_email(&ada, &email("mallory@example.org")).await.unwrap();
    assert_eq!(stale, ChangingEmail::Conflict, "as it was read before");

    let ChangingEmail::Changed(shown) = world.store.change_email(&moved, &email("Eve@Example.org")).await.unwrap()
    else {
        panic!("it is the same address");
    };
    assert_eq!((shown.email.as_str(), shown.version), ("Eve@Example.org", moved.version + 1));
    assert_eq!(world.store.user_by_email(&email("eve@example.org")).await.unwrap(), Some(shown));
}

#[tokio::test]
async fn of_two_users_who_want_one_address_at_once_one_gets_it() {
    let world = World::new().await;
    for round in 0..8 {
        let a = world.member(&format!("a{round}@example.org")).await;
        let b = world.member(&format!("b{round}@example.org")).await;
        let wanted = email(&format!("c{round}@example.org"));
        let (one, other) = tokio::join!(world.store.change_email(&a, &wanted), world.store.change_email(&b, &wanted));
        let outcomes = [one.unwrap(), other.unwrap()];
        assert!(outcomes.contains(&ChangingEmail::Taken), "{outcomes:?}");
        let owner = world.store.user_by_email(&wanted).await.unwrap().unwrap();
        assert!(outcomes.contains(&ChangingEmail::Changed(owner)), "{outcomes:?}");
    }
}

#[tokio::test]
async fn a_reset_link_sets_one_password_and_ends_the_sessions() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    let (session, _) = world.issue::<Session>(&user).await;
    let (token, _) = world.issue::<Token>(&user).await;
    let (secret, _) = world.issue::<Reset>(&user).await;
    let (second, _) = world.issue::<Reset>(&user).await;
    let (link, other) = (world.access(&secret).await.unwrap(), world.access(&second).await.unwrap());
    let (a, b) = (hash(), hash());
    let (one, two) = tokio::join!(
        world.store.reset_password(&link, &a, Ending::Sessions, NOON),
        world.store.reset_password(&link, &b, Ending::Sessions, NOON),
    );
    let outcomes = [one.unwrap(), two.unwrap()];
    assert!(outcomes.contains(&Resetting::Spent) && outcomes.contains(&Resetting::Reset), "{outcomes:?}");
    let set = if outcomes[0] == Resetting::Reset { &a } else { &b };
    assert_eq!(world.again(user.id).await.password, *set);
    assert_eq!((world.access(&session).await, world.access(&secret).await), (None, None));
    assert!(world.access(&token).await.is_some());

    let late = world.store.reset_password(&other, &hash(), Ending::Sessions, NOON).await.unwrap();
    assert_eq!(late, Resetting::Spent, "other links end with the sessions");
    assert_eq!(world.again(user.id).await.password, *set);
    assert_eq!(of_user(&world.stored().await, user.id).len(), 3, "the user, the token, and the link that was used");
    assert!(world.access(&secret).await.is_none(), "which lets nobody in");
    let reset_by = async |secret, now| world.store.user_reset_by(secret, now).await.unwrap().map(|user| user.id);
    assert_eq!(reset_by(&secret, NOON).await, Some(user.id));
    assert_eq!(reset_by(&second, NOON).await, None, "another link was not used");
    assert_eq!(reset_by(&secret, noon_plus(25 * 3600)).await, None, "after a day nobody asks");
    world.store.end_credentials(user.id, Ending::Sessions).await.unwrap();
    assert_eq!(of_user(&world.stored().await, user.id).len(), 2, "the user and the token");
}

#[tokio::test]
async fn a_reset_link_is_void_from_the_write_on_that_ends_the_sessions() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    for waits in 0.. {
        let before = world.again(user.id).await;
        let (secret, _) = world.issue::<Reset>(&before).await;
        let link = world.access(&secret).await.unwrap();
        let ending = world.store.end_credentials(user.id, Ending::Sessions);
        let stopped = stop_after(waits, ending).await.is_none();
        let now = world.again(user.id).await;
        if now.generations != before.generations {
            let reset = world.store.reset_password(&link, &hash(), Ending::Sessions, NOON).await.unwrap();
            assert_eq!(reset, Resetting::Spent, "stopped at {waits}");
            assert_eq!(world.again(user.id).await.password, before.password);
        }
        if !stopped {
            break;
        }
    }
}

#[tokio::test]
async fn a_reset_link_that_is_over_or_whose_user_is_gone_is_spent() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    let (secret, credential) = world.issue::<Reset>(&user).await;
    let link = world.access(&secret).await.unwrap();
    let end = credential.expires_at.unwrap();
    let reset = |now| world.store.reset_password(&link, &user.password, Ending::SessionsAndTokens, now);
    let other = hash();
    let late = world.store.reset_password(&link, &other, Ending::Sessions, end).await.unwrap();
    assert_eq!((late, world.again(user.id).await), (Resetting::Spent, user.clone()));
    world.store.begin_erasing(user.id, NOON).await.unwrap();
    assert_eq!(reset(NOON).await.unwrap(), Resetting::Spent);
    assert_eq!(world.store.user(user.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_reset_whose_answer_got_lost_is_not_spent_for_who_asked() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    let (secret, _) = world.issue::<Reset>(&user).await;
    let link = world.access(&secret).await.unwrap();
    let password = hash();
    world.lose(GIVES_UP);
    let now = NOON + Duration::from_secs(1);
    assert!(world.store.reset_password(&link, &password, Ending::Sessions, now).await.is_err());
    let again = world.store.reset_password(&link, &password, Ending::Sessions, now).await.unwrap();
    assert_eq!(again, Resetting::Reset);
    assert_eq!(world.again(user.id).await.version, user.version + 1, "once");
}
