//! Optional runs of two judges from PyPI. openapi-spec-validator says whether the description is one; schemathesis makes requests up from it, well-formed and not: none
//! of them may be answered by a fault, or by what the description does not say.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};

use http::{Method, StatusCode};
use tokio::net::TcpListener;
use tokio::task::{JoinSet, spawn_blocking};

use crate::world::World;

/// What is held: that nothing fails, and that statuses, types, headers and bodies are as described.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,unsupported_method";

/// It would end the very account that asks.
const ENDING: &str = "accounts_delete_user";

/// Whether there is a `judge` to ask.
fn is_there(judge: &str) -> bool {
    Command::new(judge).arg("--version").output().is_ok_and(|output| output.status.success())
}

#[tokio::test]
async fn the_description_is_valid() {
    const JUDGE: &str = "openapi-spec-validator";
    if !is_there(JUDGE) {
        eprintln!("SKIPPED: there is no `{JUDGE}` on the path (pip install {JUDGE})");
        return;
    }
    let world = World::new().await;
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openapi.json");
    std::fs::write(&file, world.get("/openapi.json").await.text).unwrap();
    let output = Command::new(JUDGE).args(["--errors", "all", "--schema", "3.1"]).arg(&file).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn run(address: SocketAddr, headers: &[String], phases: &str) -> Output {
    let mut command = Command::new("schemathesis");
    command.args(["run", &format!("http://{address}/openapi.json"), "--checks", CHECKS]);
    command.args(["--phases", phases, "--max-examples", "10", "--seed", "1", "--no-color"]);
    command.args(["--exclude-operation-id", ENDING]);
    for header in headers {
        command.args(["--header", header]);
    }
    // It writes what it learns where it is run.
    command.current_dir(Path::new(env!("CARGO_TARGET_TMPDIR")));
    command.output().unwrap()
}

#[tokio::test]
async fn no_request_that_can_be_made_up_is_answered_by_a_fault_or_otherwise_than_described() {
    if !is_there("schemathesis") {
        eprintln!("SKIPPED: there is no `schemathesis` on the path (pip install schemathesis)");
        return;
    }
    let world = World::with(|rules| rules.limits.per_address = 1_000_000).await;
    world.add("https://example.org/feed").await;
    let users = [world.administrator("root@example.org").await, world.member("ada@example.org").await];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = world.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.unwrap() });
    // The operator in a user's name stays signed in, whatever becomes of sessions meanwhile.
    let operator = format!("Authorization: {}", world.operator());
    let named = users.map(|user| (vec![operator.clone(), format!("Feedmill-User: {}", user.id)], "coverage,fuzzing"));
    for (headers, phases) in named.into_iter().chain([(Vec::new(), "coverage")]) {
        let output = spawn_blocking(move || run(address, &headers, phases)).await.unwrap();
        let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        assert!(told.contains("Tested"), "it asked something: {told}");
    }
    assert_eq!(world.ask(Method::GET, "/v1/sources", "").await.status, StatusCode::OK, "it still stands");
}
