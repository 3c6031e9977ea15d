//! The API's own description: OpenAPI 3.1, put together from what the rooms say of their routes.
//!
//! What holds for every operation is written here once (who may ask, what else can be answered, what ids in paths look like), so that a
//! room only describes what is its own.

use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use serde_json::{Map, Value, json};
use utoipa::openapi::{OpenApi, SecurityRequirement};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::schema;
use crate::context::Context;
use crate::problem::Problem;

/// What most operations can answer besides what is their own: status and why.
const COMMON: [(&str, &str); 4] = [
    ("400", "The body, the query, an id or a cursor is not what this takes."),
    ("429", "Too many requests; `Retry-After` says when to go on."),
    ("500", "A fault of Feedmill's."),
    ("503", "Not possible right now; repeat the request in a moment."),
];

const NOT_FOUND: (&str, &str) = ("404", "There is no such thing, or it is not for you.");
const NO_SUCH_USER: (&str, &str) = ("404", "The operator asks in the name of a user who is not there.");
const NOT_ALLOWED: (&str, &str) = (
    "403",
    "A cookie and a page of another origin (`foreign_origin`); `Feedmill-User` from somebody who is not the operator (`operator_only`).",
);
const NOT_SIGNED_IN: (&str, &str) =
    ("401", "Nothing, or nothing good, shows who asks: `not_signed_in`, `bad_credential`.");
/// What a POST can answer because of its `Idempotency-Key`.
const REPEATABLE: [(&str, &str); 2] = [
    ("409", "`idempotency_key_in_use`: the same request is under way."),
    ("422", "`idempotency_key_reused`: that key was another request's."),
];

/// The description, written when it is first asked for.
struct Document {
    rooms: OpenApi,
    written: OnceLock<Bytes>,
}

/// The routes of `rooms`, and their description at `/openapi.json`.
pub(crate) fn described(rooms: OpenApiRouter<Arc<Context>>) -> Router<Arc<Context>> {
    let (router, rooms) = rooms.routes(routes!(description)).split_for_parts();
    router.layer(Extension(Arc::new(Document { rooms, written: OnceLock::new() })))
}

/// The paths whose POST is for everybody: `security(())`.
pub(super) fn open_posts(rooms: &OpenApiRouter<Arc<Context>>) -> Arc<[String]> {
    let paths = rooms.get_openapi().paths.paths.iter();
    let nothing = Some(vec![SecurityRequirement::default()]);
    let open = paths.filter(|(_, item)| item.post.as_ref().is_some_and(|post| post.security == nothing));
    open.map(|(path, _)| path.clone()).collect()
}

/// This description.
#[utoipa::path(
    get, path = "/openapi.json", tag = "service", security(()),
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = serde_json::Value))
)]
async fn description(Extension(document): Extension<Arc<Document>>) -> Result<Response, Problem> {
    let bytes = document.bytes()?;
    Ok(([(CONTENT_TYPE, "application/json")], bytes).into_response())
}

impl Document {
    fn bytes(&self) -> Result<Bytes, Problem> {
        if let Some(bytes) = self.written.get() {
            return Ok(bytes.clone());
        }
        let rooms = serde_json::to_value(&self.rooms).map_err(|error| Problem::ours(&error))?;
        let bytes = serde_json::to_vec(&whole(rooms)).map_err(|error| Problem::ours(&error))?;
        Ok(self.written.get_or_init(|| bytes.into()).clone())
    }
}

/// What the rooms say, with what holds for all of them.
fn whole(mut api: Value) -> Value {
    api["info"] = json!({
        "title": "Feedmill",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Polls feeds politely and serves their posts. docs/API.md says the same in prose.",
        "license": { "name": env!("CARGO_PKG_LICENSE") },
    });
    api["servers"] = json!([{ "url": "/" }]);
    api["components"]["parameters"] = parameters();
    api["components"]["schemas"]["Problem"] = problem();
    api["components"]["securitySchemes"] = schemes();
    api["security"] = json!([{ "token": [] }, { "session": [] }, { "operator": [] }]);
    if let Some(paths) = api["paths"].as_object_mut() {
        for (path, item) in paths {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                complete(operation, path, method);
            }
        }
    }
    api
}

