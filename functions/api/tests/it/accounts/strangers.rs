//! Two accounts: neither sees or touches what is the other's.

use http::Method;
use serde_json::{Value, json};

use super::check;
use crate::world::World;

#[tokio::test]
async fn what_is_another_s_is_not_there_and_what_is_for_administrators_is_forbidden() {
    let world = World::new().await;
    let (root, ada, eve) =
        (world.root().await, world.someone("ada@example.org").await, world.someone("eve@example.org").await);
    let (token, _) = world.token_of(&ada, "phone").await;
    let session = world.by(&ada.secret, Method::GET, "/v1/sessions", Value::Null).await.json;
    let session = session["sessions"][0]["id"].as_str().unwrap();
    let invitation = world.by(&root.secret, Method::POST, "/v1/invitations", Value::Null).await.json;
    let invitation = invitation["invitation"]["id"].as_str().unwrap();
    // Nor an administrator: what lets somebody in is theirs alone.
    for secret in [&eve.secret, &root.secret] {
        for path in [format!("/v1/tokens/{token}"), format!("/v1/sessions/{session}")] {
            check(&world.by(secret, Method::DELETE, &path, Value::Null).await, 404, "not_found");
        }
    }
    for (method, path) in [
        (Method::GET, "/v1/users".to_owned()),
        (Method::GET, format!("/v1/users/{}", ada.id)),
        (Method::GET, format!("/v1/users/{}", eve.id)),
        (Method::DELETE, format!("/v1/users/{}", ada.id)),
        (Method::POST, format!("/v1/users/{}/resets", ada.id)),
        (Method::PUT, format!("/v1/users/{}/administrator", eve.id)),
        (Method::GET, "/v1/invitations".to_owned()),
        (Method::POST, "/v1/invitations".to_owned()),
        (Method::DELETE, format!("/v1/invitations/{invitation}")),
    ] {
        check(&world.by(&eve.secret, method, &path, Value::Null).await, 403, "administrators_only");
    }
    for path in ["/v1/account", "/v1/tokens", "/v1/sessions"] {
        let shown = world.by(&eve.secret, Method::GET, path, Value::Null).await.json.to_string();
        for hidden in [&ada.id, &ada.email, &token, session] {
            assert!(!shown.contains(hidden), "{path}: {shown}");
        }
    }
    assert_eq!(
        world.by(&ada.secret, Method::GET, "/v1/tokens", Value::Null).await.json["tokens"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn who_shows_nothing_gets_to_no_account() {
    let world = World::new().await;
    let id = "9f1c2d3e-4b5a-4678-9abc-def012345678";
    for (method, path) in [
        (Method::GET, "/v1/account".to_owned()),
        (Method::PATCH, "/v1/account".to_owned()),
        (Method::DELETE, "/v1/account".to_owned()),
        (Method::GET, "/v1/sessions".to_owned()),
        (Method::DELETE, "/v1/sessions".to_owned()),
        (Method::DELETE, "/v1/sessions/current".to_owned()),
        (Method::DELETE, "/v1/sessions/AAAAAAAA".to_owned()),
        (Method::GET, "/v1/tokens".to_owned()),
        (Method::POST, "/v1/tokens".to_owned()),
        (Method::DELETE, "/v1/tokens/AAAAAAAA".to_owned()),
        (Method::GET, "/v1/users".to_owned()),
        (Method::GET, format!("/v1/users/{id}")),
        (Method::DELETE, format!("/v1/users/{id}")),
        (Method::POST, format!("/v1/users/{id}/resets")),
        (Method::PUT, format!("/v1/users/{id}/administrator")),
        (Method::DELETE, format!("/v1/users/{id}/administrator")),
        (Method::GET, "/v1/invitations".to_owned()),
        (Method::POST, "/v1/invitations".to_owned()),
        (Method::DELETE, "/v1/invitations/AAAAAAAA".to_owned()),
        (Method::POST, "/v1/bootstrap".to_owned()),
    ] {
        check(&world.anonymously(method, &path, json!({})).await, 401, "not_signed_in");
    }
}
