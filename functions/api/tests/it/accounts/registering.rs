//! Who may make an account, and who is an administrator.

use std::time::Duration;

use domain::account::Registration;
use http::Method;
use serde_json::{Value, json};

use super::{PASSWORD, check};
use crate::world::World;

fn someone(email: &str, invitation: Option<&str>) -> Value {
    match invitation {
        Some(invitation) => json!({ "email": email, "password": PASSWORD, "invitation": invitation }),
        None => json!({ "email": email, "password": PASSWORD }),
    }
}

#[tokio::test]
async fn registration_is_open_by_invitation_or_closed_as_the_installation_is_set() {
    for (way, anybody, invited) in [
        (Registration::Open, "", ""),
        (Registration::Invitation, "invitation_needed", ""),
        (Registration::Closed, "registration_closed", "registration_closed"),
    ] {
        let world = World::with(|rules| rules.registration = way).await;
        let root = world.root().await;
        let hashed = world.passwords.hashed();
        let status = |code: &str| if code.is_empty() { 201 } else { 403 };
        let answer = world.anonymously(Method::POST, "/v1/users", someone("a@example.org", None)).await;
        check(&answer, status(anybody), anybody);
        let invitation = world.by(&root.secret, Method::POST, "/v1/invitations", Value::Null).await;
        check(&invitation, status(invited), invited);
        let secret = invitation.json["secret"].as_str().unwrap_or("x").to_owned();
        let answer = world.anonymously(Method::POST, "/v1/users", someone("b@example.org", Some(&secret))).await;
        check(&answer, status(invited), invited);
        let made = u64::from(anybody.is_empty()) + u64::from(invited.is_empty());
        assert_eq!(world.passwords.hashed() - hashed, made, "nothing is hashed for who is refused");
        check(&world.by(&root.secret, Method::POST, "/v1/users", someone("c@example.org", None)).await, 201, "");
    }
}

