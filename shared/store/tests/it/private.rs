//! Private sources: made with their owner's subscription, nobody else's, and gone with it.

use domain::account::User;
use domain::id::{InstallationKey, SystemEntropy, UserId};
use domain::private::{Hidden, Login, Sealed, Secrets, Vault};
use domain::source::SourceState;
use store::{Beginning, Creating, NewSource, Subscribing};

use crate::world::{NOON, World, noon_plus};

const URL: &str = "https://example.org/feed?token=sesame";

fn vault() -> Vault {
    Vault::new(&InstallationKey::from_bytes([7; 32]))
}

fn secrets() -> Secrets {
    Secrets { url: Hidden::new(URL), login: Login::bearer(Hidden::new("t0ken")).ok() }
}

/// A private source of `owner`, not in the store yet.
fn draft(world: &World, owner: UserId) -> NewSource {
    let mut new = world.draft();
    new.head.owner = Some(owner);
    new.head.url = "https://example.org/".to_owned();
    new.head.url_keys = vec![vault().url_key(owner, URL)];
    (new.head.subscribers, new.target.subscribers, new.target.url) = (1, 1, None);
    new.sealed = Some(vault().seal(new.head.source, &secrets(), &mut SystemEntropy));
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
    for table in ["feedmill-sources", "feedmill-readers"] {
        let all = world.client.scan().table_name(table).send().await.unwrap();
        assert!(all.items().len() > 1);
        let told = format!("{:?}", all.items());
        for secret in ["sesame", "t0ken", "/feed?"] {
            assert!(!told.contains(secret), "{secret} in {table}");
        }
    }
    let index = world.client.scan().table_name("feedmill-sources").index_name(store::BY_SLOT).send().await.unwrap();
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
    let sealed = Sealed::from_bytes(vec![1, 2, 3]);
    assert!(world.store.reseal(private, &sealed).await.unwrap());
    assert_eq!(world.store.poll(private).await.unwrap().unwrap().sealed, Some(sealed.clone()));
    assert!(!world.store.reseal(public, &sealed).await.unwrap());
    assert_eq!(world.store.poll(public).await.unwrap().unwrap().sealed, None);
    world.store.leave(private, SourceState::Deleting, "", noon_plus(1)).await.unwrap();
    assert!(!world.store.reseal(private, &sealed).await.unwrap());
}
