//! How the programs begin, and what keeps them from it: one sentence that says what, in each of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use axum::Router;
use axum::http::StatusCode;
use emulator::runtime::Program;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{Command, NOWHERE, World};

const FUNCTIONS: [&str; 4] = ["api", "dispatcher", "fetcher", "maintenance"];
/// These two look at the store before they ask for their first event; the others when it has come.
const LOOKS_FIRST: [&str; 2] = ["dispatcher", "maintenance"];

/// A value that each variable cannot have.
const WRONG: [(&str, &str); 33] = [
    ("AWS_REGION", "Europe, the middle"),
    ("AWS_DEFAULT_REGION", "Europe, the middle"),
    ("AWS_ENDPOINT_URL", "localhost:4566"),
    ("AWS_ENDPOINT_URL_DYNAMODB", "localhost:4566"),
    ("AWS_ENDPOINT_URL_S3", "localhost:4566"),
    ("AWS_ENDPOINT_URL_SQS", "localhost:4566"),
    ("AWS_ENDPOINT_URL_SSM", "localhost:4566"),
    ("FEEDMILL_ADDRESS_REQUESTS_PER_MINUTE", "0"),
    ("FEEDMILL_ALLOW_PRIVATE_NETWORKS", "yes"),
    ("FEEDMILL_ANNOUNCE_ALL", "1"),
    ("FEEDMILL_BUCKET", "My Bucket"),
    ("FEEDMILL_CHUNK_BYTES", "1"),
    ("FEEDMILL_CONTACT_URL", "me@example.org"),
    ("FEEDMILL_CORS_ORIGINS", "*"),
    ("FEEDMILL_FETCH_QUEUE_URL", "fetch"),
    ("FEEDMILL_FETCH_SLOW_QUEUE_URL", "fetch-slow"),
    ("FEEDMILL_LANE", "middle"),
    ("FEEDMILL_MAX_SUBSCRIPTIONS", "0"),
    ("FEEDMILL_MAX_SUBSCRIPTIONS_PER_HOST", "-1"),
    ("FEEDMILL_METRICS_NAMESPACE", ":"),
    ("FEEDMILL_MIN_INTERVAL_MINUTES", "14"),
    ("FEEDMILL_POSTS_TABLE", "p"),
    ("FEEDMILL_RATE_FLOOR", "many"),
    ("FEEDMILL_READERS_TABLE", "my readers"),
    ("FEEDMILL_REGISTRATION", "maybe"),
    ("FEEDMILL_RETENTION_DAYS", "3651"),
    ("FEEDMILL_RETENTION_POSTS", "1e6"),
    ("FEEDMILL_SECURE_COOKIES", "no"),
    ("FEEDMILL_SHARDS", "0"),
    ("FEEDMILL_SOURCES_TABLE", "a/b"),
    ("FEEDMILL_TASKS_QUEUE_URL", "ftp://example.org"),
    ("FEEDMILL_TICK_SECONDS", "99"),
    ("FEEDMILL_USER_REQUESTS_PER_MINUTE", "1000001"),
];
/// Needed, and any text will do.
const NEEDED: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
/// Those that are tried apart, and the one that may be anything.
const OTHERS: [&str; 4] = ["FEEDMILL_KEY_FILE", "FEEDMILL_KEY_PARAMETER", "FEEDMILL_LOG", "AWS_SESSION_TOKEN"];

