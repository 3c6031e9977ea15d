//! Who gets in, and what they see.

use std::time::Duration;

use domain::account::{CredentialKind, Ending, NewUser, PasswordHash, Secret, User};
use domain::id::{ShortId, SystemEntropy, UserId, kinds};
use http::{Method, StatusCode};
use store::{Bootstrapping, Issuing, Registering};

use crate::world::World;

impl World {
    fn new_user(&self, email: &str) -> NewUser {
        let password = PasswordHash::new("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA").unwrap();
        let (id, email) = (UserId::draw(&mut SystemEntropy), email.parse().unwrap());
        NewUser { id, email, password, created_at: self.now() }
    }

    /// A member with this address.
    pub(crate) async fn member(&self, email: &str) -> User {
        let new = self.new_user(email);
        assert_eq!(self.store.register(&new, None).await.unwrap(), Registering::Registered);
        self.people.lock().unwrap().meet(email);
        self.store.user(new.id).await.unwrap().unwrap()
    }

    /// The first administrator.
    pub(crate) async fn administrator(&self, email: &str) -> User {
        let new = self.new_user(email);
        assert_eq!(self.store.bootstrap(&new).await.unwrap(), Bootstrapping::Bootstrapped);
        self.people.lock().unwrap().meet(email);
        self.store.user(new.id).await.unwrap().unwrap()
    }

    /// A new secret of a user.
    pub(crate) async fn secret<K: CredentialKind>(&self, user: &User) -> String {
        let secret = Secret::<K>::draw(&mut SystemEntropy);
        let credential = domain::account::Credential::new(ShortId::draw(&mut SystemEntropy), self.now());
        assert_eq!(self.store.issue(user, &credential, &secret.hash()).await.unwrap(), Issuing::Issued);
        self.people.lock().unwrap().hand(user.email.as_str(), user.role, secret.expose());
        secret.expose().to_owned()
    }

    async fn check(&self, headers: &[(&str, &str)], method: Method, path: &str, status: u16, code: &str) {
        let answer = self.ask_with(headers, method.clone(), path, "{}").await;
        let told = format!("{method} {path} {headers:?}: {}", answer.json);
        assert_eq!(
            (answer.status.as_u16(), answer.json["code"].as_str().unwrap_or_default()),
            (status, code),
            "{told}"
        );
        assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401, "{told}");
    }
}

