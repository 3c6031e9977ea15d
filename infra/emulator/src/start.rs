//! All three servers together, and the folder that they share.

use crate::direct::{self, Servers};
use crate::listen::{Running, on_loopback, url};
use crate::sqs::{Sqs, wire};
use crate::written::Listener;
use crate::{Clock, StartError, dynamodb, s3};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use http::StatusCode;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// How long [`Emulator::shutdown`] waits for requests that are being answered.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the data lives.
#[derive(Debug, Clone)]
pub enum Where {
    /// In memory (blobs: in a temporary folder); gone with the [`Emulator`].
    Memory,
    /// In this folder, which is made if it is not there, and which one process has at a time.
    Folder(PathBuf),
}

/// The ports to listen on; 0, the default, is any free one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    /// DynamoDB's.
    pub dynamodb_port: u16,
    /// SQS's.
    pub sqs_port: u16,
    /// S3's.
    pub s3_port: u16,
}

/// The endpoint URLs for the SDK clients, without a slash at the end.
///
/// Clients name [`crate::REGION`] and any access key id; for S3 the secret has to be the same text as the key id, as its
/// signatures are checked. S3 clients use path-style addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// DynamoDB's.
    pub dynamodb: String,
    /// SQS's.
    pub sqs: String,
    /// S3's.
    pub s3: String,
}

