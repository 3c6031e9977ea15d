//! What comes in: bodies, queries and ids, each refused with a problem before anything is looked up.

use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use domain::id::BadId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use utoipa::IntoParams;

use crate::problem::Problem;

/// The most bytes of a request body.
const MAX_BODY: usize = 64 * 1024;

/// A JSON body, whatever its content type says; unknown fields are refused by the type.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = axum::body::to_bytes(request.into_body(), MAX_BODY)
            .await
            .map_err(|_| Problem::bad_body(format!("the body must be JSON of at most {MAX_BODY} bytes")))?;
        // What is derived for an object would take an array, too, as its fields in their order.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(Problem::bad_body("the body must be a JSON object, as docs/API.md describes for this path"));
        }
        // The parser's own words quote what came in: only where it stopped is told.
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            Problem::bad_body(format!(
                "the body is not the JSON object that docs/API.md describes for this path: look at line {}, column {}",
                error.line(),
                error.column()
            ))
        })
    }
}

/// The most bytes of a document: Lambda takes 6 MB, and binary ones a third longer.
const MAX_FILE: usize = 5 << 20;

/// A document, whatever its content type says.
pub(crate) struct File(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for File {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = axum::body::to_bytes(request.into_body(), MAX_FILE).await;
        bytes.map(Self).map_err(|_| Problem::too_large(MAX_FILE))
    }
}

impl From<BytesRejection> for Problem {
    fn from(_: BytesRejection) -> Self {
        Self::bad_body("the body could not be read")
    }
}

/// A query; unknown parameters are refused by the type.
pub(crate) struct Queried<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Queried<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, state).await;
        let detail = "a parameter is unknown, malformed or there twice; docs/API.md lists those that this path takes";
        query.map(|Query(query)| Self(query)).map_err(|_| Problem::bad_query(detail))
    }
}

/// Tells null from nothing, of a field that is an `Option<Option<T>>`.
pub(crate) fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// How much of a list, and from where on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    /// How many at most; 50 if not said.
    #[param(minimum = 1, maximum = 200)]
    #[serde(default)]
    limit: Option<usize>,
    /// What the page before called `next`.
    #[serde(default)]
    cursor: Option<String>,
}

/// A page of a list: 1 to 200 entries, 50 unless asked.
pub(crate) struct Page {
    pub(crate) limit: usize,
    pub(crate) cursor: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query: Result<Query<PageQuery>, QueryRejection> = Query::from_request_parts(parts, state).await;
        let Query(query) = query.map_err(|_| {
            Problem::bad_query("this list takes `limit` (1 to 200) and `cursor`, each at most once, and nothing else")
        })?;
        match query.limit.unwrap_or(50) {
            limit @ 1..=200 => Ok(Self { limit, cursor: query.cursor }),
            _ => Err(Problem::bad_query("`limit` must be 1 to 200")),
        }
    }
}

/// One id in the path.
pub(crate) struct One<T>(pub(crate) T);

impl<T: FromStr<Err = BadId>, S: Send + Sync> FromRequestParts<S> for One<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(id) = path.map_err(|_| Problem::no_such_path())?;
        Ok(Self(id.parse()?))
    }
}

/// Two ids in the path.
pub(crate) struct Two<A, B>(pub(crate) A, pub(crate) B);

impl<A, B, S> FromRequestParts<S> for Two<A, B>
where
    A: FromStr<Err = BadId>,
    B: FromStr<Err = BadId>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((a, b)) = path.map_err(|_| Problem::no_such_path())?;
        Ok(Self(a.parse()?, b.parse()?))
    }
}
