//! Inputs that fuzzing found worth keeping (`cargo xtask fuzz`): each must still hold what its target promises.

use std::fs;
use std::path::Path;

mod properties;

/// Tries every kept input of a target.
#[expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy.toml exempts test functions alone, not their helpers"
)]
fn check(target: &str, property: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(target);
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // The name of the input that breaks it is in the output of a test that fails.
        println!("{}", path.display());
        property(&fs::read(&path).unwrap());
        count += 1;
    }
    assert!(count >= 10, "only {count} inputs are kept of {target}");
}

#[test]
fn feeds() {
    check("parse", properties::parse);
}

#[test]
fn html() {
    check("clean", properties::clean);
}

#[test]
fn dates() {
    check("dates", properties::dates);
}

#[test]
fn lists_of_feeds() {
    check("opml", properties::opml);
}

#[test]
fn pages() {
    check("discovery", properties::discovery);
}
