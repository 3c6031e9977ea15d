//! How many requests a minute, and how that is told.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use domain::id::kinds;
use http::Request;

use crate::world::{Answer, World};

async fn from(world: &World, peer: &str) -> Answer {
    ask(world, peer, "/openapi.json", "").await
}

async fn ask(world: &World, peer: &str, path: &str, authorization: &str) -> Answer {
    let mut request = Request::get(path).header("x-forwarded-for", "198.51.100.1").body(Body::empty()).unwrap();
    if !authorization.is_empty() {
        request.headers_mut().insert("authorization", authorization.parse().unwrap());
    }
    request.extensions_mut().insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
    world.answer(request).await
}

fn told(answer: &Answer) -> (u16, &str, &str, Option<&str>) {
    let header = |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap());
    (answer.status.as_u16(), header("ratelimit-policy").unwrap(), header("ratelimit").unwrap(), header("retry-after"))
}

#[tokio::test]
async fn an_address_has_so_many_requests_a_minute_and_is_told_so() {
    let world = World::with(|rules| rules.limits.per_address = 3).await;
    let policy = r#""address";q=3;w=60"#;
    assert_eq!(told(&from(&world, "192.0.2.1:1").await), (200, policy, r#""address";r=2;t=20"#, None));
    assert_eq!(told(&from(&world, "192.0.2.1:2").await), (200, policy, r#""address";r=1;t=40"#, None));
    assert_eq!(told(&from(&world, "192.0.2.1:3").await), (200, policy, r#""address";r=0;t=20"#, None));
    let refused = from(&world, "192.0.2.1:4").await;
    assert_eq!(told(&refused), (429, policy, r#""address";r=0;t=20"#, Some("20")));
    assert_eq!(refused.json["code"], "too_many_requests");

    assert_eq!(from(&world, "192.0.2.2:1").await.status.as_u16(), 200, "another address");
    world.pass(Duration::from_secs(20));
    assert_eq!(from(&world, "192.0.2.1:5").await.status.as_u16(), 200);
    assert_eq!(from(&world, "192.0.2.1:6").await.status.as_u16(), 429);
}

#[tokio::test]
async fn a_network_of_ipv6_is_one_address() {
    let world = World::with(|rules| rules.limits.per_address = 1).await;
    assert_eq!(from(&world, "[2001:db8:1:2::1]:1").await.status.as_u16(), 200);
    assert_eq!(from(&world, "[2001:db8:1:2:ffff::2]:1").await.status.as_u16(), 429);
    assert_eq!(from(&world, "[2001:db8:1:3::1]:1").await.status.as_u16(), 200);
}

#[tokio::test]
async fn a_person_has_their_own_limit_wherever_they_are_and_the_operator_none() {
    let world = World::with(|rules| (rules.limits.per_user, rules.limits.per_address) = (4, 2)).await;
    let (ada, bob) = (world.member("ada@example.org").await, world.member("bob@example.org").await);
    let token = format!("Bearer {}", world.secret::<kinds::Token>(&ada).await);
    let path = "/v1/posts/AAAAAAAA";
    for (n, told_left) in [r#""user";r=3;t=15"#, r#""user";r=2;t=30"#, r#""user";r=1;t=45"#].into_iter().enumerate() {
        let answer = ask(&world, &format!("192.0.2.{n}:1"), path, &token).await;
        assert_eq!(told(&answer), (404, r#""user";q=4;w=60"#, told_left, None));
    }
    assert_eq!(ask(&world, "192.0.2.1:1", path, &token).await.status.as_u16(), 404);
    let refused = ask(&world, "192.0.2.77:1", path, &token).await;
    assert_eq!(told(&refused), (429, r#""user";q=4;w=60"#, r#""user";r=0;t=15"#, Some("15")));

    let other = format!("Bearer {}", world.secret::<kinds::Session>(&bob).await);
    assert_eq!(ask(&world, "192.0.2.1:1", path, &other).await.status.as_u16(), 404, "others are not affected");
    for _ in 0..20 {
        let answer = ask(&world, "192.0.2.1:1", path, &world.operator()).await;
        assert!(answer.status.as_u16() == 404 && !answer.headers.contains_key("ratelimit"));
    }
}

#[tokio::test]
async fn whoever_tries_secrets_is_counted_by_address() {
    let world = World::with(|rules| rules.limits.per_address = 2).await;
    for status in [401, 401, 429, 429] {
        let answer = ask(&world, "192.0.2.1:1", "/v1/sources", "Bearer wrong").await;
        assert_eq!(answer.status.as_u16(), status);
    }
}
