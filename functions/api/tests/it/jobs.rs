//! Jobs: the one in hand first, then those that ended, newest first; only what no one needs can be deleted.

use std::time::Duration;

use domain::carry::Carry;
use http::{Method, StatusCode};

use crate::sources::worked;
use crate::world::World;

/// A source with two ended jobs and one in hand.
async fn three_jobs(world: &World) -> (String, Vec<String>) {
    let source = world.add("https://example.org/feed").await;
    for _ in 0..2 {
        world.end_job(&source, worked(), Carry::default()).await;
        world.pass(Duration::from_secs(3600));
        let path = format!("/v1/sources/{source}/refresh");
        assert_eq!(world.ask(Method::POST, &path, "").await.status, StatusCode::ACCEPTED);
    }
    let jobs = world.get(&format!("/v1/sources/{source}/jobs")).await.json;
    let ids = jobs["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect();
    (source, ids)
}

#[tokio::test]
async fn jobs_are_listed_newest_first_whatever_the_page_size() {
    let world = World::new().await;
    let (source, ids) = three_jobs(&world).await;
    assert_eq!(ids.len(), 3);
    assert!(ids.is_sorted_by(|a, b| a > b));
    for limit in 1..=4 {
        let (mut met, mut path) = (Vec::new(), format!("/v1/sources/{source}/jobs?limit={limit}"));
        loop {
            let page = world.get(&path).await.json;
            met.extend(page["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/v1/sources/{source}/jobs?limit={limit}&cursor={next}");
        }
        assert_eq!(met, ids, "{limit}");
    }
}

#[tokio::test]
async fn a_job_is_shown_whole_whether_it_ended_or_not() {
    let world = World::new().await;
    let (source, ids) = three_jobs(&world).await;
    for (id, status) in ids.iter().zip(["QUEUED", "COMPLETED", "COMPLETED"]) {
        let job = world.get(&format!("/v1/sources/{source}/jobs/{id}")).await.json;
        assert_eq!((job["id"].as_str(), job["status"].as_str()), (Some(id.as_str()), Some(status)));
        assert_eq!(job["ended_at"].is_null(), status == "QUEUED");
    }
}

#[tokio::test]
async fn only_a_finished_job_that_is_not_the_latest_can_be_deleted() {
    let world = World::new().await;
    let (source, ids) = three_jobs(&world).await;
    let other = world.add("https://example.org/other").await;
    for (source, id, status, code) in [
        (&source, &ids[0], 409, Some("job_live")),
        (&source, &ids[1], 409, Some("job_latest")),
        (&other, &ids[2], 404, Some("not_found")),
        (&source, &ids[2], 204, None),
        (&source, &ids[2], 404, Some("not_found")),
    ] {
        let answer = world.ask(Method::DELETE, &format!("/v1/sources/{source}/jobs/{id}"), "").await;
        assert_eq!((answer.status.as_u16(), answer.json["code"].as_str()), (status, code), "{id}");
    }
}
