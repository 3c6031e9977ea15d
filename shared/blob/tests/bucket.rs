//! Blobs on an S3, the embedded one or another.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use blob::{BlobError, BlobKey, Bucket, Owner, Shelf};
use boot::aws::{Aws, Service};
use boot::logs::causes;
use bytes::Bytes;
use domain::parsed::NaturalKey;
use domain::time::Timestamp;
use servers::Server;

const LIMIT: usize = 1 << 20;

fn post(n: u8) -> Owner {
    Owner::Post("3kTMd9aZ".parse().unwrap(), NaturalKey([n; 16]))
}

/// A server with an empty bucket.
struct World {
    server: Server,
    config: aws_types::SdkConfig,
    bucket: Bucket,
    /// The same without the crate in between.
    client: aws_sdk_s3::Client,
}

impl World {
    async fn new() -> Self {
        let server = Server::of_this_run(Arc::new(|| 0)).await;
        let ends = server.endpoints();
        let config = Aws::local(&ends.dynamodb, &ends.sqs, &ends.s3).config(Service::S3);
        let bucket = Bucket::new(&config, server.own("blobs"));
        bucket.create().await.unwrap();
        let path_style = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
        Self { server, bucket, client: aws_sdk_s3::Client::from_conf(path_style), config }
    }
}

#[tokio::test]
async fn a_blob_comes_back_byte_for_byte_however_often_it_was_put() {
    let World { bucket, .. } = &World::new().await;
    for size in [0, 1, 16 * 1024, 300_000] {
        let bytes = Bytes::from((0..size).map(|n| (n % 251) as u8).collect::<Vec<_>>());
        let key = bucket.put(post(1), bytes.clone()).await.unwrap();
        assert_ne!(bucket.put(post(1), bytes.clone()).await.unwrap(), key, "each is a blob of its own");
        assert_eq!(bucket.get(&key, LIMIT).await.unwrap(), Some(bytes), "{size}");
    }
}

#[tokio::test]
async fn a_blob_that_was_never_put_is_absent() {
    let World { bucket, .. } = &World::new().await;
    assert_eq!(bucket.get(&BlobKey::new(post(1), b"nobody put this"), LIMIT).await.unwrap(), None);
}

#[tokio::test]
async fn no_more_is_read_than_the_caller_allows() {
    let World { bucket, .. } = &World::new().await;
    let key = bucket.put(post(1), Bytes::from(vec![7; 1_000])).await.unwrap();
    assert_eq!(bucket.get(&key, 1_000).await.unwrap().map(|bytes| bytes.len()), Some(1_000));
    let error = bucket.get(&key, 999).await.unwrap_err();
    assert!(matches!(&error, BlobError::TooLarge { limit_bytes: 999, .. }), "{error}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn bytes_that_are_not_those_of_the_key_are_refused() {
    let World { bucket, client, .. } = &World::new().await;
    let key = BlobKey::new(post(1), b"what was meant");
    let body = Bytes::from_static(b"what is there").into();
    client.put_object().bucket(bucket.name()).key(key.path()).body(body).send().await.unwrap();
    assert!(matches!(bucket.get(&key, LIMIT).await, Err(BlobError::Corrupt { .. })));
}

#[tokio::test]
async fn a_blob_says_what_it_is_and_how_long_it_may_be_cached() {
    let World { bucket, client, .. } = &World::new().await;
    let key = bucket.put(post(1), Bytes::from_static(b"<p>")).await.unwrap();
    let head = client.head_object().bucket(bucket.name()).key(key.path()).send().await.unwrap();
    assert_eq!(head.content_type(), Some(key.content_type()));
    assert_eq!(head.content_encoding(), Some("zstd"));
    assert_eq!(head.cache_control(), Some(key.cache_control()));
}

#[tokio::test]
async fn making_a_bucket_twice_is_making_it_once() {
    let World { bucket, .. } = &World::new().await;
    let key = bucket.put(post(1), Bytes::from_static(b"kept")).await.unwrap();
    bucket.create().await.unwrap();
    assert!(bucket.get(&key, LIMIT).await.unwrap().is_some());
}

#[tokio::test]
async fn a_wrong_secret_is_refused_for_good() {
    let World { config, bucket, .. } = &World::new().await;
    let wrong = Credentials::new("local", "wrong", None, None, "test");
    let stranger = config.to_builder().credentials_provider(SharedCredentialsProvider::new(wrong)).build();
    let put = Bucket::new(&stranger, bucket.name()).put(post(1), Bytes::from_static(b"x")).await;
    assert!(matches!(put, Err(BlobError::NotPermitted { operation: "PutObject", .. })), "{put:?}");
    assert!(!put.unwrap_err().is_retryable());
}

/// An S3 that permits nothing.
#[derive(Debug)]
struct Forbidding;

const FORBIDDEN: &str = "User: arn:aws:sts::1:assumed-role/api is not authorized to perform that";

impl HttpConnector for Forbidding {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let body = format!("<Error><Code>AccessDenied</Code><Message>{FORBIDDEN}</Message></Error>");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(403.try_into().unwrap(), body.into())))
    }
}

