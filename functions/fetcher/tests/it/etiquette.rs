//! How a polite fetcher behaves, rule by rule, as the origin sees it. The rule on spreading polls needs a wheel and has its own room, [`crate::spread`].

mod hosts;
mod trouble;

use std::time::Duration;

use domain::carry::Hold;
use domain::job::Finished;
use origin::Reply;

use crate::feeds::rss;
use crate::world::{HOUR, World, counts};

const FEED: &str = "/feed.xml";

fn feed() -> Reply {
    Reply::ok(rss([("a", "text")])).header("etag", "\"one\"")
}

/// What held the source back at its last answer, and for how long from when the GET started.
fn hold(finished: &Finished) -> Option<(Hold, Duration)> {
    let hold = finished.carry.not_before?;
    Some((hold.why, hold.at.since(finished.started_at?)))
}

/// Polls a new source once per reply; what each job came to.
async fn polls(world: &World, replies: impl IntoIterator<Item = Reply>) -> Vec<Finished> {
    let replies: Vec<Reply> = replies.into_iter().collect();
    let count = replies.len();
    world.origin.script(FEED, replies);
    let (ctx, first) = (world.environment(), world.source(FEED).await);
    let mut jobs = vec![world.work(&ctx, &first).await];
    while jobs.len() < count {
        jobs.push(world.poll(&ctx, first.source).await);
    }
    jobs
}

#[tokio::test]
async fn rule_1_only_the_first_fetch_is_unconditional_also_after_a_restart() {
    let world = World::new().await;
    world.origin.on(FEED, |seen| Reply::unless_known(seen, "\"one\"", feed()));
    let first = world.source(FEED).await;
    world.work(&world.environment(), &first).await;
    for _ in 0..3 {
        // Each time another environment, as after a redeployment.
        let job = world.poll(&world.environment(), first.source).await;
        assert_eq!((job.http_status, counts(&job)), (Some(304), Some((0, 0))));
    }
    let conditional: Vec<bool> = world.origin.requests(FEED).iter().map(origin::Seen::is_conditional).collect();
    assert_eq!(conditional, [false, true, true, true]);
}

#[tokio::test]
async fn rule_2_validators_come_back_byte_for_byte() {
    let world = World::new().await;
    let odd: [(&[u8], &[u8]); 3] = [
        (b"W/\"a, b\"", b"Sat, 31 Jan 2026 11:00:00 GMT"),
        (b"no quotes at all", b"yesterday, about noon"),
        (b"\"\xff\xfe\"", b"2026-01-31 11:00"),
    ];
    for (n, (etag, date)) in odd.into_iter().enumerate() {
        let path = format!("/{n}.xml");
        let reply = Reply::ok(rss([("a", "text")])).header("etag", etag).header("last-modified", date);
        world.origin.always(&path, reply);
        let (ctx, first) = (world.environment(), world.source(&path).await);
        world.work(&ctx, &first).await;
        world.poll(&ctx, first.source).await;
        let second = &world.origin.requests(&path)[1];
        assert_eq!(second.header("if-none-match"), Some(etag));
        assert_eq!(second.header("if-modified-since"), Some(date));
    }
}

#[tokio::test]
async fn rule_3_each_200_replaces_both_validators_and_a_304_updates_them() {
    let world = World::new().await;
    let date = "Sat, 31 Jan 2026 11:00:00 GMT";
    polls(
        &world,
        [
            feed().header("last-modified", date),
            Reply::ok(rss([("b", "text")])).header("etag", "\"two\""),
            Reply::not_modified().header("etag", "\"three\""),
            Reply::ok(rss([("c", "text")])).header("last-modified", date),
            Reply::not_modified(),
        ],
    )
    .await;
    let sent: Vec<_> = world
        .origin
        .requests(FEED)
        .iter()
        .map(|seen| {
            let header = |name| seen.header_text(name).map(str::to_owned);
            (header("if-none-match"), header("if-modified-since"))
        })
        .collect();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        sent,
        [
            (None, None),
            (some("\"one\""), some(date)),
            (some("\"two\""), None),
            (some("\"three\""), None),
            (None, some(date)),
        ]
    );
}

#[tokio::test]
async fn rule_4_a_server_without_validators_is_asked_every_four_hours_at_most() {
    let world = World::new().await;
    let jobs = polls(&world, [Reply::ok(rss([("a", "text")])), feed()]).await;
    assert_eq!(hold(&jobs[0]), Some((Hold::NoValidators, 4 * HOUR)));
    assert_eq!(hold(&jobs[1]), None, "with validators the interval is enough");
}

#[tokio::test]
async fn rule_5_what_comes_before_its_earliest_start_is_not_fetched_before_it() {
    let world = World::new().await;
    world.origin.always(FEED, feed());
    let ctx = world.environment();
    let mut message = world.source(FEED).await;
    message.earliest = world.now() + Duration::from_secs(300);
    assert!(world.deliver(&ctx, &[(&message, 1)]).await.is_empty());
    assert!(world.origin.all_requests().is_empty());
    world.pass(Duration::from_secs(299));
    assert_eq!(world.given_back().await, [], "the new message is delayed as long");
    world.pass(Duration::from_secs(1));
    let again = world.given_back().await.remove(0);
    assert_eq!((again.job, again.again, again.earliest), (message.job, true, message.earliest));
    world.work(&ctx, &again).await;
    assert_eq!(world.origin.all_requests().len(), 1);
}