#[tokio::test]
async fn an_invitation_is_good_for_one_account_within_a_week_unless_it_is_taken_back() {
    let world = World::new().await;
    let root = world.root().await;
    let invite = async || {
        let made = world.by(&root.secret, Method::POST, "/v1/invitations", Value::Null).await.json;
        (made["invitation"]["id"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned())
    };
    let register = async |email: &str, secret: &str| {
        world.anonymously(Method::POST, "/v1/users", someone(email, Some(secret))).await
    };
    let (_, used) = invite().await;
    check(&register("a@example.org", &used).await, 201, "");
    check(&register("b@example.org", &used).await, 403, "invitation_spent");
    check(&register("a@example.org", &used).await, 403, "invitation_spent");

    let (id, back) = invite().await;
    let open = world.by(&root.secret, Method::GET, "/v1/invitations", Value::Null).await.json;
    assert_eq!(open["invitations"].as_array().unwrap().len(), 1, "{open}");
    assert!(!open.to_string().contains(&back));
    let path = format!("/v1/invitations/{id}");
    check(&world.by(&root.secret, Method::DELETE, &path, Value::Null).await, 204, "");
    check(&world.by(&root.secret, Method::DELETE, &path, Value::Null).await, 404, "not_found");
    check(&register("b@example.org", &back).await, 403, "invitation_spent");

    let (_, late) = invite().await;
    let (_, taken) = invite().await;
    check(&register("A@EXAMPLE.ORG", &taken).await, 409, "email_taken");
    check(&register("b@example.org", &taken).await, 201, "");
    world.pass(Duration::from_secs(7 * 86_400));
    check(&register("c@example.org", &late).await, 403, "invitation_spent");
    check(&register("c@example.org", "not a secret").await, 403, "invitation_spent");
}

#[tokio::test]
async fn the_first_administrator_is_made_once_by_the_operator_and_by_no_field() {
    let world = World::with(|rules| rules.registration = Registration::Open).await;
    let body = someone("ada@example.org", None);
    check(&world.anonymously(Method::POST, "/v1/bootstrap", body.clone()).await, 401, "not_signed_in");
    let ada = world.someone("ada@example.org").await;
    check(&world.by(&ada.secret, Method::POST, "/v1/bootstrap", body.clone()).await, 403, "administrators_only");
    for field in ["role", "admin", "id", "created_at"] {
        let mut wanted = someone("eve@example.org", None);
        wanted[field] = "administrator".into();
        check(&world.anonymously(Method::POST, "/v1/users", wanted).await, 400, "bad_body");
    }
    check(&world.ask(Method::POST, "/v1/bootstrap", &body.to_string()).await, 409, "email_taken");
    let root = world.root().await;
    let again = someone("second@example.org", None);
    check(&world.by(&root.secret, Method::POST, "/v1/bootstrap", again.clone()).await, 403, "operator_only");
    check(&world.ask(Method::POST, "/v1/bootstrap", &again.to_string()).await, 409, "already_bootstrapped");
    check(&world.by(&ada.secret, Method::GET, "/v1/users", Value::Null).await, 403, "administrators_only");
    check(&world.by(&root.secret, Method::GET, "/v1/users", Value::Null).await, 200, "");
}

#[tokio::test]
async fn the_operator_alone_makes_and_unmakes_further_administrators() {
    let world = World::new().await;
    let (root, ada) = (world.root().await, world.someone("ada@example.org").await);
    let path = format!("/v1/users/{}/administrator", ada.id);
    check(&world.by(&ada.secret, Method::PUT, &path, Value::Null).await, 403, "administrators_only");
    check(&world.by(&root.secret, Method::PUT, &path, Value::Null).await, 403, "operator_only");
    for (method, role, status, code) in [
        (Method::PUT, "administrator", 200, ""),
        (Method::PUT, "administrator", 200, ""),
        (Method::DELETE, "member", 403, "administrators_only"),
    ] {
        let changed = world.ask(method, &path, "").await;
        assert_eq!(changed.json["role"], role);
        check(&world.by(&ada.secret, Method::GET, "/v1/users", Value::Null).await, status, code);
    }
    let nobody = "/v1/users/9f1c2d3e-4b5a-4678-9abc-def012345678/administrator";
    check(&world.ask(Method::PUT, nobody, "").await, 404, "not_found");
}

#[tokio::test]
async fn who_is_no_administrator_any_more_invites_nobody_any_more() {
    let world = World::new().await;
    let root = world.root().await;
    let made = world.by(&root.secret, Method::POST, "/v1/invitations", Value::Null).await.json;
    world.ask(Method::DELETE, &format!("/v1/users/{}/administrator", root.id), "").await;
    let wanted = someone("eve@example.org", made["secret"].as_str());
    check(&world.anonymously(Method::POST, "/v1/users", wanted).await, 403, "invitation_spent");
}

#[tokio::test]
async fn who_registers_with_an_old_token_at_hand_registers_as_anybody() {
    let world = World::with(|rules| rules.registration = Registration::Open).await;
    check(&world.by("mistyped", Method::POST, "/v1/users", someone("a@example.org", None)).await, 201, "");
    let world = World::new().await;
    check(
        &world.by("mistyped", Method::POST, "/v1/users", someone("a@example.org", None)).await,
        403,
        "invitation_needed",
    );
}

#[tokio::test]
async fn what_nobody_can_have_is_refused_before_it_is_hashed() {
    let world = World::with(|rules| rules.registration = Registration::Open).await;
    let (short, long, fits) = ("x".repeat(7), "x".repeat(1_025), "ü".repeat(512));
    for (email, password, status, code) in [
        ("no address", PASSWORD, 422, "bad_email"),
        ("a@b@c", PASSWORD, 422, "bad_email"),
        ("a@example.org", &short, 422, "bad_password"),
        ("a@example.org", &long, 422, "bad_password"),
        ("a@example.org", &fits, 201, ""),
    ] {
        let before = world.passwords.hashed();
        let answer =
            world.anonymously(Method::POST, "/v1/users", json!({ "email": email, "password": password })).await;
        check(&answer, status, code);
        assert!(!answer.json.to_string().contains(password) && !answer.json.to_string().contains("no address"));
        assert_eq!(world.passwords.hashed() - before, u64::from(status == 201));
    }
    let other = format!("{}x", &fits[..fits.len() - 1 - 1]);
    check(&world.sign_in("a@example.org", &other).await, 403, "wrong_password");
    check(&world.sign_in("a@example.org", &fits).await, 201, "");
}

#[tokio::test]
async fn users_are_listed_page_by_page_and_shown_one_by_one() {
    let world = World::new().await;
    let root = world.root().await;
    let mut made = vec![root.id.clone()];
    for n in 0..4 {
        world.pass(Duration::from_millis(1));
        made.push(world.someone(&format!("{n}@example.org")).await.id);
    }
    let (mut met, mut path) = (Vec::new(), "/v1/users?limit=2".to_owned());
    loop {
        let page = world.by(&root.secret, Method::GET, &path, Value::Null).await.json;
        met.extend(page["users"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/users?limit=2&cursor={next}");
    }
    assert_eq!(met, made);
    let shown = world.by(&root.secret, Method::GET, &format!("/v1/users/{}", made[1]), Value::Null).await.json;
    let mut keys: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["created_at", "email", "id", "role"], "nothing else leaves");
}
