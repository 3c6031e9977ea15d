//! The queues in SQLite. Every method is one transaction; `now` is milliseconds since the Unix epoch.

use super::attributes::{Attributes, Settings, check_name};
use super::error::SqsError;
use super::message::Outgoing;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;
use std::path::Path;

/// Messages too old are out of sight at once, and deleted about so often.
const SWEEP_EVERY_MS: i64 = 60_000;

/// In `message_order`, one range of `visible_at` is what can be received, and the counts need no look at the bodies.
const SCHEMA: &str = "
    CREATE TABLE queue (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        attributes TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        modified_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE message (
        row INTEGER PRIMARY KEY AUTOINCREMENT,
        queue INTEGER NOT NULL REFERENCES queue (id),
        id TEXT NOT NULL,
        sent_at INTEGER NOT NULL,
        visible_at INTEGER NOT NULL,
        first_received_at INTEGER,
        receive_count INTEGER NOT NULL DEFAULT 0,
        body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX message_order ON message (queue, visible_at, receive_count, sent_at);
    PRAGMA user_version = 1;
";
const SCHEMA_VERSION: i64 = 1;

#[derive(Debug, Clone)]
pub(super) struct Queue {
    pub(super) id: i64,
    pub(super) settings: Settings,
    pub(super) created_at: i64,
    pub(super) modified_at: i64,
    swept_at: i64,
}

impl Queue {
    /// Messages sent at this moment or before are too old.
    pub(super) fn cutoff(&self, now: i64) -> i64 {
        now - self.settings.retention * 1_000
    }
}

/// Messages of a queue by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) visible: i64,
    pub(super) in_flight: i64,
    pub(super) delayed: i64,
}

pub(super) struct Storage {
    pub(super) db: Connection,
    /// What table `queue` holds; read at every request.
    queues: BTreeMap<String, Queue>,
}

impl Storage {
    /// Opens or makes the database in `file`, or one in memory. The error is a sentence.
    pub(super) fn open(file: Option<&Path>) -> Result<Self, String> {
        let open = || -> Result<(Connection, i64), rusqlite::Error> {
            let db = match file {
                Some(file) => Connection::open(file)?,
                None => Connection::open_in_memory()?,
            };
            // Nobody else has the file: no lock has to be asked of the system for each request.
            db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
            // With a write-ahead log, `NORMAL` loses nothing when the process dies.
            db.pragma_update(None, "journal_mode", "WAL")?;
            db.pragma_update(None, "synchronous", "NORMAL")?;
            db.set_prepared_statement_cache_capacity(32);
            let version = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            Ok((db, version))
        };
        let (mut db, version) = open().map_err(|error| error.to_string())?;
        match version {
            SCHEMA_VERSION => {}
            0 => make_tables(&mut db).map_err(|error| error.to_string())?,
            newer => {
                return Err(format!("it is of version {newer}, this program knows version {SCHEMA_VERSION}"));
            }
        }
        let queues = load(&db).map_err(|error| error.to_string())?;
        Ok(Self { db, queues })
    }

    pub(super) fn queue(&self, name: &str) -> Result<&Queue, SqsError> {
        self.queues.get(name).ok_or(SqsError::QueueDoesNotExist)
    }

    pub(super) fn names(&self, prefix: &str) -> Vec<String> {
        self.queues.keys().filter(|name| name.starts_with(prefix)).cloned().collect()
    }

    pub(super) fn create(&mut self, name: &str, attributes: &Attributes, now: i64) -> Result<(), SqsError> {
        check_name(name)?;
        if let Some(existing) = self.queues.get(name) {
            // The same again is fine, and an attribute that is not named is not compared.
            let asked = existing.settings.with(attributes)?.to_attributes();
            let has = existing.settings.to_attributes();
            return match asked.into_iter().find(|(key, value)| has.get(key) != Some(value)) {
                Some((key, _)) => Err(SqsError::QueueNameExists(key)),
                None => Ok(()),
            };
        }
        let settings = self.checked(Settings::default().with(attributes)?)?;
        let id = self.db.query_row(
            "INSERT INTO queue (name, attributes, created_at, modified_at) VALUES (?1, ?2, ?3, ?3) RETURNING id",
            params![name, to_json(&settings), now],
            |row| row.get(0),
        )?;
        let queue = Queue { id, settings, created_at: now, modified_at: now, swept_at: now };
        self.queues.insert(name.to_owned(), queue);
        Ok(())
    }

    pub(super) fn set_attributes(&mut self, name: &str, attributes: &Attributes, now: i64) -> Result<(), SqsError> {
        let settings = self.checked(self.queue(name)?.settings.with(attributes)?)?;
        self.db.execute(
            "UPDATE queue SET attributes = ?2, modified_at = ?3 WHERE name = ?1",
            params![name, to_json(&settings), now],
        )?;
        if let Some(queue) = self.queues.get_mut(name) {
            queue.settings = settings;
            queue.modified_at = now;
        }
        Ok(())
    }

    /// A redrive policy has to lead somewhere.
    fn checked(&self, settings: Settings) -> Result<Settings, SqsError> {
        match &settings.redrive {
            Some(redrive) if !self.queues.contains_key(&redrive.target) => Err(SqsError::InvalidParameterValue(
                "Value for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.".to_owned(),
            )),
            _ => Ok(settings),
        }
    }

    pub(super) fn counts(&self, name: &str, now: i64) -> Result<Counts, SqsError> {
        let queue = self.queue(name)?;
        let mut statement = self.db.prepare_cached(
            "SELECT count(*) FILTER (WHERE visible_at <= ?2),
                    count(*) FILTER (WHERE visible_at > ?2 AND receive_count > 0),
                    count(*) FILTER (WHERE visible_at > ?2 AND receive_count = 0)
             FROM message WHERE queue = ?1 AND sent_at > ?3",
        )?;
        Ok(statement.query_row(params![queue.id, now, queue.cutoff(now)], |row| {
            Ok(Counts { visible: row.get(0)?, in_flight: row.get(1)?, delayed: row.get(2)? })
        })?)
    }

    /// Adds messages, which were checked, under the given ids.
    pub(super) fn add<'a>(
        &mut self,
        name: &str,
        messages: impl IntoIterator<Item = (&'a str, &'a Outgoing)>,
        now: i64,
    ) -> Result<(), SqsError> {
        let (queue, delay) = {
            let queue = self.queue(name)?;
            (queue.id, queue.settings.delay)
        };
        let transaction = self.db.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO message (queue, id, sent_at, visible_at, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for (id, message) in messages {
                let visible_at = now + message.delay_seconds.unwrap_or(delay) * 1_000;
                insert.execute(params![queue, id, now, visible_at, message.body])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// When the next message of the queue becomes visible that is not yet.
    pub(super) fn next_visible(&self, name: &str, now: i64) -> Result<Option<i64>, SqsError> {
        let queue = self.queue(name)?.id;
        let mut statement = self.db.prepare_cached(
            "SELECT visible_at FROM message WHERE queue = ?1 AND visible_at > ?2 ORDER BY visible_at LIMIT 1",
        )?;
        Ok(statement.query_row(params![queue, now], |row| row.get(0)).optional()?)
    }

    pub(super) fn purge(&mut self, name: &str) -> Result<(), SqsError> {
        let queue = self.queue(name)?.id;
        self.db.execute("DELETE FROM message WHERE queue = ?1", [queue])?;
        Ok(())
    }

    /// Deletes what is too old, if that was not done a moment ago.
    pub(super) fn sweep(&mut self, name: &str, now: i64) -> Result<(), SqsError> {
        let Some(queue) = self.queues.get_mut(name) else {
            return Ok(());
        };
        if now.abs_diff(queue.swept_at) < SWEEP_EVERY_MS.unsigned_abs() {
            return Ok(());
        }
        queue.swept_at = now;
        let gone = params![queue.id, queue.cutoff(now)];
        self.db.execute("DELETE FROM message WHERE queue = ?1 AND sent_at <= ?2", gone)?;
        Ok(())
    }
}

fn make_tables(db: &mut Connection) -> Result<(), rusqlite::Error> {
    let transaction = db.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    transaction.commit()
}

fn load(db: &Connection) -> Result<BTreeMap<String, Queue>, rusqlite::Error> {
    let mut statement = db.prepare("SELECT name, id, attributes, created_at, modified_at FROM queue")?;
    let rows = statement.query_map([], |row| {
        let attributes: String = row.get(2)?;
        let settings = from_json(&attributes)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, error))?;
        let queue =
            Queue { id: row.get(1)?, settings, created_at: row.get(3)?, modified_at: row.get(4)?, swept_at: i64::MIN };
        Ok((row.get(0)?, queue))
    })?;
    rows.collect()
}

fn to_json(settings: &Settings) -> String {
    serde_json::json!(settings.to_attributes()).to_string()
}

fn from_json(attributes: &str) -> Result<Settings, Box<dyn std::error::Error + Send + Sync>> {
    let attributes: Attributes = serde_json::from_str(attributes)?;
    Ok(Settings::default().with(&attributes)?)
}
