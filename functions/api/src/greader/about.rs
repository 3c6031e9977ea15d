//! Who is signed in, and the token that stands in forms.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::text;
use crate::access::Person;

/// As long as Google's, since some apps count.
const TOKEN_LENGTH: usize = 57;

/// A text to send along as `T`. It vouches for nothing, since the header does: here it need not even be looked at.
pub(super) async fn token(person: Person) -> Response {
    let hex = blake3::hash(person.user.to_string().as_bytes()).to_hex();
    text(hex.chars().take(TOKEN_LENGTH).collect::<String>())
}

/// Who is signed in.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserInfo {
    user_id: String,
    user_name: String,
    user_profile_id: String,
    user_email: String,
}

pub(super) async fn user_info(person: Person) -> Response {
    let (id, email) = (person.user.to_string(), person.account.email.as_str().to_owned());
    Json(UserInfo { user_id: id.clone(), user_name: email.clone(), user_profile_id: id, user_email: email })
        .into_response()
}
