//! Every event that a schedule can send starts a run.

use dispatcher::Start;

#[test]
fn every_event_file_starts_a_run() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/dispatcher");
    let mut read = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let start: Start = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let shard = path.file_stem().is_some_and(|stem| stem == "shard").then_some(0);
        assert_eq!(start, Start { shard }, "{}", path.display());
        read += 1;
    }
    assert_eq!(read, 3);
}
