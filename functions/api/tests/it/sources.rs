//! Sources: add, list, show, change, refresh, delete.

use std::time::Duration;

use domain::carry::Carry;
use domain::failure::{ErrorCode, Failure};
use domain::job::{Ending, Finished, Reason};
use domain::timing::quiet_after;
use http::{Method, StatusCode};
use store::Sweep;

use crate::world::World;

const HOUR: Duration = Duration::from_secs(3600);

impl World {
    /// Ends the job in hand of `source` as a fetcher would, with `carry` for the next.
    pub(crate) async fn end_job(&self, source: &str, ending: Ending, carry: Carry) {
        let source = source.parse().unwrap();
        let (pointer, _) = self.store.latest(source).await.unwrap().unwrap();
        let finished = Finished {
            source,
            job: pointer.job,
            reason: pointer.reason,
            queued_at: pointer.queued_at,
            started_at: Some(self.now()),
            ended_at: self.now(),
            ending,
            http_status: Some(200),
            bytes: 10,
            carry: Carry { last_get: Some(self.now()), ..carry },
        };
        assert!(matches!(self.store.finish(&[finished]).await.as_slice(), [store::Finish::Done]));
    }
}

pub(crate) fn worked() -> Ending {
    Ending::Completed { posts_count: 0, edits_count: 0, landed: None }
}

#[tokio::test]
async fn a_new_source_has_its_first_fetch_queued_at_once() {
    let world = World::new().await;
    let source = world.add("https://Example.org/feed#top").await;
    let shown = world.get(&format!("/v1/sources/{source}")).await.json;
    assert_eq!(shown["url"], "https://example.org/feed");
    assert_eq!((shown["state"].as_str(), shown["latest_job"]["status"].as_str()), (Some("active"), Some("QUEUED")));
    assert_eq!(shown["next_fetch"]["reason"], "queued");
    assert_eq!((shown["interval_minutes"].as_u64(), shown["timeout_seconds"].as_u64()), (Some(60), Some(20)));
    let messages = world.messages("fetch-slow").await;
    assert_eq!(messages.len(), 1, "first fetches go through the slow lane");
    assert_eq!((messages[0].reason, messages[0].carry.clone()), (Reason::First, Carry::default()));
    assert!(world.messages("fetch").await.is_empty());
}

#[tokio::test]
async fn one_url_is_one_source_whatever_its_spelling() {
    let world = World::new().await;
    let source = world.add("https://example.org/feed").await;
    for again in ["https://EXAMPLE.org:443/feed", "https://example.org/feed#x"] {
        let answer = world.ask(Method::POST, "/v1/sources", &format!("{{\"url\":\"{again}\"}}")).await;
        assert_eq!((answer.status, answer.json["id"].as_str()), (StatusCode::OK, Some(source.as_str())), "{again}");
        assert_eq!(answer.headers["location"], format!("/v1/sources/{source}"));
    }
    assert_eq!(world.messages("fetch-slow").await.len(), 1);
}

