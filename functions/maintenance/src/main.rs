//! Maintenance as a Lambda function.

use blob::Bucket;
use boot::aws::{Aws, Service};
use boot::logs::{self, Format};
use boot::metrics::Metrics;
use boot::settings::{Settings, Vars};
use boot::{Stopped, clock, key};
use domain::timing::MAINTENANCE_TIMEOUT;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use maintenance::{Context, MARGIN, Parts, Rules, Start, handle};
use queue::{Queue, Urls};
use store::{Store, Tables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    let vars = Vars::of_process();
    logs::start(Format::Json, &vars);
    let metrics = &Metrics::stdout(&vars);
    let settings = Settings::from_vars(&vars)?;
    let aws = Aws::from_vars(&vars)?;
    let keeper = key::Keeper::from_vars(&vars, &aws)?;
    let rules = Rules::from(&settings);
    let tables =
        Tables { sources: settings.sources_table, posts: settings.posts_table, readers: settings.readers_table };
    let store = Store::new(&aws.config(Service::DynamoDb), tables);
    store.admit(key::fingerprint_from_vars(&vars)?.as_deref(), clock::now()).await?;
    let urls = Urls { fetch: settings.fetch_queue, fetch_slow: settings.fetch_slow_queue, tasks: settings.tasks_queue };
    let queue = Queue::new(&aws.config(Service::Sqs), urls);
    let bucket = Bucket::new(&aws.config(Service::S3), settings.bucket);
    let parts = Parts { store, queue, bucket, clock: clock::system(), rules };
    let ctx = &Context::new(parts).with_key(keeper);
    run(service_fn(move |event: LambdaEvent<Start>| async move {
        let stopped = clock::deadline(event.context.deadline, clock::now(), MAINTENANCE_TIMEOUT);
        let answer = handle(ctx, event.payload, stopped - MARGIN).await.map_err(logs::failed)?;
        metrics.emit(answer.record(), clock::now());
        Ok::<_, Error>(answer)
    }))
    .await
    .map_err(Stopped::by)
}
