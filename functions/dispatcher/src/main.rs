//! The dispatcher as a Lambda function: boots, then walks the wheel once for each event of its schedule.

use boot::aws::{Aws, Service};
use boot::logs::{self, Format};
use boot::metrics::Metrics;
use boot::settings::{Settings, Vars};
use boot::{Stopped, clock, key};
use dispatcher::{Context, MARGIN, Rules, Start, handle};
use domain::timing::DISPATCHER_TIMEOUT;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use queue::{Queue, Urls};
use store::{Store, Tables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    let vars = Vars::of_process();
    logs::start(Format::Json, &vars);
    let metrics = &Metrics::stdout(&vars);
    let settings = Settings::from_vars(&vars)?;
    let aws = Aws::from_vars(&vars)?;
    let rules = Rules::from(&settings);
    let store = Store::new(
        &aws.config(Service::DynamoDb),
        Tables { sources: settings.sources_table, posts: settings.posts_table, readers: settings.readers_table },
    );
    store.admit(key::fingerprint_from_vars(&vars)?.as_deref(), clock::now()).await?;
    let urls = Urls { fetch: settings.fetch_queue, fetch_slow: settings.fetch_slow_queue, tasks: settings.tasks_queue };
    let queue = Queue::new(&aws.config(Service::Sqs), urls);
    let ctx = &Context::new(store, queue, clock::system(), rules);
    run(service_fn(move |event: LambdaEvent<Start>| async move {
        let stopped = clock::deadline(event.context.deadline, clock::now(), DISPATCHER_TIMEOUT);
        let report = handle(ctx, event.payload, stopped - MARGIN).await.map_err(logs::failed)?;
        metrics.emit(report.record(), clock::now());
        Ok::<_, Error>(report)
    }))
    .await
    .map_err(Stopped::by)
}
