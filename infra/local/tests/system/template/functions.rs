//! Functions: programs that exist, numbers that belong together, settings that the code reads.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use boot::settings::{Settings, Vars};
use domain::timing::{BATCH_WINDOW, DISPATCHER_TIMEOUT, Lane, MAINTENANCE_TIMEOUT};
use serde_json::{Value, json};

use super::{number, template};

/// What API Gateway waits at most.
const HTTP: Duration = Duration::from_secs(30);

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn every_function_is_a_program_and_every_program_a_function() {
    let template = template();
    let functions = template.resources("AWS::Serverless::Function");
    let programs: BTreeSet<String> = functions
        .iter()
        .map(|(_, function)| function["Metadata"]["BuildProperties"]["Binary"].as_str().unwrap().to_owned())
        .collect();
    let folders = fs::read_dir(workspace().join("functions")).unwrap().map(|entry| entry.unwrap());
    let crates: BTreeSet<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    assert_eq!(programs, crates);
}

#[test]
fn time_outs_are_those_that_leases_and_visibility_follow_from() {
    let template = template();
    let timeout = |function: &str| Duration::from_secs(number(&template.properties(function)["Timeout"]));
    assert_eq!(timeout("Dispatcher"), DISPATCHER_TIMEOUT);
    assert_eq!(timeout("Maintenance"), MAINTENANCE_TIMEOUT);
    assert_eq!(timeout("Fetcher"), Lane::Fast.function_timeout());
    assert_eq!(timeout("FetcherSlow"), Lane::Slow.function_timeout());
    assert!(timeout("Api") < HTTP, "the function ends before the one who waits for it");
    assert_eq!(number(&template.properties("HttpIntegration")["TimeoutInMillis"]), 30_000);
}

#[test]
fn each_lane_has_its_queue_in_full_batches_with_partial_answers() {
    let template = template();
    for (function, queue, lane) in [("Fetcher", "Fetch", "fast"), ("FetcherSlow", "FetchSlow", "slow")] {
        let function = template.properties(function);
        assert_eq!(function["Environment"]["Variables"]["FEEDMILL_LANE"], lane);
        assert_eq!(function["RecursiveLoop"], "Allow", "leftovers go back to the queue that they came from");
        let events = function["Events"].as_object().unwrap();
        assert_eq!(events.len(), 1);
        let mapping = &events[queue]["Properties"];
        assert_eq!(mapping["Queue"], json!({ "Fn::GetAtt": [queue, "Arn"] }));
        assert_eq!(mapping["BatchSize"], 100);
        assert_eq!(number(&mapping["MaximumBatchingWindowInSeconds"]), BATCH_WINDOW.as_secs());
        assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    }
}

#[test]
fn a_schedule_starts_the_dispatcher_each_minute_whole_or_shard_by_shard_and_maintenance_each_hour() {
    let template = template();
    assert_eq!(template.properties("EachHour")["ScheduleExpression"], "rate(1 hour)");
    assert_eq!(template.properties("EachHour")["Target"]["Arn"], json!({ "Fn::GetAtt": ["Maintenance", "Arn"] }));
    let mut shards = Vec::new();
    for (name, schedule) in template.resources("AWS::Scheduler::Schedule") {
        if name == "EachHour" {
            continue;
        }
        let (condition, schedule) = (&schedule["Condition"], &schedule["Properties"]);
        assert_eq!(schedule["ScheduleExpression"], "rate(1 minute)", "{name}");
        assert_eq!(schedule["Target"]["Arn"], json!({ "Fn::GetAtt": ["Dispatcher", "Arn"] }), "{name}");
        let dead = &schedule["Target"]["DeadLetterConfig"]["Arn"];
        assert_eq!(dead, &json!({ "Fn::GetAtt": ["ScheduleDead", "Arn"] }), "{name}");
        let shard = schedule["Target"]["Input"].as_str().map(|input| {
            let start: dispatcher::Start = serde_json::from_str(input).unwrap();
            start.shard.unwrap()
        });
        assert_eq!(condition, if shard.is_some() { "HasShards" } else { "HasOneShard" }, "{name}");
        shards.push(shard);
    }
    shards.sort_unstable();
    assert_eq!(shards, [None, Some(0), Some(1), Some(2), Some(3)]);
    assert_eq!(template.whole()["Parameters"]["Shards"]["AllowedValues"], json!([1, 4]));
}

/// The variables that the template sets, with what it sets them to.
fn variables() -> Vec<(String, Value)> {
    let template = template();
    let of = |value: &Value| value["Environment"]["Variables"].as_object().cloned().unwrap_or_default();
    let global = of(&template.whole()["Globals"]["Function"]);
    let own = template.resources("AWS::Serverless::Function").into_iter().flat_map(|(_, f)| of(&f["Properties"]));
    global.into_iter().chain(own).collect()
}

#[test]
fn every_variable_is_one_that_the_code_reads() {
    let sources = ["settings", "key", "metrics"].map(|room| format!("shared/boot/src/{room}.rs"));
    let code: String = sources.iter().map(|file| fs::read_to_string(workspace().join(file)).unwrap()).collect();
    for (name, _) in variables() {
        assert!(code.contains(&format!("\"{name}\"")), "nobody reads {name}");
    }
}