fn complete(operation: &mut Value, path: &str, method: &str) {
    // The same function name may serve in several rooms: the tag makes it one of a kind.
    let tag = operation["tags"][0].as_str().unwrap_or("service");
    operation["operationId"] = format!("{tag}_{}", operation["operationId"].as_str().unwrap_or(method)).into();
    let own = operation["parameters"].as_array().cloned().unwrap_or_default();
    let mut parameters: Vec<Value> = names(path).filter(|name| !has(&own, name)).map(in_path).collect();
    let has_id = !parameters.is_empty();
    parameters.extend(own);
    match method {
        "post" => parameters.push(json!({ "$ref": "#/components/parameters/IdempotencyKey" })),
        "get" => parameters.push(json!({ "$ref": "#/components/parameters/IfNoneMatch" })),
        _ => {}
    }
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    let is_open = operation["security"] == json!([{}]);
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    let common = COMMON
        .into_iter()
        .chain(has_id.then_some(NOT_FOUND))
        .chain((!is_open).then_some([NOT_SIGNED_IN, NOT_ALLOWED, NO_SUCH_USER]).into_iter().flatten());
    for (status, why) in common.chain(REPEATABLE.into_iter().filter(|_| method == "post")) {
        describe(responses, status, why);
    }
    if method == "get" {
        describe(responses, "304", "It is still what `If-None-Match` says.");
    }
    for (status, response) in responses {
        if status.starts_with(['4', '5']) && response.get("content").is_none() {
            let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
            response["content"] = json!({ "application/problem+json": problem });
        }
    }
}

/// One more reason for a status that may have some already.
fn describe(responses: &mut Map<String, Value>, status: &str, why: &str) {
    let response = responses.entry(status).or_insert_with(|| json!({ "description": "" }));
    let said = response["description"].as_str().unwrap_or_default();
    let all = if said.is_empty() { why.to_owned() } else { format!("{said} {why}") };
    response["description"] = all.into();
}

fn has(parameters: &[Value], name: &str) -> bool {
    parameters.iter().any(|parameter| parameter["name"] == name)
}

/// What stands in braces in `path`.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// An id in a path, described by its name alone.
fn in_path(name: &str) -> Value {
    let pattern = match name {
        "job" => schema::JOB_ID,
        "user" => schema::USER_ID,
        _ => schema::SHORT_ID,
    };
    json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "pattern": pattern } })
}

/// Parameters of many operations.
fn parameters() -> Value {
    json!({
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "A name for this request, new for each, for example a UUID. Sent again under it, the request has one effect and the same answer, for a day.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$" },
        },
        "IfNoneMatch": {
            "name": "If-None-Match", "in": "header", "required": false,
            "description": "The `ETag` of what is known already.",
            "schema": { "type": "string" },
        },
    })
}

/// How it is shown who asks.
fn schemes() -> Value {
    json!({
        "token": { "type": "http", "scheme": "bearer", "description": "An API token, or a session's secret." },
        "session": { "type": "apiKey", "in": "cookie", "name": "feedmill_session", "description": "A browser that is signed in." },
        "operator": { "type": "apiKey", "in": "header", "name": "Authorization", "description": "`Operator SECRET`: whoever holds the installation's key." },
    })
}

/// RFC 9457, with a stable code.
fn problem() -> Value {
    json!({
        "type": "object",
        "description": "RFC 9457. `code` is stable; `detail` says in one sentence what to do.",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": { "type": "string", "description": "`urn:feedmill:problem:CODE`" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "code": { "type": "string" },
            "instance": { "type": "string", "description": "`urn:uuid:` and the request's id" },
        },
    })
}
