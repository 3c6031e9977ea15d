//! Requests that may be sent again: one effect, one answer, whoever dies where.

use std::time::Duration;

use domain::id::{InstallationKey, SystemEntropy};
use domain::repeat::{Repeat, Repeats, Sender};
use store::{Attempt, Repeating};

use super::{GIVES_UP, of_user};
use crate::world::{NOON, World, noon_plus};

fn repeat(sender: Sender) -> Repeat {
    let key = "8e03978e-40d5-43dd-bc93-6894a57f9324".parse().unwrap();
    Repeats::new(&InstallationKey::from_bytes([7; 32])).of(sender, &key)
}

const CONTENT: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [2; 32];

impl World {
    async fn begin(&self, repeat: &Repeat, content: &[u8; 32], seconds: u64) -> Repeating {
        self.store.begin_repeat(repeat, content, noon_plus(seconds)).await.unwrap()
    }

    async fn begun(&self, repeat: &Repeat, seconds: u64) -> Attempt {
        match self.begin(repeat, &CONTENT, seconds).await {
            Repeating::Begun(attempt) => attempt,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_request_is_done_once_and_its_answer_found_for_a_day() {
    let world = World::new().await;
    for sender in [Sender::Operator, Sender::Anybody, Sender::User(world.member("ada@example.org").await.id)] {
        let repeat = repeat(sender);
        let attempt = world.begun(&repeat, 0).await;
        assert_eq!(world.begin(&repeat, &CONTENT, 59).await, Repeating::Running);
        assert_eq!(world.begin(&repeat, &OTHER, 1).await, Repeating::Another);
        assert!(world.store.end_repeat(&repeat, &attempt, b"sealed".to_vec()).await.unwrap());
        let answered = Repeating::Answered(attempt.seed, b"sealed".to_vec());
        assert_eq!(world.begin(&repeat, &CONTENT, 2).await, answered);
        assert_eq!(world.begin(&repeat, &OTHER, 2).await, Repeating::Another);
        let day = Repeat::LIFE.as_secs();
        assert_eq!(world.begin(&repeat, &CONTENT, day - 1).await, answered);
        let again = world.begun(&repeat, day).await;
        assert_ne!(again.seed, attempt.seed, "a day later it is another request");
        assert_eq!(world.begin(&repeat, &CONTENT, day + 1).await, Repeating::Running);
    }
}

#[tokio::test]
async fn whoever_takes_over_from_the_dead_draws_the_same_and_the_dead_end_nothing() {
    let world = World::new().await;
    let repeat = repeat(Sender::Operator);
    let dead = world.begun(&repeat, 0).await;
    let heir = world.begun(&repeat, Repeat::LEASE.as_secs()).await;
    assert_eq!(heir.seed, dead.seed);
    assert_eq!(world.begin(&repeat, &CONTENT, 61).await, Repeating::Running, "the heir has a lease of its own");
    assert!(!world.store.end_repeat(&repeat, &dead, b"late".to_vec()).await.unwrap());
    world.store.give_up_repeat(&repeat, &dead).await.unwrap();
    world.store.forget_repeat(&repeat, &dead).await.unwrap();
    assert_eq!(world.begin(&repeat, &CONTENT, 62).await, Repeating::Running);
    assert!(world.store.end_repeat(&repeat, &heir, b"sealed".to_vec()).await.unwrap());
    assert_eq!(world.begin(&repeat, &CONTENT, 63).await, Repeating::Answered(heir.seed, b"sealed".to_vec()));
}

#[tokio::test]
async fn of_two_heirs_one_goes_on() {
    let world = World::new().await;
    let repeat = repeat(Sender::Operator);
    world.begun(&repeat, 0).await;
    let (one, two) = tokio::join!(world.begin(&repeat, &CONTENT, 60), world.begin(&repeat, &CONTENT, 60));
    let begun = |beginning: &Repeating| matches!(beginning, Repeating::Begun(_));
    assert!(begun(&one) != begun(&two), "{one:?} {two:?}");
}

#[tokio::test]
async fn what_failed_may_begin_at_once_and_what_was_refused_frees_its_name() {
    let world = World::new().await;
    let repeat = repeat(Sender::Operator);
    let failed = world.begun(&repeat, 0).await;
    world.store.give_up_repeat(&repeat, &failed).await.unwrap();
    assert_eq!(world.begin(&repeat, &OTHER, 1).await, Repeating::Another);
    let refused = world.begun(&repeat, 1).await;
    assert_eq!(refused.seed, failed.seed);
    world.store.forget_repeat(&repeat, &refused).await.unwrap();
    assert!(matches!(world.begin(&repeat, &OTHER, 2).await, Repeating::Begun(attempt) if attempt.seed != failed.seed));
}

#[tokio::test]
async fn an_attempt_whose_answer_got_lost_on_the_wire_is_begun() {
    let world = World::new().await;
    let repeat = repeat(Sender::Operator);
    for seconds in [0, 60] {
        world.lose(1);
        world.begun(&repeat, seconds).await;
    }
    let repeat = self::repeat(Sender::Anybody);
    world.lose(GIVES_UP);
    assert!(world.store.begin_repeat(&repeat, &CONTENT, NOON).await.is_err());
    assert_eq!(world.begin(&repeat, &CONTENT, 1).await, Repeating::Running, "nobody knows: its lease is waited for");
    world.begun(&repeat, 60).await;
}

#[tokio::test]
async fn requests_of_a_user_go_with_them_and_tell_nothing() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    let repeat = repeat(Sender::User(user.id));
    let attempt = world.begun(&repeat, 0).await;
    let sealed = repeat.seal(&attempt.seed, b"a secret", &mut SystemEntropy);
    world.store.end_repeat(&repeat, &attempt, sealed).await.unwrap();
    let stored = world.stored().await;
    assert_eq!(of_user(&stored, user.id).iter().filter(|sk| sk.starts_with("IDEM#")).count(), 1);
    let shown = format!("{stored:?}");
    assert!(!shown.contains("8e03978e") && !shown.contains("a secret"));

    world.store.begin_erasing(user.id, NOON).await.unwrap();
    let later = NOON + Duration::from_secs(600);
    while world.store.erase(user.id, later, 10).await.unwrap() != store::Erasure::Done {}
    assert!(of_user(&world.stored().await, user.id).is_empty());
}
