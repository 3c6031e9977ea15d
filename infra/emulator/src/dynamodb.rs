//! DynamoDB: dynoxide on SQLite, behind a front of ours.
//!
//! dynoxide has an HTTP server of its own, which tells every browser that any page may use it; this front answers the
//! machine's own programs only. It has the operations that Feedmill uses and no others, and checks no credentials.
//! Refusals have DynamoDB's types and statuses; the words of a validation error may differ from the cloud's.

mod database;
mod likeness;
mod lookup;
mod repeats;

use crate::written::{Listener, Writing};
use crate::{Clock, StartError};
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use database::{Database, run};
use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::actions::vector_lifecycle::VectorIndexLifecycle;
use dynoxide::actions::{
    batch_execute_statement, batch_get_item, batch_write_item, create_table, delete_item, delete_table, describe_table,
    describe_time_to_live, get_item, import_items, list_tables, put_item, query, scan, transact_write_items,
    update_item, update_time_to_live,
};
use dynoxide::storage::Storage;
use dynoxide::{DynoxideError, ImportOptions, Item};
use http::{HeaderMap, StatusCode, header};
use repeats::Repeats;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// How targets of DynamoDB's begin.
pub(crate) const TARGET_PREFIX: &str = "DynamoDB_20120810.";
/// The largest request, as in the cloud.
const LARGEST_REQUEST_BYTES: usize = 16 * 1024 * 1024;
/// The longest token of a transaction, as in the cloud.
const LONGEST_TOKEN: usize = 36;
const UNKNOWN_OPERATION: &str = r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#;

/// The tables, and who is told what is written to them.
pub(crate) struct Tables {
    database: Database,
    pub(crate) listener: OnceLock<Listener>,
    repeats: Repeats,
    /// dynoxide wants one; nothing here makes indexes of vectors.
    vectors: VectorIndexLifecycle,
}

/// The tables over HTTP: AWS JSON 1.0, one POST per request, the operation in `X-Amz-Target`.
pub(crate) fn router(tables: Arc<Tables>) -> Router {
    Router::new().route("/", post(serve)).layer(DefaultBodyLimit::max(LARGEST_REQUEST_BYTES)).with_state(tables)
}

async fn serve(State(tables): State<Arc<Tables>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let (status, body) = answer(&tables, target, &body);
    let json = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
    (status, json, body).into_response()
}

/// Does what `target` names, and answers as DynamoDB would. It blocks its thread for as long as SQLite takes: tens of
/// microseconds for an item, milliseconds for a long page.
pub(crate) fn answer(tables: &Tables, target: &str, body: &[u8]) -> (StatusCode, String) {
    let operation = target.strip_prefix(TARGET_PREFIX).unwrap_or_default();
    match operate(tables, operation, body) {
        Ok(Some(body)) => (StatusCode::OK, body),
        Ok(None) => (StatusCode::BAD_REQUEST, UNKNOWN_OPERATION.to_owned()),
        Err(error) => {
            let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            if status.is_server_error() {
                tracing::error!(operation, %error, "a table request failed");
            }
            (status, error.to_json())
        }
    }
}

/// `None` for an operation that is not offered.
fn operate(tables: &Tables, operation: &str, body: &[u8]) -> Result<Option<String>, DynoxideError> {
    match operation {
        "BatchExecuteStatement" => tables.write(body, |db, request| run(batch_execute_statement::execute(db, request))),
        "BatchGetItem" => tables.look(body, lookup::get_all, |db, request| run(batch_get_item::execute(db, request))),
        "BatchWriteItem" => tables.write(body, |db, request| run(batch_write_item::execute(db, request))),
        "CreateTable" => tables.pass(body, |db, request| run(create_table::execute(db, request))),
        "DeleteItem" => tables.write(body, |db, request| run(delete_item::execute(db, request))),
        "DeleteTable" => tables.write(body, |db, request| run(delete_table::execute(db, request, &tables.vectors))),
        "DescribeTable" => tables.pass(body, |db, request| run(describe_table::execute(db, request, &tables.vectors))),
        "DescribeTimeToLive" => tables.pass(body, |db, request| run(describe_time_to_live::execute(db, request))),
        "GetItem" => tables.look(body, lookup::get, |db, request| run(get_item::execute(db, request))),
        "ListTables" => tables.pass(body, |db, request| run(list_tables::execute(db, request))),
        "PutItem" => tables.write(body, |db, request| run(put_item::execute(db, request))),
        "Query" => tables.pass(body, |db, request| run(query::execute(db, request))),
        "Scan" => tables.pass(body, |db, request| run(scan::execute(db, request))),
        "TransactWriteItems" => tables.transact(body),
        "UpdateItem" => tables.write(body, |db, request| run(update_item::execute(db, request))),
        "UpdateTimeToLive" => tables.pass(body, |db, request| run(update_time_to_live::execute(db, request))),
        _ => return Ok(None),
    }
    .map(Some)
}

