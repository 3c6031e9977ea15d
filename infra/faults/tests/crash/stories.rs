//! What Feedmill does, stopped before and after every single call, and then once more in what follows: after an unchanged poll with all
//! pairs of stops, else with a seeded sample of them.

use std::collections::BTreeSet;

use domain::id::SourceId;
use faults::{Call, Dice, Stop};

use crate::end::check_landed;
use crate::scene::{FEW, SECRET, Scene, Story};
use crate::world::HOUR;

/// Which pairs of stops are tried: the first in the story, the second in the quarter of an hour that follows.
#[derive(Clone, Copy)]
enum Pairs {
    /// Before and after each call, with each.
    All,
    /// So many, drawn by a seed that is the story's own: where all of them would take hours.
    Sample(usize),
}

impl Pairs {
    /// Of the pairs that begin with `firsts`, each of which so many calls follow.
    fn of(self, story: Story, firsts: &[(Stop, u64)]) -> Vec<(Stop, Stop)> {
        let then = |calls| (1..=calls).flat_map(|number| [Stop::Before(number), Stop::After(number)]);
        let mut all: Vec<_> =
            firsts.iter().flat_map(|(first, calls)| then(*calls).map(|then| (*first, then))).collect();
        let Self::Sample(count) = self else { return all };
        let mut dice = Dice::seeded(story as u64);
        let mut draw = || all.swap_remove(usize::try_from(dice.below(all.len() as u64)).unwrap());
        (0..count).map(|_| draw()).collect()
    }
}

/// Tells a story with a stop before and after each of its calls, until there are no more calls; then with pairs of stops.
async fn check(story: Story, pairs: Pairs) {
    let mut firsts = Vec::new();
    for number in 1.. {
        let met = firsts.len();
        for first in [Stop::Before(number), Stop::After(number)] {
            println!("{story:?}: {first:?}");
            let told = Box::pin(tell(story, first, Stop::Never)).await;
            let Some(call) = told.first else { continue };
            println!("… {}, and {} calls follow", call.operation, told.following);
            firsts.push((first, told.following));
        }
        if firsts.len() == met {
            break;
        }
    }
    assert!(!firsts.is_empty(), "it makes calls");
    for (first, then) in pairs.of(story, &firsts) {
        println!("{story:?}: {first:?}, then {then:?}");
        Box::pin(tell(story, first, then)).await;
    }
}

/// How a story went.
struct Told {
    /// The call at which it was stopped.
    first: Option<Call>,
    /// How many calls the next process made, until it was stopped too.
    following: u64,
}

/// Tells a story that is stopped at `first` and, in what follows, at `then`, to its end.
async fn tell(story: Story, first: Stop, then: Stop) -> Told {
    let mut scene = Box::pin(Scene::before(story)).await;
    let process = scene.world.process(first);
    let mut crashes = 0;
    let stopped = match Box::pin(scene.act(&process)).await {
        Some(()) => None,
        None => process.crash.calls().pop(),
    };
    drop(process);
    crashes += u64::from(stopped.is_some());
    let process = scene.world.process(then);
    crashes += u64::from(Box::pin(scene.follow(&process)).await.is_none());
    let following = process.crash.calls().len() as u64;
    drop(process);
    Box::pin(scene.recover()).await;
    Box::pin(check_end(&scene, crashes)).await;
    Told { first: stopped, following }
}

/// The end that every run must come to.
async fn check_end(scene: &Scene, crashes: u64) {
    assert_eq!(scene.world.dead_letters(), 0);
    let source = scene.source.unwrap();
    check_silent(scene).await;
    if scene.story == Story::Subscription {
        let head = scene.world.store.head(source).await.unwrap().unwrap();
        let readers = scene.world.store.subscribers(source, None, 10).await.unwrap();
        assert_eq!((head.subscribers, readers.len(), head.owner), (1, 1, readers.first().copied()));
        let sources = scene.world.store.list(None, 10).await.unwrap().0;
        assert_eq!(sources.len(), 1, "no source is left for nobody");
    }
    if scene.story == Story::FirstLanding {
        check_beginning(scene, source).await;
    }
    if scene.story == Story::DeletionInLanding {
        check_announced(scene, source).await;
    }
    if scene.story.deletes() {
        return check_gone(scene, source).await;
    }
    check_landed(&scene.world, &scene.feed, source).await;
    // A gap between two polls is never shorter than the interval, except once for each crash.
    let asked = scene.feed.asked();
    let short = asked.windows(2).filter(|pair| pair[1].since(pair[0]) < HOUR).count();
    assert!(short as u64 <= crashes, "asked at {asked:?}");
}

