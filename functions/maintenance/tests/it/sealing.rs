//! After a change of the key all comes under the new one, and whatever the run is stopped at, everything opens.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use boot::key::Keeper;
use domain::id::{InstallationKey, SourceId, SystemEntropy};
use domain::private::{Hidden, SealName, Sealed, Secrets, Vault};
use faults::Stop;
use maintenance::{Answer, MaintenanceError, Report, Seal, Sealing, Start, handle};
use store::{Creating, Progress, Resealing, SealState, Task};

use crate::world::{DAY, HOUR, MINUTE, World};

fn secrets(source: SourceId) -> Secrets {
    Secrets { url: Hidden::new(format!("https://example.org/{source}?token=sesame")), login: None }
}

/// As the api does, by a process with this key.
async fn sealed_by(world: &World, key: &InstallationKey, source: SourceId) -> Sealed {
    let vault = Vault::new(key);
    let present = world.store.seal_state().await.unwrap().present.unwrap_or(vault.first());
    vault.seal(present, source, &secrets(source), &mut SystemEntropy).unwrap()
}

async fn private(world: &World, key: &InstallationKey) -> SourceId {
    let source = SourceId::draw(&mut SystemEntropy);
    let sealed = sealed_by(world, key, source).await;
    assert_eq!(world.source_with(source, Some(sealed)).await, Creating::Created);
    source
}

fn changed(key: &InstallationKey) -> InstallationKey {
    key.changed(&mut SystemEntropy).unwrap()
}

/// An installation with three private sources, and its key.
async fn installed() -> (World, InstallationKey, Vec<SourceId>) {
    let world = World::new().await;
    let key = InstallationKey::generate(&mut SystemEntropy);
    world.store.stamp(&key.fingerprint(), world.now()).await.unwrap();
    let mut sources = Vec::new();
    for _ in 0..3 {
        world.source().await;
        sources.push(private(&world, &key).await);
    }
    (world, key, sources)
}

/// What a process with `key` answers to `start`; `None` if it stopped.
async fn run(world: &World, key: &InstallationKey, start: Start, stop: Stop) -> Option<Answer> {
    let (ctx, crash) = world.process(stop);
    let ctx = ctx.with_key(Keeper::Given(key.clone()));
    let answer = crash.run(handle(&ctx, start, world.now() + MINUTE * 4)).await?;
    Some(answer.unwrap())
}

async fn maintained(world: &World, key: &InstallationKey) -> Report {
    match run(world, key, Start::default(), Stop::Never).await {
        Some(Answer::Maintained(report)) => report,
        other => panic!("{other:?}"),
    }
}

async fn asked(world: &World, key: &InstallationKey, what: Seal, stop: Stop) -> Option<Sealing> {
    let start = Start { seal: Some(what), ..Start::default() };
    run(world, key, start, stop).await.map(|answer| match answer {
        Answer::Sealed(sealing) => sealing,
        other => panic!("{other:?}"),
    })
}

async fn blob(world: &World, source: SourceId) -> Sealed {
    world.store.poll(source).await.unwrap().unwrap().sealed.unwrap()
}

/// Under which keys what is sealed of `sources` is, all of which `key` must open.
async fn names(world: &World, key: &InstallationKey, sources: &[SourceId], when: &str) -> Vec<SealName> {
    let mut names = Vec::new();
    for source in sources {
        let sealed = blob(world, *source).await;
        assert_eq!(Vault::new(key).open(*source, &sealed), Ok(secrets(*source)), "{when}");
        names.push(sealed.key().unwrap());
    }
    names.sort_by_key(ToString::to_string);
    names.dedup();
    names
}

#[tokio::test]
async fn a_new_key_is_known_of_for_a_day_before_anything_is_under_it_and_then_everything_is() {
    let (world, first, mut sources) = installed().await;
    assert_eq!(maintained(&world, &first).await.resealed, 0);
    assert_eq!(world.store.seal_state().await.unwrap(), SealState::default(), "a key that never changed is not noted");
    let key = changed(&first);
    let (old, new) = (Vault::new(&first).newest(), Vault::new(&key).newest());
    for hour in [0, 1, 23] {
        assert_eq!(maintained(&world, &key).await.resealed, 0, "after {hour} hours");
        // Who has not heard of the key goes on as before, and everybody opens it.
        sources.push(private(&world, &first).await);
        assert_eq!(names(&world, &key, &sources, "").await, [old]);
        world.pass(if hour == 1 { HOUR * 22 } else { HOUR });
    }
    let report = maintained(&world, &key).await;
    assert_eq!((report.resealed, report.failed, report.unfinished), (6, 0, 0));
    assert_eq!(names(&world, &key.settled(), &sources, "").await, [new]);
    let sealing = asked(&world, &key, Seal::Status, Stop::Never).await.unwrap();
    assert_eq!((sealing.present, sealing.next, sealing.done), (Some(new.to_string()), None, true));
    world.pass(HOUR);
    assert_eq!(maintained(&world, &key).await.resealed, 0);
}

