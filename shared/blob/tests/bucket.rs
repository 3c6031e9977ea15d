//! Blobs on the emulator's S3.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use blob::{BlobError, BlobKey, Bucket, Owner, Shelf};
use boot::aws::{Aws, Service};
use bytes::Bytes;
use domain::parsed::NaturalKey;
use domain::time::Timestamp;
use emulator::{Emulator, Where};

const LIMIT: usize = 1 << 20;

fn post(n: u8) -> Owner {
    Owner::Post("3kTMd9aZ".parse().unwrap(), NaturalKey([n; 16]))
}

async fn start() -> (Emulator, Aws) {
    let emulator = Emulator::start(Where::Memory, Arc::new(|| 0)).await.unwrap();
    let ends = emulator.endpoints();
    let aws = Aws::local(&ends.dynamodb, &ends.sqs, &ends.s3);
    (emulator, aws)
}

async fn bucket() -> (Emulator, Bucket) {
    let (emulator, aws) = start().await;
    let bucket = Bucket::new(&aws.config(Service::S3), "feedmill");
    bucket.create().await.unwrap();
    (emulator, bucket)
}

#[tokio::test]
async fn a_blob_comes_back_byte_for_byte_however_often_it_was_put() {
    let (_emulator, bucket) = bucket().await;
    for size in [0, 1, 16 * 1024, 300_000] {
        let bytes = Bytes::from((0..size).map(|n| (n % 251) as u8).collect::<Vec<_>>());
        let key = bucket.put(post(1), bytes.clone()).await.unwrap();
        assert_ne!(bucket.put(post(1), bytes.clone()).await.unwrap(), key, "each is a blob of its own");
        assert_eq!(bucket.get(&key, LIMIT).await.unwrap(), Some(bytes), "{size}");
    }
}

#[tokio::test]
async fn a_blob_that_was_never_put_is_absent() {
    let (_emulator, bucket) = bucket().await;
    assert_eq!(bucket.get(&BlobKey::new(post(1), b"nobody put this"), LIMIT).await.unwrap(), None);
}

#[tokio::test]
async fn no_more_is_read_than_the_caller_allows() {
    let (_emulator, bucket) = bucket().await;
    let key = bucket.put(post(1), Bytes::from(vec![7; 1_000])).await.unwrap();
    assert_eq!(bucket.get(&key, 1_000).await.unwrap().map(|bytes| bytes.len()), Some(1_000));
    let error = bucket.get(&key, 999).await.unwrap_err();
    assert!(matches!(&error, BlobError::TooLarge { limit_bytes: 999, .. }), "{error}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn bytes_that_are_not_those_of_the_key_are_refused() {
    let (emulator, aws) = start().await;
    let bucket = Bucket::new(&aws.config(Service::S3), "feedmill");
    bucket.create().await.unwrap();
    let key = BlobKey::new(post(1), b"what was meant");
    let client = aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::config::Builder::from(&aws.config(Service::S3)).force_path_style(true).build(),
    );
    let body = Bytes::from_static(b"what is there").into();
    client.put_object().bucket("feedmill").key(key.path()).body(body).send().await.unwrap();
    assert!(matches!(bucket.get(&key, LIMIT).await, Err(BlobError::Corrupt { .. })));
    drop(emulator);
}

#[tokio::test]
async fn a_blob_says_what_it_is_and_how_long_it_may_be_cached() {
    let (_emulator, aws) = start().await;
    let config = aws.config(Service::S3);
    let bucket = Bucket::new(&config, "feedmill");
    bucket.create().await.unwrap();
    let key = bucket.put(post(1), Bytes::from_static(b"<p>")).await.unwrap();
    let client =
        aws_sdk_s3::Client::from_conf(aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build());
    let head = client.head_object().bucket("feedmill").key(key.path()).send().await.unwrap();
    assert_eq!(head.content_type(), Some(key.content_type()));
    assert_eq!(head.content_encoding(), Some("zstd"));
    assert_eq!(head.cache_control(), Some(key.cache_control()));
}

#[tokio::test]
async fn making_a_bucket_twice_is_making_it_once() {
    let (_emulator, bucket) = bucket().await;
    let key = bucket.put(post(1), Bytes::from_static(b"kept")).await.unwrap();
    bucket.create().await.unwrap();
    assert!(bucket.get(&key, LIMIT).await.unwrap().is_some());
}

#[tokio::test]
async fn a_server_that_is_gone_is_worth_another_try_and_a_wrong_secret_is_not() {
    let (emulator, aws) = start().await;
    let bucket = Bucket::new(&aws.config(Service::S3), "feedmill");
    bucket.create().await.unwrap();
    let wrong = Credentials::new("local", "wrong", None, None, "test");
    let stranger =
        aws.config(Service::S3).to_builder().credentials_provider(SharedCredentialsProvider::new(wrong)).build();
    let refused = Bucket::new(&stranger, "feedmill").put(post(1), Bytes::from_static(b"x")).await.unwrap_err();
    assert!(matches!(refused, BlobError::NotPermitted { operation: "PutObject", .. }), "{refused:?}");
    assert!(!refused.is_retryable());
    emulator.shutdown().await;
    let silent = bucket.put(post(1), Bytes::from_static(b"x")).await.unwrap_err();
    assert!(matches!(silent, BlobError::Unavailable { operation: "PutObject", .. }), "{silent:?}");
    assert!(silent.is_retryable());
}

#[tokio::test]
async fn a_shelf_is_listed_page_by_page_and_only_what_is_named_is_deleted() {
    let (_emulator, bucket) = bucket().await;
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
    bucket.delete(&gone).await.unwrap();
    bucket.delete(&gone).await.unwrap();
    assert_eq!(bucket.list(Shelf::Contents, None).await.unwrap().found.len(), 25);
    let kept = BlobKey::named(&first.found[999].path).unwrap();
    assert!(bucket.get(&kept, LIMIT).await.unwrap().is_some());
}
