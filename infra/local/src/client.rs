//! A client of the running API: plain HTTP on loopback, one connection a request. It asks as the operator: who can read the data folder
//! holds the installation's key.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use domain::account::OperatorSecret;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::cli::DataArgs;
use crate::data::{find_server, key_file};
use crate::trouble::Trouble;

/// The API answers in milliseconds; who waits longer than this talks to something else.
const PATIENCE: Duration = Duration::from_secs(30);
/// Objects of a page: half of what the API gives at most.
const PAGE: usize = 100;

/// The media type of most that is said.
pub const JSON: &str = "application/json";

/// A client of one running Feedmill.
#[derive(Clone, Debug)]
pub struct Client {
    address: SocketAddr,
    operator: OperatorSecret,
    user: Option<String>,
}

/// What the API says when it refuses (RFC 9457).
#[derive(Deserialize)]
struct Problem {
    title: Option<String>,
    detail: Option<String>,
    code: Option<String>,
}

impl Client {
    /// A client of the Feedmill that runs on that data folder.
    ///
    /// # Errors
    /// [`Trouble::NotRunning`], with how to start it; [`Trouble::Failed`] when the folder's key cannot be read.
    pub fn of(data: &DataArgs) -> Result<Self, Trouble> {
        let note = find_server(&data.data)?.ok_or_else(|| {
            let (folder, flag) = (data.data.display(), data.flag());
            Trouble::NotRunning(format!(
                "no Feedmill runs on the data folder {folder}: start it with `feedmill up{flag}`"
            ))
        })?;
        let key = boot::key::load(&key_file(&data.data)).map_err(|error| Trouble::Failed(error.to_string()))?;
        Ok(Self::at(note.address, OperatorSecret::of(&key)))
    }

    /// A client of the Feedmill that listens on `address` and lets this secret in.
    pub fn at(address: SocketAddr, operator: OperatorSecret) -> Self {
        Self { address, operator, user: None }
    }

    /// The same client, asking in the name of the user with this address or id.
    #[must_use]
    pub fn in_the_name_of(&self, user: &str) -> Self {
        Self { user: Some(user.trim().to_owned()), ..self.clone() }
    }

    /// What is at `path`.
    ///
    /// # Errors
    /// [`Trouble`] when it cannot be reached or refuses.
    pub async fn get(&self, path: &str) -> Result<Value, Trouble> {
        self.call(Method::GET, path, Bytes::new()).await
    }

    /// Sends `body` to `path`.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Trouble> {
        self.call(Method::POST, path, if body.is_null() { String::new() } else { body.to_string() }).await
    }

    /// Deletes what is at `path`.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn delete(&self, path: &str) -> Result<Value, Trouble> {
        self.call(Method::DELETE, path, Bytes::new()).await
    }

    /// The objects of the list at `path` (which may have a query), which the API calls `name`, page by page until there are `limit`.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn list(&self, path: &str, name: &str, limit: usize) -> Result<Vec<Value>, Trouble> {
        let mut all = Vec::new();
        let mut cursor = String::new();
        let sign = if path.contains('?') { '&' } else { '?' };
        while all.len() < limit {
            let page = self.get(&format!("{path}{sign}limit={}{cursor}", PAGE.min(limit - all.len()))).await?;
            let objects = page.get(name).and_then(Value::as_array).ok_or_else(not_ours)?;
            all.extend(objects.iter().cloned());
            let Some(next) = page.get("next").and_then(Value::as_str) else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        Ok(all)
    }

    /// Any other request.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn call(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Result<Value, Trouble> {
        Ok(self.ask(method, path, JSON, body).await?.1)
    }

    /// Any request whose answer's status says something, too. A choice (300) is an answer.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        kind: &'static str,
        body: impl Into<Bytes>,
    ) -> Result<(StatusCode, Value), Trouble> {
        let (status, bytes) = self.fetch(method, path, kind, body).await?;
        let empty = bytes.is_empty();
        let value = if empty { Value::Null } else { serde_json::from_slice(&bytes).map_err(|_| not_ours())? };
        Ok((status, value))
    }

    /// Any request, and its answer as it came; `kind` is the media type of `body`.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn fetch(
        &self,
        method: Method,
        path: &str,
        kind: &'static str,
        body: impl Into<Bytes>,
    ) -> Result<(StatusCode, Bytes), Trouble> {
        let (status, bytes) =
            tokio::time::timeout(PATIENCE, self.exchange(method, path, kind, body.into()))
                .await
                .map_err(|_| Trouble::Failed(format!("no answer from {} within 30 seconds", self.address)))??;
        if status.is_success() || status == StatusCode::MULTIPLE_CHOICES {
            return Ok((status, bytes));
        }
        let problem: Problem = serde_json::from_slice(&bytes).map_err(|_| not_ours())?;
        let sentence = problem.detail.or(problem.title).unwrap_or_else(|| format!("the API answered {status}"));
        match problem.code {
            Some(code) => Err(Trouble::Refused { code, detail: sentence }),
            None => Err(Trouble::Failed(sentence)),
        }
    }

    /// Letters of all scripts are bytes to a header.
    fn name_user(&self, headers: &mut HeaderMap) -> Result<(), Trouble> {
        if let Some(user) = &self.user {
            let value = HeaderValue::from_bytes(user.as_bytes());
            let value = value.map_err(|_| Trouble::Failed("that is no e-mail address and no user id".to_owned()))?;
            headers.insert("feedmill-user", value);
        }
        Ok(())
    }

    /// Never shown by whoever shows headers.
    fn authorization(&self) -> Result<HeaderValue, Trouble> {
        let value = HeaderValue::try_from(format!("Operator {}", self.operator.expose()));
        let mut value = value.map_err(|error| Trouble::failed("this cannot be asked", &error))?;
        value.set_sensitive(true);
        Ok(value)
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        kind: &'static str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), Trouble> {
        let stream = TcpStream::connect(self.address).await.map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                Trouble::NotRunning(format!("nothing listens on {}: start Feedmill with `feedmill up`", self.address))
            }
            _ => Trouble::Failed(format!("cannot reach {}: {error}", self.address)),
        })?;
        let broken = |error: hyper::Error| Trouble::failed(format!("the connection to {} broke", self.address), &error);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.address.to_string())
            .header(ACCEPT, JSON)
            .header(CONTENT_TYPE, kind)
            .header(AUTHORIZATION, self.authorization()?)
            .body(Full::new(body))
            .map_err(|error| Trouble::failed("this cannot be asked", &error))?;
        self.name_user(request.headers_mut())?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let exchange = async move {
            let answer = sender.send_request(request).await?;
            let status = answer.status();
            Ok((status, answer.into_body().collect().await?.to_bytes()))
        };
        // The connection lives exactly as long as its one exchange.
        let (answer, _) = tokio::join!(exchange, connection);
        answer.map_err(broken)
    }
}

fn not_ours() -> Trouble {
    Trouble::Failed("the answer makes no sense: is this the API of Feedmill, of the same version?".to_owned())
}
