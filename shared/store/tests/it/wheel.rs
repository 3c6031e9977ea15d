//! Cursors, slots, overflow and pauses.

use std::collections::{HashMap, HashSet};

use domain::shape::Backlog;
use domain::time::Timestamp;
use domain::wheel::Minute;
use store::{Claim, Cursor};

use crate::world::{NOON, World, noon_plus};

const FIRST: Minute = Minute(100);

async fn claim(world: &World, holder: &str, now: Timestamp) -> Claim {
    world.store.claim_cursor(0, holder, FIRST, now, now + std::time::Duration::from_secs(60)).await.unwrap()
}

#[tokio::test]
async fn one_run_walks_a_shard_at_a_time() {
    let world = World::new().await;
    let none = Backlog { depth: 0, sent: 0, at: FIRST, rate: 0 };
    let fresh = Cursor { minute: FIRST, fast: none, slow: none };
    world.lose(1);
    assert_eq!(claim(&world, "a", NOON).await, Claim::Claimed(fresh));
    assert_eq!(claim(&world, "b", NOON).await, Claim::HeldUntil(noon_plus(60)));
    assert_eq!(
        world.store.claim_cursor(1, "b", Minute(7), NOON, noon_plus(60)).await.unwrap(),
        Claim::Claimed(Cursor {
            minute: Minute(7),
            fast: Backlog { at: Minute(7), ..none },
            slow: Backlog { at: Minute(7), ..none }
        }),
        "another shard is nobody's"
    );

    let fast = Backlog { depth: 5, sent: 7, at: Minute(101), rate: 40 };
    let moved = Cursor { minute: Minute(101), fast, ..fresh };
    assert!(world.store.move_cursor(0, "a", &moved, noon_plus(120)).await.unwrap());
    assert_eq!(claim(&world, "b", noon_plus(100)).await, Claim::HeldUntil(noon_plus(120)));
    // The first died; the second goes on where it was, and the first's ghost moves nothing.
    assert_eq!(claim(&world, "b", noon_plus(120)).await, Claim::Claimed(moved));
    assert!(!world.store.move_cursor(0, "a", &fresh, noon_plus(500)).await.unwrap());
    assert!(!world.store.release_cursor(0, "a", &fresh).await.unwrap());

    let ended = Cursor { minute: Minute(102), ..moved };
    world.lose(1);
    assert!(world.store.release_cursor(0, "b", &ended).await.unwrap());
    assert_eq!(claim(&world, "c", noon_plus(121)).await, Claim::Claimed(ended));
}

#[tokio::test]
async fn a_slot_shows_its_sources_with_all_that_a_message_needs() {
    let world = World::new().await;
    let draft = world.draft();
    world.store.create(&draft).await.unwrap();
    let slot = world.store.slot(draft.target.slot).await.unwrap();
    assert_eq!(slot, std::slice::from_ref(&draft.target));
    let gone = world.draft();
    assert_eq!(world.store.slot(domain::wheel::Slot { shard: 9, ..draft.target.slot }).await.unwrap(), []);
    let sources = [draft.head.source, gone.head.source, draft.head.source];
    assert_eq!(world.store.targets(&sources).await.unwrap(), [draft.target]);
}

#[tokio::test]
async fn overflow_is_kept_until_it_is_looked_at() {
    let world = World::new().await;
    let sources: Vec<_> = (0..30).map(|_| world.draft().head.source).collect();
    let minute = Minute(29_497_700);
    let mut due: Vec<_> = sources.iter().map(|source| (minute, *source)).collect();
    due.push((minute.next(), sources[0]));
    // The same twice would fail the whole batch.
    due.push((minute, sources[0]));
    world.store.put_due(0, &due).await.unwrap();
    let read = async |minute| world.store.due(0, minute).await.unwrap().into_iter().collect::<HashSet<_>>();
    assert_eq!(read(minute).await, sources.iter().copied().collect());
    assert_eq!(read(minute.next()).await, HashSet::from([sources[0]]));
    assert!(world.store.due(1, minute).await.unwrap().is_empty());
    world.store.delete_due(0, minute, &sources).await.unwrap();
    assert!(read(minute).await.is_empty());
    assert_eq!(read(minute.next()).await.len(), 1);
    world.store.delete_due(0, minute, &[]).await.unwrap();
}

#[tokio::test]
async fn the_pause_of_a_host_is_only_ever_extended() {
    let world = World::new().await;
    let paused = async |now| world.store.paused_hosts(now).await.unwrap();
    let pause = async |host, until| world.store.pause_host(host, until, "429", NOON).await.unwrap();
    pause("a.example", noon_plus(60)).await;
    pause("a.example", noon_plus(30)).await;
    pause("b.example", noon_plus(10)).await;
    assert_eq!(
        paused(NOON).await,
        HashMap::from([("a.example".to_owned(), noon_plus(60)), ("b.example".to_owned(), noon_plus(10))])
    );
    pause("a.example", noon_plus(90)).await;
    assert_eq!(paused(noon_plus(10)).await, HashMap::from([("a.example".to_owned(), noon_plus(90))]));
}
