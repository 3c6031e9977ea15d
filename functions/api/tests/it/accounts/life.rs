//! One account from its making to its end, as its owner lives it.

use http::Method;
use serde_json::{Value, json};

use super::{PASSWORD, check};
use crate::world::World;

#[tokio::test]
async fn the_whole_life_of_an_account() {
    let world = World::new().await;
    let root = world.root().await;
    let invited = world.by(&root.secret, Method::POST, "/v1/invitations", Value::Null).await;
    check(&invited, 201, "");
    let invitation = invited.json["secret"].as_str().unwrap();

    let body = json!({ "email": "Ada@Example.org", "password": PASSWORD, "invitation": invitation });
    let made = world.anonymously(Method::POST, "/v1/users", body).await;
    check(&made, 201, "");
    assert_eq!((made.json["email"].as_str(), made.json["role"].as_str()), (Some("Ada@Example.org"), Some("member")));
    assert_eq!(made.headers["location"], format!("/v1/users/{}", made.json["id"].as_str().unwrap()));

    let session = world.sign_in("ADA@example.ORG", PASSWORD).await;
    check(&session, 201, "");
    assert_eq!(session.headers["cache-control"], "no-store");
    assert_eq!(session.json["user"]["id"], made.json["id"]);
    let secret = session.json["secret"].as_str().unwrap();
    let account = world.by(secret, Method::GET, "/v1/account", Value::Null).await;
    assert_eq!(account.json, made.json);

    let token = world.by(secret, Method::POST, "/v1/tokens", json!({ "name": "my phone" })).await;
    let token = token.json["secret"].as_str().unwrap();
    check(&world.by(token, Method::GET, "/v1/account", Value::Null).await, 200, "");

    let change = json!({ "password": PASSWORD, "email": "ada@example.net", "new_password": "another password" });
    let changed = world.by(secret, Method::PATCH, "/v1/account", change).await;
    check(&changed, 200, "");
    assert_eq!(changed.json["user"]["email"], "ada@example.net");
    check(&world.by(secret, Method::GET, "/v1/account", Value::Null).await, 401, "bad_credential");
    let secret = changed.json["secret"].as_str().unwrap();
    check(&world.by(secret, Method::GET, "/v1/account", Value::Null).await, 200, "");
    check(&world.by(token, Method::GET, "/v1/account", Value::Null).await, 200, "");
    check(&world.sign_in("ada@example.org", PASSWORD).await, 403, "wrong_password");
    check(&world.sign_in("ada@example.net", PASSWORD).await, 403, "wrong_password");
    check(&world.sign_in("ada@example.net", "another password").await, 201, "");

    check(&world.by(secret, Method::DELETE, "/v1/sessions/current", Value::Null).await, 204, "");
    check(&world.by(secret, Method::GET, "/v1/account", Value::Null).await, 401, "bad_credential");

    let session = world.sign_in("ada@example.net", "another password").await;
    let secret = session.json["secret"].as_str().unwrap();
    check(
        &world.by(secret, Method::DELETE, "/v1/account", json!({ "password": "wrong password" })).await,
        403,
        "wrong_password",
    );
    check(&world.by(secret, Method::DELETE, "/v1/account", json!({ "password": "another password" })).await, 204, "");
    for gone in [secret, token] {
        check(&world.by(gone, Method::GET, "/v1/account", Value::Null).await, 401, "bad_credential");
    }
    check(&world.sign_in("ada@example.net", "another password").await, 403, "wrong_password");
    let users = world.by(&root.secret, Method::GET, "/v1/users", Value::Null).await;
    assert_eq!(users.json["users"].as_array().unwrap().len(), 1, "only the administrator: {}", users.json);
    world.someone("ada@example.net").await;
}
