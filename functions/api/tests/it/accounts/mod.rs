//! Accounts, from the first administrator to the last trace of somebody who left.

mod changes;
mod endings;
mod life;
mod registering;
mod repeating;
mod signing_in;
mod strangers;
mod tokens;

use http::Method;
use serde_json::{Value, json};

use crate::world::{Answer, World};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// Somebody with a session.
pub(crate) struct Someone {
    pub(crate) id: String,
    pub(super) email: String,
    pub(crate) secret: String,
}

impl World {
    /// Asks with this secret.
    pub(crate) async fn by(&self, secret: &str, method: Method, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.ask_with(&[("authorization", &format!("Bearer {secret}"))], method, path, &body).await
    }

    /// Asks as nobody.
    pub(super) async fn anonymously(&self, method: Method, path: &str, body: Value) -> Answer {
        self.ask_with(&[], method, path, &body.to_string()).await
    }

    pub(super) async fn sign_in(&self, email: &str, password: &str) -> Answer {
        self.anonymously(Method::POST, "/v1/sessions", json!({ "email": email, "password": password })).await
    }

    async fn signed_in(&self, email: &str, made: &Answer) -> Someone {
        assert_eq!(made.status, 201, "{}", made.json);
        let session = self.sign_in(email, PASSWORD).await;
        assert_eq!(session.status, 201, "{}", session.json);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let role = made.json["role"].as_str().unwrap().parse().unwrap();
        let mut people = self.people.lock().unwrap();
        people.meet(email);
        people.hand(email, role, session.json["secret"].as_str().unwrap());
        drop(people);
        Someone { id: text(&made.json["id"]), email: email.to_owned(), secret: text(&session.json["secret"]) }
    }

    /// The first administrator, made by the operator and signed in.
    pub(crate) async fn root(&self) -> Someone {
        let body = json!({ "email": "root@example.org", "password": PASSWORD }).to_string();
        let made = self.ask(Method::POST, "/v1/bootstrap", &body).await;
        self.signed_in("root@example.org", &made).await
    }

    /// A member, made by the operator and signed in.
    pub(crate) async fn someone(&self, email: &str) -> Someone {
        let made =
            self.ask(Method::POST, "/v1/users", &json!({ "email": email, "password": PASSWORD }).to_string()).await;
        self.signed_in(email, &made).await
    }

    /// A new token of theirs: its id and its secret.
    pub(super) async fn token_of(&self, who: &Someone, name: &str) -> (String, String) {
        let made = self.by(&who.secret, Method::POST, "/v1/tokens", json!({ "name": name })).await;
        assert_eq!(made.status, 201, "{}", made.json);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&made.json["token"]["id"]), text(&made.json["secret"]))
    }
}

#[track_caller]
pub(super) fn check(answer: &Answer, status: u16, code: &str) {
    let found = (answer.status.as_u16(), answer.json["code"].as_str().unwrap_or_default());
    assert_eq!(found, (status, code), "{}", answer.json);
}
