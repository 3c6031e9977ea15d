//! The database under the tables: dynoxide's storage on SQLite, which we hold ourselves, so that SQLite may be told that nobody else
//! has the file, and items are read as they are kept.

use crate::{Clock, StartError};
use dynoxide::actions::delete_item::{self, DeleteItemRequest};
use dynoxide::storage::{ScanParams, Storage, TableMetadata};
use dynoxide::storage_backend::Clock as DatabaseClock;
use dynoxide::types::KeySchemaElement;
use dynoxide::{AttributeValue, DynoxideError, Item};
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// Statements that are kept prepared: each table has some ten.
const STATEMENTS: usize = 64;
/// `NORMAL` flushes the log at checkpoints, not at each write. Alone with the file, SQLite need not ask the system for a lock around each
/// statement. Its default of 2 MB of pages is less than the inner pages of a few thousand sources.
const SETTINGS: &str = "PRAGMA synchronous = NORMAL; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -8000;";
/// Items that a sweep looks at before it lets others in.
const PAGE: usize = 25;
/// So often the sweep lets others go first, at most, before it goes on.
const TURNS: usize = 10_000;

/// One at a time.
pub(super) struct Database {
    storage: Mutex<Storage>,
    waiting: AtomicUsize,
    clock: Clock,
}

/// Where a sweep has got to in a table.
struct Place {
    after: Option<(String, String)>,
    /// Rows that it may still look at: those that are written meanwhile are left to the next sweep.
    left: usize,
}

impl Database {
    /// Opens the tables in `file`, or in memory. Items expire by `clock`.
    pub(super) fn open(file: Option<&Path>, clock: Clock) -> Result<Self, StartError> {
        let seconds = Arc::new(Seconds(Arc::clone(&clock)));
        let open = || -> Result<Storage, DynoxideError> {
            let storage = match file {
                Some(file) => Storage::new(&file.to_string_lossy())?,
                None => Storage::memory()?,
            };
            storage.conn().execute_batch(SETTINGS)?;
            storage.conn().set_prepared_statement_cache_capacity(STATEMENTS);
            Ok(storage.with_clock(seconds))
        };
        let storage = open().map_err(|error| StartError::Database {
            file: file.map_or_else(|| ":memory:".into(), Path::to_path_buf),
            reason: error.to_string(),
        })?;
        Ok(Self { storage: Mutex::new(storage), waiting: AtomicUsize::new(0), clock })
    }

    /// Does `work` as soon as nobody else is at it.
    pub(super) fn with<A>(&self, work: impl FnOnce(&Storage) -> Result<A, DynoxideError>) -> Result<A, DynoxideError> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let storage = self.storage.lock();
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        // Who failed in the middle may have left a transaction open.
        let broken = |_| DynoxideError::InternalServerError("an operation failed before this one".to_owned());
        work(&*storage.map_err(broken)?)
    }

    /// Deletes what has expired in all tables that have TTL enabled, page by page; returns how many items.
    pub(super) fn sweep(&self) -> Result<usize, DynoxideError> {
        let now = (self.clock)().div_euclid(1_000);
        let mut deleted = 0;
        for table in self.with(Storage::list_ttl_enabled_tables)? {
            let count = self.with(|storage| storage.count_items(&table.table_name))?;
            let mut place = Place { after: None, left: usize::try_from(count).unwrap_or(0) };
            while place.left > 0 {
                deleted += self.with(|storage| sweep_page(storage, &table, &mut place, now))?;
                self.let_others_in();
            }
        }
        Ok(deleted)
    }

    /// A thread that lets go of a lock and takes it at once is faster than one that has to be woken.
    fn let_others_in(&self) {
        for _ in 0..TURNS {
            if self.waiting.load(Ordering::SeqCst) == 0 {
                return;
            }
            std::thread::yield_now();
        }
    }
}

fn sweep_page(storage: &Storage, table: &TableMetadata, place: &mut Place, now: i64) -> Result<usize, DynoxideError> {
    let meta = storage.get_table_metadata(&table.table_name)?.filter(|meta| meta.table_id == table.table_id);
    // Deleted meanwhile, or made anew.
    let Some((ttl, meta)) =
        meta.and_then(|meta| Some((meta.ttl_attribute.clone().filter(|_| meta.ttl_enabled)?, meta)))
    else {
        place.left = 0;
        return Ok(0);
    };
    let limit = PAGE.min(place.left);
    let rows = storage.scan_items(
        &meta.table_name,
        &ScanParams {
            limit: Some(limit),
            exclusive_start_pk: place.after.as_ref().map(|(pk, _)| pk.as_str()),
            exclusive_start_sk: place.after.as_ref().map(|(_, sk)| sk.as_str()),
            ..ScanParams::default()
        },
    )?;
    let mut deleted = 0;
    for (_, _, json) in &rows {
        let Ok(item) = serde_json::from_str::<Item>(json) else { continue };
        if has_expired(&item, &ttl, now) {
            let (table_name, key) = (meta.table_name.clone(), key_of(&item, &meta)?);
            run(delete_item::execute(storage, DeleteItemRequest { table_name, key, ..DeleteItemRequest::default() }))?;
            deleted += 1;
        }
    }
    place.left = if rows.len() < limit { 0 } else { place.left - rows.len() };
    place.after = rows.into_iter().next_back().map(|(pk, sk, _)| (pk, sk));
    Ok(deleted)
}

fn has_expired(item: &Item, ttl: &str, now: i64) -> bool {
    let Some(AttributeValue::N(digits)) = item.get(ttl) else { return false };
    digits.parse::<i64>().is_ok_and(|at| (0..now).contains(&at))
}

fn key_of(item: &Item, meta: &TableMetadata) -> Result<Item, DynoxideError> {
    let schema = key_schema(meta)?;
    let part = |part: KeySchemaElement| Some((part.attribute_name.clone(), item.get(&part.attribute_name)?.clone()));
    Ok(schema.into_iter().filter_map(part).collect())
}

/// The attributes of a table's keys, partition key first.
pub(super) fn key_schema(meta: &TableMetadata) -> Result<Vec<KeySchemaElement>, DynoxideError> {
    serde_json::from_str(&meta.key_schema).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// Runs an operation. None of them ever waits: SQLite is asked in the caller's thread.
pub(super) fn run<A>(operation: impl Future<Output = Result<A, DynoxideError>>) -> Result<A, DynoxideError> {
    match pin!(operation).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => Err(DynoxideError::InternalServerError("an operation would wait".to_owned())),
    }
}

struct Seconds(Clock);

impl DatabaseClock for Seconds {
    fn now_unix_secs(&self) -> u64 {
        u64::try_from((self.0)().div_euclid(1_000)).unwrap_or(0)
    }

    fn now_unix_secs_f64(&self) -> f64 {
        (self.0)() as f64 / 1_000.0
    }
}
