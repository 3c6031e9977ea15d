//! What the platform is told beside the functions' own settings: processors, logs, limits, who hears of alarms, and what people are told in the end.

use serde_json::json;

use super::{number, template};

#[test]
fn functions_run_on_arm_unless_someone_says_otherwise() {
    let template = template();
    let choice = &template.whole()["Parameters"]["Architecture"];
    assert_eq!((&choice["Default"], &choice["AllowedValues"]), (&json!("arm64"), &json!(["arm64", "x86_64"])));
    let every = &template.whole()["Globals"]["Function"];
    assert_eq!(every["Architectures"], json!([{ "Ref": "Architecture" }]));
    assert_eq!((&every["Runtime"], &every["Handler"]), (&json!("provided.al2023"), &json!("bootstrap")));
    for (name, function) in template.resources("AWS::Serverless::Function") {
        for own in ["Architectures", "Runtime", "Handler"] {
            assert!(function["Properties"][own].is_null(), "{name} has its own {own}");
        }
        assert!(number(&function["Properties"]["MemorySize"]) >= 128, "{name}");
    }
}

#[test]
fn each_function_has_a_log_of_its_own_in_json_that_is_kept_for_a_while_and_silent_about_what_works() {
    let template = template();
    let functions = template.resources("AWS::Serverless::Function");
    assert_eq!(template.resources("AWS::Logs::LogGroup").len(), functions.len());
    for (name, function) in functions {
        let logs = &function["Properties"]["LoggingConfig"];
        assert_eq!((&logs["LogFormat"], &logs["SystemLogLevel"]), (&json!("JSON"), &json!("WARN")), "{name}");
        assert_eq!(logs["LogGroup"]["Ref"], format!("{name}Logs"));
        let group = template.properties(&format!("{name}Logs"));
        assert_eq!(group["RetentionInDays"], json!({ "Ref": "LogRetentionDays" }), "{name}");
    }
}

#[test]
fn whoever_asks_too_much_is_slowed_down_before_it_costs() {
    let template = template();
    let limits = &template.properties("HttpStage")["DefaultRouteSettings"];
    let wanted = json!({ "ThrottlingRateLimit": { "Ref": "ApiRate" }, "ThrottlingBurstLimit": { "Ref": "ApiBurst" } });
    assert_eq!(limits, &wanted);
    assert_eq!(template.properties("HttpRoute")["RouteKey"], "$default");
    assert_eq!(template.properties("HttpIntegration")["PayloadFormatVersion"], "2.0");
    assert!(template.resources("AWS::Serverless::HttpApi").is_empty(), "it would hide stage and permission");
    for (function, queue, limit) in
        [("Fetcher", "Fetch", "FetchConcurrency"), ("FetcherSlow", "FetchSlow", "FetchSlowConcurrency")]
    {
        let mapping = &template.properties(function)["Events"][queue]["Properties"];
        assert_eq!(mapping["ScalingConfig"]["MaximumConcurrency"], json!({ "Ref": limit }), "{function}");
        assert!(template.properties(function)["ReservedConcurrentExecutions"].is_null(), "{function} reserves nothing");
    }
}

#[test]
fn a_run_that_fails_or_cannot_be_started_is_told_and_not_repeated() {
    let template = template();
    for function in ["Dispatcher", "Maintenance"] {
        let started = &template.properties(function)["EventInvokeConfig"];
        assert_eq!(started["MaximumRetryAttempts"], 0, "{function}: the next run does what this one has not done");
        let told = &started["DestinationConfig"]["OnFailure"]["Destination"];
        assert_eq!(told, &json!({ "Fn::GetAtt": ["ScheduleDead", "Arn"] }), "{function}");
    }
}

