//! Sixty at once: each its own condition, each its own outcome, in the order given.

use domain::failure::ErrorCode;
use store::{Finish, Queued, Swap};

use crate::world::{World, failed, noon_plus, unchanged};

#[tokio::test]
async fn a_batch_of_sixty_has_sixty_outcomes_of_its_own() {
    let world = World::new().await;
    let mut swaps = Vec::new();
    for place in 0..60 {
        let (source, seen) = world.rested().await;
        let next = world.next(&seen, true, noon_plus(60));
        match place % 3 {
            0 => swaps.push(Swap { source, seen: seen.job, next }),
            1 => {
                let theirs = world.next(&seen, true, noon_plus(61));
                world.store.queue(&[Swap { source, seen: seen.job, next: theirs }]).await;
                swaps.push(Swap { source, seen: seen.job, next });
            }
            _ => swaps.push(Swap { source: world.draft().head.source, seen: seen.job, next }),
        }
    }
    let outcomes = world.store.queue(&swaps).await;
    assert_eq!(outcomes.len(), 60);
    for (place, outcome) in outcomes.iter().enumerate() {
        let expected = match place % 3 {
            0 => matches!(outcome, Queued::Queued),
            1 => matches!(outcome, Queued::Raced(there) if there.queued_at == noon_plus(61)),
            _ => matches!(outcome, Queued::NotActive),
        };
        assert!(expected, "{place}: {outcome:?}");
    }

    let mut ends: Vec<_> = swaps.iter().map(|swap| unchanged(swap.source, &swap.next)).collect();
    let taken: Vec<_> =
        swaps.iter().step_by(4).map(|swap| failed(swap.source, &swap.next, ErrorCode::SendFailed)).collect();
    world.store.finish(&taken).await;
    // The same job twice in one batch would fail all of it.
    ends.push(ends[1].clone());
    let outcomes = world.store.finish(&ends).await;
    assert_eq!(outcomes.len(), 61);
    for (place, outcome) in outcomes.iter().enumerate() {
        let expected = match place % 4 {
            0 if place < 60 => matches!(outcome, Finish::AlreadyDone(there) if *there == taken[place / 4]),
            _ => matches!(outcome, Finish::Done),
        };
        assert!(expected, "{place}: {outcome:?}");
    }
}

#[tokio::test]
async fn two_jobs_for_one_source_in_one_batch_race_each_other() {
    let world = World::new().await;
    let (source, seen) = world.rested().await;
    let (first, second) = (world.next(&seen, true, noon_plus(60)), world.next(&seen, true, noon_plus(60)));
    let swap = |next: &domain::job::Pointer| Swap { source, seen: seen.job, next: next.clone() };
    let outcomes = world.store.queue(&[swap(&first), swap(&second)]).await;
    assert!(matches!(&outcomes[..], [Queued::Queued, Queued::Raced(there)] if *there == first), "{outcomes:?}");
}

#[tokio::test]
async fn when_the_store_is_silent_nobody_knows_and_asking_again_tells() {
    let world = World::new().await;
    let (source, seen) = world.rested().await;
    let swaps = [Swap { source, seen: seen.job, next: world.next(&seen, true, noon_plus(60)) }];
    world.lose(3);
    assert!(matches!(&world.store.queue(&swaps).await[0], Queued::Unknown(error) if error.is_retryable()));
    let again = world.store.queue(&swaps).await;
    assert!(matches!(again[0], Queued::Queued), "{again:?}");
    assert!(world.store.queue(&[]).await.is_empty());
}