#[tokio::test]
async fn sources_are_listed_page_by_page_each_once() {
    let world = World::new().await;
    let mut added = Vec::new();
    for n in 0..7 {
        added.push(world.add(&format!("https://example.org/{n}")).await);
    }
    let (mut met, mut path) = (Vec::new(), "/v1/sources?limit=3".to_owned());
    loop {
        let page = world.get(&path).await.json;
        met.extend(page["sources"].as_array().unwrap().iter().map(|source| source["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/sources?limit=3&cursor={next}");
    }
    met.sort();
    added.sort();
    assert_eq!(met, added);
}

#[tokio::test]
async fn settings_change_within_their_bounds_and_move_the_source_on_the_wheel() {
    let world = World::new().await;
    let source = world.add("https://example.org/feed").await;
    let path = format!("/v1/sources/{source}");
    let changed = world.ask(Method::PATCH, &path, r#"{"interval_minutes":240,"timeout_seconds":45}"#).await.json;
    assert_eq!((changed["interval_minutes"].as_u64(), changed["timeout_seconds"].as_u64()), (Some(240), Some(45)));
    let poll = world.store.poll(source.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((poll.target.slot.period, poll.target.lane), (241, domain::timing::Lane::Slow));
    let same = world.ask(Method::PATCH, &path, "{}").await.json;
    assert_eq!(same["interval_minutes"], 240);
}

#[tokio::test]
async fn the_next_fetch_and_its_reason_follow_from_the_latest_job() {
    let world = World::new().await;
    let source = world.add("https://example.org/feed").await;
    let failed = Ending::Failed(Failure::new(ErrorCode::Timeout, "no answer"));
    let hold = domain::carry::NotBefore { at: world.now() + HOUR * 8, why: domain::carry::Hold::Backoff };
    let carry = Carry { streak: 4, not_before: Some(hold), ..Carry::default() };
    world.end_job(&source, failed, carry).await;
    let shown = world.get(&format!("/v1/sources/{source}")).await.json;
    assert_eq!(shown["latest_job"]["status"], "FAILED");
    assert_eq!(shown["latest_job"]["error_code"], "timeout");
    assert_eq!(shown["last_finished_job"]["id"], shown["latest_job"]["id"]);
    assert_eq!(shown["next_fetch"]["reason"], "backoff");
    assert_eq!(shown["next_fetch"]["detail"], "the last 4 fetches failed");
    let at: domain::time::Timestamp = shown["next_fetch"]["at"].as_str().unwrap().parse().unwrap();
    assert!(at >= hold.at && at < hold.at + HOUR * 2);
}

#[tokio::test]
async fn a_refresh_has_a_cool_down_and_does_not_bypass_what_the_server_asked_for() {
    let world = World::new().await;
    let source = world.add("https://example.org/feed").await;
    let path = format!("/v1/sources/{source}/refresh");
    let live = world.ask(Method::POST, &path, "").await;
    assert_eq!(
        (live.status, live.json["reason"].as_str()),
        (StatusCode::ACCEPTED, Some("first")),
        "already on its way"
    );
    world.end_job(&source, worked(), Carry::default()).await;

    let early = world.ask(Method::POST, &path, "").await;
    assert_eq!((early.status.as_u16(), early.json["code"].as_str()), (429, Some("too_early")));
    assert_eq!(early.headers["retry-after"], "3600");
    world.pass(HOUR);
    let due = world.ask(Method::POST, &path, "").await;
    assert_eq!((due.status, due.json["status"].as_str()), (StatusCode::ACCEPTED, Some("QUEUED")), "{}", due.json);
    let messages = world.messages("fetch").await;
    assert_eq!((messages.len(), messages[0].reason), (1, Reason::Refresh));

    let fresh = domain::carry::NotBefore { at: world.now() + HOUR * 5, why: domain::carry::Hold::Fresh };
    world.end_job(&source, worked(), Carry { not_before: Some(fresh), ..Carry::default() }).await;
    world.pass(HOUR * 2);
    let kept = world.ask(Method::POST, &path, "").await;
    assert_eq!((kept.status.as_u16(), kept.headers["retry-after"].to_str().unwrap()), (429, "10800"));
    assert!(kept.json["detail"].as_str().unwrap().contains("still fresh"));
}

#[tokio::test]
async fn a_refresh_takes_the_place_of_an_abandoned_job_but_counts_the_get_it_may_have_made() {
    let world = World::new().await;
    let source = world.add("https://example.org/feed").await;
    let (pointer, _) = world.store.latest(source.parse().unwrap()).await.unwrap().unwrap();
    world.pass(pointer.lease_until.since(world.now()));
    let path = format!("/v1/sources/{source}/refresh");
    assert_eq!(world.ask(Method::POST, &path, "").await.status.as_u16(), 429);
    world.pass(HOUR);
    let queued = world.ask(Method::POST, &path, "").await;
    assert_eq!(queued.status, StatusCode::ACCEPTED);
    let jobs = world.get(&format!("/v1/sources/{source}/jobs")).await.json;
    let told: Vec<_> = jobs["jobs"].as_array().unwrap().iter().map(|job| job["status"].as_str().unwrap()).collect();
    assert_eq!(told, ["QUEUED", "FAILED"]);
    assert_eq!(jobs["jobs"][1]["error_code"], "lease_expired");
}

#[tokio::test]
async fn a_deleted_source_refuses_everything_and_its_url_is_free_again() {
    let world = World::new().await;
    let source = world.add("https://example.org/feed").await;
    world.land(&source, &["a post".to_owned()]).await;
    let path = format!("/v1/sources/{source}");
    assert_eq!(world.ask(Method::DELETE, &path, "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(world.ask(Method::DELETE, &path, "").await.status, StatusCode::NO_CONTENT, "a repeat changes nothing");
    assert_eq!(world.get("/v1/sources").await.json["sources"].as_array().unwrap().len(), 0);
    let refresh = format!("{path}/refresh");
    let asked = async |method: Method, path: &str| {
        let answer = world.ask(method, path, "{}").await;
        (answer.status.as_u16(), answer.json["code"].as_str().map(str::to_owned))
    };
    let (not_active, not_found) = (Some("not_active".to_owned()), Some("not_found".to_owned()));
    assert_eq!(asked(Method::POST, &refresh).await, (409, not_active));
    assert_eq!(asked(Method::PATCH, &path).await, (404, not_found.clone()));
    assert_eq!(world.get(&path).await.json["state"], "deleting");
    let again = world.add("https://example.org/feed").await;
    assert_ne!(again, source);

    world.pass(quiet_after(world.now()).since(world.now()));
    while world.store.sweep(source.parse().unwrap(), world.now(), 100).await.unwrap() != Sweep::Done {}
    for (method, path) in
        [(Method::GET, &path), (Method::POST, &refresh), (Method::PATCH, &path), (Method::DELETE, &path)]
    {
        assert_eq!(asked(method.clone(), path).await, (404, not_found.clone()), "{method} {path}");
    }
    assert_eq!(world.get(&format!("/v1/sources/{again}")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_adds_the_url_of_a_source_that_is_gone_takes_it_up_again() {
    use domain::source::SourceState::{Gone, Resting};
    for state in [Gone, Resting] {
        let world = World::new().await;
        let url = "https://example.org/feed";
        let source = world.add(url).await;
        world.end_job(&source, worked(), Carry::default()).await;
        let leave = async || {
            let id = source.parse().unwrap();
            world.store.leave(id, state, "its server said so", world.now()).await.unwrap();
        };
        let path = format!("/v1/sources/{source}");
        leave().await;
        let refused = world.ask(Method::POST, &format!("{path}/refresh"), "").await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert!(refused.json["detail"].as_str().unwrap().contains("its server said so"), "{}", refused.json);

        // Within the cool-down it is left to the wheel.
        assert_eq!(world.add_again(url).await, source);
        let shown = world.get(&path).await.json;
        assert_eq!((shown["state"].as_str(), shown["reason"].as_str()), (Some("active"), None), "{shown}");
        assert!(["interval", "wheel"].contains(&shown["next_fetch"]["reason"].as_str().unwrap()), "{shown}");
        assert!(world.messages("fetch").await.is_empty());

        leave().await;
        world.pass(HOUR);
        assert_eq!(world.add_again(url).await, source);
        let messages = world.messages("fetch").await;
        assert_eq!(messages.iter().map(|m| m.reason).collect::<Vec<_>>(), [Reason::Refresh]);
        assert_eq!(world.get(&path).await.json["latest_job"]["status"], "QUEUED");
    }
}