/// What the settings say of `parameter` at `value`, everything else as in a good installation.
fn accepted(variable: &str, value: &str) -> bool {
    let queue = "https://sqs.example/1/queue";
    let good =
        [("FETCH_QUEUE_URL", queue), ("FETCH_SLOW_QUEUE_URL", queue), ("TASKS_QUEUE_URL", queue), ("BUCKET", "blobs")];
    let good = good.map(|(name, value)| (format!("FEEDMILL_{name}"), value.to_owned()));
    let vars = Vars::of(good.into_iter().chain([(variable.to_owned(), value.to_owned())]));
    Settings::from_vars(&vars).is_ok()
}

#[test]
fn a_parameter_takes_what_its_setting_takes_and_nothing_else() {
    let template = template();
    for (variable, value) in variables() {
        let Some(parameter) = value["Ref"].as_str().map(|name| &template.whole()["Parameters"][name]) else { continue };
        if parameter.is_null() {
            continue;
        }
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        assert!(accepted(&variable, &text(&parameter["Default"])), "{variable}: the default");
        for value in parameter["AllowedValues"].as_array().into_iter().flatten() {
            assert!(accepted(&variable, &text(value)), "{variable}: {value}");
        }
        if let (Some(least), Some(most)) = (parameter["MinValue"].as_i64(), parameter["MaxValue"].as_i64()) {
            for (value, taken) in [(least, true), (most, true), (least - 1, false), (most + 1, false)] {
                assert_eq!(accepted(&variable, &value.to_string()), taken, "{variable}: {value}");
            }
        }
    }
}

/// CloudFormation refuses what a parameter does not take before it makes anything, and names it.
#[test]
fn every_parameter_says_what_it_takes_and_names_itself_where_that_is_a_pattern() {
    let template = template();
    for (name, parameter) in template.whole()["Parameters"].as_object().unwrap() {
        let bounded = match parameter["Type"].as_str().unwrap() {
            "Number" => parameter["MinValue"].is_number() && parameter["MaxValue"].is_number(),
            "String" => parameter["AllowedPattern"].is_string(),
            other => panic!("{name}: {other} has no bounds"),
        };
        assert!(bounded || parameter["AllowedValues"].is_array(), "{name} takes anything");
        let sentence = parameter["ConstraintDescription"].as_str();
        let names_itself = sentence.is_some_and(|sentence| sentence.starts_with(&format!("{name} must be ")));
        assert!(names_itself || !parameter["AllowedPattern"].is_string(), "{name}: {sentence:?}");
    }
}

/// The platform traces, and only who asked for it: no span is Feedmill's own.
#[test]
fn traces_are_a_setting_that_brings_its_permission_to_every_function_and_is_off_by_default() {
    let template = template();
    assert_eq!(template.whole()["Parameters"]["Traces"]["Default"], "off");
    let is_on = json!({ "Fn::Equals": [{ "Ref": "Traces" }, "xray"] });
    assert_eq!(template.whole()["Conditions"]["IsTraced"], is_on);
    let everywhere = &template.whole()["Globals"]["Function"]["Tracing"];
    assert_eq!(everywhere, &json!({ "Fn::If": ["IsTraced", "Active", "PassThrough"] }));
    let functions = template.resources("AWS::Serverless::Function");
    let mut roles: Vec<Value> = Vec::new();
    for (name, function) in &functions {
        assert!(function["Properties"]["Tracing"].is_null(), "{name} has its own way");
        roles.push(json!({ "Ref": function["Properties"]["Role"]["Fn::GetAtt"][0] }));
    }
    let may_trace = |policy: &Value| policy.to_string().contains("xray:");
    let resources = template.whole()["Resources"].as_object().unwrap();
    let tracing: Vec<_> = resources.iter().filter(|(_, resource)| may_trace(resource)).collect();
    let [(_, policy)] = tracing[..] else { panic!("more than one permits it: {tracing:?}") };
    assert_eq!(policy["Condition"], "IsTraced", "without traces nobody may");
    let mut attached = policy["Properties"]["Roles"].as_array().unwrap().clone();
    attached.sort_by_key(Value::to_string);
    roles.sort_by_key(Value::to_string);
    assert_eq!(attached, roles);
}

/// `sam build` and `cargo lambda build` take their settings from one file; without `disable_optimizations`, cargo-lambda's own would win over them.
#[test]
fn functions_are_built_small_and_quick_to_start() {
    let settings = fs::read_to_string(workspace().join("CargoLambda.toml")).unwrap();
    for needed in [
        "disable_optimizations = true",
        "'profile.release.lto=\"fat\"'",
        "'profile.release.codegen-units=1'",
        "'profile.release.panic=\"abort\"'",
        "'profile.release.strip=\"symbols\"'",
        "'env.AWS_LC_SYS_NO_JITTER_ENTROPY=\"1\"'",
    ] {
        assert!(settings.lines().any(|line| line.trim().trim_end_matches(',') == needed), "{needed}");
    }
}
