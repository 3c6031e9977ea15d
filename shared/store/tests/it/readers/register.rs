//! Making accounts.

use std::time::Duration;

use domain::account::{NewUser, Role};
use domain::id::kinds::Invitation;
use store::{Bootstrapping, Registering, StoreError};

use super::{GIVES_UP, email, of_user, secrets, someone};
use crate::world::{NOON, World};

#[tokio::test]
async fn an_account_is_whole_and_found_by_its_address_in_any_case() {
    let world = World::new().await;
    let new = someone("Ada@Example.org");
    assert_eq!(world.store.register(&new, None).await.unwrap(), Registering::Registered);
    let user = world.again(new.id).await;
    assert_eq!(user, new.clone().with_role(Role::Member));
    for typed in ["Ada@Example.org", "ada@example.org", " ADA@EXAMPLE.ORG "] {
        assert_eq!(world.store.user_by_email(&email(typed)).await.unwrap(), Some(user.clone()));
    }
    assert_eq!(world.store.user_by_email(&email("bob@example.org")).await.unwrap(), None);
    assert_eq!(world.store.user(someone("x@y").id).await.unwrap(), None);
}

#[tokio::test]
async fn registering_again_after_lost_answers_is_one_registration() {
    let world = World::new().await;
    for (answers, told) in [(1, true), (GIVES_UP, false)] {
        let new = someone(&format!("ada{answers}@example.org"));
        world.lose(answers);
        let first = world.store.register(&new, None).await;
        assert_eq!(first.as_ref().is_ok_and(|outcome| *outcome == Registering::Registered), told, "{first:?}");
        assert_eq!(first.err().is_some_and(|error| error.is_retryable()), !told);
        assert_eq!(world.store.register(&new, None).await.unwrap(), Registering::Registered);
    }
    assert_eq!(world.stored().await.len(), 6, "two accounts, two addresses, two lines in the roll");
}

#[tokio::test]
async fn an_address_has_one_account_whatever_its_case_and_who_comes_second_leaves_nothing() {
    let world = World::new().await;
    let first = world.member("käthe@example.org").await;
    let before = world.stored().await;
    let second = someone("KÄTHE@Example.ORG");
    assert_eq!(world.store.register(&second, None).await.unwrap(), Registering::EmailTaken);
    let mut third = someone("bob@example.org");
    third.id = first.id;
    assert_eq!(world.store.register(&third, None).await.unwrap(), Registering::IdTaken);
    assert_eq!(world.stored().await, before);
}

