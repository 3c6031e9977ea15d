//! Every event file is understood, and answered with what it asks for.

use std::time::Duration;

use boot::key::Keeper;
use domain::id::InstallationKey;
use faults::Stop;
use maintenance::{Answer, Start, handle};

use crate::world::World;

/// What kind of answer each file gets.
async fn check(world: &World, file: &str, event: &str, kind: &str) {
    let start: Start = serde_json::from_str(event).unwrap_or_else(|error| panic!("{file}: {error}"));
    let (ctx, _) = world.process(Stop::Never);
    let ctx = ctx.with_key(Keeper::Given(InstallationKey::from_bytes([7; 32])));
    let answer = handle(&ctx, start, world.now() + Duration::from_secs(60)).await.unwrap();
    match (&answer, kind) {
        (Answer::Maintained(report), "maintained") => assert!(!report.held, "{file}"),
        (Answer::Sealed(sealing), "sealed") => assert!(sealing.done, "{file}: {sealing:?}"),
        (Answer::Migrated(migrated), "migrated") => {
            assert!(migrated.done && migrated.schema == migrated.code, "{file}: {migrated:?}");
        }
        (other, _) => panic!("{file}: {other:?}"),
    }
    let json = serde_json::to_value(&answer).unwrap();
    assert!(json.get(kind).is_some(), "{file}: {json}");
}

#[tokio::test]
async fn every_event_file_is_answered() {
    let world = World::new().await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/maintenance");
    let mut files = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let kind = match name.split('-').next() {
            Some("migrate") => "migrated",
            Some("seal") => "sealed",
            _ => "maintained",
        };
        check(&world, &name, &std::fs::read_to_string(&path).unwrap(), kind).await;
        files.push(name);
    }
    files.sort();
    let expected = [
        "migrate-dry-run.json",
        "migrate-run.json",
        "migrate-status.json",
        "schedule.json",
        "seal-now.json",
        "seal-status.json",
    ];
    assert_eq!(files, expected);
}

#[test]
fn what_is_no_event_is_refused() {
    for event in ["", "null", "7", "{\"migrate\":\"now\"}", "{\"migrate\":true}", "{\"seal\":\"later\"}"] {
        assert!(serde_json::from_str::<Start>(event).is_err(), "{event}");
    }
}