/// What a program says that ends at its start. The servers run on another thread than the one that waits here.
fn last_words(world: &World, mut program: Command) -> String {
    let ended = program.env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9").status().unwrap();
    let said = world.text("err");
    assert!(!ended.success(), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_setting_stops_every_function_at_its_start_with_one_sentence_that_names_it() {
    let world = World::start().await;
    let check = |function: &str, name: &str, set: Option<&str>, without: &str| {
        let mut program = world.program(function);
        program.env_remove(without);
        if let Some(value) = set {
            program.env(name, value);
        }
        let said = last_words(&world, program);
        assert!(said.starts_with(&format!("Error: setting {name} is ")), "{function}, {name}: {said}");
        assert_eq!(said.lines().count(), 1, "{function}, {name}: {said}");
    };
    let (parameter, file) = ("FEEDMILL_KEY_PARAMETER", "FEEDMILL_KEY_FILE");
    for function in FUNCTIONS {
        for (name, value) in WRONG {
            // The other one comes first.
            check(function, name, Some(value), if name == "AWS_DEFAULT_REGION" { "AWS_REGION" } else { "" });
        }
        for name in NEEDED {
            check(function, name, None, name);
        }
        check(function, "AWS_DEFAULT_REGION", None, "AWS_REGION");
        if function != "dispatcher" {
            check(function, parameter, Some("my key"), file);
        }
    }
    for function in ["api", "fetcher"] {
        check(function, parameter, None, file);
    }
}

#[test]
fn every_variable_that_is_read_is_tried_with_a_wrong_value() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/boot/src");
    let rooms = fs::read_dir(folder).unwrap().map(|room| fs::read_to_string(room.unwrap().path()).unwrap());
    let code: String = rooms.collect();
    let is_variable = |text: &&str| {
        let named = text.starts_with("FEEDMILL_") || text.starts_with("AWS_");
        named && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit())
    };
    let read: BTreeSet<&str> = code.split('"').filter(is_variable).collect();
    let tried: BTreeSet<&str> = WRONG.map(|(name, _)| name).into_iter().chain(NEEDED).chain(OTHERS).collect();
    assert_eq!(read, tried);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_file_that_cannot_be_used_is_named() {
    let world = World::start().await;
    let nowhere = world.folder.path().join("nowhere/key");
    let sentence = format!("key file {}", nowhere.display());
    for function in FUNCTIONS {
        let mut program = world.program(function);
        program.env("FEEDMILL_KEY_FILE", &nowhere);
        let said = refusal(&world, function, program).await;
        assert!(said.contains(&sentence), "{function}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_of_logs_that_cannot_be_read_is_named_and_stops_nobody() {
    let world = World::start().await;
    for function in LOOKS_FIRST {
        let mut program = world.program(function);
        program.env("FEEDMILL_LOG", "=loud=");
        let said = world.run(program, json!({})).await;
        assert!(said.answer.is_ok(), "{function}");
        assert_eq!(said.logs.len(), 1, "{:?}", said.logs);
        assert!(
            said.logs[0]["message"].as_str().unwrap().starts_with("setting FEEDMILL_LOG is no filter"),
            "{function}"
        );
    }
}

/// An event for each.
fn event(function: &str) -> Value {
    match function {
        "api" => {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/api/list.json");
            serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
        }
        "fetcher" => json!({ "Records": [] }),
        _ => json!({}),
    }
}

/// What a function says that cannot begin: one line. Who asked an api is told to come again; a batch comes again by itself.
async fn refusal(world: &World, function: &str, program: Command) -> String {
    if LOOKS_FIRST.contains(&function) {
        let said = last_words(world, program);
        assert_eq!(said.lines().count(), 1, "{function}: {said}");
        return said;
    }
    let said = world.run(program, event(function)).await;
    assert_eq!(said.logs.len(), 1, "{function}: {:#?}", said.logs);
    let line = &said.logs[0];
    if function == "api" {
        let answer: Value = serde_json::from_slice(&said.answer.unwrap()).unwrap();
        assert_eq!((&answer["statusCode"], &answer["headers"]["retry-after"]), (&json!(503), &json!("1")), "{answer}");
        return line["error"].as_str().unwrap().to_owned();
    }
    assert!(said.answer.is_err(), "the batch is not acknowledged");
    line["message"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_a_newer_schema_are_left_alone_by_every_function_which_says_why() {
    let world = World::start().await;
    let version = store::SCHEMA_VERSION + 1;
    let newer = json!({
        "TableName": "feedmill-sources",
        "Key": { "pk": { "S": "META" }, "sk": { "S": "SCHEMA" } },
        "UpdateExpression": "SET version = :version",
        "ConditionExpression": "attribute_exists(pk)",
        "ExpressionAttributeValues": { ":version": { "N": version.to_string() } },
    });
    let (status, told) = world.emulator.ask_tables("UpdateItem", &newer.to_string());
    assert!(status.is_success(), "{told}");
    let all = || -> Value {
        let (_, items) = world.emulator.ask_tables("Scan", r#"{"TableName":"feedmill-sources"}"#);
        serde_json::from_str(&items).unwrap()
    };
    let before = all();
    let sentence = format!(
        "the tables have schema {version}, this code knows schemas up to {}: update this function",
        version - 1
    );
    for function in FUNCTIONS {
        let said = refusal(&world, function, world.program(function)).await;
        assert!(said.contains(&sentence), "{function}: {said}");
        assert_eq!(all(), before, "{function} changed something");
    }
}

/// A DynamoDB that answers everything with an error.
async fn refusing(name: &'static str, said: &'static str) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{name}"), "message": said }).to_string();
    let answer =
        async move || (StatusCode::BAD_REQUEST, [("content-type", "application/x-amz-json-1.0")], body.clone());
    let router = Router::new().fallback(answer);
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, serving)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_a_function_from_its_store_is_said_in_one_line_by_each() {
    let world = World::start().await;
    let denied = "User: arn:aws:sts::1:assumed-role/feedmill/x is not authorized to perform: dynamodb:GetItem on \
                  resource: arn:aws:dynamodb:eu-central-1:1:table/feedmill-sources";
    let late = "Signature expired: 20260131T120000Z is now earlier than 20260131T130000Z";
    for (name, said, sentence) in [
        ("AccessDeniedException", denied, denied),
        ("ProvisionedThroughputExceededException", "slow down", "the store is out of capacity"),
        ("ResourceNotFoundException", "no such table", "the table feedmill-sources or an index of it does not exist"),
        ("InvalidSignatureException", late, late),
    ] {
        let (url, _serving) = refusing(name, said).await;
        for function in FUNCTIONS {
            let mut program = world.program(function);
            program.env("AWS_ENDPOINT_URL_DYNAMODB", &url);
            let said = refusal(&world, function, program).await;
            assert!(said.contains(sentence), "{function}, {name}: {said}");
        }
    }
    for function in FUNCTIONS {
        let mut program = world.program(function);
        program.env("AWS_ENDPOINT_URL_DYNAMODB", NOWHERE);
        let said = refusal(&world, function, program).await;
        assert!(said.contains("the store did not answer"), "{function}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_could_not_begin_tries_again_with_the_next_event() {
    for function in ["api", "fetcher"] {
        let world = World::bare().await;
        let mut program = Program::start(world.program(function)).unwrap();
        let answer = world.invoke(&mut program, event(function)).await;
        let refused = answer.map_or(true, |answer| String::from_utf8_lossy(&answer).contains("\"statusCode\":503"));
        assert!(refused, "{function} works without tables");
        world.install().await;
        let answer =
            world.invoke(&mut program, event(function)).await.unwrap_or_else(|told| panic!("{function}: {told:?}"));
        assert!(!String::from_utf8_lossy(&answer).contains("\"statusCode\":503"), "{function}: {answer:?}");
        program.stop().await;
        assert_eq!(world.lines("err").len(), 1, "{function}");
    }
}
