//! Figures for administrators: what the last jobs came to, overall and of one source.

use std::time::Duration;

use domain::carry::Carry;
use domain::failure::{ErrorCode, Failure};
use domain::id::Ordinal;
use domain::job::Ending;
use http::{Method, StatusCode};
use serde_json::json;

use crate::sources::worked;
use crate::world::World;

fn brought(posts: u64) -> Ending {
    let landed = Some((Ordinal::new(1), Ordinal::new(posts)));
    Ending::Completed { posts_count: u32::try_from(posts).unwrap(), edits_count: 1, landed }
}

fn failed() -> Ending {
    Ending::Failed(Failure::new(ErrorCode::Timeout, "the server did not answer in time"))
}

#[tokio::test]
async fn overall_figures_are_of_the_last_finished_job_of_each_source_and_of_what_waits() {
    let world = World::new().await;
    let empty = world.get("/v1/stats").await;
    assert_eq!((empty.status, &empty.json["jobs"]["success_rate"]), (StatusCode::OK, &json!(null)), "{}", empty.json);
    for (n, ending) in [brought(4), worked(), worked(), failed()].into_iter().enumerate() {
        let source = world.add(&format!("https://example.org/{n}")).await;
        world.end_job(&source, ending, Carry::default()).await;
    }
    world.add("https://example.org/new").await;
    let told = world.get("/v1/stats").await.json;
    assert_eq!((&told["sources"], &told["complete"], &told["states"]["active"]), (&json!(5), &json!(true), &json!(5)));
    assert_eq!((&told["in_hand"], &told["backlog"]["fetch_slow"]), (&json!(1), &json!(5)));
    let jobs = &told["jobs"];
    assert_eq!((&jobs["finished"], &jobs["completed"], &jobs["failed"]), (&json!(4), &json!(3), &json!(1)));
    assert_eq!((&jobs["success_rate"], &jobs["errors"]), (&json!(0.75), &json!({ "timeout": 1 })));
    assert_eq!((&jobs["posts"], &jobs["posts_per_job"], &jobs["edits"]), (&json!(4), &json!(1.0), &json!(1)));
}

#[tokio::test]
async fn a_sources_figures_are_of_its_own_jobs_in_one_read() {
    let world = World::new().await;
    let source = world.add("https://example.org/feed").await;
    for ending in [failed(), brought(2), worked()] {
        world.end_job(&source, ending, Carry::default()).await;
        world.pass(Duration::from_secs(3600));
        let refresh = format!("/v1/sources/{source}/refresh");
        assert_eq!(world.ask(Method::POST, &refresh, "").await.status, StatusCode::ACCEPTED);
    }
    world.meter.take();
    let told = world.get(&format!("/v1/sources/{source}/stats")).await;
    assert!(world.meter.take().read_units < 2.0, "one query");
    assert_eq!((told.status, &told.json["source"]), (StatusCode::OK, &json!(source)));
    let jobs = &told.json["jobs"];
    assert_eq!((&jobs["finished"], &jobs["success_rate"], &jobs["posts"]), (&json!(3), &json!(0.6667), &json!(2)));
    assert!(told.json["since"].is_string());
    let missing = world.get("/v1/sources/AAAAAAAA/stats").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn whoever_is_no_administrator_is_told_nothing() {
    let world = World::new().await;
    let source = world.add("https://example.org/feed").await;
    for path in ["/v1/stats".to_owned(), format!("/v1/sources/{source}/stats")] {
        let answer = world.ask_with(&[], Method::GET, &path, "").await;
        assert_eq!((answer.status, answer.json["jobs"].is_null()), (StatusCode::UNAUTHORIZED, true), "{path}");
    }
}
