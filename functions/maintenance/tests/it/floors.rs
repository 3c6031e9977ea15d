//! Floors rise once a day, by age and by count, and never sink.

use aws_sdk_dynamodb::types::AttributeValue;
use boot::metrics::Metrics;
use domain::id::Ordinal;
use faults::Stop;
use store::{Progress, Task};

use crate::world::{DAY, HOUR, World};

fn texts(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("<p>{n}</p>")).collect()
}

#[tokio::test]
async fn a_source_shows_no_more_posts_than_are_kept_and_none_that_are_too_old() {
    let world = World::new().await;
    let (many, few, none) = (world.source().await, world.source().await, world.source().await);
    world.land(many, &texts(25)).await;
    world.land(few, &texts(3)).await;
    let floor = async |source| world.store.head(source).await.unwrap().unwrap().floor_ordinal;
    let report = world.run().await;
    assert_eq!((report.sources_seen, report.floors_raised), (3, 1));
    assert_eq!((floor(many).await, floor(few).await), (Ordinal::new(5), Ordinal::NONE), "the last twenty are kept");
    world.pass(HOUR);
    assert_eq!(world.run().await.sources_seen, 0, "once a day");
    world.pass(DAY * 180);
    assert_eq!(world.run().await.floors_raised, 2);
    assert_eq!(
        (floor(many).await, floor(few).await, floor(none).await),
        (Ordinal::new(25), Ordinal::new(3), Ordinal::NONE)
    );
}

#[tokio::test]
async fn a_source_that_cannot_be_read_is_passed_over_counted_and_in_nobody_s_way() {
    let world = World::new().await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let mut sound = Vec::new();
    // On two pages, one of which ends in the midst of them wherever they come.
    for n in 0..130 {
        let source = world.source().await;
        match n % 10 {
            0 => world.spoil(source, "HEAD", "post_count", text("many")).await,
            1 => world.spoil(source, "POLL", "v", text("?")).await,
            _ => sound.push(source),
        }
    }
    world.land(sound[0], &texts(25)).await;
    let report = world.run().await;
    assert_eq!((report.sources_seen, report.floors_raised), (104, 1));
    assert_eq!((report.unreadable, report.failed, report.unfinished), (26, 0, 0));
    let (sender, lines) = std::sync::mpsc::channel();
    let metrics = Metrics::to("x", move |line| sender.send(line.to_owned()).unwrap());
    metrics.emit(maintenance::Answer::Maintained(report).record(), world.now());
    let line = lines.recv().unwrap();
    assert!(line.contains("\"MaintenanceFailures\":26"), "{line}");
    assert!(world.store.task(Task::Retention).await.unwrap().unwrap().ended.is_some(), "the pass is over");
}

#[tokio::test]
async fn a_pass_whose_place_cannot_be_read_begins_anew() {
    let world = World::new().await;
    world.source().await;
    let stood = Progress { cursor: Some("{}".to_owned()), ..Progress::begun(world.now()) };
    world.store.take_task(Task::Retention, "x", world.now(), world.now()).await.unwrap();
    assert!(world.store.save_task(Task::Retention, "x", &stood).await.unwrap());
    world.pass(HOUR);
    let report = world.run().await;
    assert_eq!((report.sources_seen, report.failed), (1, 0));
}

#[tokio::test]
async fn a_pass_over_many_sources_that_is_stopped_goes_on_where_it_stood() {
    let world = World::new().await;
    for _ in 0..150 {
        world.source().await;
    }
    let source = world.source().await;
    world.land(source, &texts(21)).await;
    // It dies when the second page of sources is listed.
    assert!(world.run_until(Stop::AfterNth { operation: "Scan", nth: 2 }).await.is_none());
    let stood = world.store.task(Task::Retention).await.unwrap().unwrap();
    assert_eq!(stood.ended, None);
    assert!(stood.seen >= 99, "{stood:?}");
    world.pass(HOUR);
    let report = world.run().await;
    assert_eq!(report.sources_seen + stood.seen, 151);
    let over = world.store.task(Task::Retention).await.unwrap().unwrap();
    assert_eq!((over.seen, over.changed, over.began, over.ended.is_some()), (151, 1, stood.began, true));
    assert_eq!(world.store.head(source).await.unwrap().unwrap().floor_ordinal, Ordinal::new(1));
}