impl Tables {
    /// Opens the tables in `file`, or in memory. Items expire by `clock`.
    pub(crate) fn open(file: Option<&Path>, clock: &Clock) -> Result<Self, StartError> {
        Ok(Self {
            database: Database::open(file, Arc::clone(clock))?,
            listener: OnceLock::new(),
            repeats: Repeats::default(),
            vectors: VectorIndexLifecycle::new(),
        })
    }

    /// Answers a request that writes nothing.
    fn pass<Q: DeserializeOwned, A: Serialize>(
        &self,
        body: &[u8],
        operation: impl FnOnce(&Storage, Q) -> Result<A, DynoxideError>,
    ) -> Result<String, DynoxideError> {
        let request = read(body)?;
        write_out(&self.database.with(|db| operation(db, request))?)
    }

    /// Answers a request for items by their keys: the short way, where there is one.
    fn look<Q: DeserializeOwned, A: Serialize>(
        &self,
        body: &[u8],
        lookup: impl FnOnce(&Storage, &Q) -> Result<Option<String>, DynoxideError>,
        operation: impl FnOnce(&Storage, Q) -> Result<A, DynoxideError>,
    ) -> Result<String, DynoxideError> {
        let request = read(body)?;
        self.database.with(|db| match lookup(db, &request)? {
            Some(answer) => Ok(answer),
            None => write_out(&operation(db, request)?),
        })
    }

    /// Answers a request that writes, and tells of it whatever came of it.
    fn write<Q: DeserializeOwned + Writing, A: Serialize>(
        &self,
        body: &[u8],
        operation: impl FnOnce(&Storage, Q) -> Result<A, DynoxideError>,
    ) -> Result<String, DynoxideError> {
        self.tell(read(body)?, operation)
    }

    fn tell<Q: Writing, A: Serialize>(
        &self,
        request: Q,
        operation: impl FnOnce(&Storage, Q) -> Result<A, DynoxideError>,
    ) -> Result<String, DynoxideError> {
        let written = self.listener.get().map(|listener| (listener, request.written(listener.key)));
        let answer = self.database.with(|db| operation(db, request)).and_then(|answer| write_out(&answer));
        if let Some((listener, written)) = written {
            written.into_iter().for_each(&listener.told);
        }
        answer
    }

    /// A transaction, once for each token.
    fn transact(&self, body: &[u8]) -> Result<String, DynoxideError> {
        let mut request: TransactWriteItemsRequest = read(body)?;
        // Longer ones are dynoxide's to refuse.
        let token = request.client_request_token.take_if(|token| token.len() <= LONGEST_TOKEN);
        let likeness = likeness::of(&request.transact_items);
        let work = || self.tell(request, |db, request| run(transact_write_items::execute(db, request)));
        match token {
            Some(token) => self.repeats.once(token, likeness, work),
            None => work(),
        }
    }

    /// Puts `rows` into `table` in one transaction.
    pub(crate) fn put_rows(&self, table: &str, rows: Vec<Value>) -> Result<(), String> {
        let items = rows.into_iter().map(serde_json::from_value).collect::<Result<Vec<Item>, _>>();
        let items = items.map_err(|error| error.to_string())?;
        let options = ImportOptions::default();
        let put = self.database.with(|db| run(import_items::execute(db, table, items, &options)));
        put.map(drop).map_err(|error| error.to_string())
    }

    /// Deletes what has expired; returns how many items.
    pub(crate) fn sweep(&self) -> Result<usize, String> {
        self.database.sweep().map_err(|error| error.to_string())
    }
}

fn read<Q: DeserializeOwned>(body: &[u8]) -> Result<Q, DynoxideError> {
    serde_json::from_slice(body).map_err(|error| unreadable(&error))
}

fn write_out<A: Serialize>(answer: &A) -> Result<String, DynoxideError> {
    serde_json::to_string(answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// What is no JSON cannot be decoded; JSON that is no such request is invalid.
fn unreadable(error: &serde_json::Error) -> DynoxideError {
    let text = error.to_string();
    match error.classify() {
        Category::Data => {
            // dynoxide marks some of its messages, such as "VALIDATION:".
            let is_mark = |mark: &str| mark.len() > 1 && mark.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
            let unmarked = text.split_once(':').filter(|(mark, _)| is_mark(mark));
            DynoxideError::ValidationException(unmarked.map_or(text.as_str(), |(_, rest)| rest).to_owned())
        }
        Category::Io | Category::Syntax | Category::Eof => DynoxideError::SerializationException(text),
    }
}
