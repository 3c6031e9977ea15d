//! The functions' own programs, run as Lambda runs them: what they say on standard error and standard output, and how they refuse to start.

mod starting;

use std::fs::File;
use std::process::{Command, Stdio};
use std::sync::Arc;

use boot::aws::Aws;
use emulator::runtime::{Answer, Event, Program};
use emulator::{Emulator, Where};
use local::install;
use local::names::{self, Choices};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::deployed;

const REQUEST: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
const TRACE: &str = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1";
/// Port 9 of loopback: nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

struct World {
    emulator: Emulator,
    folder: TempDir,
}

/// What a program said.
struct Said {
    answer: Answer,
    /// Lines of the log, lines of metrics.
    logs: Vec<Value>,
    metrics: Vec<Value>,
}

impl World {
    async fn start() -> Self {
        let world = Self::bare().await;
        world.install().await;
        world
    }

    /// Servers with nothing in them.
    async fn bare() -> Self {
        let emulator = Emulator::start(Where::Memory, Arc::new(|| boot::clock::now().as_millis())).await.unwrap();
        Self { emulator, folder: tempfile::tempdir().unwrap() }
    }

    async fn install(&self) {
        let ends = self.emulator.endpoints();
        let settings = names::settings(&ends.sqs, &Choices::default()).unwrap();
        let aws = Aws::local(&ends.dynamodb, &ends.sqs, &ends.s3);
        let key = boot::key::load_or_create(&self.folder.path().join("key")).unwrap();
        install::install(&aws, self.emulator.sqs(), &settings, &key, boot::clock::now()).await.unwrap();
    }

    /// A function's program with its settings, writing to files.
    fn program(&self, function: &str) -> Command {
        let ends = self.emulator.endpoints();
        let file = |name: &str| File::create(self.folder.path().join(name)).unwrap();
        let mut program = Command::new(deployed::programs().join(function));
        program.env_clear().stdin(Stdio::null()).stdout(file("out")).stderr(file("err"));
        program.envs(names::variables(&ends.sqs, &Choices::default()));
        program.env("AWS_REGION", emulator::REGION).env("AWS_ACCESS_KEY_ID", "local");
        program.env("AWS_SECRET_ACCESS_KEY", "local").env("FEEDMILL_KEY_FILE", self.folder.path().join("key"));
        program.env("AWS_ENDPOINT_URL_DYNAMODB", &ends.dynamodb).env("AWS_ENDPOINT_URL_SQS", &ends.sqs);
        program.env("AWS_ENDPOINT_URL_S3", &ends.s3);
        program
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    async fn run(&self, program: Command, event: Value) -> Said {
        let mut program = Program::start(program).unwrap();
        let answer = self.invoke(&mut program, event).await;
        program.stop().await;
        Said { answer, logs: self.lines("err"), metrics: self.lines("out") }
    }

    async fn invoke(&self, program: &mut Program, event: Value) -> Answer {
        let deadline = boot::clock::now().as_millis() + 60_000;
        let body = event.to_string().into();
        let event = Event { body, request: REQUEST.to_owned(), trace: TRACE.to_owned(), deadline };
        program.invoke(event).await.unwrap_or_else(|died| panic!("{died}: {}", self.text("err")))
    }

    fn lines(&self, name: &str) -> Vec<Value> {
        self.text(name).lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}

#[tokio::test]
async fn a_run_that_works_is_one_line_of_metrics_and_nothing_in_the_log() {
    let world = World::start().await;
    for (function, metric) in [("dispatcher", "Backlog"), ("maintenance", "MaintenanceFailures")] {
        let said = world.run(world.program(function), json!({})).await;
        assert!(said.answer.is_ok(), "{function}");
        assert_eq!(said.logs, Vec::<Value>::new(), "{function}");
        assert_eq!(said.metrics.len(), 1, "{function}");
        assert_eq!(said.metrics[0][metric], 0, "{function}");
    }
}

/// From a log line one finds the platform's own lines by the request, and the trace.
#[tokio::test]
async fn an_event_that_fails_is_one_line_that_names_request_trace_and_causes() {
    let world = World::start().await;
    let wrong_shard = (world.program("dispatcher"), json!({ "shard": 9 }), "the event names shard 9");
    let check = async |(program, event, sentence): (Command, Value, &str)| {
        let said = world.run(program, event).await;
        let error: Value = serde_json::from_slice(&said.answer.unwrap_err()).unwrap();
        assert!(error["errorMessage"].as_str().unwrap().starts_with(sentence), "{error}");
        assert_eq!(said.logs.len(), 1, "{:#?}", said.logs);
        let line = &said.logs[0];
        assert_eq!(line["level"], "ERROR");
        assert_eq!(
            (&line["spans"][0]["requestId"], &line["spans"][0]["xrayTraceId"]),
            (&json!(REQUEST), &json!(TRACE))
        );
        let message = line["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("an event is left to the platform: {sentence}")), "{message}");
        message.to_owned()
    };
    check(wrong_shard).await;
    let mut fetcher = world.program("fetcher");
    fetcher.env("AWS_ENDPOINT_URL_DYNAMODB", NOWHERE);
    let message = check((fetcher, json!({ "Records": [] }), "the store does not say which code")).await;
    assert!(message.contains(": the store did not answer") && message.contains("onnect"), "why is in it: {message}");
}
