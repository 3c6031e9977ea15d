//! The bucket: put, get, list, delete.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{BuildError, SdkError};
use aws_sdk_s3::operation::create_bucket::CreateBucketError;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, Delete, ObjectIdentifier};
use bytes::{Bytes, BytesMut};
use domain::time::Timestamp;

use crate::{BlobError, BlobKey, Owner, Shelf};

/// What S3 did not delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where it lies.
    pub path: String,
    /// What S3 says of it.
    pub said: String,
}

/// A page of a shelf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// What lies there, by path; also what is no blob of ours.
    pub found: Vec<Found>,
    /// Whether there is more behind.
    pub more: bool,
}

/// One object of the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it lies; [`BlobKey::named`] reads it.
    pub path: String,
    /// When it was put, by the clock of S3, which tells seconds.
    pub at: Timestamp,
}

/// One bucket. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    /// A client of the bucket `name`; connects when first used.
    pub fn new(config: &aws_types::SdkConfig, name: impl Into<String>) -> Self {
        // Servers on one machine have no host name for each bucket.
        let path_style = config.endpoint_url().is_some();
        let config = aws_sdk_s3::config::Builder::from(config).force_path_style(path_style).build();
        Self { client: Client::from_conf(config), name: name.into() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes the bucket, unless it is there already: for one machine and for tests; in the cloud the template makes it.
    ///
    /// # Errors
    /// [`BlobError`] when S3 fails or the name is someone else's.
    pub async fn create(&self) -> Result<(), BlobError> {
        let region = self.client.config().region().map(|region| region.as_ref().to_owned());
        // The one region that must not be named.
        let place = region.filter(|region| region != "us-east-1").map(|region| {
            let constraint = BucketLocationConstraint::from(region.as_str());
            CreateBucketConfiguration::builder().location_constraint(constraint).build()
        });
        let made = self.client.create_bucket().bucket(&self.name).set_create_bucket_configuration(place).send().await;
        match made {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(is_there) => self.reach().await,
            Err(error) => Err(BlobError::of("CreateBucket", &self.name, error)),
        }
    }

    /// Whether the bucket is there and ours: names are shared by everybody, and not every server says whose one is.
    async fn reach(&self) -> Result<(), BlobError> {
        let found = self.client.head_bucket().bucket(&self.name).send().await;
        found.map(|_| ()).map_err(|error| BlobError::of("HeadBucket", &self.name, error))
    }

    /// Puts bytes (compressed) for their owner and returns the key under which they lie from now on. Each call makes a blob of its own: one
    /// that nobody came to name is an orphan for good, and the sweep may delete it once no caller can still be about to name it.
    ///
    /// # Errors
    /// [`BlobError`] when S3 fails; after [`BlobError::Unavailable`] an orphan may be there.
    pub async fn put(&self, owner: Owner, bytes: Bytes) -> Result<BlobKey, BlobError> {
        let key = BlobKey::new(owner, &bytes);
        self.client
            .put_object()
            .bucket(&self.name)
            .key(key.path())
            .content_type(key.content_type())
            .content_encoding(key.content_encoding())
            .cache_control(key.cache_control())
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map_err(|error| BlobError::of("PutObject", &self.name, error))?;
        Ok(key)
    }

    /// The next blobs of a shelf behind the path `after`, by path, at most a thousand.
    ///
    /// # Errors
    /// [`BlobError`] when S3 fails.
    pub async fn list(&self, shelf: Shelf, after: Option<&str>) -> Result<Listed, BlobError> {
        let request = self.client.list_objects_v2().bucket(&self.name).prefix(shelf.prefix());
        let answer = request.set_start_after(after.map(str::to_owned)).send().await;
        let answer = answer.map_err(|error| BlobError::of("ListObjectsV2", &self.name, error))?;
        let found = answer.contents().iter().filter_map(|object| {
            let at = object.last_modified().and_then(|at| at.to_millis().ok()).map(Timestamp::from_millis);
            Some(Found { path: object.key()?.to_owned(), at: at? })
        });
        Ok(Listed { found: found.collect(), more: answer.is_truncated() == Some(true) })
    }

    /// Deletes what lies at these paths, at most a thousand of them; what is not there is no error. Returns those that S3 kept, each with what it says of it.
    ///
    /// # Errors
    /// [`BlobError`] when S3 fails: the same call again is safe.
    pub async fn delete(&self, paths: &[String]) -> Result<Vec<Refused>, BlobError> {
        const OPERATION: &str = "DeleteObjects";
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let refused = |error: BuildError| BlobError::Other { operation: OPERATION, source: Box::new(error) };
        let objects = paths.iter().map(|path| ObjectIdentifier::builder().key(path).build());
        let objects = objects.collect::<Result<Vec<_>, _>>().map_err(refused)?;
        let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build().map_err(refused)?;
        let answer = self.client.delete_objects().bucket(&self.name).delete(delete).send().await;
        let answer = answer.map_err(|error| BlobError::of(OPERATION, &self.name, error))?;
        let kept = answer.errors().iter().map(|kept| Refused {
            path: kept.key().unwrap_or_default().to_owned(),
            said: kept.code().or(kept.message()).unwrap_or("it does not say why").to_owned(),
        });
        Ok(kept.collect())
    }

    /// The bytes of a blob as they were stored, or `None` if it is not there.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`] over `limit_bytes`, of which no more are read; [`BlobError::Corrupt`] if the bytes are not those that
    /// the key names.
    pub async fn get(&self, key: &BlobKey, limit_bytes: usize) -> Result<Option<Bytes>, BlobError> {
        let answer = match self.client.get_object().bucket(&self.name).key(key.path()).send().await {
            Ok(answer) => answer,
            Err(SdkError::ServiceError(error)) if matches!(error.err(), GetObjectError::NoSuchKey(_)) => {
                return Ok(None);
            }
            Err(error) => return Err(BlobError::of("GetObject", &self.name, error)),
        };
        let told = answer.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        let bytes = self.read(key, answer.body, told, limit_bytes).await?;
        if key.names(&bytes) { Ok(Some(bytes)) } else { Err(BlobError::Corrupt { path: key.path() }) }
    }

    /// Reads to the end or to `limit`; `told` is what the header promised.
    async fn read(&self, key: &BlobKey, mut body: ByteStream, told: usize, limit: usize) -> Result<Bytes, BlobError> {
        let too_large = || BlobError::TooLarge { path: key.path(), limit_bytes: limit };
        if told > limit {
            return Err(too_large());
        }
        let mut bytes = BytesMut::with_capacity(told);
        while let Some(chunk) = body.next().await {
            let broken = |error| BlobError::Unavailable { operation: "GetObject", source: Box::new(error) };
            let chunk = chunk.map_err(broken)?;
            if bytes.len().saturating_add(chunk.len()) > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }
}

fn is_there(error: &CreateBucketError) -> bool {
    error.is_bucket_already_owned_by_you() || error.is_bucket_already_exists()
}