/// The running servers. Dropped, they stop without waiting for what is being answered; [`Emulator::shutdown`]
/// waits.
pub struct Emulator {
    endpoints: Endpoints,
    sqs: Sqs,
    direct: Arc<Servers>,
    servers: [(&'static str, Running); 3],
    // Both are let go after the servers: fields drop in order.
    _blobs: Option<TempDir>,
    _lock: Option<File>,
}

impl std::fmt::Debug for Emulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emulator").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

impl Emulator {
    /// Starts the servers on any free ports of 127.0.0.1. Needs a Tokio runtime with time and I/O.
    ///
    /// # Errors
    /// [`StartError`] when the folder cannot be used.
    pub async fn start(place: Where, clock: Clock) -> Result<Self, StartError> {
        Self::start_on(place, Ports::default(), clock).await
    }

    /// Starts the servers on the given ports of 127.0.0.1.
    ///
    /// # Errors
    /// [`StartError`] when the folder or a port cannot be used.
    // Async though it never waits: it spawns, and so must run within a runtime.
    #[expect(clippy::unused_async, reason = "a caller outside a runtime could not run it")]
    pub async fn start_on(place: Where, ports: Ports, clock: Clock) -> Result<Self, StartError> {
        let rooms = Rooms::open(&place)?;
        let dynamodb_listener = on_loopback("DynamoDB", ports.dynamodb_port)?;
        let sqs_listener = on_loopback("SQS", ports.sqs_port)?;
        let s3_listener = on_loopback("S3", ports.s3_port)?;
        let endpoints = Endpoints {
            dynamodb: url("DynamoDB", &dynamodb_listener)?,
            sqs: url("SQS", &sqs_listener)?,
            s3: url("S3", &s3_listener)?,
        };

        let tables = Arc::new(dynamodb::Tables::open(rooms.tables.as_deref(), &clock)?);
        let sqs = Sqs::open(rooms.queues.as_deref(), clock)?;
        let blobs = s3::serve(s3_listener, &rooms.blobs)
            .map_err(|source| StartError::NotWritable { folder: rooms.blobs.clone(), source })?;
        let direct = Arc::new(Servers { tables, queues: Arc::new(wire::Server::new(sqs.clone(), &endpoints.sqs)) });
        let queues = Running::router(sqs_listener, wire::router(Arc::clone(&direct.queues)));
        let tables = Running::router(dynamodb_listener, dynamodb::router(Arc::clone(&direct.tables)));
        Ok(Self {
            endpoints,
            sqs,
            direct,
            servers: [("DynamoDB", tables), ("SQS", queues), ("S3", blobs)],
            _blobs: rooms.temporary,
            _lock: rooms.lock,
        })
    }

    /// Where the clients are to connect.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The queues, without HTTP in between.
    pub fn sqs(&self) -> &Sqs {
        &self.sqs
    }

    /// An HTTP client for the SDK that asks the tables and the queues in this process, without a socket, whatever the
    /// endpoint; requests to other services go through `rest`. Once the emulator is gone it answers nothing.
    #[must_use]
    pub fn direct(&self, rest: SharedHttpClient) -> SharedHttpClient {
        direct::client(Arc::downgrade(&self.direct), rest)
    }

    /// Tells `listener` of every write to the tables from now on, however it is asked for: after it was made, and before it is answered. There is one listener; false if there was one before.
    pub fn tell(&self, listener: Listener) -> bool {
        self.direct.tables.listener.set(listener).is_ok()
    }

    /// Answers a request to the tables as over HTTP, for who looks into them from outside: `operation` is what follows the
    /// prefix in `X-Amz-Target`, `body` its JSON.
    pub fn ask_tables(&self, operation: &str, body: &str) -> (StatusCode, String) {
        let target = format!("{}{operation}", dynamodb::TARGET_PREFIX);
        dynamodb::answer(&self.direct.tables, &target, body.as_bytes())
    }

    /// Puts items, given as DynamoDB's JSON, into a table all at once, indexes included: many times as fast as by requests, for benches
    /// that need very many. Nothing of what a request would be refused for is looked at,
    /// and no listener is told.
    ///
    /// # Errors
    /// The database's sentence, when it failed; then none of them is there.
    pub fn put_rows(&self, table: &str, rows: Vec<serde_json::Value>) -> Result<(), String> {
        self.direct.tables.put_rows(table, rows)
    }

    /// Deletes the items whose TTL attribute has passed, in all tables that have TTL enabled; returns how many. Nothing
    /// calls this by itself. It works through pages and lets requests in between, but it blocks its thread.
    ///
    /// # Errors
    /// The database's sentence, when it failed. The next sweep takes up what this one left.
    pub fn sweep_ttl(&self) -> Result<usize, String> {
        self.direct.tables.sweep()
    }

    /// Stops: waiting receives return empty, requests that are being answered end, no new one is taken. Returns when all
    /// is written, or after five seconds.
    pub async fn shutdown(self) {
        self.sqs.close();
        let Self { servers: [tables, queues, blobs], .. } = self;
        tokio::join!(
            tables.1.stop(tables.0, PATIENCE),
            queues.1.stop(queues.0, PATIENCE),
            blobs.1.stop(blobs.0, PATIENCE)
        );
    }
}

/// The files of the servers.
struct Rooms {
    tables: Option<PathBuf>,
    queues: Option<PathBuf>,
    blobs: PathBuf,
    temporary: Option<TempDir>,
    lock: Option<File>,
}

impl Rooms {
    fn open(place: &Where) -> Result<Self, StartError> {
        match place {
            Where::Memory => {
                let temporary = TempDir::with_prefix("feedmill-blobs-")
                    .map_err(|source| StartError::NotWritable { folder: std::env::temp_dir(), source })?;
                let blobs = temporary.path().to_path_buf();
                Ok(Self { tables: None, queues: None, blobs, temporary: Some(temporary), lock: None })
            }
            Where::Folder(folder) => {
                let blobs = folder.join("blobs");
                let lock = std::fs::create_dir_all(&blobs)
                    .and_then(|()| File::options().create(true).append(true).open(folder.join("emulator.lock")))
                    .map_err(|source| StartError::NotWritable { folder: folder.clone(), source })?;
                take(&lock, folder)?;
                Ok(Self {
                    tables: Some(folder.join("tables.sqlite")),
                    queues: Some(folder.join("queues.sqlite")),
                    blobs,
                    temporary: None,
                    lock: Some(lock),
                })
            }
        }
    }
}

/// The system lets go of the lock when the process ends, however it ends.
fn take(lock: &File, folder: &Path) -> Result<(), StartError> {
    lock.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => StartError::InUse { folder: folder.to_path_buf() },
        TryLockError::Error(source) => StartError::NotWritable { folder: folder.to_path_buf(), source },
    })
}