#[tokio::test]
async fn a_permission_that_is_missing_is_named_as_iam_names_it_with_the_bucket() {
    let nowhere = "http://127.0.0.1:9";
    let client = http_client_fn(|_, _| SharedHttpConnector::new(Forbidding));
    let bucket = &Bucket::new(&Aws::local(nowhere, nowhere, nowhere).through(|_| client).config(Service::S3), "blobs");
    let key = BlobKey::new(post(1), b"x");
    let all = [
        (bucket.put(post(1), Bytes::from_static(b"x")).await.unwrap_err(), "s3:PutObject"),
        (bucket.get(&key, LIMIT).await.unwrap_err(), "s3:GetObject"),
        (bucket.list(Shelf::Contents, None).await.unwrap_err(), "s3:ListBucket"),
        (bucket.delete(&[key.path()]).await.unwrap_err(), "s3:DeleteObject"),
    ];
    for (error, permission) in all {
        let sentence =
            format!("S3 does not permit {permission} on the bucket blobs: check credentials and the function's role");
        let line = causes(&error);
        assert!(line.starts_with(&sentence) && line.contains(FORBIDDEN), "{line}");
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn a_server_that_is_gone_is_worth_another_try() {
    let World { server, config, bucket, .. } = World::new().await;
    let gone = config.to_builder().endpoint_url(server.gone().await.s3).build();
    let silent = Bucket::new(&gone, bucket.name()).put(post(1), Bytes::from_static(b"x")).await.unwrap_err();
    assert!(matches!(silent, BlobError::Unavailable { operation: "PutObject", .. }), "{silent:?}");
    assert!(silent.is_retryable());
}

#[tokio::test]
async fn a_shelf_is_listed_page_by_page_and_only_what_is_named_is_deleted() {
    let World { bucket, .. } = &World::new().await;
    let now = boot::clock::now();
    for n in (0..=255).chain(0..=255).chain(0..=255).chain(0..=255) {
        bucket.put(post(n), Bytes::from_static(b"<p>")).await.unwrap();
    }
    let user = domain::id::UserId::draw(&mut domain::id::SystemEntropy);
    let copy = Owner::Copy(user, domain::id::PostNumber::new(7).unwrap());
    let copy = bucket.put(copy, Bytes::from_static(b"<p>")).await.unwrap();

    let first = bucket.list(Shelf::Contents, None).await.unwrap();
    assert_eq!((first.found.len(), first.more), (1_000, true));
    assert!(first.found.is_sorted_by_key(|found| found.path.clone()));
    let late = |at: Timestamp| at.since(now).as_secs() > 60 || now.since(at).as_secs() > 2;
    assert!(!first.found.iter().any(|found| late(found.at)), "{:?}", first.found[0]);
    let second = bucket.list(Shelf::Contents, Some(&first.found[999].path)).await.unwrap();
    assert_eq!((second.found.len(), second.more), (24, false));
    assert_eq!(bucket.list(Shelf::Copies, None).await.unwrap().found[0].path, copy.path());

    let gone: Vec<String> = first.found[..999].iter().map(|found| found.path.clone()).collect();
    for _ in 0..2 {
        assert_eq!(bucket.delete(&gone).await.unwrap(), [], "what is not there is no error");
    }
    assert_eq!(bucket.list(Shelf::Contents, None).await.unwrap().found.len(), 25);
    let kept = BlobKey::named(&first.found[999].path).unwrap();
    assert!(bucket.get(&kept, LIMIT).await.unwrap().is_some());
}
