//! Signing in, as Google's ClientLogin had it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::account::{Email, Password, Secret};
use domain::id::kinds;

use super::params::Params;
use super::text;
use crate::context::Context;
use crate::conventions::{ClientAddress, Draws};
use crate::problem::Problem;

/// Three lines, of which apps keep the last: a session; or the API token, where that was given as password.
pub(super) async fn client_login(
    State(context): State<Arc<Context>>,
    ClientAddress(address): ClientAddress,
    mut draws: Draws,
    params: Params,
) -> Result<Response, Problem> {
    let (email, password) = (params.get("Email").unwrap_or_default(), params.get("Passwd").unwrap_or_default());
    let Ok(email) = email.parse::<Email>() else { return Ok(refused()) };
    let secret = context.app_secret(&email, password, address, &mut draws).await?;
    Ok(secret.map_or_else(refused, |secret| accepted(&secret)))
}

fn accepted(secret: &str) -> Response {
    let mut response = text(format!("SID=none\nLSID=none\nAuth={secret}\n"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn refused() -> Response {
    (StatusCode::UNAUTHORIZED, text("Error=BadAuthentication\n")).into_response()
}

impl Context {
    /// What an app shows from now on; `None` if this is not the password of whoever has that address, nor a token of theirs.
    async fn app_secret(
        &self,
        email: &Email,
        password: &str,
        address: IpAddr,
        draws: &mut Draws,
    ) -> Result<Option<String>, Problem> {
        if let Ok(token) = password.parse::<Secret<kinds::Token>>()
            && let Some(access) = self.store.access(&token, self.now()).await?
            && access.user.email.key() == email.key()
        {
            return Ok(Some(token.expose().to_owned()));
        }
        let Ok(password) = Password::new(password) else { return Ok(None) };
        let user = match self.authenticate(email, password, address).await {
            Err(problem) if problem == Problem::wrong_password() => return Ok(None),
            judged => judged?,
        };
        let (_, secret) = self.issue::<kinds::Session>(&user, None, draws).await?;
        Ok(Some(secret.expose().to_owned()))
    }
}
