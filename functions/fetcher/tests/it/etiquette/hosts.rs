//! What a host is spared: one request at a time, and pauses when it asks for one.

use std::time::Duration;

use domain::carry::Hold;
use domain::failure::ErrorCode;
use origin::Reply;

use super::{FEED, feed, hold};
use crate::world::{HOUR, World, code};

#[tokio::test]
async fn rule_16_a_429_pauses_the_host_for_every_fetcher_and_nobody_elses() {
    let world = World::new().await;
    let (here, there) = (world.environment(), world.environment());
    let at = |host: &str, path: &str| (world.origin.url_at(host, path), host.to_owned());
    let mut messages = Vec::new();
    for (url, host) in [at("busy.localhost", "/1"), at("busy.localhost", "/2"), at("calm.localhost", "/3")] {
        messages.push(world.source_at(&url, &host).await);
    }
    world.origin.always("/1", Reply::status(429).header("retry-after", "600"));
    world.origin.always("/2", feed());
    world.origin.always("/3", feed());
    let batch: Vec<_> = messages.iter().map(|message| (message, 1)).collect();
    assert!(world.deliver(&here, &batch).await.is_empty());
    assert_eq!(world.origin.requests("/2").len(), 0, "the next one of the host in the same batch is kept back");
    assert_eq!(world.origin.requests("/3").len(), 1, "another host is not");
    world.pass(Duration::from_secs(599));
    assert!(world.deliver(&there, &[(&messages[1], 1)]).await.is_empty());
    assert_eq!(world.origin.requests("/2").len(), 0, "another fetcher keeps the pause too");
    world.pass(Duration::from_secs(61));
    let again = world.given_back().await;
    assert_eq!(again.len(), 2, "both went back to the queue");
    world.work(&there, &again[0]).await;
    assert_eq!(world.origin.requests("/2").len(), 1, "when it is over, it is over");
}

#[tokio::test]
async fn rule_16_a_redirected_429_pauses_nobody() {
    let world = World::new().await;
    let victim = world.origin.url_at("victim.localhost", "/limit");
    world.origin.always("/evil", Reply::redirect(302, &victim));
    world.origin.always("/limit", Reply::status(429).header("retry-after", "600"));
    let job = world.work(&world.environment(), &world.source("/evil").await).await;
    // The source itself waits as a failed one does: ten minutes are less than that.
    assert_eq!((code(&job), hold(&job)), (Some(ErrorCode::TooManyRequests), Some((Hold::Backoff, HOUR))));
    assert!(world.store.paused_hosts(world.now()).await.unwrap().is_empty());
}

#[tokio::test]
async fn rule_16_a_pause_that_outlasts_the_job_fails_it_without_a_word_to_the_host() {
    let world = World::new().await;
    let message = world.source(FEED).await;
    let until = world.now() + 3 * HOUR;
    world.store.pause_host(&message.host, until, "a test", world.now()).await.unwrap();
    let job = world.work(&world.environment(), &message).await;
    assert_eq!(code(&job), Some(ErrorCode::Expired));
    assert_eq!((job.carry.last_get, job.carry.streak), (None, 0), "the source is not to blame");
    assert!(world.origin.all_requests().is_empty());
}

#[tokio::test]
async fn rule_16_requests_to_one_host_come_one_at_a_time() {
    let world = World::new().await;
    let rules = fetcher::Rules { pace: domain::wheel::Pace::of_seconds(1).unwrap(), ..World::rules() };
    let ctx = world.environment_of(rules);
    let mut messages = Vec::new();
    for n in 0..5 {
        let path = format!("/{n}");
        world.origin.always(&path, feed().after(Duration::from_millis(20)));
        messages.push(world.source_at(&world.origin.url_at("one.localhost", &path), "one.localhost").await);
    }
    let batch: Vec<_> = messages.iter().map(|message| (message, 1)).collect();
    assert!(world.deliver(&ctx, &batch).await.is_empty());
    let seen = world.origin.all_requests();
    assert_eq!((seen.len(), world.origin.most_at_once(&seen[0].host())), (5, 1));
    let apart = seen.windows(2).map(|pair| pair[1].at - pair[0].at).min().unwrap();
    assert!(apart >= Duration::from_millis(20 + 16), "spaced: {apart:?}");
}
