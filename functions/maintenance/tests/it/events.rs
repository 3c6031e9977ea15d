//! Every event file is understood, and answered with what it asks for.

use std::time::Duration;

use faults::Stop;
use maintenance::{Answer, Start, handle};

use crate::world::World;

/// What kind of answer each file gets.
async fn check(world: &World, file: &str, event: &str, maintains: bool) {
    let start: Start = serde_json::from_str(event).unwrap_or_else(|error| panic!("{file}: {error}"));
    let (ctx, _) = world.process(Stop::Never);
    let answer = handle(&ctx, start, world.now() + Duration::from_secs(60)).await.unwrap();
    match (&answer, maintains) {
        (Answer::Maintained(report), true) => assert!(!report.held, "{file}"),
        (Answer::Migrated(migrated), false) => {
            assert!(migrated.done && migrated.schema == migrated.code, "{file}: {migrated:?}");
        }
        (other, _) => panic!("{file}: {other:?}"),
    }
    let json = serde_json::to_value(&answer).unwrap();
    assert!(json.get(if maintains { "maintained" } else { "migrated" }).is_some(), "{file}: {json}");
}

#[tokio::test]
async fn every_event_file_is_answered() {
    let world = World::new().await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/maintenance");
    let mut files = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        check(&world, &name, &std::fs::read_to_string(&path).unwrap(), !name.starts_with("migrate")).await;
        files.push(name);
    }
    files.sort();
    assert_eq!(files, ["migrate-dry-run.json", "migrate-run.json", "migrate-status.json", "schedule.json"]);
}

#[test]
fn what_is_no_event_is_refused() {
    for event in ["", "null", "7", "{\"migrate\":\"now\"}", "{\"migrate\":true}"] {
        assert!(serde_json::from_str::<Start>(event).is_err(), "{event}");
    }
}