/// A template cannot make a SecureString: the function that first needs the key makes it.
#[test]
fn the_key_is_named_to_who_needs_it_and_is_nowhere_in_the_template() {
    let template = template();
    assert!(template.resources("AWS::SSM::Parameter").is_empty());
    let name = json!({ "Fn::Sub": "/${AWS::StackName}/key" });
    for (function, needed) in
        [("Api", true), ("Fetcher", true), ("FetcherSlow", true), ("Maintenance", true), ("Dispatcher", false)]
    {
        let told = &template.properties(function)["Environment"]["Variables"]["FEEDMILL_KEY_PARAMETER"];
        assert_eq!(told == &name, needed, "{function}: {told}");
        let allowed = template.role(function).allowed.into_iter().filter(|allowed| allowed.resource == "Key");
        let actions: Vec<_> = allowed.map(|allowed| allowed.action).collect();
        let expected: &[&str] = match function {
            "Dispatcher" => &[],
            "Maintenance" => &["ssm:GetParameter"],
            _ => &["ssm:GetParameter", "ssm:PutParameter"],
        };
        assert_eq!(actions, expected, "{function}");
    }
}

#[test]
fn alarms_go_to_whoever_gave_an_address() {
    let template = template();
    let mail = &template.whole()["Resources"]["AlarmsByEmail"];
    assert_eq!(mail["Condition"], "HasAlarmEmail");
    let subscribed =
        json!({ "TopicArn": { "Ref": "Alarms" }, "Protocol": "email", "Endpoint": { "Ref": "AlarmEmail" } });
    assert_eq!(mail["Properties"], subscribed);
    assert_eq!(template.whole()["Parameters"]["AlarmEmail"]["Default"], "");
    for (name, alarm) in template.resources("AWS::CloudWatch::Alarm") {
        assert_eq!(alarm["Properties"]["AlarmActions"], json!([{ "Ref": "Alarms" }]), "{name}");
        assert!(alarm["Properties"]["AlarmDescription"].as_str().unwrap().len() > 40, "{name} says nothing");
    }
}

#[test]
fn tables_are_paid_for_and_can_be_brought_back_as_their_owner_chooses() {
    let template = template();
    let conditions = &template.whole()["Conditions"];
    assert_eq!(
        conditions["IsProvisioned"],
        json!({ "Fn::Not": [{ "Fn::Equals": [{ "Ref": "Capacity" }, "on-demand"] }] })
    );
    assert_eq!(conditions["IsScaling"], json!({ "Fn::Equals": [{ "Ref": "Capacity" }, "scaling"] }));
    for (name, table) in template.resources("AWS::DynamoDB::Table") {
        let table = &table["Properties"];
        assert_eq!(
            table["BillingMode"],
            json!({ "Fn::If": ["IsProvisioned", "PROVISIONED", "PAY_PER_REQUEST"] }),
            "{name}"
        );
        let recovers = &table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"];
        let expected = if name == "Readers" { json!(true) } else { json!({ "Fn::If": ["RecoversAll", true, false] }) };
        assert_eq!(recovers, &expected, "{name}");
        // Nothing said is DynamoDB's own key: encrypted, for nothing.
        assert!(table["SSESpecification"].is_null(), "{name}");
    }
    let scaled = template.resources("AWS::CloudFormation::Stack");
    assert_eq!(scaled.len(), 6, "three tables, an index each");
    for (name, stack) in scaled {
        assert_eq!(
            (&stack["Condition"], &stack["Properties"]["TemplateURL"]),
            (&json!("IsScaling"), &json!("scaling.yaml")),
            "{name}"
        );
    }
    let bucket = &template.properties("Blobs")["BucketEncryption"]["ServerSideEncryptionConfiguration"];
    assert_eq!(bucket[0]["ServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256");
}

#[test]
fn who_has_deployed_is_told_where_it_answers_and_what_to_do_next() {
    let template = template();
    let outputs = &template.whole()["Outputs"];
    assert!(outputs["ApiUrl"]["Value"].is_object());
    let next = outputs["NextStep"]["Value"]["Fn::Sub"].as_str().unwrap();
    assert!(next.contains("/${AWS::StackName}/key") && next.contains("feedmill key operator-secret"), "{next}");
}
