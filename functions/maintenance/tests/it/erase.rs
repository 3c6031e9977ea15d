//! What was a user's goes, whatever the run is stopped at.

use std::time::Duration;

use domain::account::{Credential, Secret};
use domain::id::{PostNumber, ShareId, ShortId, SystemEntropy, kinds};
use domain::share::Share;
use domain::source::SourceState;
use faults::Stop;
use store::{Erasing, Issuing, Sharing, Subscribing};

use crate::world::World;

/// Somebody who deletes the account an instant ago, subscribed to one source alone and to one with another.
async fn leaving() -> (World, [domain::id::SourceId; 2]) {
    let world = World::new().await;
    let (ada, bob) = (world.member("ada@example.org").await, world.member("bob@example.org").await);
    let sources = [world.source().await, world.source().await];
    for (user, source) in [(ada, sources[0]), (ada, sources[1]), (bob, sources[1])] {
        let subscribed = world.store.subscribe(user, source, 20, world.now()).await.unwrap();
        assert!(matches!(subscribed, Subscribing::Subscribed(_)), "{subscribed:?}");
    }
    let share = Share {
        id: ShareId::draw(&mut SystemEntropy),
        user: ada,
        post: PostNumber::new(42).unwrap(),
        created_at: world.now(),
    };
    assert!(matches!(world.store.share(&share, None).await.unwrap(), Sharing::Shared(_)));
    let user = world.store.user(ada).await.unwrap().unwrap();
    let (session, secret) = (
        Credential::new(ShortId::draw(&mut SystemEntropy), world.now()),
        Secret::<kinds::Session>::draw(&mut SystemEntropy),
    );
    assert_eq!(world.store.issue(&user, &session, &secret.hash()).await.unwrap(), Issuing::Issued);
    assert_eq!(world.store.begin_erasing(ada, world.now()).await.unwrap(), Erasing::Begun);
    (world, sources)
}

async fn check_gone(world: &World, sources: [domain::id::SourceId; 2], when: &str) {
    let of_readers: Vec<_> = world.items().await.into_iter().filter(|key| !key.starts_with("S#")).collect();
    let users = of_readers.iter().filter(|key| key.ends_with(" PROFILE")).count();
    assert_eq!(users, 1, "{when}: {of_readers:?}");
    assert!(
        !of_readers.iter().any(|key| {
            key.contains("ada@") || ["DELETING", "SHARE#", "T#"].iter().any(|prefix| key.starts_with(prefix))
        }),
        "{when}: {of_readers:?}"
    );
    let head = async |n: usize| world.store.head(sources[n]).await.unwrap().unwrap();
    assert_eq!(head(0).await.state, SourceState::Resting, "{when}");
    assert_eq!((head(1).await.state, head(1).await.subscribers), (SourceState::Active, 1), "{when}");
}

#[tokio::test]
async fn who_deletes_the_account_is_gone_once_no_request_can_write_any_more_and_sources_stay() {
    let (world, sources) = leaving().await;
    let report = world.run().await;
    assert_eq!((report.erased, report.erasing), (0, 1), "a request may still be under way");
    world.pass(Duration::from_secs(121));
    let report = world.run().await;
    assert_eq!((report.erased, report.erasing), (1, 0));
    check_gone(&world, sources, "at the end").await;
}

#[tokio::test]
async fn stopped_at_any_call_the_next_run_takes_it_to_its_end() {
    for at in 1.. {
        let (world, sources) = leaving().await;
        world.pass(Duration::from_secs(121));
        let stopped = world.run_until(Stop::After(at)).await.is_none();
        world.pass(Duration::from_secs(300));
        assert!(!world.run().await.held, "stopped after {at}");
        check_gone(&world, sources, &format!("stopped after {at}")).await;
        if !stopped {
            assert!(at > 12, "it was not stopped anywhere");
            break;
        }
    }
}
