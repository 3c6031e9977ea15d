//! All tables and their indexes as data (the deployment template is compared with them), making them, and the stamp that keeps
//! a foreign key or older code away from them.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
};
use domain::time::Timestamp;

use crate::Store;
use crate::call::{Patience, Written};
use crate::error::{StoreError, because};
use crate::key::{self, Key};
use crate::row::{FORMAT, Row, TARGET_ATTRIBUTES, number, text, time};
use crate::write::{ABSENT, Write, malformed};

/// The schema that this code works on.
pub const SCHEMA_VERSION: u32 = 1;
/// The index of `sources` that the wheel reads: slot → source.
pub const BY_SLOT: &str = "by_slot";
/// The index of `posts`: (source, ordinal) → number.
pub const BY_SOURCE: &str = "by_source";
/// The index of `readers`: source → its subscribers.
pub const BY_SUBSCRIBED: &str = "by_subscribed";
/// The attribute that lets items expire, in seconds since the epoch; of all tables.
pub const TTL: &str = "ttl";

/// What a key attribute holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// `S`.
    Text,
    /// `N`.
    Number,
}

/// A key attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub holds: ColumnType,
}

/// What an index shows beside its keys and the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Projected {
    /// Nothing.
    Keys,
    /// These.
    Include(&'static [&'static str]),
}

/// A global secondary index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// Partition key.
    pub partition: Column,
    /// Sort key.
    pub sort: Column,
    /// What else it holds.
    pub projected: Projected,
}

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableShape {
    /// Partition key.
    pub partition: Column,
    /// Sort key.
    pub sort: Option<Column>,
    /// Its only index.
    pub index: Index,
}

const fn column(name: &'static str, holds: ColumnType) -> Column {
    Column { name, holds }
}

/// The table `sources`.
pub const SOURCES_TABLE: TableShape = TableShape {
    partition: column(key::PK, ColumnType::Text),
    sort: Some(column(key::SK, ColumnType::Text)),
    index: Index {
        name: BY_SLOT,
        partition: column("slot", ColumnType::Text),
        sort: column("source", ColumnType::Text),
        projected: Projected::Include(&TARGET_ATTRIBUTES),
    },
};

/// The table `posts`.
pub const POSTS_TABLE: TableShape = TableShape {
    partition: column(key::NUMBER, ColumnType::Number),
    sort: None,
    index: Index {
        name: BY_SOURCE,
        partition: column("source", ColumnType::Text),
        sort: column("ordinal", ColumnType::Number),
        projected: Projected::Keys,
    },
};

/// The table `readers`.
pub const READERS_TABLE: TableShape = TableShape {
    partition: column(key::PK, ColumnType::Text),
    sort: Some(column(key::SK, ColumnType::Text)),
    index: Index {
        name: BY_SUBSCRIBED,
        // Attributes of subscriptions alone: what else names a source or a user is not to be in the index.
        partition: column("subscribed", ColumnType::Text),
        sort: column("subscriber", ColumnType::Text),
        projected: Projected::Keys,
    },
};

/// What the store says to a process that wants to work with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// The key is the store's (or the store is new), the schema this code's.
    Ok,
    /// The ids in the store were made under another key.
    WrongKey {
        /// That key's fingerprint.
        stored: String,
    },
    /// Newer code changed the tables.
    NewerSchema {
        /// Their version.
        version: u32,
    },
}

impl Stamp {
    /// What a stamp says to code with this key, or without one.
    pub(crate) fn judge(row: &Row<'_>, fingerprint: Option<&str>) -> Result<Self, StoreError> {
        let (version, stored): (u32, _) = (row.number("version")?, row.text("key")?);
        Ok(if version > SCHEMA_VERSION {
            Self::NewerSchema { version }
        } else if fingerprint.is_some_and(|own| own != stored) {
            Self::WrongKey { stored: stored.to_owned() }
        } else {
            Self::Ok
        })
    }
}

impl Store {
    /// Makes the tables that do not exist, and waits until all can be used.
    ///
    /// # Errors
    /// [`StoreError`]; tables that were made stay, another call goes on.
    pub async fn create_tables(&self) -> Result<(), StoreError> {
        let tables =
            [(self.sources(), SOURCES_TABLE), (self.posts_table_name(), POSTS_TABLE), (self.readers(), READERS_TABLE)];
        for (name, shape) in tables {
            self.create_table(name, shape).await?;
            self.wait_for_table(name).await?;
            self.enable_ttl(name).await?;
        }
        Ok(())
    }