#[tokio::test]
async fn rule_6_freshness_counts_on_a_200_and_on_a_304() {
    let world = World::new().await;
    let fresh = |reply: Reply| reply.header("cache-control", "max-age=14400").header("age", "3600");
    let jobs = polls(
        &world,
        [
            fresh(feed()),
            fresh(Reply::not_modified()),
            Reply::not_modified().header("cache-control", "no-cache, s-maxage=14400"),
            Reply::not_modified().header("expires", "0"),
        ],
    )
    .await;
    let holds: Vec<_> = jobs.iter().map(hold).collect();
    assert_eq!(holds, [Some((Hold::Fresh, 3 * HOUR)), Some((Hold::Fresh, 3 * HOUR)), None, None]);
}

#[tokio::test]
async fn rule_7_retry_after_is_waited_for_on_429_and_503_and_without_it_four_hours() {
    let days = Duration::from_secs(3 * 24 * 3600);
    let cases = [
        (Reply::status(429).header("retry-after", "259200"), Hold::RetryAfter, days),
        (Reply::status(503).header("retry-after", "Tue, 03 Feb 2026 12:00:00 GMT"), Hold::RetryAfter, days),
        (Reply::status(503), Hold::Backoff, HOUR),
        (Reply::status(429), Hold::Refused, 4 * HOUR),
        (Reply::status(403), Hold::Refused, 4 * HOUR),
    ];
    for (reply, why, wait) in cases {
        let world = World::new().await;
        let jobs = polls(&world, [reply.clone()]).await;
        assert_eq!(hold(&jobs[0]), Some((why, wait)), "{reply:?}");
        assert_eq!(world.origin.all_requests().len(), 1, "nothing is tried again at once");
    }
}

#[tokio::test]
async fn rules_12_13_14_what_a_request_says() {
    let world = World::new().await;
    world.origin.always("/a/feed.xml", feed().header("set-cookie", "id=1"));
    let (ctx, host) = (world.environment(), "one.localhost");
    let url = world.origin.url_at(host, "/a/feed.xml?b=c%20d&&e#f");
    let first = world.source_at(&url, host).await;
    world.work(&ctx, &first).await;
    world.poll(&ctx, first.source).await;
    let seen = world.origin.all_requests();
    let agent = format!("Feedmill/1.2.3 (+https://feedmill.example/about; 2 subscribers; source {})", first.source);
    for request in &seen {
        assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/a/feed.xml?b=c%20d&&e"));
        assert_eq!(request.header_text("user-agent"), Some(agent.as_str()));
        assert_eq!(request.header_text("accept-encoding"), Some("gzip, br"));
        assert!(request.header_text("accept").unwrap().contains("application/rss+xml"));
        assert_eq!((request.count("cookie"), request.count("referer")), (0, 0));
    }
    assert_eq!((seen.len(), seen[0].connection), (2, seen[1].connection), "the connection is used again");
}

#[tokio::test]
async fn rule_15_one_get_for_a_source_however_many_subscribe_and_however_often_it_is_delivered() {
    let world = World::new().await;
    world.origin.always(FEED, feed());
    let ctx = world.environment();
    let url = world.origin.url_at("popular.localhost", FEED);
    let message = world
        .source_like(&url, "popular.localhost", |head, target| {
            (head.subscribers, target.subscribers) = (50_000, 50_000)
        })
        .await;
    assert!(world.deliver(&ctx, &[(&message, 1), (&message, 1)]).await.is_empty(), "twice in one batch");
    assert!(world.deliver(&ctx, &[(&message, 2)]).await.is_empty(), "and redelivered");
    let seen = world.origin.all_requests();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].header_text("user-agent").unwrap().contains("50000 subscribers"));
}

#[tokio::test]
async fn rule_17_nothing_but_the_feed_is_asked_for() {
    let world = World::new().await;
    world.origin.always(
        FEED,
        Reply::ok(rss([("a", "&lt;img src=\"/a.png\"&gt; &lt;link href=\"/favicon.ico\"&gt;")]))
            .header("etag", "\"one\""),
    );
    let (ctx, first) = (world.environment(), world.source(FEED).await);
    let jobs = [world.work(&ctx, &first).await, world.poll(&ctx, first.source).await];
    assert_eq!(jobs.each_ref().map(counts), [Some((1, 0)), Some((0, 0))]);
    let posts = world.posts(first.source).await;
    assert!(posts[0].summary.as_deref().is_some_and(|html| html.contains("/a.png")), "its image was read: {posts:?}");
    let targets: Vec<String> = world.origin.all_requests().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets, [FEED, FEED]);
    assert!(jobs.iter().all(|job| job.started_at.is_some() && job.carry.last_get == job.started_at), "{jobs:?}");
}
