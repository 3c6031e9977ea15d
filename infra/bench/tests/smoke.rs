//! Each bench once, as small as it gets: that it runs to its end, checks its own work, and prints what it promises. How long it takes and
//! what it measures in a debug build means nothing and is not looked at.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::process::Command;

use serde_json::Value;

fn check(arguments: &[&str], promised: &[&str]) {
    let ran = Command::new(env!("CARGO_BIN_EXE_bench")).args(arguments).arg("--json").output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{arguments:?}: {said}");
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    for pointer in promised {
        let found = report.pointer(pointer).and_then(Value::as_f64);
        assert!(found.is_some_and(|number| number > 0.0), "{arguments:?}: {pointer} is {found:?} in {report:#}");
    }
}

#[test]
fn polling_is_measured_phase_by_phase() {
    let promised = [
        "/0/cpu_ms_per_poll",
        "/1/pipeline/split/read",
        "/1/pipeline/split/clean",
        "/2/pipeline/split/http",
        "/2/pipeline/split/servers",
        "/2/pipeline/functions_to_floor",
        "/2/pipeline/write_units",
        "/2/pipeline/sqs_requests",
        "/2/bytes_out_per_poll",
        "/3/pipeline/dollars_on_demand",
        "/3/pipeline/dollars_provisioned",
    ];
    check(&["poll", "--sources", "30", "--unchanged", "1"], &promised);
}

#[test]
fn a_tick_is_measured_and_carried_on_to_ten_million() {
    let promised = [
        "/measured/0/due",
        "/measured/0/calls",
        "/simulated/sizes/3/polls_a_second",
        "/simulated/constraints/0/sources",
    ];
    check(&["dispatch", "--sources", "1000", "--latency-ms", "1"], &promised);
}

#[test]
fn reading_feeds_is_measured_against_feed_rs() {
    check(&["parse", "--short", "--milliseconds", "1"], &["/feeds/0/whole_to_bare", "/feeds/3/whole/allocations"]);
}

#[test]
fn reading_posts_is_measured_call_by_call() {
    let few = ["read", "--subscriptions", "3", "--posts", "80", "--turn", "40", "--users", "2", "--calls", "1"];
    check(&few, &["/0/lines/0/store_calls", "/0/lines/0/kilobytes", "/1/lines/0/store_calls"]);
}

#[test]
fn memory_without_programs_is_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["memory", "--programs", folder.path().to_str().unwrap()];
    let ran = Command::new(env!("CARGO_BIN_EXE_bench")).args(arguments).output().unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert_eq!((ran.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.contains("there is no program dispatcher in"), "{said}");
}
