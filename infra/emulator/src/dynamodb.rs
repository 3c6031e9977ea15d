//! DynamoDB: dynoxide on SQLite.

use crate::listen::Running;
use crate::{Clock, StartError};
use dynoxide::Database;
use dynoxide::storage_backend::Clock as DatabaseClock;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Opens the tables in `file`, or in memory.
///
/// In memory, items expire by `clock`; in a file by the wall clock, because dynoxide takes a clock only in memory.
pub(crate) fn open(file: Option<&Path>, clock: &Clock) -> Result<Database, StartError> {
    match file {
        None => Database::memory_with_clock(Arc::new(Seconds(Arc::clone(clock)))),
        Some(file) => Database::new(&file.to_string_lossy()).and_then(|database| {
            // Not for its name, but because it is the only door to `synchronous = NORMAL`: SQLite's default would flush
            // the disk at each single write.
            database.disable_bulk_loading()?;
            Ok(database)
        }),
    }
    .map_err(|error| StartError::Database {
        file: file.map_or_else(|| ":memory:".into(), Path::to_path_buf),
        reason: error.to_string(),
    })
}

pub(crate) fn serve(listener: TcpListener, database: Database) -> Running {
    Running::start(|stopped| {
        dynoxide::server::serve_with_shutdown(listener, database, async move { drop(stopped.await) })
    })
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
