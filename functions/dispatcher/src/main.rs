//! The dispatcher as a Lambda function: boots, then walks the wheel once for each event of its schedule.

use boot::aws::{Aws, Service};
use boot::logs::{self, Format};
use boot::settings::{Settings, Vars};
use dispatcher::{Context, MARGIN, Rules, Start, handle};
use domain::time::Timestamp;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use queue::{Queue, Urls};
use store::{Store, Tables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let vars = Vars::of_process();
    logs::start(Format::Json, &vars);
    let settings = Settings::from_vars(&vars)?;
    let aws = Aws::from_vars(&vars)?;
    let rules = Rules::from(&settings);
    let store = Store::new(
        &aws.config(Service::DynamoDb),
        Tables { sources: settings.sources_table, posts: settings.posts_table },
    );
    let urls = Urls { fetch: settings.fetch_queue, fetch_slow: settings.fetch_slow_queue, tasks: settings.tasks_queue };
    let queue = Queue::new(&aws.config(Service::Sqs), urls);
    let ctx = &Context::new(store, queue, boot::clock::system(), rules);
    run(service_fn(move |event: LambdaEvent<Start>| async move {
        let stopped = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
        let report = handle(ctx, event.payload, Timestamp::from_millis(stopped) - MARGIN).await?;
        report.log();
        Ok::<_, Error>(report)
    }))
    .await
}