#[tokio::test]
async fn who_shows_nothing_gets_nothing() {
    let world = World::new().await;
    let source = world.add("https://example.org/feed").await;
    let paths = ["", "/jobs", "/posts", "/refresh", "/jobs/0199aaaa-0000-7000-8000-000000000000"];
    let own = paths.map(|path| format!("/v1/sources/{source}{path}"));
    let all = own.into_iter().chain([
        "/v1/sources".to_owned(),
        "/v1/posts/AAAAAAAA".to_owned(),
        "/v1/sources/bad".to_owned(),
    ]);
    for path in all {
        for method in [Method::GET, Method::POST, Method::PATCH, Method::DELETE] {
            let answer = world.ask_with(&[], method.clone(), &path, "").await;
            let refused = matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::METHOD_NOT_ALLOWED);
            assert!(refused, "{method} {path}: {} {}", answer.status, answer.json);
        }
    }
    assert_eq!(world.ask_with(&[], Method::GET, "/healthz", "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_secret_lets_in_while_it_is_in_force_and_only_as_what_it_is() {
    let world = World::new().await;
    let admin = world.administrator("root@example.org").await;
    let (token, session) = (world.secret::<kinds::Token>(&admin).await, world.secret::<kinds::Session>(&admin).await);
    let invitation = world.secret::<kinds::Invitation>(&admin).await;
    let path = "/v1/sources";
    let operator = world.operator();
    for good in [
        ("authorization", format!("Bearer {token}")),
        ("authorization", format!("Bearer {session}")),
        ("authorization", format!("GoogleLogin auth={token}")),
        ("authorization", format!("GoogleLogin auth={session}")),
        ("cookie", format!("feedmill_session={session}")),
        ("authorization", operator.clone()),
    ] {
        world.check(&[(good.0, &good.1)], Method::GET, path, 200, "").await;
    }
    for bad in [
        format!("Bearer {invitation}"),
        format!("Bearer {}", operator.trim_start_matches("Operator ")),
        format!("Operator {token}"),
        format!("Operator {}", operator.to_lowercase()),
        "Bearer x".to_owned(),
        "Basic YTpi".to_owned(),
    ] {
        world.check(&[("authorization", &bad)], Method::GET, path, 401, "bad_credential").await;
    }
    world.check(&[("cookie", &format!("feedmill_session={token}"))], Method::GET, path, 401, "not_signed_in").await;

    world.store.end_credentials(admin.id, Ending::Sessions).await.unwrap();
    world.check(&[("authorization", &format!("Bearer {session}"))], Method::GET, path, 401, "bad_credential").await;
    world.check(&[("cookie", &format!("feedmill_session={session}"))], Method::GET, path, 401, "not_signed_in").await;
    world.check(&[("authorization", &format!("Bearer {token}"))], Method::GET, path, 200, "").await;
}

#[tokio::test]
async fn a_cookie_changes_something_from_a_page_of_ours_only() {
    let world = World::new().await;
    let admin = world.administrator("root@example.org").await;
    let session = world.secret::<kinds::Session>(&admin).await;
    let cookie = format!("feedmill_session={session}");
    let bearer = format!("Bearer {session}");
    let path = "/v1/sources";
    // A change that is let in is refused for its body.
    world.check(&[("cookie", &cookie)], Method::POST, path, 403, "foreign_origin").await;
    world
        .check(&[("cookie", &cookie), ("sec-fetch-site", "cross-site")], Method::POST, path, 403, "foreign_origin")
        .await;
    world.check(&[("cookie", &cookie), ("sec-fetch-site", "same-origin")], Method::POST, path, 400, "bad_body").await;
    world
        .check(
            &[("cookie", &cookie), ("host", "a.example"), ("origin", "https://a.example")],
            Method::POST,
            path,
            400,
            "bad_body",
        )
        .await;
    world.check(&[("cookie", &cookie), ("sec-fetch-site", "cross-site")], Method::GET, path, 200, "").await;
    world
        .check(&[("authorization", &bearer), ("sec-fetch-site", "cross-site")], Method::POST, path, 400, "bad_body")
        .await;
}

#[tokio::test]
async fn the_operator_acts_for_a_user_by_id_or_address_and_nobody_else_does() {
    let world = World::new().await;
    let source = world.add("https://example.org/feed").await;
    let member = world.member("Käthe@example.org").await;
    let token = format!("Bearer {}", world.secret::<kinds::Token>(&member).await);
    let operator = world.operator();
    let path = format!("/v1/sources/{source}");
    let id = member.id.to_string();
    world.check(&[("authorization", &operator)], Method::GET, &path, 200, "").await;
    for name in [id.as_str(), "KÄTHE@example.org"] {
        let headers = [("authorization", operator.as_str()), ("feedmill-user", name)];
        world.check(&headers, Method::GET, &path, 404, "not_found").await;
        world.check(&headers, Method::DELETE, &path, 403, "administrators_only").await;
    }
    let headers = [("authorization", operator.as_str()), ("feedmill-user", "nobody@example.org")];
    world.check(&headers, Method::GET, &path, 404, "not_found").await;
    for other in [&[("feedmill-user", id.as_str())][..], &[("authorization", &token), ("feedmill-user", &id)]] {
        world.check(other, Method::GET, &path, 403, "operator_only").await;
    }
}

#[tokio::test]
async fn a_member_sees_what_they_subscribe_to_and_changes_no_source() {
    let world = World::new().await;
    let (mine, other) = (world.add("https://a.example/feed").await, world.add("https://b.example/feed").await);
    let member = world.member("ada@example.org").await;
    let token = format!("Bearer {}", world.secret::<kinds::Token>(&member).await);
    let by = [("authorization", token.as_str())];
    world.store.subscribe(member.id, mine.parse().unwrap(), 20, world.now()).await.unwrap();
    let job = world.get(&format!("/v1/sources/{mine}")).await.json["latest_job"]["id"].as_str().unwrap().to_owned();
    for path in ["", "/posts", "/jobs", &format!("/jobs/{job}")] {
        world.check(&by, Method::GET, &format!("/v1/sources/{mine}{path}"), 200, "").await;
        world.check(&by, Method::GET, &format!("/v1/sources/{other}{path}"), 404, "not_found").await;
    }
    world.check(&by, Method::POST, &format!("/v1/sources/{mine}/refresh"), 202, "").await;
    world.check(&by, Method::POST, &format!("/v1/sources/{other}/refresh"), 404, "not_found").await;
    for (method, path) in [
        (Method::GET, "/v1/sources".to_owned()),
        (Method::POST, "/v1/sources".to_owned()),
        (Method::PATCH, format!("/v1/sources/{mine}")),
        (Method::DELETE, format!("/v1/sources/{mine}")),
        (Method::DELETE, format!("/v1/sources/{mine}/jobs/{job}")),
    ] {
        world.check(&by, method, &path, 403, "administrators_only").await;
    }
    world.land(&mine, &["text".to_owned()]).await;
    let posts = world.get(&format!("/v1/sources/{mine}/posts")).await.json;
    let post = format!("/v1/posts/{}", posts["posts"][0]["id"].as_str().unwrap());
    let eve = world.member("eve@example.org").await;
    let eve = format!("Bearer {}", world.secret::<kinds::Token>(&eve).await);
    world.check(&by, Method::GET, &post, 200, "").await;
    world.check(&[("authorization", &eve)], Method::GET, &post, 404, "not_found").await;
}

#[tokio::test]
async fn use_is_noted_and_an_expired_session_is_over() {
    let world = World::new().await;
    let admin = world.administrator("root@example.org").await;
    let session = world.secret::<kinds::Session>(&admin).await;
    let bearer = format!("Bearer {session}");
    world.pass(Duration::from_secs(60));
    world.check(&[("authorization", &bearer)], Method::GET, "/v1/sources", 200, "").await;
    let sessions = world.store.credentials::<kinds::Session>(&admin, world.now()).await.unwrap();
    assert_eq!(sessions[0].used_at, Some(world.now()));
    world.pass(Duration::from_secs(30 * 86_400));
    world.check(&[("authorization", &bearer)], Method::GET, "/v1/sources", 401, "bad_credential").await;
}
