//! Private sources: made with their owner's subscription, nobody else's, and gone with it.

use domain::account::User;
use domain::id::{InstallationKey, SourceId, SystemEntropy, UserId};
use domain::private::{Hidden, Login, Sealed, Secrets, Vault};
use domain::source::SourceState;
use store::{Beginning, Creating, NewSource, NotAdmitted, Resealing, SealState, Subscribing};

use crate::world::{NOON, World, noon_plus};

const URL: &str = "https://example.org/feed?token=sesame";

fn vault() -> Vault {
    Vault::new(&InstallationKey::from_bytes([7; 32]))
}

fn secrets() -> Secrets {
    Secrets { url: Hidden::new(URL), login: Login::bearer(Hidden::new("t0ken")).ok() }
}

/// The same, sealed under the newest key of a vault.
fn sealed(vault: &Vault, source: SourceId) -> Sealed {
    vault.seal(vault.newest(), source, &secrets(), &mut SystemEntropy).unwrap()
}

/// A private source of `owner`, not in the store yet.
fn draft(world: &World, owner: UserId) -> NewSource {
    let mut new = world.draft();
    new.head.owner = Some(owner);
    new.head.url = "https://example.org/".to_owned();
    new.head.url_keys = vec![vault().url_key(owner, URL)];
    (new.head.subscribers, new.target.subscribers, new.target.url) = (1, 1, None);
    new.sealed = Some(sealed(&vault(), new.head.source));
    new.subscription = Some(Beginning::default().of(owner, &new.head, false, NOON));
    new
}

async fn made(world: &World, owner: &User) -> NewSource {
    let new = draft(world, owner.id);
    assert_eq!(world.store.create(&new).await.unwrap(), Creating::Created);
    new
}

#[tokio::test]
async fn a_source_is_made_with_its_subscription_or_not_at_all() {
    let world = World::new().await;
    let ada = world.member("ada@example.org").await;
    let new = made(&world, &ada).await;
    let source = new.head.source;
    assert_eq!(world.store.subscription(ada.id, source).await.unwrap(), new.subscription);
    let (head, poll) = world.store.view(source).await.unwrap().unwrap();
    assert_eq!((head, poll.target, poll.sealed), (new.head.clone(), new.target.clone(), new.sealed.clone()));
    assert_eq!(world.store.create(&new).await.unwrap(), Creating::Created, "a repeat changes nothing");

    let again = draft(&world, ada.id);
    assert_eq!(world.store.create(&again).await.unwrap(), Creating::UrlTaken(source));
    let nobody = draft(&world, UserId::draw(&mut SystemEntropy));
    assert_eq!(world.store.create(&nobody).await.unwrap(), Creating::NoUser);
    assert!(world.store.head(nobody.head.source).await.unwrap().is_none());
}

#[tokio::test]
async fn nobody_else_can_subscribe_to_a_private_source() {
    let world = World::new().await;
    let (ada, bob) = (world.member("ada@example.org").await, world.member("bob@example.org").await);
    let source = made(&world, &ada).await.head.source;
    let answer = world.store.subscribe(bob.id, source, 20, noon_plus(1)).await.unwrap();
    assert_eq!(answer, Subscribing::NoSource);
    let answer = world.store.subscribe(ada.id, source, 20, noon_plus(1)).await.unwrap();
    assert!(matches!(answer, Subscribing::Subscribed(_)), "{answer:?}");
}

#[tokio::test]
async fn no_item_and_no_index_shows_what_is_sealed() {
    let world = World::new().await;
    let ada = world.member("ada@example.org").await;
    let new = made(&world, &ada).await;
    for table in [&world.tables.sources, &world.tables.readers] {
        let all = world.client.scan().table_name(table).send().await.unwrap();
        assert!(all.items().len() > 1);
        let told = format!("{:?}", all.items());
        for secret in ["sesame", "t0ken", "/feed?"] {
            assert!(!told.contains(secret), "{secret} in {table}");
        }
    }
    let index = world.client.scan().table_name(&world.tables.sources).index_name(store::BY_SLOT).send().await.unwrap();
    assert!(index.items().iter().all(|item| !item.contains_key("sealed") && !item.contains_key("url")));
    assert_eq!(world.store.targets(&[new.head.source]).await.unwrap()[0].url, None);
}

#[tokio::test]
async fn with_its_owner_a_private_source_goes_and_what_was_sealed_goes_at_once() {
    for state in [SourceState::Active, SourceState::Gone] {
        let world = World::new().await;
        let ada = world.member("ada@example.org").await;
        let source = made(&world, &ada).await.head.source;
        if state == SourceState::Gone {
            world.store.leave(source, SourceState::Gone, "", noon_plus(1)).await.unwrap();
        }
        for _ in 0..2 {
            world.store.unsubscribe(ada.id, source, noon_plus(2)).await.unwrap();
        }
        let (head, poll) = world.store.view(source).await.unwrap().unwrap();
        assert_eq!((head.state, head.subscribers, poll.sealed), (SourceState::Deleting, 0, None), "{state:?}");
        assert_eq!(world.store.sweeps().await.unwrap(), [source]);
        assert!(world.store.subscriptions(ada.id).await.unwrap().is_empty());
        // The same URL is a new source.
        made(&world, &ada).await;
    }
}

