//! Feedmill's memory: the tables `sources`, `posts` and `readers` in DynamoDB, each change one conditional write whose outcomes are an enum.
//!
//! The only crate that knows tables, keys and attributes (every key format is in `key.rs`, every attribute in `row/`). It must
//! never decide anything that `domain` can decide, hand out an item as it is stored, read a clock (callers pass the time in), or
//! take a refused condition for an error: who lost a race is told what there is instead. A write whose answer got lost is
//! recognised when it is tried again.

mod admit;
mod batch;
mod call;
mod content;
mod error;
mod hand;
mod jobs;
mod journal;
mod key;
mod landing;
mod life;
mod listing;
mod meter;
mod migrations;
mod posts;
mod readers;
mod retention;
mod row;
mod schema;
mod sealing;
mod sources;
mod tasks;
mod wheel;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::Client;

use crate::row::Item;

pub use admit::NotAdmitted;
pub use call::Patience;
pub use content::{Body, INLINE_LIMIT, Packed, unpack};
pub use error::{Cause, StoreError};
pub use hand::{Marking, Queued, Superseding, Swap};
pub use jobs::{DeleteJob, Finish, Look};
pub use journal::{Journal, Moment, Watch};
pub use landing::*;
pub use life::*;
pub use listing::Consistency;
pub use meter::{Meter, Reading};
pub use migrations::{BASELINE, DryRun, MigrationStatus, Migrations, Step};
pub use posts::*;
pub use readers::*;
pub use retention::{Raising, Retention};
pub use schema::{
    BY_SLOT, BY_SOURCE, BY_SUBSCRIBED, Column, ColumnType, Index, POSTS_TABLE, Projected, READERS_TABLE,
    SCHEMA_VERSION, SOURCES_TABLE, Stamp, TTL, TableShape,
};
pub use sealing::{Resealing, SealState, SealedPage};
pub use sources::{Change, Creating, NewSource, Place};
pub use tasks::{Progress, Taking, Task};
pub use wheel::{Claim, Cursor};

/// The names of the tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// Heads, poll state, jobs, natural keys, URLs, and the wheel.
    pub sources: String,
    /// Posts by number.
    pub posts: String,
    /// Users and what is theirs.
    pub readers: String,
}

impl Default for Tables {
    fn default() -> Self {
        let name = |what| format!("feedmill-{what}");
        Self { sources: name("sources"), posts: name("posts"), readers: name("readers") }
    }
}

/// The store. Clones share one client.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    tables: Arc<Tables>,
    meter: Option<Arc<Meter>>,
    left_out: Arc<AtomicU64>,
}

impl Store {
    /// A store behind `config`, whose endpoint, credentials, retries and time-outs it takes as they are.
    pub fn new(config: &aws_types::SdkConfig, tables: Tables) -> Self {
        Self { client: Client::new(config), tables: Arc::new(tables), meter: None, left_out: Arc::default() }
    }

    /// How many items could not be read so far and were left out, by this store and its clones, where whoever asked goes over many. The log says which.
    pub fn left_out(&self) -> u64 {
        self.left_out.load(Ordering::Relaxed)
    }

    /// What can be read of many items, the others counted.
    pub(crate) fn readable<T>(&self, items: &[Item], read: impl Fn(&Item) -> Result<T, StoreError>) -> Vec<T> {
        let read = row::readable(items, read);
        self.left_out.fetch_add((items.len() - read.len()) as u64, Ordering::Relaxed);
        read
    }

    /// The same store with a meter that counts what every call consumes.
    #[must_use]
    pub fn metered(&self) -> (Self, Arc<Meter>) {
        let meter = Arc::new(Meter::default());
        (Self { meter: Some(Arc::clone(&meter)), ..self.clone() }, meter)
    }
}
