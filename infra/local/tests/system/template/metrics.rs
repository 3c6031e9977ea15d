//! Metrics, alarms and dashboard: what is shown and watched is what the functions tell, what they tell is shown or watched, and an alarm
//! ends when its cause does.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::template;

const NAMESPACE: &str = "Feedmill/${AWS::StackName}";
/// What one GB of memory for a millisecond costs, arm64.
const PRICE: &str = "0.0000000133334";

/// Every Rust file below `folder`, in one text.
fn code(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: std::path::PathBuf| match path.extension().is_some_and(|end| end == "rs") {
        _ if path.is_dir() => code(&path),
        true => fs::read_to_string(path).unwrap(),
        false => String::new(),
    };
    entries.map(text).collect()
}

/// The metrics that the functions write: names behind `.count("` and `.values("`.
fn told() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions");
    let functions = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path().join("src"));
    let code: String = functions.map(|folder| code(&folder)).collect();
    let calls = [".count(\"", ".values(\""].map(|call| code.split(call).skip(1).collect::<Vec<_>>());
    calls.concat().into_iter().map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

fn dashboard() -> Value {
    let template = template();
    let body = template.properties("Dashboard")["DashboardBody"]["Fn::Sub"].as_str().unwrap();
    serde_json::from_str(body).unwrap()
}

/// The lines of all widgets: a metric each, or an expression.
fn lines() -> Vec<Vec<Value>> {
    let dashboard = dashboard();
    let widgets = dashboard["widgets"].as_array().unwrap().iter();
    let lines = widgets.flat_map(|widget| widget["properties"]["metrics"].as_array().unwrap());
    lines.map(|line| line.as_array().unwrap().clone()).collect()
}

#[test]
fn what_is_shown_or_watched_is_what_is_told_and_nothing_is_told_in_vain() {
    let shown = lines().into_iter().filter(|line| line[0] == NAMESPACE).map(|line| line[1].clone());
    let template = template();
    let alarms = template.resources("AWS::CloudWatch::Alarm").into_iter();
    let watched = alarms
        .filter(|(_, alarm)| alarm["Properties"]["Namespace"]["Fn::Sub"] == NAMESPACE)
        .map(|(_, alarm)| alarm["Properties"]["MetricName"].clone());
    let used: BTreeSet<String> = shown.chain(watched).map(|name| name.as_str().unwrap().to_owned()).collect();
    assert_eq!(used, told());
    assert!(used.len() <= 10, "that many are free");
}

#[test]
fn the_dashboard_shows_what_an_owner_asks_first() {
    let all = dashboard().to_string();
    for what in [
        "Polls, failures, posts",
        "Success rate",
        "\"p50\"",
        "\"p95\"",
        "Backlog",
        "US dollars",
        "How late polls begin",
    ] {
        assert!(all.contains(what), "{what}");
    }
}

/// Whatever stands in a dashboard or an alarm stands for a resource of this template.
#[test]
fn what_is_watched_exists() {
    let template = template();
    let exists = |name: &str| template.whole()["Resources"][name].is_object();
    for (alarm, it) in template.resources("AWS::CloudWatch::Alarm") {
        for dimension in it["Properties"]["Dimensions"].as_array().into_iter().flatten() {
            let of = &dimension["Value"];
            let name = of["Ref"].as_str().or_else(|| of["Fn::GetAtt"][0].as_str()).unwrap();
            assert!(exists(name), "{alarm}: {name}");
        }
    }
    for line in
        lines().iter().filter(|line| line.len() > 2 && line[0].as_str().is_some_and(|of| of.starts_with("AWS/")))
    {
        let name = line[3].as_str().unwrap().trim_start_matches("${").split(['.', '}']).next().unwrap();
        assert!(exists(name), "{line:?}");
    }
}

/// A dead letter of `fetch` waits for someone to look at it. A run that failed waits for nobody, and its letter lies for two weeks.
#[test]
fn an_alarm_ends_when_its_cause_does() {
    let template = template();
    for (name, alarm) in template.resources("AWS::CloudWatch::Alarm") {
        let alarm = &alarm["Properties"];
        let of_runs = alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0] == "ScheduleDead";
        assert!(!of_runs || alarm["MetricName"] == "NumberOfMessagesSent", "{name} watches what lies there");
        assert_eq!(alarm["OKActions"], alarm["AlarmActions"], "{name}: the end is told to whom the beginning was");
    }
}

#[test]
fn every_alarm_is_in_the_guide_and_every_alarm_of_the_guide_exists() {
    let guide = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/DEPLOY.md")).unwrap();
    let table = guide.split("## Alarms").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `")).map(|row| row.split('|').nth(1).unwrap());
    let named: BTreeSet<String> =
        rows.flat_map(|cell| cell.split(',')).map(|name| name.trim().trim_matches('`').to_owned()).collect();
    let template = template();
    let alarms: BTreeSet<String> =
        template.resources("AWS::CloudWatch::Alarm").into_iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(named, alarms);
}

/// The estimate multiplies each function's time by its memory.
#[test]
fn the_estimate_of_functions_follows_their_memory() {
    let template = template();
    let lines = lines();
    let estimate = lines.iter().find_map(|line| line[0]["expression"].as_str().filter(|sum| sum.contains(PRICE)));
    let functions = template.resources("AWS::Serverless::Function");
    assert_eq!(estimate.unwrap().matches("FILL").count(), functions.len());
    for (name, function) in functions {
        let memory = function["Properties"]["MemorySize"].as_f64().unwrap() / 1024.0;
        let line =
            lines.iter().find(|line| line.len() > 4 && line[3] == format!("${{{name}}}") && line[1] == "Duration");
        let id = line.unwrap_or_else(|| panic!("{name} is not counted"))[4]["id"].as_str().unwrap();
        let term = format!("FILL({id},0)*{memory}");
        assert!(
            estimate.unwrap().contains(&format!("{term} ")) || estimate.unwrap().contains(&format!("{term})")),
            "{term}"
        );
    }
}