#[tokio::test]
async fn what_is_sealed_is_replaced_of_private_sources_alone() {
    let world = World::new().await;
    let ada = world.member("ada@example.org").await;
    let (private, public) = (made(&world, &ada).await.head.source, world.source().await.0);
    for (source, becomes, expected) in [(private, Resealing::Sealed, true), (public, Resealing::NotPrivate, false)] {
        let sealed = sealed(&vault(), source);
        assert_eq!(world.store.reseal(source, &sealed).await.unwrap(), becomes);
        assert_eq!(world.store.poll(source).await.unwrap().unwrap().sealed, expected.then_some(sealed));
    }
    world.store.leave(private, SourceState::Deleting, "", noon_plus(1)).await.unwrap();
    let late = world.store.reseal(private, &sealed(&vault(), private)).await.unwrap();
    assert_eq!(late, Resealing::NotPrivate);
}

/// The vault of the same installation after its key was changed.
fn changed() -> (InstallationKey, Vault) {
    let key = InstallationKey::from_bytes([7; 32]).changed(&mut SystemEntropy).unwrap();
    let vault = Vault::new(&key);
    (key, vault)
}

/// Announces the newest key of `vault`, and lets it take over.
async fn switch(world: &World, vault: &Vault) {
    world.store.announce_seal(vault.newest(), NOON).await.unwrap();
    assert!(world.store.seal_under(vault.newest()).await.unwrap());
}

#[tokio::test]
async fn nothing_comes_under_a_key_before_it_takes_over_or_after_another_did() {
    let world = World::new().await;
    let ada = world.member("ada@example.org").await;
    world.store.stamp("abc", NOON).await.unwrap();
    let (_, after) = changed();
    let there = made(&world, &ada).await.head.source;
    switch(&world, &after).await;
    let refused = world.store.reseal(there, &sealed(&vault(), there)).await.unwrap();
    assert_eq!(refused, Resealing::OtherKey, "the old key seals nothing any more");
    assert_eq!(world.store.reseal(there, &sealed(&after, there)).await.unwrap(), Resealing::Sealed);

    let bob = world.member("bob@example.org").await;
    let mut new = draft(&world, bob.id);
    assert_eq!(world.store.create(&new).await.unwrap(), Creating::OtherKey);
    assert!(world.store.head(new.head.source).await.unwrap().is_none());
    new.sealed = Some(sealed(&after, new.head.source));
    assert_eq!(world.store.create(&new).await.unwrap(), Creating::Created);
    assert_eq!(world.store.create(&new).await.unwrap(), Creating::Created, "a repeat changes nothing");
}

#[tokio::test]
async fn a_key_takes_over_only_if_it_was_announced_and_its_announcement_keeps_its_time() {
    let world = World::new().await;
    let (_, after) = changed();
    let newest = after.newest();
    world.store.announce_seal(newest, NOON).await.unwrap();
    assert_eq!(world.store.seal_state().await.unwrap(), SealState::default(), "a store without a stamp keeps nothing");
    world.store.stamp("abc", NOON).await.unwrap();
    assert!(!world.store.seal_under(newest).await.unwrap());
    for minute in [0, 60] {
        world.store.announce_seal(newest, noon_plus(minute)).await.unwrap();
        let expected = SealState { next: Some((newest, NOON)), ..SealState::default() };
        assert_eq!(world.store.seal_state().await.unwrap(), expected);
    }
    world.store.announce_seal(vault().first(), noon_plus(1)).await.unwrap();
    assert!(!world.store.seal_under(newest).await.unwrap(), "another one was announced since");
    world.store.announce_seal(newest, noon_plus(2)).await.unwrap();
    for _ in 0..2 {
        assert!(world.store.seal_under(newest).await.unwrap());
        let expected = SealState { present: Some(newest), ..SealState::default() };
        assert_eq!(world.store.seal_state().await.unwrap(), expected);
    }
    world.store.note_all_sealed(vault().first()).await.unwrap();
    assert!(!world.store.seal_state().await.unwrap().settled, "of another key nothing was said");
    world.store.note_all_sealed(newest).await.unwrap();
    assert!(world.store.seal_state().await.unwrap().settled);
}

#[tokio::test]
async fn all_that_is_sealed_is_found_and_replaced_only_as_it_was_read() {
    let world = World::new().await;
    let (ada, bob) = (world.member("ada@example.org").await, world.member("bob@example.org").await);
    let mut expected = vec![made(&world, &ada).await.head.source, made(&world, &bob).await.head.source];
    world.source().await;
    let page = world.store.sealed(None).await.unwrap();
    assert!(page.unreadable.is_empty() && page.next.is_none());
    let mut found: Vec<SourceId> = page.found.iter().map(|(source, _)| *source).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);

    let (source, read) = page.found[0].clone();
    let (_, after) = changed();
    let [again, other] = [sealed(&after, source), sealed(&after, source)];
    for _ in 0..2 {
        assert!(world.store.seal_again(source, &read, &again).await.unwrap(), "its own write is recognised");
    }
    assert!(!world.store.seal_again(source, &read, &other).await.unwrap());
    assert_eq!(world.store.poll(source).await.unwrap().unwrap().sealed, Some(again));
}

#[tokio::test]
async fn a_function_whose_key_is_from_before_it_was_changed_does_not_start() {
    let world = World::new().await;
    let before = InstallationKey::from_bytes([7; 32]);
    let (after, vault) = changed();
    for key in [&before, &after, &before] {
        world.store.admit_with(key, NOON).await.unwrap();
    }
    switch(&world, &vault).await;
    world.store.admit_with(&after, NOON).await.unwrap();
    assert!(matches!(world.store.admit_with(&before, NOON).await, Err(NotAdmitted::OldKey)));
    let other = InstallationKey::from_bytes([8; 32]);
    assert!(matches!(world.store.admit_with(&other, NOON).await, Err(NotAdmitted::WrongKey { .. })));
}