#[tokio::test]
async fn whatever_moment_a_change_stops_at_everything_opens_and_the_next_run_ends_it() {
    let mut stops = 0;
    for call in 1.. {
        let mut stopped = false;
        for stop in [Stop::Before(call), Stop::After(call)] {
            let (world, first, mut sources) = installed().await;
            let second = changed(&first);
            assert!(asked(&world, &second, Seal::Now, Stop::Never).await.unwrap().done);
            let third = changed(&second);
            stopped |= asked(&world, &third, Seal::Now, stop).await.is_none();
            let when = format!("{stop:?}");
            names(&world, &third, &sources, &when).await;
            let state = world.store.seal_state().await.unwrap();
            // Somebody who never heard of the newest key seals as long as the one before is the present one, and is refused then.
            if state.present == Some(Vault::new(&second).newest()) {
                sources.push(private(&world, &second).await);
                let sealed = sealed_by(&world, &second, sources[0]).await;
                assert_eq!(world.store.reseal(sources[0], &sealed).await.unwrap(), Resealing::Sealed, "{when}");
            } else {
                sources.push(private(&world, &third).await);
                if state.settled {
                    assert_eq!(names(&world, &third.settled(), &sources, &when).await.len(), 1);
                }
            }
            world.pass(HOUR);
            let sealing = asked(&world, &third, Seal::Now, Stop::Never).await.unwrap();
            assert!(sealing.done && sealing.failed == 0, "{when}: {sealing:?}");
            // Now the key in between can be dropped.
            assert_eq!(names(&world, &third.settled(), &sources, &when).await, [Vault::new(&third).newest()], "{when}");
        }
        if !stopped {
            break;
        }
        stops += 1;
    }
    assert!(stops >= 9, "only {stops} calls");
}

/// Where a walk stands that has a source behind it, in the words of the store.
async fn halfway(world: &World, sources: &[SourceId]) -> String {
    for source in sources {
        let cursor = format!("10:S#{source}POLL");
        if world.store.sealed(Some(&cursor)).await.unwrap().found.len() < sources.len() {
            return cursor;
        }
    }
    panic!("each source is behind all others");
}

#[tokio::test]
async fn a_walk_goes_on_where_it_stood_but_never_for_another_key_than_it_began_for() {
    for is_same in [true, false] {
        let (world, first, sources) = installed().await;
        let key = changed(&first);
        let newest = Vault::new(&key).newest();
        let stood = halfway(&world, &sources).await;
        let left = world.store.sealed(Some(&stood)).await.unwrap().found.len() as u64;
        let name = if is_same { newest } else { Vault::new(&first).newest() };
        let progress = Progress { cursor: Some(format!("{name} {stood}")), ..Progress::begun(world.now()) };
        world.store.take_task(Task::Sealing, "x", world.now(), world.now() + MINUTE).await.unwrap();
        assert!(world.store.save_task(Task::Sealing, "x", &progress).await.unwrap());
        world.store.announce_seal(newest, world.now()).await.unwrap();
        assert!(world.store.seal_under(newest).await.unwrap());
        world.pass(HOUR);
        let sealing = asked(&world, &key, Seal::Now, Stop::Never).await.unwrap();
        assert_eq!(sealing.resealed, if is_same { left } else { 3 });
    }
}

#[tokio::test]
async fn what_does_not_open_is_passed_over_and_counted() {
    let (world, first, sources) = installed().await;
    let (damaged, unreadable, sound) = (sources[0], sources[1], sources[2]);
    let mut bytes = blob(&world, damaged).await.as_bytes().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    world.spoil(damaged, "POLL", "sealed", AttributeValue::B(Blob::new(bytes))).await;
    world.spoil(unreadable, "POLL", "sealed", AttributeValue::S("?".to_owned())).await;
    let key = changed(&first);
    maintained(&world, &key).await;
    world.pass(DAY);
    let report = maintained(&world, &key).await;
    assert_eq!((report.resealed, report.failed), (1, 2));
    assert_eq!(names(&world, &key.settled(), &[sound], "").await, [Vault::new(&key).newest()]);
    assert!(asked(&world, &key, Seal::Status, Stop::Never).await.unwrap().done, "no key would help the others");
}

#[tokio::test]
async fn who_asks_about_sealing_where_there_is_no_key_is_told_what_to_set() {
    let world = World::new().await;
    let (ctx, _) = world.process(Stop::Never);
    let start = Start { seal: Some(Seal::Status), ..Start::default() };
    let refused = handle(&ctx, start, world.now() + MINUTE).await;
    assert!(matches!(refused, Err(MaintenanceError::NoKey)), "{refused:?}");
    assert_eq!(world.run().await.failed, 0, "and maintenance goes on without one");
}