/// Of what the first landing brought the newest posts are unread, and all that came after it.
async fn check_beginning(scene: &Scene, source: SourceId) {
    let head = scene.world.store.head(source).await.unwrap().unwrap();
    let (first, count) = (head.first_through.unwrap().get(), head.post_count.get());
    // The last entry was published when the others were there: unless the first poll came late, it is a landing of its own.
    assert!(first == count - 1 || first == count, "{first} of {count}");
    assert_eq!(scene.unread().await, FEW + count - first);
}

/// What the first poll landed is announced, and what had landed when the source was deleted, as one range of the job in hand.
async fn check_announced(scene: &Scene, source: SourceId) {
    let told = scene.world.announced().await;
    let told: BTreeSet<_> = told.iter().map(|told| (told.source, told.job, told.from.get(), told.to.get())).collect();
    let ranges: Vec<_> = told.iter().map(|(of, _, from, to)| (*of, *from, *to)).collect();
    assert_eq!(ranges, [(source, 1, 3), (source, 4, scene.landed_before)], "{told:?}");
}

/// Wherever it was stopped: what is secret is stored nowhere.
async fn check_silent(scene: &Scene) {
    for table in ["feedmill-sources", "feedmill-posts", "feedmill-readers"] {
        let items = scene.world.items(table).await;
        assert!(items.iter().all(|item| !format!("{item:?}").contains(SECRET)), "{table}");
    }
}

async fn check_gone(scene: &Scene, source: SourceId) {
    for table in ["feedmill-sources", "feedmill-posts"] {
        let items = scene.world.items(table).await;
        let left: Vec<_> = items.iter().filter(|item| format!("{item:?}").contains(source.as_str())).collect();
        assert!(left.is_empty(), "left in {table}: {left:#?}");
    }
    let process = scene.world.process(Stop::Never);
    let again = scene.world.add(&process, &scene.feed).await;
    assert_ne!(again, source, "the URL is free");
}

#[tokio::test]
async fn a_creation_stopped_anywhere_ends_as_one_that_was_not() {
    check(Story::Creation, Pairs::Sample(16)).await;
}

#[tokio::test]
async fn subscribing_to_a_private_feed_stopped_anywhere_ends_as_if_it_was_not() {
    check(Story::Subscription, Pairs::Sample(4)).await;
}

#[tokio::test]
async fn unsubscribing_from_a_private_feed_stopped_anywhere_ends_as_if_it_was_not() {
    check(Story::Unsubscription, Pairs::Sample(4)).await;
}

#[tokio::test]
async fn a_refresh_stopped_anywhere_ends_as_one_that_was_not() {
    check(Story::Refresh, Pairs::Sample(12)).await;
}

#[tokio::test]
async fn a_dispatch_stopped_anywhere_ends_as_one_that_was_not() {
    check(Story::Dispatch, Pairs::Sample(12)).await;
}

#[tokio::test]
async fn an_unchanged_poll_stopped_anywhere_ends_as_one_that_was_not() {
    check(Story::UnchangedPoll, Pairs::All).await;
}

#[tokio::test]
async fn a_landing_stopped_anywhere_ends_as_one_that_was_not() {
    check(Story::Landing, Pairs::Sample(12)).await;
}

#[tokio::test]
async fn a_landing_in_several_chunks_stopped_anywhere_ends_as_one_that_was_not() {
    check(Story::LongLanding, Pairs::Sample(12)).await;
}

#[tokio::test]
async fn a_first_landing_in_several_chunks_stopped_anywhere_leaves_as_much_unread_as_one_that_was_not() {
    check(Story::FirstLanding, Pairs::Sample(6)).await;
}

#[tokio::test]
async fn a_deletion_stopped_anywhere_ends_as_one_that_was_not() {
    check(Story::Deletion, Pairs::Sample(10)).await;
}

#[tokio::test]
async fn a_deletion_during_an_open_landing_stopped_anywhere_ends_as_one_that_was_not() {
    check(Story::DeletionInLanding, Pairs::Sample(10)).await;
}

#[tokio::test]
async fn a_sweep_stopped_anywhere_ends_as_one_that_was_not() {
    check(Story::Sweep, Pairs::Sample(8)).await;
}

#[tokio::test]
async fn a_return_stopped_anywhere_ends_as_one_that_was_not() {
    check(Story::Return, Pairs::Sample(8)).await;
}