#[tokio::test]
async fn of_two_who_register_one_address_at_once_in_different_case_one_gets_it() {
    let world = World::new().await;
    for round in 0..8 {
        let (a, b) = (someone(&format!("eve{round}@example.org")), someone(&format!("EVE{round}@example.org")));
        let (one, other) = tokio::join!(world.store.register(&a, None), world.store.register(&b, None));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_ne!(one, other);
        let (winner, loser) = if one == Registering::Registered { (&a, &b) } else { (&b, &a) };
        assert!([one, other].contains(&Registering::EmailTaken));
        assert_eq!(world.store.user_by_email(&a.email).await.unwrap().unwrap().id, winner.id);
        assert_eq!(world.store.user(loser.id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn an_invitation_lets_one_person_in() {
    let world = World::new().await;
    let host = world.member("host@example.org").await;
    for round in 0..8 {
        let (secret, _) = world.issue::<Invitation>(&host).await;
        let invitation = world.access(&secret).await.unwrap();
        assert_eq!(invitation.user, host);
        let guest = |name: &str| someone(&format!("{name}{round}@example.org"));
        let (a, b) = (guest("a"), guest("b"));
        let (one, other) =
            tokio::join!(world.store.register(&a, Some(&invitation)), world.store.register(&b, Some(&invitation)),);
        let outcomes = [one.unwrap(), other.unwrap()];
        assert!(outcomes.contains(&Registering::Registered), "{outcomes:?}");
        assert!(outcomes.contains(&Registering::InvitationSpent), "{outcomes:?}");
        assert_eq!(world.access(&secret).await, None);
        let stored = world.stored().await;
        assert_eq!((secrets(&stored), of_user(&stored, host.id)), (0, vec!["PROFILE".to_owned()]));
    }
}

#[tokio::test]
async fn an_invitation_that_is_over_or_taken_back_lets_nobody_in_and_tells_nothing_of_addresses() {
    let world = World::new().await;
    let host = world.member("host@example.org").await;
    let (secret, credential) = world.issue::<Invitation>(&host).await;
    let invitation = world.access(&secret).await.unwrap();
    let end = credential.expires_at.unwrap();
    let late = NewUser { created_at: end, ..someone("guest@example.org") };
    assert_eq!(world.store.register(&late, Some(&invitation)).await.unwrap(), Registering::InvitationSpent);
    assert_eq!(world.store.access(&secret, end).await.unwrap(), None);

    // An address that is taken leaves the invitation good.
    let known = someone("HOST@example.org");
    assert_eq!(world.store.register(&known, Some(&invitation)).await.unwrap(), Registering::EmailTaken);
    assert!(world.access(&secret).await.is_some());

    assert!(world.store.revoke(host.id, credential.id).await.unwrap());
    assert_eq!(world.store.register(&known, Some(&invitation)).await.unwrap(), Registering::InvitationSpent);
    assert_eq!(world.store.user_by_email(&late.email).await.unwrap(), None);
}

#[tokio::test]
async fn an_invitation_whose_answer_got_lost_is_not_spent_for_its_guest() {
    let world = World::new().await;
    let host = world.member("host@example.org").await;
    let (secret, _) = world.issue::<Invitation>(&host).await;
    let invitation = world.access(&secret).await.unwrap();
    let guest = someone("guest@example.org");
    world.lose(GIVES_UP);
    assert!(world.store.register(&guest, Some(&invitation)).await.is_err());
    assert_eq!(world.store.register(&guest, Some(&invitation)).await.unwrap(), Registering::Registered);
}

#[tokio::test]
async fn the_first_administrator_is_made_once_and_registering_makes_none() {
    let world = World::new().await;
    let member = world.member("bob@example.org").await;
    assert_eq!(member.role, Role::Member);
    let taken = someone("BOB@example.org");
    assert_eq!(world.store.bootstrap(&taken).await.unwrap(), Bootstrapping::EmailTaken);
    let same = NewUser { id: member.id, ..someone("root@example.org") };
    assert_eq!(world.store.bootstrap(&same).await.unwrap(), Bootstrapping::IdTaken);

    let (a, b) = (someone("a@example.org"), someone("b@example.org"));
    let (one, other) = tokio::join!(world.store.bootstrap(&a), world.store.bootstrap(&b));
    let outcomes = [one.unwrap(), other.unwrap()];
    assert!(outcomes.contains(&Bootstrapping::Bootstrapped), "{outcomes:?}");
    assert!(outcomes.contains(&Bootstrapping::AlreadyDone), "{outcomes:?}");
    let winner = if outcomes[0] == Bootstrapping::Bootstrapped { &a } else { &b };
    assert_eq!(world.again(winner.id).await.role, Role::Administrator);
    assert_eq!(world.store.bootstrap(winner).await.unwrap(), Bootstrapping::Bootstrapped, "its own retry");
    assert_eq!(world.store.bootstrap(&someone("c@example.org")).await.unwrap(), Bootstrapping::AlreadyDone);
    let administrators = world.stored().await.into_values();
    let role = |word: &str| Some(aws_sdk_dynamodb::types::AttributeValue::S(word.to_owned()));
    assert_eq!(administrators.filter(|item| item.get("role").cloned() == role("administrator")).count(), 1);
}

#[tokio::test]
async fn the_first_administrator_whose_answer_got_lost_is_told_when_asking_again() {
    let world = World::new().await;
    let new = someone("root@example.org");
    world.lose(GIVES_UP);
    let error = world.store.bootstrap(&new).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }));
    assert_eq!(world.store.bootstrap(&new).await.unwrap(), Bootstrapping::Bootstrapped);
    assert_eq!(world.again(new.id).await.created_at, NOON + Duration::ZERO);
}
