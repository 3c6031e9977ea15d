//! Blobs go that nobody names, a day after they were put, and no others.

use aws_sdk_dynamodb::types::AttributeValue;
use blob::{BlobKey, Owner};
use bytes::Bytes;
use domain::parsed::NaturalKey;
use faults::Stop;
use store::{Content, Task};

use crate::world::{DAY, HOUR, World, noise};

/// A source with a post whose content is in the bucket, and a blob beside it that a landing put which never came.
async fn orphaned() -> (World, String, String) {
    let world = World::new().await;
    let source = world.source().await;
    let number = world.land(source, &[noise(60_000, 1), "<p>short</p>".to_owned()]).await[0];
    let Content::InBlob(named) = world.store.post(number).await.unwrap().unwrap().content else { panic!("inline") };
    let owner = BlobKey::named(&named).unwrap().owner();
    let orphan = world.bucket.put(owner, Bytes::from_static(b"the same post, tried before")).await.unwrap().name();
    (world, named, orphan)
}

#[tokio::test]
async fn what_no_post_names_is_gone_once_it_is_a_day_old_and_not_before() {
    let (world, named, orphan) = orphaned().await;
    let of_nobody = Owner::Post("00000000".parse().unwrap(), NaturalKey([9; 16]));
    world.bucket.put(of_nobody, Bytes::from_static(b"a source that is gone")).await.unwrap();
    assert_eq!(
        (world.run().await.blobs_deleted, world.blobs().await.len()),
        (0, 3),
        "whoever put them may still name them"
    );
    world.pass(DAY + HOUR);
    let report = world.run().await;
    assert_eq!((report.blobs_seen, report.blobs_deleted), (3, 2), "{orphan}");
    assert_eq!(world.blobs().await, [named]);
}

#[tokio::test]
async fn what_cannot_be_read_keeps_its_blobs_and_is_in_nobody_s_way() {
    for (item, attribute) in [("K", "number"), ("K", "v"), ("post", "blob")] {
        let (world, named, orphan) = orphaned().await;
        let of_nobody = Owner::Post("00000000".parse().unwrap(), NaturalKey([9; 16]));
        let nobodys = world.bucket.put(of_nobody, Bytes::from_static(b"a source that is gone")).await.unwrap().name();
        let Some(Owner::Post(source, key)) = BlobKey::named(&named).map(|key| key.owner()) else { panic!("{named}") };
        let odd = AttributeValue::Bool(true);
        if item == "post" {
            let number = world.store.page(source, None, 2).await.unwrap()[1].1;
            world.spoil_post(number, attribute, odd).await;
        } else {
            world.spoil(source, &format!("K#{}", key.to_hex()), attribute, odd).await;
        }
        world.pass(DAY + HOUR);
        let report = world.run().await;
        assert_eq!((report.blobs_seen, report.blobs_deleted), (3, 1), "{item} {attribute}");
        assert_eq!((report.unreadable, report.failed), (1, 0), "{item} {attribute}");
        let mut left = world.blobs().await;
        left.sort();
        let mut expected = [named, orphan];
        expected.sort();
        assert_eq!(left, expected, "{item} {attribute}: {nobodys} alone is gone");
    }
}

#[tokio::test]
async fn what_a_post_named_before_it_was_edited_or_expired_is_nobodys() {
    let (world, named, orphan) = orphaned().await;
    world.pass(DAY * 400);
    world.emulator.sweep_ttl().unwrap();
    assert_eq!(world.run().await.blobs_deleted, 2, "{named} {orphan}");
    assert_eq!(world.blobs().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_users_copy_stays_while_they_keep_the_post_and_goes_when_they_let_it_go() {
    let world = World::new().await;
    let user = world.member("ada@example.org").await;
    let source = world.source().await;
    let number = world.land(source, &["<p>one</p>".to_owned()]).await[0];
    let blob = world.bucket.put(Owner::Copy(user, number), Bytes::from_static(b"long")).await.unwrap();
    world.keep(user, number, true).await;
    world.pass(DAY * 2);
    assert_eq!(world.run().await.blobs_deleted, 0);
    assert!(world.bucket.get(&blob, 100).await.unwrap().is_some());
    world.keep(user, number, false).await;
    world.pass(DAY);
    assert_eq!(world.run().await.blobs_deleted, 1);
    assert!(world.bucket.get(&blob, 100).await.unwrap().is_none());
}

#[tokio::test]
async fn what_has_no_name_of_ours_stays() {
    let (world, named, _) = orphaned().await;
    let foreign = "content/somebody-elses";
    world.put_object(foreign).await;
    world.pass(DAY * 2);
    assert_eq!(world.run().await.blobs_deleted, 1);
    let mut left = vec![named, foreign.to_owned()];
    left.sort();
    assert_eq!(world.blobs().await, left);
}

#[tokio::test]
async fn a_pass_is_made_once_a_day_and_says_how_far_it_is() {
    let (world, ..) = orphaned().await;
    assert_eq!(world.run().await.blobs_seen, 2);
    let progress = world.store.task(Task::Contents).await.unwrap().unwrap();
    assert_eq!((progress.seen, progress.changed, progress.ended.is_some()), (2, 0, true));
    world.pass(HOUR);
    assert_eq!(world.run().await.blobs_seen, 0);
    world.pass(DAY);
    assert_eq!(world.run().await.blobs_seen, 2);
}

#[tokio::test]
async fn stopped_at_any_call_the_next_run_sweeps_what_is_left_and_nothing_that_is_named() {
    for at in 1.. {
        let (world, named, _) = orphaned().await;
        world.pass(DAY * 2);
        let stopped = world.run_until(Stop::After(at)).await.is_none();
        world.pass(HOUR);
        let report = world.run().await;
        assert!(!report.held && report.failed == 0, "stopped after {at}: {report:?}");
        assert_eq!(world.blobs().await, [named], "stopped after {at}");
        if !stopped {
            assert!(at > 8, "it was not stopped anywhere");
            break;
        }
    }
}

#[tokio::test]
async fn a_pass_that_has_no_time_left_goes_on_in_the_next_run_where_it_stood() {
    let (world, named, _) = orphaned().await;
    let owner = BlobKey::named(&named).unwrap().owner();
    for _ in 0..1_500 {
        world.bucket.put(owner, Bytes::from_static(b"never named")).await.unwrap();
    }
    world.pass(DAY * 2);
    // It dies when the second page is listed.
    assert!(world.run_until(Stop::AfterNth { operation: "GetBucket", nth: 2 }).await.is_none());
    let stood = world.store.task(Task::Contents).await.unwrap().unwrap();
    assert_eq!((stood.seen, stood.ended), (1_000, None));
    world.pass(HOUR);
    let report = world.run().await;
    assert_eq!(report.blobs_seen, 502, "the rest");
    let over = world.store.task(Task::Contents).await.unwrap().unwrap();
    assert_eq!((over.seen, over.changed, over.began), (1_502, 1_501, stood.began));
    assert_eq!(world.blobs().await, [named]);
}
