//! One endpoint leads to all three services, with the SDK's own clients and signatures.

use std::sync::Arc;
use std::time::Duration;

use blob::Bucket;
use boot::aws::{Aws, Service};
use domain::id::{InstallationKey, SystemEntropy};
use domain::timing::Lane;
use emulator::{Emulator, Where};
use local::names::{self, Choices};
use local::{front, install, listen};
use tokio::sync::watch;

const DAY: u64 = 24 * 60 * 60;

/// A queue, and where its messages go after their sixth receive.
fn check_queue(emulator: &Emulator, name: &str, visibility: &str) {
    let dead = format!("{name}-dead");
    let attributes = |queue: &str| emulator.sqs().queue_attributes(queue).unwrap();
    let (ours, its_dead) = (attributes(name), attributes(&dead));
    assert_eq!(ours["VisibilityTimeout"], visibility, "{name}");
    assert_eq!(ours["MessageRetentionPeriod"], (4 * DAY).to_string(), "{name}");
    assert_eq!(its_dead["MessageRetentionPeriod"], (14 * DAY).to_string(), "{dead}");
    let redrive: serde_json::Value = serde_json::from_str(&ours["RedrivePolicy"]).unwrap();
    let expected = serde_json::json!({ "deadLetterTargetArn": its_dead["QueueArn"], "maxReceiveCount": 6 });
    assert_eq!(redrive, expected, "{name}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_queues_and_bucket_are_reached_through_one_endpoint() {
    let emulator = Emulator::start(Where::Memory, Arc::new(|| boot::clock::now().as_millis())).await.unwrap();
    let listener = listen::on("127.0.0.1:0".parse().unwrap(), "--listen").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let stopping = watch::Sender::new(false);
    let router = front::router(emulator.endpoints());
    #[expect(clippy::disallowed_methods, reason = "the test waits for it below")]
    let served = tokio::spawn(listen::serve(listener, router, stopping.subscribe(), Duration::from_secs(5)));

    let aws = Aws::local(&url, &url, &url);
    let settings = names::settings(&url, &Choices::default()).unwrap();
    let key = InstallationKey::generate(&mut SystemEntropy);
    install::install(&aws, emulator.sqs(), &settings, &key, boot::clock::now()).await.unwrap();
    let bucket = Bucket::new(&aws.config(Service::S3), settings.bucket.clone());
    let owner = blob::Owner::Post("3kTMd9aZ".parse().unwrap(), domain::parsed::NaturalKey([7; 16]));
    let stored = bucket.put(owner, bytes::Bytes::from(vec![b'x'; 100_000])).await.unwrap();
    assert_eq!(bucket.get(&stored, 200_000).await.unwrap().unwrap().len(), 100_000);
    let queue = queue::Queue::new(&aws.config(Service::Sqs), names::urls(&settings));
    assert_eq!(queue.depth(Lane::Slow).await.unwrap(), 0);

    // What runs twice changes nothing, and the numbers of the queues follow from the lanes.
    install::install(&aws, emulator.sqs(), &settings, &key, boot::clock::now()).await.unwrap();
    for (name, visibility) in [("feedmill-fetch", "200"), ("feedmill-fetch-slow", "740"), ("feedmill-tasks", "360")] {
        check_queue(&emulator, name, visibility);
    }
    assert_eq!(emulator.sqs().list_queues("feedmill-").len(), 6);
    stopping.send_replace(true);
    served.await.unwrap();
    emulator.shutdown().await;
}
