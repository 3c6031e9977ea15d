//! Signing in, and who is let in.

use domain::id::{UserId, kinds};
use http::{Method, StatusCode};
use serde_json::json;

use super::app::App;
use crate::world::{Answer, World};

const CALLS: [(Method, &str); 19] = [
    (Method::GET, "token"),
    (Method::GET, "user-info"),
    (Method::GET, "subscription/list"),
    (Method::POST, "subscription/edit"),
    (Method::POST, "subscription/quickadd"),
    (Method::GET, "subscription/export"),
    (Method::POST, "subscription/import"),
    (Method::GET, "tag/list"),
    (Method::POST, "rename-tag"),
    (Method::POST, "disable-tag"),
    (Method::GET, "unread-count"),
    (Method::GET, "stream/items/ids"),
    (Method::GET, "stream/items/contents"),
    (Method::POST, "stream/items/contents"),
    (Method::GET, "stream/contents"),
    (Method::GET, "stream/contents/feed/3kTMd9aZ"),
    (Method::GET, "../../atom/feed/3kTMd9aZ"),
    (Method::POST, "edit-tag"),
    (Method::POST, "mark-all-as-read"),
];

#[tokio::test]
async fn the_token_is_a_text_and_who_is_signed_in_is_told_in_texts() {
    let world = World::new().await;
    let app = App::of(&world, "Ada@example.org").await.with_preset();
    let token = app.get("token").await;
    assert!(token.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    assert!(token.text.len() == 57 && token.text.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{}", token.text);
    for path in ["user-info", "user-info?output=json"] {
        let info = app.get(path).await.json;
        let id = app.user.id.to_string();
        for (field, value) in [
            ("userId", &*id),
            ("userProfileId", &id),
            ("userName", "Ada@example.org"),
            ("userEmail", "Ada@example.org"),
        ] {
            assert_eq!(info[field], value, "{path} {field}");
        }
    }
}

#[tokio::test]
async fn who_is_not_let_in_is_told_to_sign_in_again() {
    let world = World::new().await;
    for root in ["", "/api/greader.php"] {
        for (method, call) in CALLS {
            for header in ["", "GoogleLogin auth=", "GoogleLogin auth=expired", "GoogleLogin", "Bearer x"] {
                let headers = [("authorization", header)];
                let path = format!("{root}/reader/api/0/{call}").replace("api/0/../../", "");
                let shown = if header.is_empty() { &headers[..0] } else { &headers };
                let answer = world.ask_with(shown, method.clone(), &path, "").await;
                let told = answer.headers.get("x-reader-google-bad-token").is_some_and(|value| value == "true");
                assert!(answer.status == StatusCode::UNAUTHORIZED && told, "{path} {header}: {}", answer.status);
            }
        }
    }
}

const EMAIL: &str = "Ada@example.org";
const PASSWORD: &str = "correct horse & = battery";

impl World {
    /// An app's way in: the answer, and what stands behind `Auth=`.
    async fn client_login(&self, path: &str, form: &str) -> (Answer, Option<String>) {
        let form_type = [("content-type", "application/x-www-form-urlencoded")];
        let answer = self.ask_with(&form_type, Method::POST, path, form).await;
        let auth = answer.text.lines().find_map(|line| line.strip_prefix("Auth=")).map(str::to_owned);
        (answer, auth)
    }

    async fn lets_in(&self, auth: &str) -> bool {
        let header = [("authorization", &*format!("GoogleLogin auth={auth}"))];
        self.ask_with(&header, Method::GET, "/reader/api/0/user-info", "").await.status == StatusCode::OK
    }

    async fn ada(&self) -> UserId {
        let body = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
        let made = self.ask(Method::POST, "/v1/bootstrap", &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.json);
        made.json["id"].as_str().unwrap().parse().unwrap()
    }
}

#[tokio::test]
async fn an_app_signs_in_with_address_and_password_and_is_let_in_by_what_it_gets() {
    let world = World::new().await;
    world.ada().await;
    let encoded = "correct%20horse%20%26%20%3D%20battery";
    for (who, path, form) in [
        ("most", "/accounts/ClientLogin", format!("Email=Ada%40example.org&Passwd={encoded}")),
        (
            "FreshRSS presets",
            "/api/greader.php/accounts/ClientLogin",
            format!("Email=ada%40example.org&Passwd={encoded}"),
        ),
        (
            "those that want JSON",
            "/accounts/ClientLogin",
            format!("Email=Ada@example.org&Passwd={encoded}&output=json"),
        ),
        (
            "newsboat",
            "/accounts/ClientLogin",
            format!(
                "service=reader&Email=Ada%40example.org&Passwd={encoded}&source=newsboat0.000000&accountType=HOSTED_OR_GOOGLE&continue=http://www.google.com/"
            ),
        ),
    ] {
        let (answer, auth) = world.client_login(path, &form).await;
        assert_eq!(answer.status, StatusCode::OK, "{who}: {}", answer.text);
        assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain"), "{who}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{who}");
        let names: Vec<&str> = answer.text.lines().map(|line| line.split('=').next().unwrap()).collect();
        assert_eq!(names, ["SID", "LSID", "Auth"], "{who}");
        let auth = auth.unwrap();
        assert!(auth.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{who}: no `=` in it");
        assert!(world.lets_in(&auth).await, "{who}");
    }
}

#[tokio::test]
async fn an_api_token_is_as_good_as_a_password_for_whoever_it_belongs_to_until_it_is_revoked() {
    let world = World::new().await;
    let ada = world.ada().await;
    let ada = world.store.user(ada).await.unwrap().unwrap();
    world.member("bob@example.org").await;
    let token = world.secret::<kinds::Token>(&ada).await;
    let form = |email: &str| format!("Email={email}&Passwd={token}");
    assert_eq!(world.client_login("/accounts/ClientLogin", &form("ada@EXAMPLE.org")).await.1.as_deref(), Some(&*token));
    assert!(world.lets_in(&token).await);
    let (answer, auth) = world.client_login("/accounts/ClientLogin", &form("bob@example.org")).await;
    assert_eq!((answer.status, auth), (StatusCode::UNAUTHORIZED, None), "it is not his");
    let id = world.store.credentials::<kinds::Token>(&ada, world.now()).await.unwrap()[0].id;
    assert!(world.store.revoke(ada.id, id).await.unwrap());
    let (answer, auth) = world.client_login("/accounts/ClientLogin", &form("ada@example.org")).await;
    assert_eq!((answer.status, auth), (StatusCode::UNAUTHORIZED, None), "it is revoked");
    let session = world.secret::<kinds::Session>(&ada).await;
    let (answer, _) = world.client_login("/accounts/ClientLogin", &format!("Email={EMAIL}&Passwd={session}")).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "a session is no password");
}

#[tokio::test]
async fn who_cannot_sign_in_is_told_so_in_the_words_of_the_protocol_and_not_for_ever() {
    let world = World::new().await;
    world.ada().await;
    let long = "x".repeat(1025);
    for form in [
        String::new(),
        "Email=Ada%40example.org".to_owned(),
        "Email=Ada%40example.org&Passwd=".to_owned(),
        "Email=Ada%40example.org&Passwd=wrong".to_owned(),
        "Email=Ada%40example.org&Passwd=wrong%20and%20long".to_owned(),
        format!("Email=Ada%40example.org&Passwd={long}"),
        "Email=nobody%40example.org&Passwd=wrong%20and%20long".to_owned(),
        "Email=no%20address&Passwd=wrong%20and%20long".to_owned(),
    ] {
        let (answer, _) = world.client_login("/accounts/ClientLogin", &form).await;
        let bad = answer.headers.get("x-reader-google-bad-token").is_some();
        assert_eq!(
            (answer.status, &*answer.text, bad),
            (StatusCode::UNAUTHORIZED, "Error=BadAuthentication\n", true),
            "{form}"
        );
    }
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(
            world.client_login("/accounts/ClientLogin", "Email=Ada%40example.org&Passwd=wrong%20one").await.0.status,
        );
    }
    assert_eq!(statuses.last(), Some(&StatusCode::TOO_MANY_REQUESTS), "guessing ends: {statuses:?}");
}