    /// Leaves the schema version and the key's fingerprint in the store, or compares them with what is there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn stamp(&self, fingerprint: &str, now: Timestamp) -> Result<Stamp, StoreError> {
        let write = Write::to(Key::meta())
            .change("SET #v = :v, #version = :version, #key = :key, #created_at = :now")
            .when(ABSENT)
            .bind(":v", number(FORMAT))
            .bind(":version", number(SCHEMA_VERSION))
            .bind(":key", text(fingerprint))
            .bind(":now", time(now));
        let (Written::Done(item) | Written::Refused(Some(item))) = self.update("stamping the store", write).await?
        else {
            return Err(StoreError::Conflict { operation: "stamping the store" });
        };
        Stamp::judge(&Row::of("stamp", &item)?, Some(fingerprint))
    }

    async fn create_table(&self, name: &str, shape: TableShape) -> Result<(), StoreError> {
        let mut request = self.client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        let columns = [Some(shape.partition), shape.sort, Some(shape.index.partition), Some(shape.index.sort)];
        for column in columns.into_iter().flatten() {
            let holds = match column.holds {
                ColumnType::Text => ScalarAttributeType::S,
                ColumnType::Number => ScalarAttributeType::N,
            };
            let definition = AttributeDefinition::builder().attribute_name(column.name).attribute_type(holds).build();
            request = request.attribute_definitions(definition.map_err(malformed)?);
        }
        let projection = Projection::builder();
        let projection = match shape.index.projected {
            Projected::Keys => projection.projection_type(ProjectionType::KeysOnly),
            Projected::Include(names) => projection
                .projection_type(ProjectionType::Include)
                .set_non_key_attributes(Some(names.iter().map(|name| (*name).to_owned()).collect())),
        };
        let index = GlobalSecondaryIndex::builder()
            .index_name(shape.index.name)
            .set_key_schema(Some(key_schema(shape.index.partition, Some(shape.index.sort))?))
            .projection(projection.build())
            .build()
            .map_err(malformed)?;
        let request =
            request.set_key_schema(Some(key_schema(shape.partition, shape.sort)?)).global_secondary_indexes(index);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_in_use_exception()) => Ok(()),
            Err(error) => Err(StoreError::of("making a table", error)),
        }
    }

    async fn wait_for_table(&self, name: &str) -> Result<(), StoreError> {
        const OPERATION: &str = "waiting for a table";
        // A new table takes the cloud some ten seconds.
        for _ in 0..10 {
            let mut patience = Patience::new();
            loop {
                let request = self.client.describe_table().table_name(name);
                let answer = request.send().await.map_err(|error| StoreError::of(OPERATION, error).on(name))?;
                let status = answer.table.and_then(|table| table.table_status);
                if matches!(status, Some(TableStatus::Active | TableStatus::Updating)) {
                    return Ok(());
                }
                if !patience.wait().await {
                    break;
                }
            }
        }
        Err(StoreError::Unavailable { operation: OPERATION, source: because(format!("{name} is not active yet")) })
    }

    async fn enable_ttl(&self, name: &str) -> Result<(), StoreError> {
        const OPERATION: &str = "letting items expire";
        let request = self.client.describe_time_to_live().table_name(name);
        let answer = request.send().await.map_err(|error| StoreError::of(OPERATION, error).on(name))?;
        let status = answer.time_to_live_description.and_then(|description| description.time_to_live_status);
        if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
            return Ok(());
        }
        let specification = TimeToLiveSpecification::builder().attribute_name(TTL).enabled(true).build();
        let request = self.client.update_time_to_live().table_name(name);
        let request = request.time_to_live_specification(specification.map_err(malformed)?);
        request.send().await.map_err(|error| StoreError::of(OPERATION, error).on(name))?;
        Ok(())
    }
}

fn key_schema(partition: Column, sort: Option<Column>) -> Result<Vec<KeySchemaElement>, StoreError> {
    let element = |column: Column, kind| KeySchemaElement::builder().attribute_name(column.name).key_type(kind).build();
    let keys = [Some((partition, KeyType::Hash)), sort.map(|column| (column, KeyType::Range))];
    keys.into_iter().flatten().map(|(column, kind)| element(column, kind).map_err(malformed)).collect()
}
